// The laws of customers' zones: made once however often it is asked or lost, only with delegation, only among one's own, told in
// words for customers, and taken back by undo.
import { trouble } from '../../lab/ispconfig/ispconfig.ts'
import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../lab/faults.ts'
import { servedZones } from '../../lab/ispconfig/served.ts'
import { zoneSettings } from '../../src/customer/lent.ts'
import { planned, exported } from '../../src/customer/plans.ts'
import type { Written } from '../../src/domain/dns/record.ts'
import { cluster } from '../simulation/cluster.ts'
import { good, rig } from './rig.ts'

const rigs: ReturnType<typeof rig>[] = []
afterEach(() => {
  for (const one of rigs.splice(0)) one.close()
})
const start = (...options: Parameters<typeof rig>): ReturnType<typeof rig> => {
  const one = rig(...options)
  rigs.push(one)
  return one
}

const origin = 'example.com.'
const first = [
  'example.com. A 203.0.113.10', 'example.com. NS ns1.berth.localhost.', 'example.com. NS ns2.berth.localhost.', 'www A 203.0.113.10',
]
const a = (name: string, data = '203.0.113.20', ttl = 3_600): Written => ({ name, type: 'A', ttl, data })
/** A customer with the zone example.com. */
async function withZone(one: ReturnType<typeof rig>) {
  one.domain('example.com')
  const me = one.customer()
  good(await one.run(me.zones.addZone(origin, 'shop')))
  return me
}

describe('a zone', () => {
  it('is made with its client, SOA, name servers and addresses, and served by both name servers', async () => {
    const one = start()
    await withZone(one)
    expect(one.panel.tables.client.filter((row) => row['customer_no'] === 'P7')).toHaveLength(1)
    expect(one.zoneRow(origin)).toMatchObject({ ns: 'ns1.berth.localhost.', mbox: 'hostmaster.example.com.', refresh: '86400', retry: '7200', expire: '3600000', minimum: '3600', ttl: '3600', active: 'Y' })
    expect(one.records(origin)).toEqual(first)
    await one.pass(120_000)
    expect(servedZones(one.world, 'ns2').find((zone) => zone.origin === origin)?.records).toHaveLength(4)
  })

  it('is made once, however often it is asked for', async () => {
    const one = start()
    const me = await withZone(one)
    expect(good(await one.run(me.zones.addZone(origin, 'shop')))).toBe('success: the zone example.com is there already.')
    expect(one.records(origin)).toEqual(first)
    expect(one.panel.tables.dns_soa.filter((row) => row['origin'] === origin)).toHaveLength(1)
  })

  it.each([
    ['another provider', ['ns1.provider.example', 'ns2.provider.example']],
    ['one of our two only', ['ns1.berth.localhost', 'ns1.provider.example']],
  ])('is refused while the domain is delegated to %s', async (_, servers) => {
    const one = start()
    one.domain('example.com', servers)
    expect(await one.run(one.customer().zones.addZone(origin, 'shop'))).toEqual({
      ok: false, code: 'bad-request', message: `The domain example.com is not delegated to us. Set its name servers to ns1.berth.localhost and ns2.berth.localhost at your registrar, then try again. At the moment it has ${servers.join(', ')}.`,
    })
    await one.pass(60_000)
    expect(one.zoneRow(origin)).toBeUndefined()
    expect(one.panel.tables.client.some((row) => row['customer_no'] === 'P7')).toBe(false)
  })

  it('that another account has is neither shown nor touched, whoever asks', async () => {
    const one = start()
    one.domain('somebody-else.example')
    const before = JSON.stringify([one.panel.tables.dns_soa, one.panel.tables.dns_rr])
    const me = one.customer()
    const answer = await one.run(me.zones.addZone('somebody-else.example.', 'shop'))
    expect(answer).toMatchObject({ ok: false, code: 'conflict', message: 'It cannot be created: the domain has a zone in another account on this platform.' })
    await one.pass(120_000)
    expect(JSON.stringify([one.panel.tables.dns_soa, one.panel.tables.dns_rr])).toBe(before)
    expect(await one.run(me.zones.deleteZone('somebody-else.example', 'shop'))).toMatchObject({ ok: false })
    expect(JSON.stringify([one.panel.tables.dns_soa, one.panel.tables.dns_rr])).toBe(before)
    // Nobody keeps a claim on what they did not get.
    expect(one.book.byName('shop', 'somebody-else.example.', one.clock.now())).toBeUndefined()
  })

  it('of two customers at once goes to the first', async () => {
    const one = start()
    one.domain('example.com')
    const [mine, theirs] = await one.run(Promise.all([one.customer('7').zones.addZone(origin, 'shop'), one.customer('8').zones.addZone(origin, 'shop')]))
    expect([mine.ok, theirs.ok].filter(Boolean)).toHaveLength(1)
    expect(one.panel.tables.dns_soa.filter((row) => row['origin'] === origin)).toHaveLength(1)
  })

  it('is deleted with all of its records, those made elsewhere too, and comes back by undo', async () => {
    const one = start()
    const me = await withZone(one)
    const { id, sys_groupid = '' } = one.zoneRow(origin)!
    for (let i = 0; i < 33; i++) one.panel.tables.dns_rr.push({ id: String(5_000 + i), sys_groupid, zone: id!, server_id: '4', name: `h${i}`, type: i > 1 ? 'HINFO' : 'A', data: '203.0.113.30', aux: '0', ttl: '300', active: 'Y' })
    expect(good(await one.run(me.zones.deleteZone('example.com', 'shop')))).toMatch(/^success: the zone example.com was deleted/)
    expect(one.zoneRow(origin)).toBeUndefined()
    expect(one.panel.tables.dns_rr.filter((row) => row['zone'] === id)).toEqual([])
    expect(good(await one.run(me.zones.deleteZone('example.com', 'shop')))).toBe('success: the zone example.com is deleted already.')
    expect(one.book.byName('shop', origin, one.clock.now())).toBeUndefined()
    good(await one.run(me.zones.undo(2, 'shop')))
    await one.pass(60_000)
    expect(one.records(origin)).toHaveLength(4 + 2)
    expect(good(await one.run(me.zones.undo(2, 'shop')))).toBe('success: it is undone already.')
  })
})

