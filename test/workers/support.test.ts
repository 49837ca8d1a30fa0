// The support calls as Paymenter's SSupport extension makes them, the help desk's question, and what each may see.
import { evictAllDurableObjects, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { guesses } from '../../src/broker/support-book.ts'
import { get, newService, post } from './billing.ts'
import { keys } from './secrets.ts'

const jane = { email: 'jane.doe@example.com', firstname: 'Jane', lastname: 'Doe' }

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.restoreAllMocks()
})

type Said = Record<string, unknown>

async function said(path: string, body: unknown, key?: string): Promise<[number, Said]> {
  const answer = await post(path, body, key)
  const { request_id: _, ...rest } = await answer.json<Said>()
  return [answer.status, rest]
}

/** Buys support; answers the key. */
async function bought(service: string, more: object = {}, key?: string): Promise<string> {
  const [status, answer] = await said('/support/create', { service_id: service, ...jane, ...more }, key)
  expect(status).toBe(200)
  return String(answer['support_key'])
}

const verified = (key: string, desk = keys.desk) => said('/support/verify', { support_key: key }, desk)

it('is sold once, with a key of the seed\'s shape', async () => {
  const service = newService()
  const answer = await post('/support/create', { service_id: service, ...jane })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(await answer.json()).toEqual({ success: true, service_id: service, support_key: expect.stringMatching(/^SUP-[A-Z0-9]{16}$/), status: 'ACTIVE', tier: 'standard' })
  const [status, refusal] = await said('/support/create', { service_id: service, ...jane })
  expect([status, refusal]).toMatchObject([409, { success: false, code: 'conflict', error: expect.stringMatching(/^This service already has a support subscription\./) }])
})

it('is suspended, resumed and terminated, as often as it is said, and lives on over restarts', async () => {
  const service = newService()
  const key = await bought(service)
  for (const [verb, status] of [['suspend', 'SUSPENDED'], ['unsuspend', 'ACTIVE'], ['terminate', 'INACTIVE']] as const) {
    for (let time = 0; time < 2; time++) expect(await said(`/support/${verb}`, { service_id: service })).toEqual([200, { success: true, service_id: service, status }])
    await evictAllDurableObjects()
    expect(await verified(key)).toMatchObject([200, { active: status === 'ACTIVE', status }])
  }
})

it('opens tickets while it is active only, and says who asks and how soon to answer', async () => {
  const service = newService()
  const key = await bought(service, { tier: 'urgent' })
  expect(await verified(key)).toEqual([200, { success: true, active: true, status: 'ACTIVE', tier: 'urgent', response_hours: 2, customer: 'Jane Doe', email: 'jane.doe@example.com', service_id: service }])
  expect(await verified(` ${key.toLowerCase()} `)).toMatchObject([200, { active: true }])
  await post('/support/suspend', { service_id: service })
  expect(await verified(key)).toEqual([200, { success: true, active: false, status: 'SUSPENDED' }])
})

it('gives a new key after a termination, and forgets the lost one', async () => {
  const service = newService()
  const lost = await bought(service)
  await post('/support/terminate', { service_id: service })
  const key = await bought(service)
  expect(key).not.toBe(lost)
  expect((await verified(lost))[0]).toBe(404)
  expect(await verified(key)).toMatchObject([200, { active: true }])
})

it('is sold to customers with one name, or none, or a numeric service', async () => {
  const named = await bought(newService(), { lastname: '' })
  expect(await verified(named)).toMatchObject([200, { customer: 'Jane' }])
  const [status, answer] = await said('/support/create', { service_id: 90_001, email: jane.email, firstname: null })
  expect([status, answer]).toMatchObject([200, { service_id: '90001' }])
  expect(await verified(String(answer['support_key']))).toMatchObject([200, { customer: jane.email }])
})

it('is another thing for another connection: it sees nothing, changes nothing, and may have one of the same number', async () => {
  const service = newService()
  const key = await bought(service)
  for (const verb of ['suspend', 'unsuspend', 'terminate']) {
    const foreign = await said(`/support/${verb}`, { service_id: service }, keys.other)
    expect(foreign[0]).toBe(404)
    expect(foreign).toEqual(await said(`/support/${verb}`, { service_id: 'never' }, keys.other))
  }
  expect(await verified(key, keys.otherDesk)).toEqual(await verified('SUP-0000000000000000', keys.otherDesk))
  expect(await verified(key)).toMatchObject([200, { active: true }])
  const theirs = await bought(service, {}, keys.other)
  await post('/support/terminate', { service_id: service }, keys.other)
  expect(await verified(theirs)).toEqual(await verified('SUP-0000000000000000'))
  expect(await verified(key)).toMatchObject([200, { active: true }])
})

