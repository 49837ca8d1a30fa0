// The seed proved a domain in three ways: a TXT record, the delegation to ns1 and ns2, and an address that leads here. Each of them
// is enough here, with the seed's own calls, which do not say whose a service is; and no customer gets the domain of another.
import { afterEach, expect, it } from 'vitest'
import { delegate, record, register, registrarServers, setRecords } from '../../lab/dns/internet.ts'
import { Claims } from '../../src/broker/claims.ts'
import { ServiceOwners } from '../../src/broker/service-owners.ts'
import { domainName } from '../../src/domain/domain-name.ts'
import { tenantKey } from '../../src/domain/names.ts'
import { domain } from '../../src/resources/domain.ts'
import { expectedOf } from '../../src/resources/domain-lines.ts'
import type { Reach } from '../../src/resources/reach.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { cluster } from '../simulation/cluster.ts'
import { settings } from '../simulation/data-centre.ts'
import { Disk } from '../../lab/disk.ts'
import { good, nameServers, rig } from './rig.ts'

let one: ReturnType<typeof rig>
afterEach(() => one.close())

const proxy = cluster.proxy.publicIp

/** Services of the connection `shop`, with the books as the allocator has them. */
function shop() {
  one = rig()
  const { storage } = new Disk().open()
  const [claims, owners] = [new Claims(storage), new ServiceOwners(storage)]
  /** What a site sees of example.com: the way in which it is shown, or the sentence that says how to show it. */
  const asks = async (service: string): Promise<string> => {
    const tenant = tenantKey('shop', service)
    const judged = domainName('example.com', cluster.zone)
    if (!judged.ok) throw new Error(judged.sentence)
    const spec = { connection: 'shop', service, publicIp: proxy }
    const up = {
      ...upstreams(settings, one.dc.rim)({ operation: `${tenant}/domain`, attempt: 1, deadline: one.clock.now() + 60_000 }),
      allocator: { claimOf: async (name: string) => claims.of(name), zoneFor: async (_tenant: string, origin: string) => owners.zoneFor(spec, one.book, origin), remind: async () => undefined },
    } as unknown as Reach
    const wish = { host: 'example.com', domain: judged.domain, expected: expectedOf(tenant, spec, { hostname: `${service}.berth.localhost` }, cluster) }
    const seen = await one.run(domain.observe({ tenant, epoch: 1, mark: tenant, instance: 'example.com', attempt: 1, want: 'present', proved: false, stood: false, unfinished: false, busyForMs: 0, wish, up, output: () => { throw new Error('none') } }))
    return seen.state === 'busy' ? seen.why : seen.state === 'present' && !seen.ok ? (seen.out as { way: string }).way : seen.state
  }
  const token = (service: string): string => expectedOf(tenantKey('shop', service), { publicIp: proxy }, { hostname: '' }, cluster).token
  return { asks, owners, token }
}

it('takes the TXT record', async () => {
  const { asks, token } = shop()
  register(one.world, 'example.com')
  setRecords(one.world, 'example.com', [record('_berth.example.com', 'TXT', token('a'))])
  expect([await asks('a'), await asks('b')]).toEqual(['txt', expect.stringContaining('waiting for DNS')])
})

it('takes the address that leads here', async () => {
  const { asks } = shop()
  register(one.world, 'example.com')
  setRecords(one.world, 'example.com', [record('example.com', 'A', proxy)])
  expect(await asks('a')).toBe('address')
})

it('takes the delegation to ns1 and ns2: by what the zone says, and by the zone itself once billing has said whose the service is', async () => {
  const { asks, owners } = shop()
  one.domain('example.com')
  expect(await asks('a')).toMatch(/is delegated to our name servers, but no zone of yours exists for it here/)
  good(await one.run(one.customer('7').zones.addZone('example.com.', 'shop')))
  await one.pass(150_000)
  // The seed's calls only: nobody has said whose the service is.
  expect(await asks('a')).toBe('address')
  owners.told('shop', 'a', '7')
  owners.told('shop', 'b', '8')
  expect(await asks('a')).toBe('delegation')
  expect(await asks('b')).toMatch(/the zone example\.com here is another customer's: to show that example\.com is yours, publish the TXT record/)
  delegate(one.world, 'example.com', [nameServers[0]!, registrarServers[0]!])
  await one.pass(3_600_000)
  expect(await asks('a')).not.toBe('delegation')
})

it('takes the delegation to those servers that Cloudflare gave to a zone of theirs', async () => {
  const { asks, owners } = shop()
  const servers = ['cleo.ns.cloudflare.com', 'dan.ns.cloudflare.com']
  one.domain('example.com', registrarServers)
  owners.told('shop', 'a', '7')
  owners.told('shop', 'b', '8')
  const me = one.customer('7')
  good(await one.run(me.zones.addZone('example.com.', 'shop', { home: 'cloudflare' })))
  delegate(one.world, 'example.com', servers)
  await one.pass(5_000)
  await one.run(me.zones.data())
  expect(await asks('a')).toBe('delegation')
  expect(await asks('b')).toMatch(/another customer's/)
})
