// Zones of the account besides the platform's own: made by POST, empty, served by two servers that Cloudflare chooses, pending until
// the registry names exactly those. The codes 1061 and 1001 are as seen in the field, 1049 and 1116 as public reports quote them.
// Not simulated: the hours until Cloudflare notices a delegation, the weeks after which it drops what stays pending.
import { getDomain } from 'tldts'
import { hex } from '../random.ts'
import { outside } from '../dns/internet.ts'
import type { World } from '../world.ts'
import type { DnsRecord } from './records.ts'
import { invalid } from './refusal.ts'

export interface CloudflareZone { id: string; name: string; name_servers: string[]; created_on: string; records: DnsRecord[] }

/** Other than the platform's: the registry must be told of these. */
const servers = ['cleo.ns.cloudflare.com', 'dan.ns.cloudflare.com']

export const zonesOf = (world: World): CloudflareZone[] => world.slice('cloudflare-zones', () => ({ zones: [] as CloudflareZone[] })).zones

/** `taken` are names of zones that are there besides. */
export function addZone(world: World, accountId: string, taken: string, body: Record<string, unknown>): CloudflareZone {
  const name = typeof body['name'] === 'string' ? body['name'].toLowerCase() : ''
  const account = (body['account'] ?? {}) as { id?: unknown }
  if (account.id !== accountId) throw invalid(1068, 'Permission denied')
  if (body['type'] !== undefined && body['type'] !== 'full') throw invalid(1006, 'Only zones of type full can be created on this plan.')
  const apex = getDomain(name, { allowPrivateDomains: false })
  if (apex === null) throw invalid(1003, 'Invalid or missing zone name.')
  if (apex !== name) throw invalid(1116, `Please ensure you are providing the root domain and not any subdomains (e.g., ${apex}, not ${name})`)
  if (name === taken || zonesOf(world).some((zone) => zone.name === name)) throw invalid(1061, `${name} already exists`)
  if (!outside(world).domains[name]) throw invalid(1049, `${name} is not a registered domain`)
  const zone = { id: hex(world.random, 32), name, name_servers: [...servers], created_on: new Date(world.clock.now()).toISOString(), records: [] }
  zonesOf(world).push(zone)
  return zone
}

/** Answers the zone that went, so that its names can be taken from the edge. */
export function removeZone(world: World, id: string): CloudflareZone | undefined {
  const zones = zonesOf(world)
  const at = zones.findIndex((zone) => zone.id === id)
  return at < 0 ? undefined : zones.splice(at, 1)[0]
}

/** What the API shows of it besides what every zone has. */
export function shownZone(world: World, { records: _records, ...zone }: CloudflareZone) {
  const named = outside(world).domains[zone.name]?.nameServers ?? []
  const active = zone.name_servers.every((one) => named.includes(one)) && named.length === zone.name_servers.length
  return { ...zone, status: active ? 'active' : 'pending', modified_on: zone.created_on, activated_on: active ? zone.created_on : null, original_name_servers: active ? null : named }
}

/** The zone in which a name lies, and whether this server serves it. */
export const zoneServed = (world: World, server: string, name: string): CloudflareZone | undefined =>
  zonesOf(world).find((zone) => zone.name_servers.includes(server) && (name === zone.name || name.endsWith(`.${zone.name}`)))