describe('a record', () => {
  it('is added once, changed in place, deleted once, and each time the serial moves', async () => {
    const one = start()
    const me = await withZone(one)
    const serials = [Number(one.zoneRow(origin)!['serial'])]
    const note = (): unknown => serials.push(Number(one.zoneRow(origin)!['serial']))
    expect(good(await one.run(me.zones.addRecord({}, a('api.example.com'), 'shop')))).toBe('success: the record api.example.com A 203.0.113.20 was added. It is live within about a minute.')
    note()
    expect(good(await one.run(me.zones.addRecord({}, a('api.example.com'), 'shop')))).toBe('success: it is so already.')
    expect(one.records(origin).filter((line) => line.startsWith('api'))).toEqual(['api A 203.0.113.20'])
    const row = one.panel.tables.dns_rr.find((found) => found['name'] === 'api')!
    good(await one.run(me.zones.addRecord({}, a('api.example.com', '203.0.113.20', 600), 'shop')))
    note()
    expect(row['ttl']).toBe('600')
    const data = await one.run(me.zones.data())
    const shown = data.ok ? data.zones[0]!.zone : undefined
    const recordId = Object.values(shown!.records).find(({ name }) => name === 'api')!.id
    good(await one.run(me.zones.deleteRecord({ id: shown!.id }, recordId, 'shop')))
    note()
    expect(one.records(origin)).toEqual(first)
    expect(good(await one.run(me.zones.deleteRecord({ id: shown!.id }, recordId, 'shop')))).toBe('success: the record is deleted already.')
    expect(serials.every((serial, i) => i === 0 || serial > serials[i - 1]!)).toBe(true)
  })

  it.each<[Written, string]>([
    [a('nowhere.example.net'), 'You have no zone for nowhere.example.net.'],
    [a('x.example.com', '203.0.113.300'), '“203.0.113.300” is not an IPv4 address such as 203.0.113.10.'],
    [{ name: 'www.example.com', type: 'CNAME', ttl: 300, data: 'example.net' }, 'www.example.com has a CNAME, so it can have no other records; remove the CNAME or its A record.'],
    [{ name: 'example.com', type: 'NS', ttl: 300, data: 'ns.example.net' }, 'The NS records of example.com itself cannot be changed.'],
    [{ name: '_s._tcp.example.com', type: 'TLSA', ttl: 300, data: '3 1 1 ab' }, 'The name of a TLSA begins with _port._tcp or _port._udp, e.g. _443._tcp; _s._tcp.example.com does not.'],
  ])('that cannot be is refused in words: %j', async (written, words) => {
    const one = start()
    const me = await withZone(one)
    expect(await one.run(me.zones.addRecord({}, written, 'shop'))).toMatchObject({ ok: false, message: words })
    expect(one.records(origin)).toEqual(first)
  })

  it('that ISPConfig refuses is told with its words, and not wanted any more', async () => {
    const one = start()
    const me = await withZone(one)
    trouble(one.world, { stricter: ['dns_a_add'] })
    const answer = await one.run(me.zones.addRecord({}, a('late.example.com'), 'shop'))
    expect(answer).toEqual({ ok: false, code: 'conflict', message: 'The name server’s administration refused it: name is not valid.' })
    await one.pass(120_000)
    expect(me.actor.store.rows().every((row) => row.phase === 'settled')).toBe(true)
    expect(one.records(origin)).toEqual(first)
  })

  it('of every type goes in and comes back as it was', async () => {
    const one = start()
    const me = await withZone(one)
    const all: Written[] = [
      { name: 'v6.example.com', type: 'AAAA', ttl: 300, data: '2001:db8::1' }, { name: 'c.example.com', type: 'CNAME', ttl: 300, data: 'x.example.net' },
      { name: 'example.com', type: 'MX', ttl: 300, priority: 5, data: 'mx.example.net' }, { name: 'sub.example.com', type: 'NS', ttl: 300, data: 'ns.example.net' },
      { name: 'example.com', type: 'TXT', ttl: 300, data: `v=x "quoted" \\ ${'ä'.repeat(200)}` }, { name: '_sip._tcp.example.com', type: 'SRV', ttl: 300, priority: 1, data: '5 5060 sip.example.net' },
      { name: 'example.com', type: 'CAA', ttl: 300, data: '0 issue "letsencrypt.org"' }, { name: '_443._tcp.example.com', type: 'TLSA', ttl: 300, data: `3 1 1 ${'ab'.repeat(32)}` },
      { name: '4.example.com', type: 'PTR', ttl: 300, data: 'host.example.net' }, { name: 'al.example.com', type: 'ALIAS', ttl: 300, data: 'cdn.example.net' },
    ]
    for (const written of all) good(await one.run(me.zones.addRecord({}, written, 'shop')))
    for (const written of all) expect(good(await one.run(me.zones.addRecord({}, written, 'shop')))).toBe('success: it is so already.')
    expect(one.records(origin)).toHaveLength(first.length + all.length)
  })

  it.each<Fault>(['after', 'late', 'garble'])('is there once when any one answer on the way is %s', async (fault) => {
    // A run without faults tells how many requests there are; then every second of them is hit once, from the last to the first.
    const runs = async (at: number): Promise<number> => {
      let count = 0
      let counting = false
      const one = start({ edge: [() => (counting && ++count === at ? fault : undefined)] })
      const me = await withZone(one)
      const serial = Number(one.zoneRow(origin)!['serial'])
      counting = true
      await one.run(me.zones.addRecord({}, a('api.example.com'), 'shop'))
      const requests = count
      await one.pass(200_000)
      const accepted = me.actor.store.lastChange() === 2
      expect(`${at}: ${one.records(origin).filter((line) => line.startsWith('api')).length}`).toBe(`${at}: ${accepted ? 1 : 0}`)
      if (accepted) expect(Number(one.zoneRow(origin)!['serial'])).toBeGreaterThan(serial)
      expect(me.actor.store.rows().filter((row) => row.phase !== 'settled')).toEqual([])
      return requests
    }
    for (let at = await runs(Infinity); at > 0; at -= 2) await runs(at)
  })

  it('is there once when the power is cut after any commit', async () => {
    for (let cutAt = 1; cutAt <= 22; cutAt += 3) {
      const one = start()
      const me = await withZone(one)
      let commits = 0
      me.disk.onCommit = () => {
        if (++commits === cutAt) queueMicrotask(() => me.start())
      }
      const { zones } = me
      const asked = zones.addRecord({}, a('api.example.com'), 'shop').then(() => true, () => false)
      await one.pass(200_000)
      me.disk.onCommit = undefined
      void asked
      const wanted = me.actor.store.history(99, 9).some(({ deed }) => deed.kind === 'records')
      expect(`${cutAt}: ${one.records(origin).filter((line) => line.startsWith('api')).length}`).toBe(`${cutAt}: ${wanted ? 1 : 0}`)
      expect(me.actor.store.rows().filter((row) => row.phase !== 'settled')).toEqual([])
    }
  })

  it('is accepted while ISPConfig is away, and made when it is back', async () => {
    let away = false
    const one = start({ edge: [({ url }) => (away && url.includes('/ispconfig/') ? 'refused' : undefined)] })
    const me = await withZone(one)
    await one.run(me.zones.data())
    away = true
    const before = one.clock.now()
    expect(good(await one.run(me.zones.addRecord({}, a('api.example.com'), 'shop')))).toMatch(/^success: accepted, and done as soon as/)
    expect(one.clock.now() - before).toBeLessThan(20_000)
    expect(await one.run(me.zones.data())).toMatchObject({ ok: true, stale: true })
    away = false
    await one.pass(120_000)
    expect(one.records(origin)).toContain('api A 203.0.113.20')
    expect(me.actor.store.history(99, 1)).toMatchObject([{ state: 'done' }])
  })

  it('of another content replaces the old one in order, and undo puts it back', async () => {
    const one = start()
    const me = await withZone(one)


    const found = await one.run(me.zones.find({ name: origin }))
    if (!found.ok) throw new Error(found.message)
    const before = found.current.find(({ name, type }) => name === 'www.example.com.' && type === 'A')!
    const after = { ...before, type: 'CNAME', data: 'example.com.' } as const
    good(await one.run(me.zones.change(found.zone, found.current, [{ action: 'update', before, after }], { actor: 'shop', what: 'www' })))
    expect(one.records(origin)).toContain('www CNAME example.com.')
    expect(one.records(origin)).toHaveLength(4)
    good(await one.run(me.zones.undo(2, 'shop')))
    expect(one.records(origin)).toEqual(first)
  })
})

