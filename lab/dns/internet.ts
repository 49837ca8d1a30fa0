// The rest of the world's DNS as plain data: which domains are registered, to whom they are delegated, and the zones that outside
// providers serve. Whoever plays a registrar changes it here. Not simulated: the root and the zones of registries (one server
// stands for all of them), zone transfers, key material (a zone is signed or it is not).
import { getDomain } from 'tldts'
import type { ResourceRecord } from '../../src/domain/dns/answer.ts'
import type { World } from '../world.ts'

/** `ds`: the registry holds DS records. */
export interface Registration { nameServers: string[]; ds: boolean }

/** A zone as one server serves it; `minimum` is how long an absence may be remembered, in seconds. */
export interface OutsideZone { records: ResourceRecord[]; signed: boolean; minimum: number }

interface Outside { domains: Record<string, Registration>; zones: Record<string, Record<string, OutsideZone>> }

/** Servers with fixed places in this world. */
export const registry = { name: 'a.registry.example', address: '198.51.100.1' } as const
export const registrarServers: readonly string[] = ['ns1.registrar.example', 'ns2.registrar.example']
export const otherServers: readonly string[] = ['ns1.provider.example', 'ns2.provider.example']
export const cloudflareServers: readonly string[] = ['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com']
/** Where the registrar lets a new domain lead. */
export const parking = '198.51.100.80'

const fixed: Record<string, string> = {
  [registry.name]: registry.address,
  [registrarServers[0]!]: '198.51.100.11', [registrarServers[1]!]: '198.51.100.12',
  [otherServers[0]!]: '198.51.100.21', [otherServers[1]!]: '198.51.100.22',
  [cloudflareServers[0]!]: '198.51.100.53', [cloudflareServers[1]!]: '198.51.100.54',
  'cleo.ns.cloudflare.com': '198.51.100.55', 'dan.ns.cloudflare.com': '198.51.100.56',
  'shops.provider.example': '198.51.100.90',
}
const nameOf = new Map(Object.entries(fixed).map(([name, address]) => [address, name]))

/** The address of one of the fixed hosts, and back. */
export const fixedAddress = (name: string): string | undefined => fixed[name]
export const fixedName = (address: string): string | undefined => nameOf.get(address)

export const outside = (world: World): Outside => world.slice('dns-outside', () => ({ domains: {}, zones: {} }))

/** The registered domain that a name belongs to, as registries see it; undefined for an ending itself. */
export const registered = (name: string): string | undefined => getDomain(name, { extractHostname: false, validateHostname: false }) ?? undefined

/** Registers a domain: the registrar's name servers, a parking page, no DNSSEC. */
export function register(world: World, apex: string): void {
  if (outside(world).domains[apex]) return
  outside(world).domains[apex] = { nameServers: [...registrarServers], ds: false }
  setRecords(world, apex, [record(apex, 'A', parking, 3600), record(`www.${apex}`, 'A', parking, 3600)])
}

/** The domain is given back: the registry forgets it, its zones go. */
export function unregister(world: World, apex: string): void {
  const { domains, zones } = outside(world)
  delete domains[apex]
  for (const server of Object.values(zones)) delete server[apex]
  world.changed()
}

/** What the registry says about the domain. */
export function delegate(world: World, apex: string, nameServers: readonly string[], ds = false): void {
  outside(world).domains[apex] = { nameServers: [...nameServers], ds }
  world.changed()
}

/** Replaces the zone on the servers named (the registrar's, when left out); on one alone, the servers disagree. */
export function setRecords(world: World, apex: string, records: readonly ResourceRecord[], more: { servers?: readonly string[]; signed?: boolean; minimum?: number } = {}): void {
  const { servers = registrarServers, signed = false, minimum = 900 } = more
  const { zones } = outside(world)
  for (const server of servers) (zones[server] ??= {})[apex] = { records: [...records], signed, minimum }
  world.changed()
}

/** The zone as the registrar's first server has it. */
export const recordsOf = (world: World, apex: string): ResourceRecord[] => outside(world).zones[registrarServers[0]!]?.[apex]?.records ?? []

export const record = (name: string, type: string, data: string, ttlSeconds = 300): ResourceRecord => ({ name, type, ttlSeconds, data })
