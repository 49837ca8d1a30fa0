// The DNS extension's calls as it makes them: without a bearer token, under a base URL that carries the key; plain text that begins
// with `success`; nobody reaches a zone that is not theirs, by no id and by no name.
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { call, get, post } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, delegated, disconnect, everything } from './upstream.ts'

beforeEach(() => connect())
afterEach(() => disconnect())

/** As the extension sends it: its base URL ends in `/k/<key>`, and there is no header. */
const seed = (path: string, body: unknown, key = keys.billing): Promise<Response> =>
  call(`/k/${key}${path}`, { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** Status and text of a change. */
const said = async (answer: Promise<Response>): Promise<[number, string]> => {
  const { status, headers } = await answer
  expect(headers.get('content-type')).toMatch(/^text\/plain/)
  return [status, await (await answer).text()]
}

interface Record { id: string; type: string; name: string; data: string; ttl: number; priority?: number; active: string }
interface Zone { id: string; name: string; records: { [id: string]: Record } }
const zones = async (user: unknown, key = keys.billing): Promise<Zone[]> => {
  const { zones: all } = await (await seed('/customdomain/getdata', { user_id: user }, key)).json<{ zones: { zone: Zone }[] }>()
  return all.map(({ zone }) => zone)
}
const lines = (zone: Zone | undefined): string[] => Object.values(zone?.records ?? {}).map(({ type, name, data, active }) => `${name} ${type} ${data} ${active}`).sort()

let n = 0
/** A customer with a zone of a domain that no other test uses. */
async function customer(key = keys.billing): Promise<{ user: number; domain: string; zone: () => Promise<Zone> }> {
  const user = 100 + ++n
  const domain = `zone-${n}.com`
  await delegated(domain)
  expect(await said(seed('/customdomain/add/zone', { user_id: user, domain }, key))).toEqual([200, expect.stringMatching(/^success/i)])
  return { user, domain, zone: async () => (await zones(user, key))[0]! }
}

describe('the DNS extension', () => {
  it('creates a zone, adds, lists and deletes records, and deletes the zone', async () => {
    const { user, domain, zone } = await customer()
    expect(lines(await zone())).toEqual([`${domain}. A 203.0.113.10 y`, `${domain}. NS ns1.berth.localhost. y`, `${domain}. NS ns2.berth.localhost. y`, 'www A 203.0.113.10 y'].sort())
    const { id, name } = await zone()
    expect(name).toBe(domain)
    const forms = [
      { type: 'A', name: `api.${domain}`, ttl: '300', ip: 'PROXYSRV' },
      { type: 'CNAME', name: 'shop', ttl: 300, target: 'shops.example.net', zone_id: Number(id) },
      { type: 'MX', name: domain, ttl: 3600, exchange: 'mail.example.net', priority: '10' },
      { type: 'TXT', name: domain, ttl: 3600, txt: 'v=spf1 mx ~all' },
      { type: 'SRV', name: `_sip._tcp.${domain}`, ttl: 3600, priority: 0, data: '5 5060 sip.example.net', user_id: user },
    ]
    for (const form of forms) expect(await said(seed('/customdomain/add/record', form))).toEqual([200, expect.stringMatching(/^success/i)])
    const now = await zone()
    expect(lines(now)).toHaveLength(4 + forms.length)
    expect(Object.values(now.records).find(({ name: at, type }) => at === 'api' && type === 'A')).toMatchObject({ data: '203.0.113.10', ttl: 300, active: 'y' })
    for (const [key, record] of Object.entries(now.records)) {
      expect(key).toBe(record.id)
      expect(key).toMatch(/^\d{1,15}$/)
    }
    const mx = Object.values(now.records).find(({ type }) => type === 'MX')!
    expect(mx).toMatchObject({ priority: 10 })
    for (let twice = 0; twice < 2; twice++) expect(await said(seed('/customdomain/delete/record', { zone_id: id, rc_id: mx.id }))).toEqual([200, expect.stringMatching(/^success/i)])
    expect(lines(await zone()).some((line) => line.includes(' MX '))).toBe(false)
    for (let twice = 0; twice < 2; twice++) expect(await said(post('/customdomain/delete/zone', { user_id: user, domain }))).toEqual([200, expect.stringMatching(/^success/i)])
    expect(await zones(user)).toEqual([])
  })

  it('is told in plain words what is wrong, in English', async () => {
    const { domain, zone } = await customer()
    const { id } = await zone()
    const other = 'not-delegated.com'
    expect(await said(seed('/customdomain/add/zone', { user_id: 1, domain: other }))).toEqual([400, expect.stringMatching(/^The domain not-delegated\.com (?:does not exist|is not delegated)/)])
    expect(await said(seed('/customdomain/add/zone', { user_id: 1, domain: 'com' }))).toEqual([400, expect.stringContaining('com')])
    expect(await said(seed('/customdomain/add/record', { zone_id: id, type: 'CNAME', name: domain, ttl: 300, target: 'example.net' }))).toEqual([400, expect.stringMatching(/^A CNAME cannot stand at the top of the zone/)])
    expect(await said(seed('/customdomain/add/record', { zone_id: id, type: 'MX', name: domain, ttl: 300, exchange: '203.0.113.12', priority: 10 }))).toEqual([400, expect.stringMatching(/^An MX leads to a host name/)])
    expect(await said(seed('/customdomain/add/record', { type: 'A', name: `x.${domain}` }))).toEqual([400, expect.stringMatching(/is not an IPv4 address/)])
    expect(await said(seed('/customdomain/delete/record', { zone_id: id, rc_id: '1' }))).toEqual([404, 'There is no such record in this zone.'])
  })

  it('is let in by the key in the path only, and the key is shown nowhere', async () => {
    const { user } = await customer()
    const log = vi.spyOn(console, 'error')
    for (const key of ['not-a-key-at-all', `${keys.billing}x`, keys.operator, keys.desk]) {
      const answer = await seed('/customdomain/getdata', { user_id: user }, key)
      expect(answer.status).toBe(401)
      expect(await answer.text()).not.toContain(key)
    }
    expect((await call('/customdomain/getdata', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user_id: user }) })).status).toBe(401)
    const lost = await call(`/k/${keys.billing}/nothing-here`)
    expect(`${lost.status} ${await lost.text()}`).toMatch(/^404 /)
    expect(JSON.stringify([...lost.headers])).not.toContain(keys.billing)
    for (const line of log.mock.calls) expect(JSON.stringify(line)).not.toContain(keys.billing)
    log.mockRestore()
  })

  it('reaches with another connection’s key, or for another customer, nothing: the same nothing as for what is not there', async () => {
    const { user, domain, zone } = await customer()
    const { id, records } = await zone()
    const rc = Object.keys(records)[0]!
    const before = await everything()
    const attempts = (zoneId: string, name: string, more: object): [string, object][] => [
      ['/customdomain/delete/zone', { domain: name, ...more }],
      ['/customdomain/add/record', { type: 'A', name: `x.${name}`, ttl: 300, ip: '203.0.113.66', ...more }],
      ['/customdomain/add/record', { type: 'A', name: `x.${name}`, ttl: 300, ip: '203.0.113.66', zone_id: zoneId, ...more }],
      ['/customdomain/delete/record', { zone_id: zoneId, rc_id: rc, ...more }],
    ]
    for (const [path, body] of attempts(id, domain, {})) {
      const foreign = await said(seed(path, body, keys.other))
      expect(foreign).toEqual([404, 'There is no such zone.'])
    }
    const nothing = attempts('1', 'zone-0.com', { user_id: 99 })
    for (const [i, [path, body]] of attempts(id, domain, { user_id: 99 }).entries()) {
      const [status, text] = await said(seed(path, body))
      expect(status).toBe(404)
      expect(text.replaceAll(domain, 'zone-0.com')).toBe((await said(seed(...nothing[i]!)))[1])
    }
    expect(await zones(user, keys.other)).toEqual([])
    expect(await zones(99)).toEqual([])
    // Numbers near a real one, and ISPConfig's own, are nobody's.
    for (const guess of [String(Number(id) + 1), '1', '12', '50']) expect(await said(seed('/customdomain/delete/record', { zone_id: guess, rc_id: rc }))).toEqual([404, 'There is no such zone.'])
    expect((await get(`/zones/export?user_id=99&domain=${domain}`)).status).toBe(404)
    expect((await get(`/zones/export?user_id=${user}&domain=${domain}`, keys.other)).status).toBe(404)
    expect(await (await get('/zones/history?user_id=99')).json()).toEqual({ success: true, changes: [] })
    expect((await post('/zones/undo', { user_id: 99, change: 1 })).status).toBe(404)
    expect(await everything()).toEqual(before)
  })

  it('that names a zone by its name only must come soon after its owner has looked at it', async () => {
    const { domain } = await customer()
    const at = env.ALLOCATOR.getByName('lab')
    expect(await at.zoneByName('test', `${domain}.`)).toMatchObject({ looked: true })
    expect(await at.zoneByName('other', `${domain}.`)).toBeUndefined()
  })

  it('is answered while ISPConfig is away: what was accepted is done later', async () => {
    const { domain, zone } = await customer()
    await zone()
    let away = true
    connect((request, onward) => (away && request.url.includes('/ispconfig/') ? Promise.reject(Object.assign(new TypeError('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })) : onward()))
    const asked = said(seed('/customdomain/add/record', { type: 'A', name: `later.${domain}`, ttl: 300, ip: '203.0.113.20' }))
    await expect.poll(async () => lines(await zone())).toContain('later A 203.0.113.20 n')
    away = false
    expect(await asked).toEqual([200, expect.stringMatching(/^success/)])
    await expect.poll(async () => lines(await zone())).toContain('later A 203.0.113.20 y')
  })
})

describe('the tools', () => {
  it('show a plan, do it, tell the history, undo it and export the zone', async () => {
    const { user, domain } = await customer()
    const whose = { user_id: user, domain }
    expect(await (await get('/zones/templates')).json()).toMatchObject({ templates: [{ name: 'site' }, { name: 'mail' }, { name: 'google-workspace' }, { name: 'microsoft-365' }] })
    const plan = await (await post('/zones/plan', { ...whose, template: 'mail' })).json<{ plan: string; changes: unknown[] }>()
    expect(plan.changes).toHaveLength(2)
    expect(await (await post('/zones/apply', { ...whose, template: 'mail', plan: plan.plan })).json()).toMatchObject({ success: true })
    expect((await post('/zones/apply', { ...whose, template: 'mail', plan: plan.plan })).status).toBe(409)
    const { changes } = await (await get(`/zones/history?user_id=${user}`)).json<{ changes: { n: number; what: string; state: string }[] }>()
    expect(changes.map(({ n: number, what, state }) => `${number} ${what} ${state}`)).toEqual([`2 The template mail was applied to ${domain} done`, `1 The zone ${domain} was created done`])
    const file = await (await get(`/zones/export?user_id=${user}&domain=${domain}`)).text()
    expect(file).toContain('MX\t10 mail.berth.localhost.')
    expect(await (await post('/zones/undo', { user_id: user, change: 2 })).json()).toMatchObject({ success: true })
    expect(await (await get(`/zones/export?user_id=${user}&domain=${domain}`)).text()).not.toContain('MX')
    expect(await (await post('/zones/plan', { ...whose, file: 'www IN A 203.0.113.300' })).json()).toMatchObject({ problems: [{ line: 1 }] })
    expect((await post('/zones/plan', whose)).status).toBe(400)
  })
})

it('never fails on bad input, and changes nothing', async () => {
  disconnect()
  const anything = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>('', ' ', null, [], {}, -1, 1e21, '\u0000', '../x', 'a'.repeat(400), '😀', '__proto__', true))
  const paths = ['/customdomain/getdata', '/customdomain/add/zone', '/customdomain/delete/zone', '/customdomain/add/record', '/customdomain/delete/record', '/zones/undo', '/zones/plan', '/zones/apply']
  const fields = ['user_id', 'domain', 'zone_id', 'rc_id', 'type', 'name', 'ttl', 'ip', 'txt', 'change', 'file', 'template', 'plan']
  await fc.assert(fc.asyncProperty(fc.constantFrom(...paths), fc.dictionary(fc.constantFrom(...fields), anything), async (path, body) => {
    const answer = await post(path, body)
    const text = await answer.text()
    expect(`${path} ${answer.status}`).toMatch(/ (?:400|404|409|413|503)$/)
    expect(text).not.toMatch(/^success/i)
    expect(text).not.toMatch(/ at .*:\d+|TypeError|undefined|\[object|zod|sqlite/i)
  }), { numRuns: 60, seed: 5 })
})