describe('ids', () => {
  it('of one customer tell nothing to another, and their owner is known by the registry', async () => {
    const one = start()
    const me = await withZone(one)
    const data = await one.run(me.zones.data())
    const { id, records } = data.ok ? data.zones[0]!.zone : { id: '', records: {} }
    const record = Object.keys(records)[0]!
    for (const stranger of [one.customer('8'), one.customer('7', 'other')]) {
        expect(await one.run(stranger.zones.deleteRecord({ id }, record, 'x'))).toMatchObject({ ok: false })
    }
    expect(one.book.byId('shop', id)).toBe('7')
    expect(one.book.byId('other', id)).toBeUndefined()
    expect(one.book.byId('shop', '1')).toBeUndefined()
    expect(one.book.byName('shop', 'www.example.com.', one.clock.now())).toEqual({ user: '7', looked: true })
    expect(one.book.byName('other', origin, one.clock.now())).toBeUndefined()
    expect(one.book.byName('shop', origin, one.clock.now() + 31 * 60_000)).toEqual({ user: '7', looked: false })
    expect(one.records(origin)).toEqual(first)
  })
})

describe('a plan', () => {
  const lent = { sign: (text: string) => Buffer.from(text).toString('hex').slice(-32), settings: zoneSettings(cluster) }

  it('is shown before it is done, done as shown, and refused once the zone has changed', async () => {
    const one = start()
    const me = await withZone(one)
    const source = { file: 'www 300 IN A 203.0.113.99\n@ MX 10 mx.example.net.\n@ NS ns.example.net.\n' }
    const shown = await one.run(planned(me.zones, lent, 'example.com', source))
    expect(shown).toMatchObject({ ok: true, problems: [], left: [{ line: 3 }], changes: [
      { action: 'delete', before: 'example.com A 203.0.113.10 (TTL 3600)' },
      { action: 'update', before: 'www.example.com A 203.0.113.10 (TTL 3600)', after: 'www.example.com A 203.0.113.99 (TTL 300)' },
      { action: 'create', after: 'example.com MX 10 mx.example.net. (TTL 300)' },
    ] })
    const { plan } = shown as { plan: string }
    expect(one.records(origin)).toEqual(first)
    good(await one.run(planned(me.zones, lent, 'example.com', source, { plan, confirmed: false, actor: 'shop' })) as never)
    expect(one.records(origin)).toEqual(['example.com. MX mx.example.net.', ...first.slice(1, 3), 'www A 203.0.113.99'])
    expect(await one.run(planned(me.zones, lent, 'example.com', source, { plan, confirmed: false, actor: 'shop' }))).toMatchObject({ ok: false, code: 'conflict' })
    good(await one.run(me.zones.undo(2, 'shop')))
    expect(one.records(origin)).toEqual(first)
  })

  it('of a template is a plan like any other, and an export reads back as the same zone', async () => {
    const one = start()
    const me = await withZone(one)
    const shown = await one.run(planned(me.zones, lent, 'example.com', { template: 'google-workspace' }))
    good(await one.run(planned(me.zones, lent, 'example.com', { template: 'google-workspace' }, { plan: (shown as { plan: string }).plan, confirmed: false, actor: 'shop' })) as never)
    expect(one.records(origin)).toContain('example.com. MX smtp.google.com.')
    const file = await one.run(exported(me.zones, 'example.com'))
    expect(file.ok && file.file).toContain('IN\tSOA\tns1.berth.localhost. hostmaster.example.com.')
    expect(await one.run(planned(me.zones, lent, 'example.com', { file: file.ok ? file.file : '' }))).toMatchObject({ ok: true, changes: [], problems: [] })
  })
})
