// Every name server of this world by its address: the registry, outside providers, Cloudflare for the platform's own zone, and the
// platform's ns1 and ns2, which serve what ISPConfig has written. An address where nobody listens answers nothing.
import { canonical, type QueryType, type ResourceRecord } from '../../src/domain/dns/answer.ts'
import { textAsWritten } from '../../src/domain/dns/text-strings.ts'
import { published, resolve as atCloudflare } from '../cloudflare/edge.ts'
import { zoneServed, type CloudflareZone } from '../cloudflare/zones.ts'
import type { ServedZone } from '../ispconfig/served.ts'
import type { World } from '../world.ts'
import { cloudflareServers, fixedAddress, fixedName, outside, record, registered, registry } from './internet.ts'
import { answerFrom, reply, soa, type Reply, type Zone } from './zone.ts'

export interface Net {
  world: World
  /** The platform's own zone, which Cloudflare serves. */
  platformZone: string
  /** What ns1 and ns2 serve now. */
  served(server: 'ns1' | 'ns2'): readonly ServedZone[]
}

export const ownAddresses = { ns1: '203.0.113.13', ns2: '203.0.113.14', mail: '203.0.113.12' } as const
const ownTtl = 3600
const automaticTtl = 300
const registryTtl = 900

/** Where a host name of a name server leads; undefined when it leads nowhere. */
export function addressOf(net: Net, host: string): string | undefined {
  if (host === `ns1.${net.platformZone}`) return ownAddresses.ns1
  if (host === `ns2.${net.platformZone}`) return ownAddresses.ns2
  return fixedAddress(host)
}

/** The reverse zone of the platform's addresses, which their provider serves: the mail server is called by its name. */
export const pointer = (net: Net, name: string): ResourceRecord | undefined =>
  name === `${ownAddresses.mail.split('.').reverse().join('.')}.in-addr.arpa` ? record(name, 'PTR', `mail.${net.platformZone}`, ownTtl) : undefined

/** What the server at `address` says; undefined when nobody listens there. */
export function ask(net: Net, address: string, name: string, type: QueryType): Reply | undefined {
  if (address === registry.address) return atRegistry(net, name, type)
  if (address === ownAddresses.ns1) return atOwn(net, 'ns1', name, type)
  if (address === ownAddresses.ns2) return atOwn(net, 'ns2', name, type)
  const server = fixedName(address)
  if (server === undefined) return undefined
  if (cloudflareServers.includes(server) && within(name, net.platformZone)) return answerFrom(platform(net, name), name, type)
  const customers = zoneServed(net.world, server, name)
  if (customers) return answerFrom(atEdge(net, customers), name, type)
  const apex = registered(name)
  const zone = apex === undefined ? undefined : outside(net.world).zones[server]?.[apex]
  if (!apex || !zone) return reply('REFUSED')
  const servers = outside(net.world).domains[apex]?.nameServers ?? [server]
  const ns = servers.map((one) => record(apex, 'NS', one, ownTtl))
  const own = zone.records.some((one) => one.name === apex && one.type === 'NS') ? [] : ns
  return answerFrom({ origin: apex, records: [...zone.records, ...own], soa: soa(apex, server, zone.minimum) }, name, type)
}

/** True when resolvers that check signatures refuse the domain: DS records at the registry, but a zone that is not signed. */
export function bogus(net: Net, apex: string, address: string): boolean {
  const { domains, zones } = outside(net.world)
  return domains[apex]?.ds === true && zones[fixedName(address) ?? '']?.[apex]?.signed !== true
}

/** DS records and signatures that fit. */
export const signed = (net: Net, apex: string, address: string): boolean => outside(net.world).domains[apex]?.ds === true && !bogus(net, apex, address)

function atRegistry(net: Net, name: string, type: QueryType): Reply {
  const apex = registered(name)
  const above = apex === undefined ? name : apex.slice(apex.indexOf('.') + 1)
  const own: Zone = { origin: above, records: [record(above, 'NS', registry.name, 86_400)], soa: soa(above, registry.name, registryTtl) }
  const domain = apex === undefined ? undefined : outside(net.world).domains[apex]
  if (apex === undefined || !domain) return answerFrom(own, name, type)
  if (type === 'DS' && name === apex)
    return domain.ds ? reply('NOERROR', { authoritative: true, answers: [record(apex, 'DS', '20326 13 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D', 86_400)] }) : reply('NOERROR', { authoritative: true, authority: [own.soa] })
  const authority = domain.nameServers.map((one) => record(apex, 'NS', one, 86_400))
  // Addresses go along only for hosts of the same ending, as registries do.
  const glue = domain.nameServers.flatMap((one) => {
    const address = within(one, above) ? addressOf(net, one) : undefined
    return address === undefined ? [] : [record(one, 'A', address, 86_400)]
  })
  return reply('NOERROR', { authority, additional: glue })
}

function atOwn(net: Net, server: 'ns1' | 'ns2', name: string, type: QueryType): Reply {
  const zone = net.served(server).filter((one) => one.active && within(name, canonical(one.origin))).sort((a, b) => b.origin.length - a.origin.length)[0]
  if (!zone) return reply('REFUSED')
  const origin = canonical(zone.origin)
  return answerFrom({ origin, records: zone.records.map((one) => written(one, origin)), soa: soa(origin, canonical(zone.ns), zone.minimum, zone.serial) }, name, type)
}

const targets = new Set(['CNAME', 'NS', 'PTR', 'MX'])

/** ISPConfig keeps the priority apart, and host names absolute with a dot or else relative to the zone. */
function written(one: ServedZone['records'][number], origin: string): ResourceRecord {
  const host = (text: string): string => (text.endsWith('.') ? canonical(text) : `${text.toLowerCase()}.${origin}`)
  const words = one.data.split(' ')
  const data = one.type === 'SRV' ? `${one.aux} ${words[0]} ${words[1]} ${host(words[2] ?? '')}` : targets.has(one.type) ? host(one.data) : one.data
  return record(canonical(one.name), one.type, one.type === 'MX' ? `${one.aux} ${data}` : data, one.ttl)
}

/** A customer's zone at Cloudflare, as far as the edge has it. */
function atEdge({ world }: Net, { name: origin, name_servers: servers, records }: CloudflareZone): Zone {
  const names = new Set(records.map((one) => one.name))
  const own = [...names].flatMap((name) => published(world, name).map(({ type, content, ttl }) => record(name, type, type === 'TXT' ? textAsWritten(content) : content, ttl === 1 ? automaticTtl : ttl)))
  return { origin, records: [...servers.map((one) => record(origin, 'NS', one, 86_400)), ...own], soa: soa(origin, servers[0]!, 1800) }
}

function platform(net: Net, name: string): Zone {
  const origin = net.platformZone
  const of = (one: string): ResourceRecord[] => atCloudflare(net.world, one).map(({ type, content, ttl }) => record(one, type, content, ttl === 1 ? automaticTtl : ttl))
  const fixtures = [
    ...cloudflareServers.map((one) => record(origin, 'NS', one, 86_400)),
    record(`ns1.${origin}`, 'A', ownAddresses.ns1, ownTtl), record(`ns2.${origin}`, 'A', ownAddresses.ns2, ownTtl),
    record(`mail.${origin}`, 'A', ownAddresses.mail, ownTtl),
  ]
  return { origin, records: [...fixtures, ...of(name)], soa: soa(origin, cloudflareServers[0]!, 1800) }
}

const within = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`)
