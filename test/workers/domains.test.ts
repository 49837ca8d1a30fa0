// Custom domains through the front door: accepted at once, waited for, served, taken away again; whose they are; what the doctor says.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { call, get, newService, order, post, recordOf, tenantOf, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, delegated, disconnect, everything, publish } from './upstream.ts'

beforeEach(disconnect)
afterEach(disconnect)

interface Entry { domain: string; state: string; https: boolean; reason: string | null; records: { type: string; name: string; value: string }[]; names: { name: string; state: string; https: boolean }[] }
interface Answer { success: boolean; error?: string; code?: string; field?: string; existing?: boolean; domains: Entry[]; quota: { used: number; limit: number; left: number }; notices: { what: string; why: string }[] }

const here = '203.0.113.10'
const leading = (apex: string) => [apex, `www.${apex}`].map((name) => ({ name, type: 'A', data: here }))
const told = async (path: string, service: string, domain: string): Promise<Answer & Entry & { http: number }> => {
  const answer = await post(path, { service_id: service, domain })
  return { http: answer.status, ...(await answer.json<Answer & Entry>()) }
}
const list = async (service: string): Promise<Answer> => (await get(`/action/getdomain?service_id=${service}`)).json()
const states = async (service: string): Promise<string[]> => (await list(service)).domains.flatMap(({ names }) => names.map(({ name, state, https }) => `${name} ${state}${https ? ' https' : ''}`))

let domains = 0
const newDomain = (): string => `shop${++domains}.com`

async function built(plan = 'basic'): Promise<string> {
  connect()
  const service = newService()
  await order(service, { plan })
  await until(service, 'live')
  return service
}

describe('a custom domain', () => {
  it('that is delegated here is shown by the zone of its customer, which the form makes, once billing says whose the service is', async () => {
    const [service, other] = [await built(), newService()]
    await order(other)
    const shop = newDomain()
    await delegated(shop)
    const form = (of: string, more: object = {}) => post('/customdomain/add', { service_id: of, domain: shop, ...more })
    expect(await (await form(service)).json()).toMatchObject({ success: true, zone: null })
    expect(await (await form(service, { user_id: 55 })).json()).toMatchObject({ success: true, zone: expect.stringMatching(/^success: the zone .* was created/) })
    expect(await (await form(other, { user_id: '56' })).json()).toMatchObject({ success: true, zone: expect.stringMatching(/another account on this platform/) })
    const doctor = async (of: string) => (await get(`/domains/${shop}/doctor?service_id=${of}`)).json()
    await expect.poll(() => doctor(service), { timeout: 8_000 }).toMatchObject({ proof: 'delegation' })
    expect(await doctor(other)).toMatchObject({ proof: null, missing: expect.stringContaining('is another customer') })
  })

  it('is accepted at once with the records to set, waits for them while the site rests, is served with a certificate, and goes without a trace', async () => {
    const service = await built()
    const shop = newDomain()
    await publish(shop, [])
    const asked = await told('/action/setdomain', service, `WWW.${shop.toUpperCase()}.`)
    expect(asked).toMatchObject({ http: 200, success: true, existing: false, domain: shop, quota: { used: 1, limit: 3, left: 2 } })
    const { hostname } = (await recordOf(service)).identity
    expect(asked.records.map(({ type, name, value }) => `${type} ${name} ${value.replace(/[0-9a-f]{32}/, '*')}`)).toEqual([
      `TXT _berth.${shop} berth-site=*`, `A ${shop} ${here}`, `A www.${shop} ${here}`, `CNAME www.${shop} ${hostname}`, `NS ${shop} ns1.berth.localhost`, `NS ${shop} ns2.berth.localhost`,
    ])
    await expect.poll(async () => (await list(service)).domains[0]).toMatchObject({ state: 'waiting for DNS', reason: expect.stringContaining(`publish the TXT record _berth.${shop}`) })
    await until(service, 'live')
    await publish(shop, leading(shop))
    expect(await told('/action/setdomain', service, shop)).toMatchObject({ http: 200, existing: true, quota: { used: 1 } })
    await expect.poll(() => states(service)).toEqual([`${shop} live https`, `www.${shop} live https`])
    expect((await list(service)).domains[0]).toMatchObject({ reason: null, certificate_expires_on: expect.stringMatching(/^\d{4}-/) })
    expect(await (await get(`/status?service_id=${service}`)).json()).toMatchObject({ domains: [shop], quotas: { domains: { used: 1, limit: 3 } } })
    const mine = async () => (await everything()).filter(({ of }) => of.endsWith(shop)).map(({ kind, of }) => `${kind} ${of}`).sort()
    expect(await mine()).toEqual([`certificate ${shop}`, `certificate www.${shop}`, `proxy host ${shop}`, `proxy host www.${shop}`])
    expect(await env.DB.prepare('SELECT state, reason FROM domains WHERE domain = ?').bind(shop).first()).toEqual({ state: 'live', reason: null })
    expect(await told('/action/deldomain', service, shop)).toMatchObject({ http: 200, status: 'being removed', quota: { used: 0, left: 3 } })
    expect((await told('/action/deldomain', service, shop)).quota?.left ?? 3).toBe(3)
    await expect.poll(mine).toEqual([])
    await expect.poll(async () => (await list(service)).domains).toEqual([])
    expect(await env.ALLOCATOR.getByName('lab').claimOf(shop)).toBeUndefined()
  })

  it('is served without a certificate when none is to be had, and says why', async () => {
    const service = await built()
    const shop = newDomain()
    await publish(shop, [...leading(shop), { name: shop, type: 'CAA', data: '0 issue "pki.goog"' }])
    await told('/customdomain/add', service, shop)
    await expect.poll(() => states(service)).toEqual([`${shop} live`, `www.${shop} live`])
    expect((await list(service)).domains[0]).toMatchObject({ reason: expect.stringContaining('CAA records of the domain forbid it'), certificate_expires_on: null })
    expect((await tenantOf(service).view())?.status).toBe('live')
  })

  it('goes to who shows a token; the other site is told so and goes on', async () => {
    const [first, second] = [await built(), await built()]
    const shop = newDomain()
    await publish(shop, leading(shop))
    await told('/action/setdomain', first, shop)
    await expect.poll(() => states(first)).toEqual([`${shop} live https`, `www.${shop} live https`])
    const { records } = await told('/action/setdomain', second, shop)
    await expect.poll(async () => (await list(second)).domains[0]?.reason).toContain('held by another site here')
    await publish(shop, [...leading(shop), { name: `_berth.${shop}`, type: 'TXT', data: records[0]!.value }])
    await told('/action/setdomain', second, shop)
    await expect.poll(async () => (await list(first)).domains).toEqual([])
    expect((await list(first)).notices).toMatchObject([{ what: `Domain ${shop}`, why: expect.stringContaining('somebody else has shown') }])
    await expect.poll(async () => (await told('/action/setdomain', second, shop)) && states(second)).toEqual([`${shop} live https`, `www.${shop} live https`])
    expect((await tenantOf(first).view())?.status).toBe('live')
  })
})

