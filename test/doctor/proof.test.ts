// The one rule of ownership, each way by itself and against each other.
import { describe, expect, it } from 'vitest'
import { delegate, record, register, registrarServers, setRecords } from '../../lab/dns/internet.ts'
import { proofOf } from '../../src/doctor/proof.ts'
import type { Expected } from '../../src/doctor/facts.ts'
import { a, expected, good, internet, proxy } from './rig.ts'

const txt = (data = expected.token, name = '_berth.example.com') => record(name, 'TXT', data)
const elsewhere = [a('example.com', '198.51.100.7')]
type Net = ReturnType<typeof internet>

async function proof(records: Parameters<Net['domain']>[0], wish: Partial<Expected> = {}, name = 'example.com', before?: (net: Net) => unknown) {
  const net = internet()
  net.domain(records)
  await before?.(net)
  return proofOf(await net.look(name), { ...expected, ...wish })
}

describe('a domain is a customer\'s', () => {
  it('by a TXT record with the token, wherever the name leads and whoever holds it', async () => {
    expect(await proof([...elsewhere, txt()])).toEqual({ way: 'txt' })
    expect(await proof([...elsewhere, txt('v=spf1 -all'), txt()], { heldElsewhere: true })).toEqual({ way: 'txt' })
    expect(await proof([...elsewhere, txt()], {}, 'shop.example.com')).toEqual({ way: 'txt' })
    expect(await proof([...elsewhere, txt('another-token')])).toHaveProperty('missing')
    expect(await proof([...elsewhere, txt(expected.token, 'example.com')])).toHaveProperty('missing')
    expect(await proof([...elsewhere, txt(expected.token, '_berth.shop.example.com')], {}, 'shop.example.com')).toHaveProperty('missing')
  })

  it('by a CNAME of the name or its www to this very site, whoever holds it', async () => {
    const www = [...elsewhere, record('www.example.com', 'CNAME', expected.siteHost)]
    expect(await proof(www)).toEqual({ way: 'cname' })
    expect(await proof(www, { heldElsewhere: true })).toEqual({ way: 'cname' })
    expect(await proof([record('shop.example.com', 'CNAME', expected.siteHost)], {}, 'shop.example.com')).toEqual({ way: 'cname' })
    expect(await proof([...elsewhere, record('www.example.com', 'CNAME', 'another.berth.localhost')])).toHaveProperty('missing')
    expect(await proof(www, {}, 'shop.example.com')).toHaveProperty('missing')
  })

  it('by delegation to both of our name servers and to no others, with a zone of theirs', async () => {
    const to = (...servers: string[]) => (net: Net) => delegate(net.world, 'example.com', servers)
    const [ns1 = '', ns2 = ''] = expected.nameServers
    expect(await proof([], { zone: 'theirs' }, 'example.com', to(ns1, ns2))).toEqual({ way: 'delegation' })
    expect(await proof([], { zone: 'theirs', heldElsewhere: true }, 'shop.example.com', to(ns2, ns1))).toEqual({ way: 'delegation' })
    expect(await proof([], { zone: 'nobody’s' }, 'example.com', to(ns1, ns2))).toHaveProperty('missing')
    expect(await proof([], { zone: 'theirs' }, 'example.com', to(ns1))).toHaveProperty('missing')
    expect(await proof([], { zone: 'theirs' }, 'example.com', to(ns1, ns2, registrarServers[0]!))).toHaveProperty('missing')
  })

  it('by what its zone here says, when it is not known whose service this is; never by the addresses of another\'s zone', async () => {
    const [ns1 = '', ns2 = ''] = expected.nameServers
    const served = (net: Net) => {
      delegate(net.world, 'example.com', [ns1, ns2])
      for (const server of ['ns1', 'ns2'] as const) net.served[server].push({ origin: 'example.com.', ns: `${ns1}.`, mbox: 'hostmaster.example.com.', serial: 1, minimum: 3600, active: true, records: [{ name: 'example.com.', type: 'A', data: proxy, aux: 0, ttl: 3600 }] })
    }
    expect(await proof([], { zone: 'not known' }, 'example.com', served)).toEqual({ way: 'address' })
    expect(await proof([], { zone: 'another’s' }, 'example.com', served)).toEqual({ missing: `the zone example.com here is another customer's: to show that example.com is yours, publish the TXT record _berth.example.com with the value "${expected.token}".` })
  })

  it('by an address that leads to our proxy alone, unless another site has the name', async () => {
    expect(await proof(good)).toEqual({ way: 'address' })
    expect(await proof(good, { heldElsewhere: true })).toHaveProperty('missing')
    expect(await proof([...good, a('example.com', '198.51.100.7')])).toHaveProperty('missing')
    expect(await proof([...good, record('example.com', 'AAAA', '2001:db8::7')])).toHaveProperty('missing')
    expect(await proof([a('www.example.com')])).toHaveProperty('missing')
  })

  it('not by what resolvers remember when the name servers say otherwise, and not by one server of two', async () => {
    expect(await proof([...elsewhere, txt()], {}, 'example.com', async (net) => {
      await net.run(net.dns().resolve('_berth.example.com', 'TXT'))
      setRecords(net.world, 'example.com', elsewhere)
    })).toHaveProperty('missing')
    expect(await proof(elsewhere, {}, 'example.com', (net) => setRecords(net.world, 'example.com', [...elsewhere, txt()], { servers: [registrarServers[1]!] }))).toHaveProperty('missing')
    expect(await proof(elsewhere, {}, 'example.com', async (net) => {
      await net.run(net.dns().resolve('_berth.example.com', 'TXT'))
      setRecords(net.world, 'example.com', [...elsewhere, txt()])
    })).toEqual({ way: 'txt' })
  })

  it('by more than half of the resolvers when no name server can be asked', async () => {
    const facts = await (async () => {
      const net = internet()
      register(net.world, 'example.com')
      setRecords(net.world, 'example.com', [...elsewhere, txt()])
      return net.look()
    })()
    const silent = { ...facts, authoritative: [] }
    expect(proofOf(silent, expected)).toEqual({ way: 'txt' })
    const [first, ...others] = silent.resolved.filter((one) => one.type === 'TXT')
    const half = { ...silent, resolved: [...silent.resolved.filter((one) => one.type !== 'TXT'), first!, ...others.map((one) => ({ ...one, answer: { ...one.answer, answers: [] } }))] }
    expect(proofOf(half, expected)).toHaveProperty('missing')
  })

  it('says how to prove it', async () => {
    expect(await proof(elsewhere)).toEqual({ missing: `To show that example.com is yours, publish the TXT record _berth.example.com with the value "${expected.token}", or point example.com to ${proxy}.` })
    expect(await proof(good, { heldElsewhere: true })).toEqual({ missing: `example.com is held by another site here: to show that it is yours, publish the TXT record _berth.example.com with the value "${expected.token}".` })
  })
})
