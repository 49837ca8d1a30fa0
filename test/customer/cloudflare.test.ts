// The laws of a customer's zone that is kept at Cloudflare: made once however often it is asked or lost, only what bears the
// customer's mark is touched, and what Cloudflare does not have is refused in words.
import { afterEach, describe, expect, it } from 'vitest'
import { zonesOf } from '../../lab/cloudflare/zones.ts'
import { delegate } from '../../lab/dns/internet.ts'
import type { Fault } from '../../lab/faults.ts'
import { resolve, resolvers } from '../../lab/dns/resolver.ts'
import type { Written } from '../../src/domain/dns/record.ts'
import { good, rig } from './rig.ts'

const rigs: ReturnType<typeof rig>[] = []
afterEach(() => {
  for (const one of rigs.splice(0)) one.close()
})
const start = (options: Parameters<typeof rig>[0] = {}): ReturnType<typeof rig> => {
  const one = rig({ zoneHome: 'cloudflare', ...options })
  rigs.push(one)
  return one
}
const origin = 'example.com.'
const servers = ['cleo.ns.cloudflare.com', 'dan.ns.cloudflare.com']
const a = (name: string, data = '203.0.113.20', ttl = 3_600): Written => ({ name, type: 'A', ttl, data })
const records = (one: ReturnType<typeof rig>): string[] => (zonesOf(one.world)[0]?.records ?? []).map(({ name, type, content }) => `${name} ${type} ${content}`).sort()
const first = ['_berth-zone.example.com TXT "v=berth1"', 'example.com A 203.0.113.10', 'www.example.com A 203.0.113.10']

async function withZone(one: ReturnType<typeof rig>) {
  one.domain('example.com', ['ns1.provider.example', 'ns2.provider.example'])
  const me = one.customer()
  expect(good(await one.run(me.zones.addZone(origin, 'shop')))).toMatch(/^success: the zone example\.com was created\..* Set the domain’s name servers to cleo\.ns\.cloudflare\.com and dan\.ns\.cloudflare\.com at your registrar/)
  return me
}

