// The laws of the ISPConfig client: what each of its answers proves, all of which come under status 200; and the client against
// the lab's simulator through the real gateway.
import { describe, expect, it } from 'vitest'
import { servedMail, servedZones } from '../../lab/ispconfig/served.ts'
import { ispconfigServers } from '../../lab/topology.ts'
import { Http } from '../../src/upstreams/http.ts'
import { Ispconfig } from '../../src/upstreams/ispconfig/client.ts'
import type { NewClient } from '../../src/upstreams/ispconfig/clients.ts'
import type { RrType } from '../../src/upstreams/ispconfig/dns.ts'
import { rrTypeOf, rrTypes } from '../../src/upstreams/ispconfig/dns.ts'
import { words } from '../../src/upstreams/ispconfig/remote.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { pass, timed } from '../lab/timed.ts'
import { dataCentre, settings } from '../simulation/data-centre.ts'
import { call, farEnd, landed, refusal, type Answer } from './far-end.ts'

const client = (...answers: Answer[]) => {
  const end = farEnd(...answers)
  const endpoint = { system: 'ispconfig' as const, baseUrl: 'https://gate.test/ispconfig', key: { id: 'worker', secret: 'for tests' }, words }
  return { ...end, panel: new Ispconfig(new Http(endpoint, end.rim, call)) }
}
const ok = (response: unknown): Answer => landed(200, { code: 'ok', message: '', response })
const fault = (message: string): Answer => landed(200, { code: 'remote_fault', message, response: false })
const rr = { server_id: 4, zone: 7, name: 'www', data: '203.0.113.10', aux: 0, ttl: 3600, active: true, stamp: Date.UTC(2026, 10, 23, 4, 5, 6) }
const soa = {
  server_id: ispconfigServers.dns, origin: 'example.org.', ns: 'ns1.berth.localhost.', mbox: 'hostmaster.example.org.', serial: 2026112301, refresh: 7200, retry: 540,
  expire: 604800, minimum: 3600, ttl: 3600, active: true, xfer: '', also_notify: '',
}

describe('an answer of ISPConfig', () => {
  const fateOf = async (answer: Answer) => refusal(client(answer).panel.dns.zoneAdd(5, soa))

  it.each([
    ['You do not have the permissions to access this function.', 'credentials'],
    ['The login failed. Username or password wrong.', 'credentials'],
    ['The Session is expired or does not exist.', 'not-sent'],
    ['Invalid client_id', 'refused'],
    ['Mail domain - example.org - does not exist.', 'refused'],
    ['origin_error_unique<br />\r\nttl_range_error<br />', 'refused'],
    ['This ISPConfig installation is currently under maintenance. We should be back shortly. Thank you for your patience.', 'unknown'],
    ['Something that nobody has seen before', 'unknown'],
    ['', 'unknown'],
  ])('"%s" under 200 is %s', async (message, fate) => {
    expect(await fateOf(fault(message))).toMatchObject({ fate, system: 'ispconfig', landed: true, status: 200 })
  })

  it('that is no envelope leaves everything open', async () => {
    expect(await fateOf(landed(200, 'The remote API is disabled.', { 'content-type': 'text/plain' }))).toMatchObject({ fate: 'unknown', landed: false })
    expect(await fateOf(landed(200, '<br />\n<b>Fatal error</b>: out of memory', { 'content-type': 'text/html' }))).toMatchObject({ fate: 'unknown' })
    expect(await fateOf(landed(200, { code: 'ok' }))).toMatchObject({ fate: 'unknown' })
    expect(await fateOf(landed(502, { error: 'bad gateway' }))).toMatchObject({ fate: 'unknown' })
  })

  it('about a function that it does not know is a refusal', async () => {
    expect(await fateOf(landed(200, { code: 'invalid_method', message: 'Method dns_zone_add does not exist', response: false }))).toMatchObject({ fate: 'refused' })
  })

  it('says in words what its keys mean, and who was first', async () => {
    const taken = await fateOf(fault('origin_error_unique<br />'))
    expect(taken.message).toContain('origin is already taken (origin_error_unique)')
    const wrong = await fateOf(fault('ns_error_regex<br />ttl_range_error<br />weak_password_txt<br />'))
    expect(wrong.message).toContain('ns is not valid (ns_error_regex); ttl is out of range (ttl_range_error); password is too weak')
    expect(await fateOf(fault('There is already a mailbox with this email address.'))).toMatchObject({ fate: 'refused' })
  })

  it('never repeats a statement of the database', async () => {
    const error = await fateOf(fault("Data too long for column 'name' INSERT INTO mail_user (password) VALUES ('$6$hash')"))
    expect(error).toMatchObject({ fate: 'unknown' })
    expect(error.message).not.toContain('$6$')
  })

  it('that finds nothing is undefined, however it says so', async () => {
    for (const nothing of [ok(false), ok([]), ok(null), ok(''), fault('There is no user account for this customer number.')]) {
      expect(await client(nothing).panel.clients.getByCustomerNo('P1')).toBeUndefined()
      expect(await client(nothing).panel.dns.zoneGetByUser(1, 4)).toEqual([])
    }
  })

  it('to a deletion is success when nothing was there', async () => {
    await client(ok('0')).panel.dns.zoneDelete(7)
    await client(fault('server_id_error_empty<br />origin_error_empty<br />'), ok(false)).panel.dns.rrDelete('a', 9)
    const still = { id: '9', server_id: '4', zone: '7', name: 'www', type: 'A', data: '203.0.113.10', aux: '0', ttl: '3600', active: 'Y' }
    expect(await refusal(client(fault('ns_error_regex<br />'), ok(still)).panel.dns.rrDelete('a', 9))).toMatchObject({ fate: 'refused' })
    expect(await refusal(client(fault('The Session is expired or does not exist.'), ok(false)).panel.dns.rrDelete('a', 9))).toMatchObject({ fate: 'not-sent' })
  })
})

