// A customer's backups through the front door, on a site that stands: names, quota, repeats, refusals, and the way back.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tenantKey } from '../../src/domain/names.ts'
import { keysOf, slots } from '../../src/domain/night.ts'
import { nights } from '../../src/functions/cron/nights.ts'
import { built, call, get, newService, order, post, tenantOf, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, disconnect } from './upstream.ts'

beforeEach(disconnect)
afterEach(disconnect)

type Said = Record<string, unknown> & { bak: string }
const told = async (what: string, service: string, more: object = {}): Promise<Said> => {
  const answer = await post(`/action/${what}`, { service_id: service, status: 'active', ...more })
  return { http: answer.status, ...(await answer.json<Said>()) }
}
const list = async (service: string): Promise<Record<string, unknown>> => (await get(`/action/getbak?service_id=${service}`)).json()
const made = async (service: string): Promise<string> => {
  const { bak } = await told('mkbak', service)
  await until(service, 'live')
  return bak
}

describe('backups', () => {
  it('are named by day and number, counted against the quota, listed, and deleted', async () => {
    const service = await built()
    expect(await list(service)).toEqual({ success: true, service_id: service, quota: '0/2', used: 0, limit: 2, time_zone: 'UTC', backups: [], notices: [] })
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => void (goOn = resolve))
    connect((request, onward) => (request.method === 'POST' && request.url.endsWith('/snapshot') ? held.then(onward) : onward()))
    const first = await told('mkbak', service)
    expect(first).toMatchObject({ http: 200, success: true, bak: expect.stringMatching(/^BAK\d{8}-1$/), status: 'being made' })
    expect(await list(service)).toMatchObject({ quota: '1/2', backups: [{ name: first.bak, kind: 'manual', state: 'being made' }] })
    expect(await told('mkbak', service)).toMatchObject({ http: 409, code: 'not-ready', error: expect.stringContaining(first.bak) })
    goOn()
    await until(service, 'live')
    const second = await made(service)
    expect(second).toBe(first.bak.replace(/1$/, '2'))
    expect(await told('mkbak', service)).toMatchObject({ http: 409, code: 'quota', error: 'All 2 backups of your plan are in use (2/2). Delete one first.' })
    expect(await told('delbak', service, { bak: first.bak })).toMatchObject({ http: 200, bak: first.bak, status: 'being deleted' })
    await until(service, 'live')
    expect(await list(service)).toMatchObject({ quota: '1/2', backups: [{ name: second, state: 'ready', reason: null, size_bytes: null }] })
    // A number is never given twice on one day.
    expect(await made(service)).toBe(first.bak.replace(/1$/, '3'))
  })

  it('are the same backup when a call with the same key is repeated', async () => {
    const service = await built()
    const ask = async (key: string): Promise<Said> => (await call('/action/mkbak', { method: 'POST', headers: { authorization: `Bearer ${keys.billing}`, 'content-type': 'application/json', 'idempotency-key': key }, body: JSON.stringify({ service_id: service }) })).json()
    const { bak } = await ask('one')
    expect(await ask('one')).toMatchObject({ success: true, bak, status: 'asked for already' })
    await until(service, 'live')
    expect(await ask('one')).toMatchObject({ bak })
    expect((await ask('two')).bak).not.toBe(bak)
    expect(await ask('with spaces')).toMatchObject({ success: false, code: 'bad-request', field: 'idempotency-key' })
    expect(await list(service)).toMatchObject({ quota: '2/2' })
  })

  it('are gone back to; newer ones are named, and lost only when that was said', async () => {
    const service = await built()
    const [older, newer] = [await made(service), await made(service)]
    expect(await told('rollback', service, { bak: newer })).toMatchObject({ http: 200, bak: newer, status: 'rolling back' })
    await until(service, 'live')
    expect(await told('rollback', service, { bak: older })).toMatchObject({ http: 409, code: 'costs', costs: [newer], error: expect.stringContaining(newer) })
    expect(await told('rollback', service, { bak: older, lose_newer: true })).toMatchObject({ http: 200 })
    await until(service, 'live')
    expect(await list(service)).toMatchObject({ quota: '1/2', backups: [{ name: older, state: 'ready' }], notices: [] })
  })

  it('of the night lie on the backup storage, count against no quota, and are gone back to, saying what that costs', async () => {
    const service = await built()
    const manual = await made(service)
    const night = () => tenantOf(service).act({ do: 'nightly' }, 'schedule')
    expect(await night()).toMatchObject({ answer: 'done' })
    expect(await night()).toMatchObject({ answer: 'refused', code: 'not-ready' })
    await until(service, 'live')
    expect(await night()).toEqual({ answer: 'unchanged' })
    const { backups, quota } = await list(service) as { backups: { name: string; kind: string; state: string; size_bytes: number }[]; quota: string }
    expect(quota).toBe('1/2')
    expect(backups.map(({ kind, state }) => [kind, state])).toEqual([['manual', 'ready'], ['off-site', 'ready']])
    const { name = '', size_bytes = 0 } = backups[1] ?? {}
    expect(name).toMatch(/^OFF\d{8}-2$/)
    expect(size_bytes).toBeGreaterThan(0)
    expect(await told('rollback', service, { bak: name })).toMatchObject({ http: 409, code: 'costs', costs: [manual] })
    expect(await told('rollback', service, { bak: name, lose_newer: true })).toMatchObject({ http: 200 })
    await until(service, 'live')
    expect(await list(service)).toMatchObject({ quota: '0/2', backups: [{ name, state: 'ready' }], notices: [] })
  })
})

describe('the cron', () => {
  it('asks each site for its nightly backup in its own minute, and nobody in the first hour', async () => {
    const service = await built()
    const key = tenantKey('test', service)
    const midnight = Date.UTC(2026, 10, 20)
    const slot = Array.from({ length: slots }, (_, i) => i).find((i) => key >= keysOf(i).from && key < keysOf(i).below)!
    await nights(env, midnight + 30 * 60_000)
    await nights(env, midnight + (60 + ((slot + 1) % slots)) * 60_000)
    expect(await list(service)).toMatchObject({ backups: [] })
    await nights(env, midnight + (60 + slot) * 60_000)
    await until(service, 'live')
    await nights(env, midnight + (300 + slot) * 60_000)
    expect(await list(service)).toMatchObject({ quota: '0/2', backups: [{ kind: 'off-site', state: 'ready' }] })
  })
})

describe('what cannot be', () => {
  it('is 404 for what nobody has, 400 for no name, 409 while it is built, 401 while it is suspended', async () => {
    const service = newService()
    await order(service)
    expect(await told('mkbak', service)).toMatchObject({ http: 409, code: 'not-ready' })
    expect(await list(service)).toMatchObject({ success: true, backups: [] })
    connect()
    await until(service, 'live')
    for (const what of ['delbak', 'rollback']) {
      expect(await told(what, service, { bak: 'BAK01012026-1' })).toMatchObject({ http: 404, field: 'bak', error: 'There is no backup BAK01012026-1.' })
      for (const bak of [undefined, 'initial', '', 'BAK1-1']) expect(await told(what, service, { bak })).toMatchObject({ http: 400, field: 'bak' })
      expect(await told(what, 'never', { bak: 'BAK01012026-1' })).toMatchObject({ http: 404, field: 'service_id' })
    }
    await post('/suspend', { service_id: service })
    expect(await told('mkbak', service)).toMatchObject({ http: 401, code: 'suspended' })
    for (const what of ['delbak', 'rollback']) expect(await told(what, service, { bak: 'BAK01012026-1' })).toMatchObject({ http: 401, code: 'suspended' })
  })
})
