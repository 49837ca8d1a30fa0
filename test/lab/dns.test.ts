// The lab's Internet DNS is as forgetful, as stubborn and as exact as the real one.
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { ask, ownAddresses, type Net } from '../../lab/dns/authoritative.ts'
import { resolverApp } from '../../lab/dns/dns.ts'
import { delegate, outside, record, register, registrarServers, registry, setRecords, unregister } from '../../lab/dns/internet.ts'
import { registrar } from '../../lab/dns/registrar.ts'
import { resolve, resolvers, type ResolverFacts } from '../../lab/dns/resolver.ts'
import type { ServedZone } from '../../lab/ispconfig/served.ts'
import { World } from '../../lab/world.ts'

const [one] = resolvers as [ResolverFacts]
const first = '198.51.100.11'

function internet(served: ServedZone[] = []) {
  const clock = new VirtualClock()
  const world = new World(clock)
  const net: Net = { world, platformZone: 'berth.localhost', served: () => served }
  register(world, 'example.com')
  const set = (...records: ReturnType<typeof record>[]) => setRecords(world, 'example.com', records, { minimum: 600 })
  const get = (name: string, type: Parameters<typeof resolve>[3] = 'A', facts = one) => {
    const { rcode, answers } = resolve(net, facts, name, type)
    return { rcode, data: answers.map((each) => each.data), ttl: answers[0]?.ttlSeconds }
  }
  return { clock, world, net, set, get }
}

describe('a resolver', () => {
  it('repeats what it has heard until the TTL is over, and counts it down', () => {
    const { set, get, clock } = internet()
    set(record('example.com', 'A', '192.0.2.1', 300))
    expect(get('example.com')).toEqual({ rcode: 'NOERROR', data: ['192.0.2.1'], ttl: 300 })
    set(record('example.com', 'A', '192.0.2.2', 300))
    clock.jump(100_000)
    expect(get('example.com')).toEqual({ rcode: 'NOERROR', data: ['192.0.2.1'], ttl: 200 })
    clock.jump(200_000)
    expect(get('example.com').data).toEqual(['192.0.2.2'])
  })

  it('repeats an absence as long as the SOA record says, or as long as its operator lets it', () => {
    const { set, get, clock, world } = internet()
    set()
    expect(get('new.example.com').rcode).toBe('NXDOMAIN')
    set(record('new.example.com', 'A', '192.0.2.1'))
    clock.jump(599_000)
    expect(get('new.example.com').rcode).toBe('NXDOMAIN')
    clock.jump(1_001)
    expect(get('new.example.com').data).toEqual(['192.0.2.1'])
    setRecords(world, 'example.com', [], { minimum: 86_400 })
    const short: ResolverFacts = { ...one, name: 'short', absenceMax: 60 }
    expect(get('later.example.com', 'TXT', short).rcode).toBe('NXDOMAIN')
    set(record('later.example.com', 'TXT', 'here'))
    clock.jump(60_001)
    expect(get('later.example.com', 'TXT', short).data).toEqual(['here'])
  })

  it('disagrees with another that was asked at another moment, and with itself when it has two memories', () => {
    const { set, get } = internet()
    set(record('example.com', 'A', '192.0.2.1'))
    expect(get('example.com').data).toEqual(['192.0.2.1'])
    const two: ResolverFacts = { ...one, name: 'two', memories: 2 }
    get('example.com', 'A', two)
    set(record('example.com', 'A', '192.0.2.2'))
    expect(get('example.com', 'A', { ...one, name: 'three' }).data).toEqual(['192.0.2.2'])
    expect(new Set(Array.from({ length: 20 }, () => get('example.com', 'A', two).data[0]))).toEqual(new Set(['192.0.2.1', '192.0.2.2']))
  })

  it('forgets a failure after half a minute', () => {
    const { get, world, clock } = internet()
    delegate(world, 'example.com', ['ns1.gone.example'])
    expect(get('example.com').rcode).toBe('SERVFAIL')
    delegate(world, 'example.com', registrarServers)
    expect(get('example.com').rcode).toBe('SERVFAIL')
    clock.jump(30_001)
    expect(get('example.com').rcode).toBe('NOERROR')
  })

  it('follows CNAMEs across zones and gives up on a circle', () => {
    const { set, get } = internet()
    set(record('www.example.com', 'CNAME', 'shops.provider.example'), record('x.example.com', 'CNAME', 'y.example.com'), record('y.example.com', 'CNAME', 'x.example.com'), record('z.example.com', 'CNAME', 'not.example.com'))
    expect(get('www.example.com')).toMatchObject({ rcode: 'NOERROR', data: ['shops.provider.example', '198.51.100.90'] })
    expect(get('www.example.com', 'CNAME').data).toEqual(['shops.provider.example'])
    expect(get('x.example.com').rcode).toBe('SERVFAIL')
    expect(get('z.example.com')).toMatchObject({ rcode: 'NXDOMAIN', data: ['not.example.com'] })
  })

  it('refuses a domain whose signatures do not fit, unless it is told not to look, and vouches for one that is signed', () => {
    const { net, world, set } = internet()
    set(record('example.com', 'A', '192.0.2.1'))
    delegate(world, 'example.com', registrarServers, true)
    expect(resolve(net, one, 'example.com', 'A')).toMatchObject({ rcode: 'SERVFAIL', authentic: false })
    expect(resolve(net, one, 'example.com', 'A', true)).toMatchObject({ rcode: 'NOERROR', authentic: false })
    setRecords(world, 'example.com', [record('example.com', 'A', '192.0.2.1')], { signed: true })
    expect(resolve(net, { ...one, name: 'new' }, 'example.com', 'A')).toMatchObject({ rcode: 'NOERROR', authentic: true })
  })

  it('speaks RFC 8484 and no other form', async () => {
    const { net, world } = internet()
    const app = resolverApp(net, one)
    expect((await app.request('/dns-query')).status).toBe(400)
    expect((await app.request('/dns-query?dns=AAAA')).status).toBe(400)
    expect((await app.request('/dns-query', { method: 'POST', body: 'x' })).status).toBe(415)
    expect((await app.request('/resolve?name=example.com')).status).toBe(404)
    expect(world.slice('strays', () => ({ list: [] as string[] })).list).toEqual(['GET /resolve'])
  })
})