describe('the ISPConfig client', () => {
  it('sends a record whole, with Y and N, and raises the serial each time', async () => {
    const { panel, sent } = client(ok('12'), ok('1'), ok('1'))
    expect(await panel.dns.rrAdd('mx', 5, { ...rr, data: 'mail.example.org.', aux: 10 })).toBe(12)
    await panel.dns.rrUpdate('a', 5, 12, { ...rr, active: false })
    await panel.dns.rrDelete('a', 12)
    expect(sent.map((one) => one.path)).toEqual(['/ispconfig/dns_mx_add', '/ispconfig/dns_a_update', '/ispconfig/dns_a_delete'])
    const bodies = sent.map((one) => JSON.parse(one.body) as { update_serial: boolean; params?: object })
    expect(bodies.every((body) => body.update_serial)).toBe(true)
    expect(bodies[0]!.params).toEqual({ server_id: '4', zone: '7', name: 'www', type: 'MX', data: 'mail.example.org.', aux: '10', ttl: '3600', active: 'Y', stamp: '2026-11-23 04:05:06', serial: '1' })
    expect(bodies[1]!.params).toMatchObject({ active: 'N', zone: '7' })
    expect(bodies[1]!.params).not.toHaveProperty('aux')
  })

  it('takes no other name for the one it asked for', async () => {
    const zone = { ...Object.fromEntries(Object.entries(soa).map(([name, value]) => [name, String(value)])), id: '7', sys_groupid: '3', active: 'Y' }
    const found = [{ ...zone, origin: 'example.com.' }, { ...zone, origin: 'Example.co', id: '8' }]
    expect(await client(ok(found)).panel.dns.zoneByOrigin('example.co.')).toMatchObject({ id: 8, active: true })
    expect(await client(ok(found)).panel.dns.zoneByOrigin('example.c')).toBeUndefined()
    expect(await client().panel.dns.zoneByOrigin('%')).toBeUndefined()
    expect(await client(ok({ client_id: '4', username: 'x', customer_no: 'p77' })).panel.clients.getByCustomerNo('P77')).toBeUndefined()
  })

  it('knows the types that it has functions for', () => {
    expect(['A', 'TLSA', 'HINFO'].map(rrTypeOf)).toEqual(['a', 'tlsa', undefined])
  })
})

