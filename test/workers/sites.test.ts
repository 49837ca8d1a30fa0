// The calls of Paymenter's extension: its fields, its status codes, its repeats, and answers that no cluster can hold up.
import { runInDurableObject } from 'cloudflare:test'
import { beforeEach, describe, expect, it } from 'vitest'
import { tenantKey } from '../../src/domain/names.ts'
import { allocator, get, newService, order, post, recordOf, tenantOf } from './billing.ts'
import { disconnect } from './upstream.ts'

beforeEach(disconnect)

const placed = async (service: string): Promise<unknown> => (await post('/create-site', { service_id: service, email: 'a@example.com', plan: 'basic', public_ip: '' })).json()

const usual = {
  success: true, vmid: expect.any(Number), private_ip: expect.stringMatching(/^192\.168\.1\.\d+$/), subdomain: expect.stringMatching(/^[a-z0-9-]+$/),
  hostname: expect.stringMatching(/\.berth\.localhost$/), order: expect.stringMatching(/^\/orders\/t[0-9a-f]{20}-[0-9a-f]{32}$/), existing: false,
}

describe('POST /create-site', () => {
  it('answers the seed\'s fields, and where the order can be watched', async () => {
    expect(await placed(newService())).toEqual(usual)
  })

  it('answers the same site for a live service, whatever the second order says, and creates nothing', async () => {
    const service = newService()
    const first = await order(service)
    const before = await allocator().addresses()
    expect(await order(service, { plan: 'premium', email: 'b@example.com' })).toEqual({ ...first, existing: true })
    expect(await allocator().addresses()).toEqual(before)
    expect((await recordOf(service)).spec).toMatchObject({ plan: 'basic', email: 'a.customer@example.com' })
  })

  it('answers twenty orders of one service at once with one site', async () => {
    const service = newService()
    const sites = await Promise.all(Array.from({ length: 20 }, () => order(service)))
    expect(new Set(sites.map((site) => site.vmid)).size).toBe(1)
    expect(sites.filter((site) => !site.existing)).toHaveLength(1)
  })

  it('takes the id as text or number for the same service', async () => {
    const text = await post('/create-site', { service_id: '4711', email: 'a@example.com', plan: 'basic' })
    const number = await post('/create-site', { service_id: 4711, email: 'a@example.com', plan: 'basic', public_ip: null })
    expect(await number.json()).toEqual({ ...(await text.json<object>()), existing: true })
  })

  it('keeps the customer\'s address out of every public name', async () => {
    for (let i = 0; i < 10; i++) {
      const { hostname, subdomain, order: link } = await order(newService(), { email: 'zebediah.quux@example.org' })
      expect(`${hostname} ${subdomain} ${link}`.toLowerCase()).not.toMatch(/zebediah|quux|example/)
    }
  })

  it('says 409 at once when there are no addresses left, in a sentence for the customer, and consumes nothing', async () => {
    const books = () => runInDurableObject(allocator(), (_object, state) => ['held', 'service', 'counter'].map((table) => state.storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1, 2`).toArray()))
    await runInDurableObject(allocator(), (_object, state) => {
      for (let n = 100; n <= 253; n++)
        state.storage.sql.exec("INSERT OR IGNORE INTO held (kind, value, tenant, epoch, state, since) VALUES ('ip', ?, ?, 1, 'held', 0)", `192.168.1.${n}`, `filler${n}`)
    })
    const before = await books()
    const service = newService()
    const answer = await post('/create-site', { service_id: service, email: 'a@example.com', plan: 'basic' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ success: false, code: 'exhausted', error: expect.stringMatching(/^No more sites can be created at the moment: .*contact support.*\.$/) })
    expect(await books()).toEqual(before)
    expect((await allocator().unconfirmed(Date.now() + 1, 100)).filter((command) => command.spec.service === service)).toEqual([])
    expect(await tenantOf(service).view()).toBeUndefined()
    await runInDurableObject(allocator(), (_object, state) => void state.storage.sql.exec("DELETE FROM held WHERE tenant LIKE 'filler%'"))
    expect((await post('/create-site', { service_id: service, email: 'a@example.com', plan: 'basic' })).status).toBe(200)
  })
})

describe('a service', () => {
  it('that nobody ordered is 404 everywhere', async () => {
    for (const path of ['/suspend', '/unsuspend', '/delete-site']) {
      const answer = await post(path, { service_id: 'never' })
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({ success: false, code: 'unknown-service', field: 'service_id', error: 'There is no such service.' })
    }
    expect((await get('/status?service_id=never')).status).toBe(404)
    expect(await allocator().service(tenantKey('test', 'never'))).toBeUndefined()
  })

  it('is suspended, resumed and terminated by calls that may be repeated', async () => {
    const service = newService()
    await order(service)
    const told = async (path: string): Promise<unknown> => (await post(path, { service_id: service })).json()
    expect(await told('/unsuspend')).toEqual({ success: true, service_id: service, status: 'live' })
    expect(await told('/suspend')).toEqual({ success: true, service_id: service, status: 'suspending' })
    expect(await told('/suspend')).toEqual({ success: true, service_id: service, status: 'suspended' })
    expect(await told('/unsuspend')).toEqual({ success: true, service_id: service, status: 'resuming' })
    expect(await told('/delete-site')).toEqual({ success: true, service_id: service, status: 'terminating' })
    expect(await told('/delete-site')).toEqual({ success: true, service_id: service, status: 'terminated' })
  })

  it('that was terminated can be neither created again, nor resumed, nor asked about', async () => {
    const service = newService()
    await order(service)
    await post('/delete-site', { service_id: service })
    const again = await post('/create-site', { service_id: service, email: 'a@example.com', plan: 'basic' })
    expect(again.status).toBe(409)
    expect(await again.json()).toMatchObject({ success: false, code: 'conflict', field: 'service_id', error: expect.stringContaining('terminated') })
    for (const path of ['/suspend', '/unsuspend']) expect((await post(path, { service_id: service })).status).toBe(404)
    expect((await get(`/status?service_id=${service}`)).status).toBe(404)
  })
})