it('names the field that is wrong and its cure', async () => {
  const good = { service_id: newService(), ...jane }
  for (const [field, value, words] of [
    ['email', 'x', 'is not an e-mail address'], ['firstname', 7, 'must be text'], ['lastname', 'x'.repeat(101), 'is too long (100 characters at most)'],
    ['firstname', 'a\nb', 'must be on one line'], ['tier', 'gold', 'must be one of standard, priority, urgent'], ['service_id', '', 'must be 1 to 64 letters, digits or . _ : -'],
  ] as const) expect(await said('/support/create', { ...good, [field]: value })).toMatchObject([400, { field, error: `${field}: ${words}` }])
  for (const value of ['SUP-', 'SUP-000000000000000', 'SUP-00000000000000000', 'SUP-00000000000000-0', 'key', 7, null, undefined])
    expect(await said('/support/verify', { support_key: value }, keys.desk)).toMatchObject([400, { field: 'support_key' }])
  expect((await said('/support/suspend', { service_id: good.service_id }))[0]).toBe(404)
})

it('answers a desk that guesses with 429 until a while has passed', async () => {
  await runInDurableObject(env.SUPPORT.getByName('lab'), (_object, state) => void state.storage.sql.exec('UPDATE guess SET level = ?, at = ?', guesses.most, Date.now()))
  const answer = await post('/support/verify', { support_key: 'SUP-0000000000000000' }, keys.desk)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '20'])
  await runInDurableObject(env.SUPPORT.getByName('lab'), (_object, state) => void state.storage.sql.exec('DELETE FROM guess'))
})

const copyOf = (service: string) => env.DB.prepare('SELECT * FROM support_subscriptions WHERE service = ?').bind(service).first<Said>()

it('is in the reports, without its key, also when D1 was away or was lost', async () => {
  const service = newService()
  const key = await bought(service)
  await expect.poll(async () => (await copyOf(service))?.['status']).toBe('ACTIVE')
  const { results } = await env.DB.prepare('SELECT * FROM support_subscriptions').all()
  expect(JSON.stringify(results)).not.toContain(key.slice(4))
  expect(Object.keys(results[0]!).join()).not.toMatch(/key|hash/)
  await env.DB.prepare('ALTER TABLE support_subscriptions RENAME TO hidden').run()
  await post('/support/suspend', { service_id: service })
  const desk = env.SUPPORT.getByName('lab')
  const alarm = () => runInDurableObject(desk, (object) => object.alarm())
  await alarm()
  expect(await runInDurableObject(desk, (_object, state) => state.storage.getAlarm())).toBeGreaterThan(Date.now())
  await env.DB.prepare('ALTER TABLE hidden RENAME TO support_subscriptions').run()
  await alarm()
  expect(await copyOf(service)).toMatchObject({ status: 'SUSPENDED', connection: 'test', tier: 'standard', email: jane.email, generation: 1 })
  await env.DB.prepare('DELETE FROM support_subscriptions').run()
  await post('/operator/reports', {}, keys.operator)
  await expect.poll(async () => (await copyOf(service))?.['status']).toBe('SUSPENDED')
})

it('shows an operator every change, and nobody the key', async () => {
  const service = newService()
  const key = await bought(service)
  await post('/support/suspend', { service_id: service })
  const answer = await get(`/operator/support?connection=test&service_id=${service}`, keys.operator)
  const text = await answer.text()
  expect(JSON.parse(text)).toMatchObject({ success: true, subscription: { status: 'SUSPENDED' }, history: [{ verb: 'create', status: 'ACTIVE', actor: 'test' }, { verb: 'suspend', status: 'SUSPENDED' }] })
  expect(text).not.toContain(key.slice(4))
  expect((await get('/operator/support?connection=test&service_id=never', keys.operator)).status).toBe(404)
})
