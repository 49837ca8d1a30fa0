// What a customer's zones hold: read from their homes, the truth, or as it was last seen when one is away, with what is under way.
import { relative, shown } from '../domain/dns/host-name.ts'
import { identityOf, type DnsRecord } from '../domain/dns/record.ts'
import { changed } from '../domain/dns/zone-diff.ts'
import type { Want } from '../engine/resource.ts'
import { openCloudflareZone } from '../resources/cloudflare-zone.ts'
import { fromRow, originOf, plainText } from '../resources/dns-rows.ts'
import type { Place } from '../resources/zone-home.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { SeenRecord, SeenZone } from './storage.ts'

/** Zones that are read side by side. */
const atOnce = 6

/** The zones of the customer's own client in ISPConfig, and none else. Throws UpstreamError. */
export async function panelZones(up: Upstreams, customerNo: string, dnsServer: number, now: number): Promise<SeenZone[]> {
  const client = await up.ispconfig.clients.getByCustomerNo(customerNo)
  if (!client) return []
  const names = await up.ispconfig.dns.zoneGetByUser(client.client_id, dnsServer)
  return sideBySide(names, async ({ id, origin: entered }) => {
    const origin = originOf(entered)
    const rows = await up.ispconfig.dns.rrGetAllByZone(id)
    const records = rows.toSorted((a, b) => a.id - b.id).map((row): SeenRecord => {
      const { id: rowId, name, type, data, ttl, aux: priority, active } = row
      const record = fromRow(row, origin) ?? null
      return { id: rowId, record, name, type, data: record?.data ?? plainText({ ...row, data }), ttl, priority, active }
    })
    return [{ origin, zoneId: id, at: now, records }]
  })
}

/** Those of these zones that stand at Cloudflare and are the customer's. Throws UpstreamError. */
export async function cloudflareZones(up: Upstreams, place: Omit<Place, 'origin'>, mark: string, origins: readonly string[], now: number): Promise<SeenZone[]> {
  return sideBySide(origins, async (origin) => {
    const zone = await openCloudflareZone(up, { ...place, origin }, mark)
    if (!zone) return []
    const records = zone.records.map(({ record, ...rest }): SeenRecord => ({ ...rest, record: record ?? null }))
    return [{ origin, zoneId: 0, at: now, records, cloudflare: { nameServers: zone.nameServers, delegated: zone.delegated } }]
  })
}

async function sideBySide<T>(all: readonly T[], read: (one: T) => Promise<SeenZone[]>): Promise<SeenZone[]> {
  const zones: SeenZone[] = []
  for (let i = 0; i < all.length; i += atOnce) zones.push(...(await Promise.all(all.slice(i, i + atOnce).map(read))).flat())
  return zones
}

/** The records that we could have written ourselves. */
export const recordsOf = (zone: SeenZone): DnsRecord[] => {
  const all = new Map(zone.records.flatMap(({ record }) => (record ? [[identityOf(record), record] as const] : [])))
  return [...all.values()]
}

/** With everything done that is under way. */
export const soon = (zone: SeenZone, underWay: readonly { record: DnsRecord; want: Want }[]): DnsRecord[] =>
  changed(recordsOf(zone), underWay.map(({ record, want }) => (want === 'present' ? { action: 'create', after: record } : { action: 'delete', before: record })))

/** The zone's own NS records: the platform's, not the customer's. */
export const isOwnNs = (record: Pick<DnsRecord, 'name' | 'type'>, origin: string): boolean => record.type === 'NS' && record.name === origin

export interface RecordView { id: string; type: string; name: string; data: string; ttl: number; priority?: number; active: 'y' | 'n' }
/** Of a zone at Cloudflare: what the registrar must be told, and whether the registry has it. */
export interface ZoneView { zone: { id: string; name: string; records: Record<string, RecordView>; name_servers?: string[]; delegated?: boolean } }

/** Ids that nobody can guess: the same for the same thing, another for everybody else's. */
export interface Ids { zone(origin: string): string; record(origin: string, what: string): string }

/** Numbers of up to 15 digits, because the extensions expect numbers; 48 bits of a signature. */
export function idsOf(key: string, sign: (text: string) => string): Ids {
  const id = (text: string): string => String(Number.parseInt(sign(text).slice(0, 12), 16))
  return { zone: (origin) => id(`zone ${key} ${origin}`), record: (origin, what) => id(`record ${key} ${origin} ${what}`) }
}

/** What a row is known by: its content where we can write it, so that it keeps its id; else its number. */
export const handleOf = (one: SeenRecord): string => (one.record ? identityOf(one.record) : `row ${one.id}`)

/** As the extension expects it. What is still on its way is there already, not active. */
export function zoneView(zone: SeenZone, underWay: readonly { record: DnsRecord; want: Want }[], ids: Ids): ZoneView {
  const records: Record<string, RecordView> = {}
  const put = (what: string, view: Omit<RecordView, 'id'>): void => {
    const id = ids.record(zone.origin, what)
    records[id] = { id, ...view }
  }
  const name = (record: DnsRecord): string => (record.name === zone.origin ? zone.origin : relative(record.name, zone.origin))
  for (const { record, want } of underWay)
    if (want === 'present') put(identityOf(record), { type: record.type, name: name(record), data: record.data, ttl: record.ttl, ...(record.priority === null ? {} : { priority: record.priority }), active: 'n' })
  for (const one of zone.records) {
    const prior = one.record ? one.record.priority : one.priority || null
    put(handleOf(one), { type: one.type, name: one.record ? name(one.record) : one.name, data: one.data, ttl: one.ttl, ...(prior === null ? {} : { priority: prior }), active: one.active ? 'y' : 'n' })
  }
  const { cloudflare } = zone
  return { zone: { id: ids.zone(zone.origin), name: shown(zone.origin), records, ...(cloudflare ? { name_servers: cloudflare.nameServers.map(shown), delegated: cloudflare.delegated } : {}) } }
}
