// ISPConfig's rows and our records: the same content in two spellings. Its names are relative, its apex is the full name, its
// validators know no `@`; its texts stand in a zone file between quotes that it adds, so quotes in them are escaped.
import { ascii, relative } from '../domain/dns/host-name.ts'
import { readRecord, type DnsRecord } from '../domain/dns/record.ts'
import { unescaped } from '../domain/dns/text-strings.ts'
import type { RrSettings } from '../upstreams/ispconfig/dns.ts'
import type { Rr, ZoneName } from '../upstreams/ispconfig/wire.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { Place } from './zone-home.ts'

/** A zone's origin as we keep it, however it was entered. */
export const originOf = (entered: string): string => `${(ascii(entered) ?? entered.toLowerCase()).replace(/\.$/, '')}.`

/** The customer's client and its own zone of this name, as far as they are there. */
export async function ownZone(up: Upstreams, { customerNo, dnsServer, origin }: Place): Promise<{ clientId?: number; zone?: ZoneName }> {
  const client = await up.ispconfig.clients.getByCustomerNo(customerNo)
  if (!client) return {}
  const zone = (await up.ispconfig.dns.zoneGetByUser(client.client_id, dnsServer)).find((one) => originOf(one.origin) === origin)
  return { clientId: client.client_id, ...(zone ? { zone } : {}) }
}

/** Undefined when the row holds something that we would not write. */
export function fromRow(row: Rr, origin: string): DnsRecord | undefined {
  const name = row.name === '' || row.name === '@' ? origin : row.name.endsWith('.') ? row.name : `${row.name}.${origin}`
  const text = row.type === 'TXT'
  const data = text && !row.data.trimStart().startsWith('"') ? `"${row.data.replace(/(^|[^\\])"/g, '$1\\"')}"` : row.data
  // Old rows may have a TTL that nobody could enter today.
  const read = readRecord({ name, type: row.type, ttl: Math.min(Math.max(row.ttl, 60), 604_800), priority: row.aux, data }, origin)
  return read.ok ? { ...read.record, ttl: row.ttl } : undefined
}

/** What a customer sees of a row that we would not write. */
export const plainText = (row: Rr): string => (row.type === 'TXT' ? unescaped(row.data) : row.data)

/** The row for a record; `at` in epoch ms. */
export function toRow(record: DnsRecord, origin: string, place: { zone: number; server: number; at: number }): RrSettings {
  const short = relative(record.name, origin)
  // TLSA's rule wants a name behind the port and protocol, which a relative name at the apex would not have.
  const name = short === '@' || record.type === 'TLSA' ? record.name : short
  const data = record.type === 'TXT' ? record.data.replace(/[\\"]/g, '\\$&') : record.data
  return { server_id: place.server, zone: place.zone, name, data, aux: record.priority ?? 0, ttl: record.ttl, active: true, stamp: place.at }
}