describe('what is refused', () => {
  it('is said in a sentence, and takes nothing from the quota', async () => {
    const service = await built()
    for (const wrong of ['', 'localhost', 'https://shop.com/', '203.0.113.7', 'co.uk', 'x.berth.localhost', '*.shop.com'])
      expect(await told('/action/setdomain', service, wrong)).toMatchObject({ http: 400, success: false, code: 'bad-request', field: 'domain', error: expect.stringMatching(/^\S.*\.$/) })
    expect(await told('/action/deldomain', service, 'nobodys.com')).toMatchObject({ http: 404, field: 'domain' })
    for (let n = 1; n <= 3; n++) expect((await told('/action/setdomain', service, newDomain())).quota).toEqual({ used: n, limit: 3, left: 3 - n })
    expect(await told('/action/setdomain', service, newDomain())).toMatchObject({ http: 409, code: 'quota', error: expect.stringContaining('(3/3)') })
    await post('/suspend', { service_id: service })
    expect(await told('/action/setdomain', service, newDomain())).toMatchObject({ http: 401, code: 'suspended' })
    expect((await list(service)).quota).toEqual({ used: 3, limit: 3, left: 0 })
  })
})

describe('the doctor', () => {
  it('says of any domain what cures it, and within its time that DNS does not answer', async () => {
    const service = await built()
    const shop = newDomain()
    await publish(shop, [{ name: shop, type: 'A', data: '198.51.100.7' }])
    const ask = async (name: string) => call(`/domains/${encodeURIComponent(name)}/doctor?service_id=${service}`, { headers: { authorization: `Bearer ${keys.billing}` } })
    expect(await (await ask(shop)).json()).toMatchObject({
      success: true, domain: shop, added: false, proof: null, missing: expect.stringContaining('_berth.'),
      findings: expect.arrayContaining([expect.objectContaining({ code: 'points-elsewhere', severity: 'error', cure: `Change the A record of ${shop} to ${here}.` })]),
    })
    expect((await ask('not a domain')).status).toBe(400)
    disconnect()
    expect(await (await ask(shop)).json()).toMatchObject({ success: false, code: 'unavailable' })
  })
})
