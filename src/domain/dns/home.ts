// Where a zone is kept: ISPConfig on the platform's own name servers, or Cloudflare. What a home lacks is said in one sentence.
import { shown } from './host-name.ts'
import type { DnsRecord } from './record.ts'

export const homes = ['ispconfig', 'cloudflare'] as const
export type Home = (typeof homes)[number]

/** https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/ */
const cloudflareTtlMax = 86_400

/** The name under which a zone at Cloudflare says whose it is: not the customer's to change. */
export const zoneMarkName = (origin: string): string => `_berth-zone.${origin}`

/** Why this home cannot keep the record; undefined when it can. */
export function lacking(home: Home, origin: string, { name, type, ttl }: DnsRecord): string | undefined {
  if (home === 'ispconfig') return undefined
  const where = `The zone ${shown(origin)} is kept at Cloudflare`
  if (type === 'ALIAS') return `${where}, which has no ALIAS records: use A and AAAA records for ${shown(name)}.`
  if (ttl > cloudflareTtlMax) return `${where}, where the TTL of ${shown(name)} can be at most ${cloudflareTtlMax} seconds (a day).`
  if (name === zoneMarkName(origin)) return `${where}, where the name ${shown(name)} says whose the zone is; it cannot be changed.`
  return undefined
}