describe('a zone at Cloudflare', () => {
  it('is made there and not in ISPConfig, says to which servers the domain goes, and is served once the registry has them', async () => {
    const one = start()
    const me = await withZone(one)
    expect(records(one)).toEqual(first)
    expect(one.panel.tables.dns_soa.filter((row) => row['origin'] === origin)).toEqual([])
    const data = await one.run(me.zones.data())
    expect(data).toMatchObject({ ok: true, stale: false, zones: [{ zone: { name: 'example.com', name_servers: servers, delegated: false } }] })
    expect(JSON.stringify(data)).not.toContain('_berth-zone')
    delegate(one.world, 'example.com', servers)
    await one.pass(5_000)
    expect(await one.run(me.zones.data())).toMatchObject({ zones: [{ zone: { delegated: true } }] })
    const net = { world: one.world, platformZone: 'berth.localhost', served: () => [] }
    expect(resolve(net, resolvers[0]!, 'www.example.com', 'A').answers.map(({ data: to }) => to)).toEqual(['203.0.113.10'])
    expect(one.copy.told.at(-1)).toMatchObject({ zones: [{ zone: 'example.com', home: 'cloudflare', state: 'ready' }] })
  })

  it('is made once, deleted whole, and comes back to Cloudflare by undo, whatever is configured by then', async () => {
    const one = start()
    const me = await withZone(one)
    expect(good(await one.run(me.zones.addZone(origin, 'shop')))).toMatch(/^success: the zone example\.com is there already\./)
    good(await one.run(me.zones.addRecord({}, a('x.example.com'), 'shop')))
    good(await one.run(me.zones.deleteZone('example.com', 'shop')))
    expect(zonesOf(one.world)).toEqual([])
    expect(await one.run(me.zones.data())).toMatchObject({ zones: [] })
    good(await one.run(me.zones.undo(3, 'shop')))
    expect(records(one)).toEqual([...first, 'x.example.com A 203.0.113.20'].sort())
  })

  it('keeps records of every type as they were entered, and changes a TTL in place', async () => {
    const one = start()
    const me = await withZone(one)
    const long = 'k'.repeat(300)
    const forms: Written[] = [
      a('a.example.com'), { name: 'b', type: 'AAAA', ttl: 300, data: '2001:db8::1' }, { name: 'c', type: 'CNAME', ttl: 300, data: 'shops.example.net.' }, { name: '@', type: 'MX', ttl: 300, priority: 10, data: 'mail.example.net.' },
      { name: 'd', type: 'TXT', ttl: 300, data: `say "hi" \\ ${long}` }, { name: 'e', type: 'NS', ttl: 300, data: 'ns1.provider.example.' }, { name: '_sip._tcp', type: 'SRV', ttl: 300, priority: 1, data: '5 5060 sip.example.net.' },
      { name: '@', type: 'CAA', ttl: 300, data: '0 issue "letsencrypt.org"' }, { name: '_443._tcp', type: 'TLSA', ttl: 300, data: `3 1 1 ${'ab'.repeat(32)}` }, { name: '9', type: 'PTR', ttl: 300, data: 'host.example.net.' },
    ]
    for (const form of forms) good(await one.run(me.zones.addRecord({ id: me.zones.ids.zone(origin) }, form, 'shop')))
    for (const form of forms) expect(good(await one.run(me.zones.addRecord({ id: me.zones.ids.zone(origin) }, form, 'shop')))).toBe('success: it is so already.')
    expect(zonesOf(one.world)[0]!.records).toHaveLength(first.length + forms.length)
    const before = zonesOf(one.world)[0]!.records.find(({ name }) => name === 'a.example.com')!.id
    good(await one.run(me.zones.addRecord({}, a('a.example.com', '203.0.113.20', 600), 'shop')))
    expect(zonesOf(one.world)[0]!.records.filter(({ name }) => name === 'a.example.com')).toMatchObject([{ id: before, ttl: 600 }])
  })

  it.each([
    [{ name: 'x', type: 'ALIAS', ttl: 300, data: 'host.example.net.' }, 'The zone example.com is kept at Cloudflare, which has no ALIAS records: use A and AAAA records for x.example.com.'],
    [a('x.example.com', '203.0.113.20', 100_000), 'The zone example.com is kept at Cloudflare, where the TTL of x.example.com can be at most 86400 seconds (a day).'],
    [{ name: '_berth-zone', type: 'TXT', ttl: 300, data: 'mine' }, 'The zone example.com is kept at Cloudflare, where the name _berth-zone.example.com says whose the zone is; it cannot be changed.'],
  ])('refuses what Cloudflare does not have: %o', async (form, sentence) => {
    const one = start()
    const me = await withZone(one)
    expect(await one.run(me.zones.addRecord({ id: me.zones.ids.zone(origin) }, form, 'shop'))).toEqual({ ok: false, code: 'bad-request', message: sentence })
    expect(records(one)).toEqual(first)
  })

  it('is of a registered domain only, of one customer only, and never one that somebody made by hand', async () => {
    const one = start()
    const me = await withZone(one)
    const refusal = async (answer: Promise<unknown>) => one.run(answer)
    expect(await refusal(me.zones.addZone('not-there.com.', 'shop'))).toMatchObject({ ok: false, message: 'The domain not-there.com does not exist. Register it first.' })
    expect(await refusal(me.zones.addZone('sub.example.com.', 'shop'))).toMatchObject({ ok: false, message: 'Cloudflare keeps registered domains only: create the zone example.com instead of sub.example.com.' })
    expect(await refusal(one.customer('8').zones.addZone(origin, 'shop'))).toMatchObject({ ok: false, code: 'conflict' })
    one.domain('hand.com', servers)
    const byHand = { id: 'a'.repeat(32), name: 'hand.com', name_servers: servers, created_on: '2026-01-01T00:00:00Z', records: [] }
    zonesOf(one.world).push(byHand)
    expect(await refusal(me.zones.addZone('hand.com.', 'shop'))).toMatchObject({ ok: false, message: 'It cannot be created: the domain has a zone at Cloudflare that is not ours.' })
    await one.pass(120_000)
    expect(zonesOf(one.world)).toContain(byHand)
    expect(byHand.records).toEqual([])
  })

  it('is chosen for one zone where ISPConfig is the home of all others', async () => {
    const one = start({ zoneHome: 'ispconfig' })
    one.domain('example.com')
    one.domain('example.net', ['ns1.provider.example', 'ns2.provider.example'])
    const me = one.customer()
    good(await one.run(me.zones.addZone(origin, 'shop')))
    good(await one.run(me.zones.addZone('example.net.', 'shop', { home: 'cloudflare' })))
    expect([one.zoneRow(origin)?.['origin'], zonesOf(one.world).map(({ name }) => name)]).toEqual([origin, ['example.net']])
    good(await one.run(me.zones.addRecord({}, a('x.example.net'), 'shop')))
    good(await one.run(me.zones.addRecord({}, a('x.example.com'), 'shop')))
    expect([one.records(origin).filter((line) => line.startsWith('x ')), records(one).filter((line) => line.startsWith('x.'))]).toEqual([['x A 203.0.113.20'], ['x.example.net A 203.0.113.20']])
    good(await one.run(me.zones.deleteZone('example.net', 'shop')))
    expect([one.zoneRow(origin)?.['origin'], zonesOf(one.world)]).toEqual([origin, []])
  })

  it('has one home, whoever answers: asked for in the other one it is there already, while it is coming too', async () => {
    let away = false
    const one = start({ edge: [({ url }) => (away && url.includes('/ispconfig/') ? 'refused' : undefined)], inside: [({ url }) => (away && url.includes('cloudflare') ? 'refused' : undefined)] })
    const me = await withZone(one)
    delegate(one.world, 'example.com', ['ns1.berth.localhost', 'ns2.berth.localhost'])
    await one.pass(5_000)
    away = true
    expect(good(await one.run(me.zones.addZone(origin, 'shop', { home: 'ispconfig' })))).toMatch(/is there already/)
    away = false
    good(await one.run(me.zones.deleteZone('example.com', 'shop')))
    const both = await one.run(Promise.all([me.zones.addZone(origin, 'shop', { home: 'ispconfig' }), me.zones.addZone(origin, 'shop')]))
    expect(both.map((answer) => answer.ok)).toEqual([true, true])
    await one.pass(60_000)
    expect([one.zoneRow(origin) === undefined, zonesOf(one.world).length]).not.toEqual([one.zoneRow(origin) !== undefined, 1])
    expect((one.zoneRow(origin) ? 1 : 0) + zonesOf(one.world).length).toBe(1)
  })

  it('has mail: its records and its DKIM key are published there', async () => {
    const one = start()
    const me = await withZone(one)
    good(await one.run(me.mail.addDomain('example.com', 's1', 'shop')))
    await one.pass(10_000)
    expect(records(one).filter((line) => /MX|_domainkey|_dmarc|spf1/.test(line)).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['_dmarc.example.com TXT', 'berth._domainkey.example.com TXT', 'example.com MX', 'example.com TXT'])
    good(await one.run(me.mail.deleteDomain('example.com', false, 'shop')))
    await one.pass(10_000)
    expect(records(one)).toEqual(first)
  })

  it.each<Fault>(['after', 'late', 'garble'])('is there once, with its records, when any one answer on the way is %s', async (fault) => {
    for (let n = 1; n <= 12; n += 1) {
      let calls = 0
      const one = start({ inside: [({ url }) => (url.includes('cloudflare') && ++calls === n ? fault : undefined)] })
      one.domain('example.com', servers)
      const me = one.customer()
      good(await one.run(me.zones.addZone(origin, 'shop')))
      await one.pass(240_000)
      expect([n, records(one)]).toEqual([n, first])
      expect(me.actor.store.rows().filter(({ phase }) => phase !== 'settled').map(({ name }) => name)).toEqual([])
    }
  })
})