describe('a name server', () => {
  it('tells a name that does not exist from one without such records', () => {
    const { net, set } = internet()
    set(record('a.b.example.com', 'A', '192.0.2.1'))
    const rcode = (name: string) => ask(net, first, name, 'A')
    expect(rcode('c.example.com')).toMatchObject({ rcode: 'NXDOMAIN', authoritative: true, authority: [{ type: 'SOA' }] })
    for (const name of ['b.example.com', 'example.com']) expect(rcode(name)).toMatchObject({ rcode: 'NOERROR', answers: [], authority: [{ type: 'SOA' }] })
    expect(rcode('example.org')).toMatchObject({ rcode: 'REFUSED', authoritative: false })
    expect(ask(net, '198.51.100.99', 'example.com', 'A')).toBeUndefined()
  })

  it('lets a star answer for names that do not exist, and for no others', () => {
    const { net, set } = internet()
    set(record('*.example.com', 'A', '192.0.2.9'), record('www.example.com', 'TXT', 'x'), record('a.b.example.com', 'A', '192.0.2.1'))
    const data = (name: string) => ask(net, first, name, 'A')!.answers.map((each) => `${each.name} ${each.data}`)
    expect(data('shop.example.com')).toEqual(['shop.example.com 192.0.2.9'])
    expect(data('www.example.com')).toEqual([])
    expect(data('b.example.com')).toEqual([])
    expect(data('x.b.example.com')).toEqual([])
  })

  it('of the registry refers to the delegation, keeps the DS records, and knows nobody who is not registered', () => {
    const { net, world } = internet()
    const at = (name: string, type: 'NS' | 'DS' = 'NS') => ask(net, registry.address, name, type)!
    expect(at('example.com')).toMatchObject({ rcode: 'NOERROR', authoritative: false, answers: [] })
    expect(at('example.com').authority.map((each) => each.data)).toEqual(registrarServers)
    expect(at('example.com', 'DS')).toMatchObject({ authoritative: true, answers: [] })
    expect(at('nobody.co.uk')).toMatchObject({ rcode: 'NXDOMAIN', authoritative: true })
    expect(at('com').answers.map((each) => each.data)).toEqual([registry.name])
    unregister(world, 'example.com')
    expect(at('example.com').rcode).toBe('NXDOMAIN')
  })

  it('of the platform serves what ISPConfig has written', () => {
    const zone: ServedZone = {
      origin: 'example.com.', ns: 'ns1.berth.localhost.', mbox: 'hostmaster.example.com.', minimum: 3600, serial: 7, active: true,
      records: [
        { name: 'example.com.', type: 'MX', data: 'mail.example.net.', aux: 10, ttl: 300 }, { name: 'www.example.com.', type: 'CNAME', data: 'example.com.', aux: 0, ttl: 300 },
        { name: 'example.com.', type: 'A', data: '203.0.113.10', aux: 0, ttl: 300 }, { name: '_sip._tcp.example.com.', type: 'SRV', data: '5 5060 sip', aux: 20, ttl: 300 },
      ],
    }
    const { net } = internet([zone, { ...zone, origin: 'off.example.', active: false }])
    const data = (name: string, type: 'A' | 'MX' | 'SRV' | 'SOA') => ask(net, ownAddresses.ns2, name, type)!.answers.map((each) => each.data)
    expect(data('www.example.com', 'A')).toEqual(['example.com', '203.0.113.10'])
    expect(data('example.com', 'MX')).toEqual(['10 mail.example.net'])
    expect(data('_sip._tcp.example.com', 'SRV')).toEqual(['20 5 5060 sip.example.com'])
    expect(data('example.com', 'SOA')[0]).toContain(' 7 ')
    expect(ask(net, ownAddresses.ns1, 'off.example', 'A')!.rcode).toBe('REFUSED')
  })
})