describe('the ISPConfig client, the gateway and the simulator', () => {
  const start = () => {
    const { clock, world, rim } = dataCentre(5)
    let attempt = 0
    const clients = upstreams(settings, rim)
    const up = (): Ispconfig => clients({ operation: 'c1/zones', attempt: ++attempt, deadline: clock.now() + 60_000 }).ispconfig
    return { clock, world, up, run: <T>(promise: Promise<T>): Promise<T> => timed(clock, promise), strays: () => world.slice('strays', () => ({ list: [] as string[] })).list }
  }
  const customer: NewClient = { customer_no: 'P77', username: 'p77', password: 'a long password', contact_name: 'A Customer', email: 'a@example.org', servers: { mail: ispconfigServers.mail, dns: ispconfigServers.dns } }
  const data: Record<RrType, string> = {
    a: '203.0.113.10', aaaa: '2001:db8::1', cname: 'example.org.', mx: 'mail.example.org.', ns: 'ns1.berth.localhost.', txt: 'v=spf1 -all', srv: '5 5060 sip.example.org.',
    caa: '0 issue "letsencrypt.org"', tlsa: '3 1 1 abcdef', ptr: 'host.example.org.', alias: 'example.net.',
  }

  it('agree on a customer, a zone and every type of record, twice each', async () => {
    const { up, run, world, clock, strays } = start()
    expect(await run(up().clients.getByCustomerNo('P77'))).toBeUndefined()
    const id = await run(up().clients.add(customer))
    expect(await refusal(run(up().clients.add(customer)))).toMatchObject({ fate: 'refused', landed: true })
    expect(await run(up().clients.getByCustomerNo('P77'))).toMatchObject({ client_id: id, username: 'p77' })
    const group = await run(up().clients.getGroupid(id))

    const zone = await run(up().dns.zoneAdd(id, soa))
    expect(await refusal(run(up().dns.zoneAdd(id, soa)))).toMatchObject({ fate: 'refused', landed: true })
    expect(await run(up().dns.zoneByOrigin('example.org'))).toMatchObject({ id: zone, sys_groupid: group, active: true })
    expect(await run(up().dns.zoneGetByUser(id, ispconfigServers.dns))).toEqual([{ id: zone, origin: 'example.org.' }])
    expect(await run(up().dns.zoneByOrigin('somebody-else.example'))).toMatchObject({ origin: 'somebody-else.example.' })

    for (const type of rrTypes) {
      const one = { ...rr, server_id: ispconfigServers.dns, zone, name: type === 'tlsa' ? '_443._tcp.example.org.' : type, data: data[type], aux: type === 'mx' ? 10 : 0 }
      const made = await run(up().dns.rrAdd(type, id, one))
      expect(await run(up().dns.rrUpdate(type, id, made, { ...one, ttl: 600 }))).toBe(1)
    }
    const rows = await run(up().dns.rrGetAllByZone(zone))
    expect(new Set(rows.map((row) => rrTypeOf(row.type)))).toEqual(new Set(rrTypes))
    expect(rows).toHaveLength(rrTypes.length)
    expect(rows.find((row) => row.type === 'MX')).toMatchObject({ aux: 10, ttl: 600, active: true })
    expect(await run(up().jobqueueCount(ispconfigServers.dns))).toBeGreaterThan(0)
    await pass(clock, 70_000)
    expect(await run(up().jobqueueCount())).toBe(0)
    expect(servedZones(world, 'ns2').find((one) => one.origin === 'example.org.')?.records).toHaveLength(rrTypes.length)

    for (const row of rows) {
      await run(up().dns.rrDelete(rrTypeOf(row.type)!, row.id))
      await run(up().dns.rrDelete(rrTypeOf(row.type)!, row.id))
    }
    await run(up().dns.zoneDelete(zone))
    await run(up().dns.zoneDelete(zone))
    expect(await run(up().dns.zoneGet(zone))).toBeUndefined()
    await pass(clock, 70_000)
    expect(servedZones(world, 'ns2').map((one) => one.origin)).toEqual(['somebody-else.example.'])
    expect(strays()).toEqual([])
  })

  it('agree on a mail domain, mailboxes, aliases and forwards', async () => {
    const { up, run, world, clock, strays } = start()
    const id = await run(up().clients.add(customer))
    const server_id = ispconfigServers.mail
    const box = { server_id, email: 'me@example.org', password: 'a long password', name: 'Me', quota: 1_073_741_824, active: true }
    expect(await refusal(run(up().mail.userAdd(id, box)))).toMatchObject({ fate: 'refused' })
    const key = (kind: string): string => `-----BEGIN ${kind} KEY-----\nMIIB\n-----END ${kind} KEY-----\n`
    const domain = await run(up().mail.domainAdd(id, { server_id, domain: 'example.org', active: true, dkim: true, dkim_selector: 'default', dkim_private: key('PRIVATE'), dkim_public: key('PUBLIC') }))
    expect(await run(up().mail.domainGetByDomain('Example.org'))).toMatchObject({ domain_id: domain, dkim: true, dkim_public: key('PUBLIC') })
    const user = await run(up().mail.userAdd(id, box))
    expect(await refusal(run(up().mail.userAdd(id, box)))).toMatchObject({ fate: 'refused', landed: true })
    expect(await run(up().mail.userUpdate(id, user, { quota: 0, active: false }))).toBe(1)
    expect(await run(up().mail.usersOfDomain('example.org'))).toMatchObject([{ mailuser_id: user, email: 'me@example.org', quota: 0, postfix: false }])
    await run(up().mail.userUpdate(id, user, { active: true }))
    const alias = { server_id, source: 'us@example.org', destination: 'me@example.org', active: true }
    const made = await run(up().mail.aliasAdd(id, alias))
    const forward = await run(up().mail.forwardAdd(id, { ...alias, source: 'out@example.org', destination: 'me@example.net' }))
    await run(up().mail.aliasUpdate(id, made, { ...alias, active: false }))
    await run(up().mail.forwardUpdate(id, forward, { ...alias, source: 'out@example.org', destination: 'you@example.net' }))
    expect(await run(up().mail.aliasesOfDomain('example.org'))).toMatchObject([{ forwarding_id: made, active: false }])
    expect(await run(up().mail.forwardsOfDomain('example.org'))).toMatchObject([{ forwarding_id: forward, destination: 'you@example.net' }])
    expect(await run(up().mail.domainUpdate(id, domain, { dkim_selector: 'second' }))).toBe(1)
    await pass(clock, 70_000)
    expect(servedMail(world)).toMatchObject({ domains: [{ dkim_selector: 'second', dkim_private: key('PRIVATE') }], users: [{ login: 'me@example.org' }], forwardings: [{ type: 'forward' }] })
    for (let twice = 0; twice < 2; twice++) {
      await run(up().mail.aliasDelete(made))
      await run(up().mail.forwardDelete(forward))
      await run(up().mail.userDelete(user))
      await run(up().mail.domainDelete(domain))
    }
    expect(await run(up().mail.domainGetByDomain('example.org'))).toBeUndefined()
    expect(strays()).toEqual([])
  })
})
