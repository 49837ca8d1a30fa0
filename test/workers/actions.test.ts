// A customer's actions through the front door, on a site that stands: what is done, what is refused, in which words.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { get, newService, order, post, recordOf, tenantOf, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, disconnect, sent } from './upstream.ts'

beforeEach(disconnect)
afterEach(disconnect)

async function built(plan = 'basic'): Promise<string> {
  connect()
  const service = newService()
  await order(service, { plan })
  await until(service, 'live')
  return service
}

const told = async (path: string, service: string, more: object = {}): Promise<Record<string, unknown>> => {
  const answer = await post(path, { service_id: service, status: 'suspended', ...more })
  return { http: answer.status, ...(await answer.json<object>()) }
}
const status = async (service: string) => (await get(`/status?service_id=${service}`)).json<Record<string, unknown>>()
const powers = ['/action/start', '/action/stop', '/action/restart', '/action/reset', '/action/toggle'] as const

describe('a site that stands', () => {
  it('is switched off and on, whatever Paymenter believes of it, and says so', async () => {
    const service = await built()
    expect(await told('/action/start', service)).toEqual({ http: 200, success: true, service_id: service, status: 'running' })
    expect(await told('/action/stop', service)).toEqual({ http: 200, success: true, service_id: service, status: 'stopping' })
    expect(await told('/action/stop', service)).toMatchObject({ http: 200, status: 'stopped' })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ status: 'stopped', switched: 'off', state: 'live', enabled: true })
    expect(await told('/action/restart', service)).toMatchObject({ http: 200, status: 'restarting' })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ status: 'running', switched: 'on' })
    expect(await told('/action/restart', service)).toMatchObject({ http: 200, status: 'restarting' })
    expect(await told('/action/restart', service)).toMatchObject({ http: 200, status: 'restarting' })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ status: 'running', notices: [] })
  })

  it('is taken off the Web and put back by the proxy\'s own calls, and each call says the new state', async () => {
    const service = await built()
    sent.length = 0
    expect(await told('/action/toggle', service)).toEqual({ http: 200, success: true, service_id: service, status: 'disabled', enabled: false })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ enabled: false, status: 'running' })
    expect(await told('/action/toggle', service)).toMatchObject({ enabled: true, status: 'enabled' })
    await until(service, 'live')
    expect(sent.filter((line) => line.startsWith('POST ') && line.includes('/npm/')).map((line) => line.replace(/\d+/, 'n'))).toEqual([
      'POST /npm/api/nginx/proxy-hosts/n/disable', 'POST /npm/api/nginx/proxy-hosts/n/enable',
    ])
  })

  it('is reset at once when nothing is lost by it; newer backups are named, and lost only when that was said', async () => {
    const service = await built()
    expect(await told('/action/reset', service)).toEqual({ http: 200, success: true, service_id: service, status: 'resetting' })
    await until(service, 'live')
    const acted = await tenantOf(service).act({ do: 'make-backup' }, 'test')
    const { backup = '' } = acted.answer === 'done' ? acted : {}
    expect(backup).toMatch(/^BAK\d{8}-1$/)
    expect(await told('/action/reset', service)).toMatchObject({ http: 409, code: 'not-ready', error: expect.stringContaining(backup) })
    await until(service, 'live')
    expect(await told('/action/reset', service)).toMatchObject({ http: 409, success: false, code: 'costs', costs: [backup], error: expect.stringContaining(`would cost the newer backup ${backup}`) })
    expect(await status(service)).toMatchObject({ quotas: { backups: { used: 1, limit: 2 } } })
    expect(await told('/action/reset', service, { lose_newer: true })).toMatchObject({ http: 200, status: 'resetting' })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ quotas: { backups: { used: 0, limit: 2 } }, notices: [] })
  })

  it('gets a larger plan while it runs; a repeat changes nothing, a trailing slash is no matter', async () => {
    const service = await built()
    const asked = { plan: 'premium' }
    expect(await told('/wp/upgrade/preview', service, asked)).toEqual({
      http: 200, success: true, service_id: service, from: 'basic', to: 'premium', possible: true, hindrance: null, restart: false, minutes: 1,
      before: { memory_mb: 2048, cores: 2, disk_gb: 20, backups: 2, domains: 3 }, after: { memory_mb: 8192, cores: 2, disk_gb: 80, backups: 5, domains: 10 },
    })
    expect((await recordOf(service)).spec.plan).toBe('basic')
    expect(await told('/wp/upgrade/', service, asked)).toEqual({ http: 200, success: true, service_id: service, status: 'upgrading' })
    expect(await told('/wp/upgrade', service, asked)).toEqual({ http: 200, success: true, service_id: service, status: 'live' })
    await expect.poll(async () => (await status(service))['resources']).toMatchObject({ memory: expect.stringContaining('/ 8192MB') })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ plan: 'premium', quotas: { backups: { used: 0, limit: 5 }, domains: { used: 0, limit: 10 } }, notices: [] })
  })
})