describe('my registrar', () => {
  it('registers, delegates and keeps records, and says what is wrong', async () => {
    const { world } = internet()
    const app = registrar(world, ['ns1.berth.localhost', 'ns2.berth.localhost'])
    const post = (path: string, body: object) => app.request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    expect((await post('/', { domain: 'www.Bücher.de' })).headers.get('location')).toBe('/registrar/xn--bcher-kva.de')
    expect(outside(world).domains['xn--bcher-kva.de']).toEqual({ nameServers: [...registrarServers], ds: false })
    expect(await (await post('/', { domain: 'https://x' })).text()).toContain('Leave out')
    expect((await post('/example.com/add', { name: '_berth', type: 'TXT', data: 'token <b>', ttl: '60' })).status).toBe(303)
    expect(await (await app.request('/example.com')).text()).toContain('token &lt;b&gt;')
    expect(ask({ world, platformZone: 'x', served: () => [] }, first, '_berth.example.com', 'TXT')!.answers).toEqual([record('_berth.example.com', 'TXT', 'token <b>', 60)])
    expect((await post('/example.com/remove', { at: '2' })).status).toBe(303)
    expect(await (await post('/example.com/add', { type: 'A', data: 'x' })).text()).toContain('IPv4')
    await post('/example.com/delegation', { nameServers: 'NS1.berth.localhost. ns2.berth.localhost', ds: 'on' })
    expect(outside(world).domains['example.com']).toEqual({ nameServers: ['ns1.berth.localhost', 'ns2.berth.localhost'], ds: true })
    expect((await post('/example.com/delegation', { nameServers: '' })).status).toBe(400)
    expect((await post('/example.com/nonsense', {})).status).toBe(400)
    expect((await post('/nobody.com/add', {})).status).toBe(404)
    await post('/example.com/unregister', {})
    expect(Object.keys(outside(world).domains)).toEqual(['xn--bcher-kva.de'])
  })
})
