// The platform's own zone in a history: which home it has had since when, the zone in ISPConfig that the hoster makes for it, and what
// must hold at rest of each site's record there.
import { ispconfigState } from '../../lab/ispconfig/state.ts'
import { servedZones } from '../../lab/ispconfig/served.ts'
import type { Thing } from '../../lab/everything.ts'
import type { World } from '../../lab/world.ts'
import { mark } from '../../src/domain/names.ts'
import type { Home } from '../../src/domain/dns/home.ts'
import type { JournalLine } from '../../src/engine/row-store.ts'
import type { TenantState } from '../../src/tenant/state.ts'
import type { Platform } from './platform.ts'

const homesOf = (world: World): { since: number; home: Home }[] => world.slice('platform-zone', () => ({ homes: [] as { since: number; home: Home }[] })).homes

/** The configuration says from now on where the platform's zone is kept; the hoster has made it in ISPConfig. */
export function keepZone({ dc: { world, clock }, cluster: { zone } }: Platform, home: Home): void {
  homesOf(world).push({ since: clock.now(), home })
  const { tables, seeded, ns1, ns2 } = ispconfigState(world)
  const origin = `${zone}.`
  if (tables.dns_soa.some((row) => row['origin'] === origin)) return
  const [other] = tables.dns_soa
  const id = '9'
  // The administrator's: no client has it.
  tables.dns_soa.push({ ...other!, id, sys_groupid: '1', origin })
  seeded.push(id)
  ns1[id] = ns2[id] = { ...ns1[other!['id']!]!, origin }
}

/** A site's record stands in the home that the zone had when the site was last changed, with its mark, and in no other. */
export function recordAtRest({ dc: { world }, cluster }: Platform, { spec, identity, key }: TenantState, mine: readonly Thing[], lines: readonly JournalLine[]): string[] {
  const changedAt = lines.findLast(({ event }) => event === 'planned')?.at ?? 0
  const home = homesOf(world).findLast(({ since }) => since <= changedAt)?.home ?? 'cloudflare'
  const texts = (kind: Thing['kind']): string => mine.filter((thing) => thing.kind === kind).map(({ what }) => what).sort().join(', ')
  const wanted = home === 'ispconfig' ? ['', `A ${spec.publicIp}, TXT ${identity.ahead?.mark ?? mark(key, identity.epoch)}`] : [cluster.wildcardDns ? '' : spec.publicIp, '']
  return [texts('dns record'), texts('panel record')].flatMap((is, i) => (is === wanted[i] ? [] : [`its record ${i === 0 ? 'at Cloudflare' : 'in ISPConfig'} is “${is}”, wanted “${wanted[i]}”`]))
}

/** The second name server has every change: no zone was left with a serial that had stood before. */
export function servedAsEntered(world: World): string[] {
  const { tables } = ispconfigState(world)
  const served = new Map(servedZones(world, 'ns2').map(({ origin, records }) => [origin, records.length]))
  const entered = new Map(tables.dns_soa.map(({ id, origin = '' }) => [origin, tables.dns_rr.filter(({ zone }) => zone === id).length]))
  return [...new Set([...served.keys(), ...entered.keys()])].filter((origin) => served.get(origin) !== entered.get(origin)).map((origin) => `ns2 serves ${served.get(origin)} records of ${origin}, entered are ${entered.get(origin)}`)
}