describe('what cannot be', () => {
  it('is 404 for a service that nobody has, or that is gone', async () => {
    const gone = newService()
    await order(gone)
    await post('/delete-site', { service_id: gone })
    for (const service of ['never', gone]) {
      for (const path of powers) expect(await told(path, service)).toMatchObject({ http: 404, code: 'unknown-service', field: 'service_id', error: 'There is no such service.' })
      for (const path of ['/wp/upgrade/', '/wp/upgrade/preview']) expect(await told(path, service, { plan: 'premium' })).toMatchObject({ http: 404, code: 'unknown-service' })
    }
  })

  it('is 404 with another connection\'s key', async () => {
    const service = newService()
    await order(service)
    for (const path of powers) expect((await post(path, { service_id: service }, keys.other)).status).toBe(404)
  })

  it('is 409 while the site is being built', async () => {
    const service = newService()
    await order(service, { plan: 'premium' })
    for (const path of powers) expect(await told(path, service)).toMatchObject({ http: 409, code: 'not-ready', error: 'The site is still being built. Please try again when it is ready.' })
    expect(await told('/wp/upgrade/', service, { plan: 'basic' })).toMatchObject({ http: 409, code: 'not-ready' })
  })

  it('is 409 for a smaller disk while backups stand, naming them; without them the site moves, and the same call again is the same wish', async () => {
    const service = await built('standard')
    const acted = await tenantOf(service).act({ do: 'make-backup' }, 'test')
    const { backup = '' } = acted.answer === 'done' ? acted : {}
    await until(service, 'live')
    const error = `Backups cannot be taken along to a smaller disk. Please delete them first: ${backup}.`
    expect(await told('/wp/upgrade/preview', service, { plan: 'basic' })).toMatchObject({ http: 200, possible: false, hindrance: error, from: 'standard', to: 'basic', restart: true })
    expect(await told('/wp/upgrade/', service, { plan: 'basic' })).toMatchObject({ http: 409, code: 'quota', error })
    expect((await recordOf(service)).spec.plan).toBe('standard')
    await tenantOf(service).act({ do: 'delete-backup', name: backup }, 'test')
    await until(service, 'live')
    expect(await told('/wp/upgrade/', service, { plan: 'basic' })).toMatchObject({ http: 200, status: 'upgrading' })
    expect(await told('/wp/upgrade/', service, { plan: 'basic' })).toMatchObject({ http: 200, status: 'live' })
    await expect.poll(async () => (await status(service))['resources']).toMatchObject({ disk: expect.stringContaining('/ 20GB') })
    await until(service, 'live')
    expect(await status(service)).toMatchObject({ plan: 'basic', status: 'running', notices: [] })
  })

  it('is 401 while the service is suspended, from the moment billing was answered, and a key is not asked for', async () => {
    const service = await built()
    disconnect()
    await post('/suspend', { service_id: service })
    for (const path of powers) {
      const answer = await post(path, { service_id: service, status: 'active' })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, null])
      expect(await answer.json()).toMatchObject({ success: false, code: 'suspended', error: 'This service is suspended. Please settle the open invoice first.' })
    }
  })
})
