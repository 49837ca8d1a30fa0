// The laws of a zone as a whole, each with the sentence that tells what to do. Errors would break the zone or be refused by
// receivers; warnings work, but not as somebody may think. Pure: nothing outside of the zone is asked.
import type { Finding } from './finding.ts'
import { relative, shown, within } from './host-name.ts'
import { identityOf, targetOf, told, type DnsRecord, type RecordType } from './record.ts'
import { isSpf, spfWords } from './spf.ts'

/** All findings of a zone with these records (SOA and serial are the server's own). */
export function lint(origin: string, records: readonly DnsRecord[]): Finding[] {
  const zone = new Zone(origin, records)
  return laws.flatMap((law) => law(zone))
}

/** Only what is new: a zone that was bad before may still be changed, but not made worse. */
export function lintChange(origin: string, before: readonly DnsRecord[], after: readonly DnsRecord[]): Finding[] {
  const known = new Set(lint(origin, before).map((one) => one.message))
  return lint(origin, after).filter((one) => !known.has(one.message))
}

class Zone {
  readonly origin: string
  readonly records: readonly DnsRecord[]
  readonly #byName = new Map<string, DnsRecord[]>()

  constructor(origin: string, records: readonly DnsRecord[]) {
    this.origin = origin
    this.records = records
    for (const record of records) this.#byName.set(record.name, [...(this.#byName.get(record.name) ?? []), record])
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }

  at(name: string, ...types: RecordType[]): DnsRecord[] {
    const here = this.#byName.get(name) ?? []
    return types.length === 0 ? here : here.filter(({ type }) => types.includes(type))
  }

  /** Names below the apex that are handed to other name servers. */
  cuts(): string[] {
    return this.names().filter((name) => name !== this.origin && this.at(name, 'NS').length > 0)
  }
}

type Law = (zone: Zone) => Finding[]

const error = (record: { name: string; type: string }, message: string): Finding => ({ level: 'error', name: record.name, type: record.type, message })
const warning = (record: { name: string; type: string }, message: string): Finding => ({ level: 'warning', name: record.name, type: record.type, message })

const onceEach: Law = ({ records }) => {
  const seen = new Set<string>()
  return records.flatMap((record) => {
    const identity = identityOf(record)
    if (seen.has(identity)) return [error(record, `${told(record)} is there twice.`)]
    seen.add(identity)
    return []
  })
}

const noCnameAtApex: Law = (zone) => zone.at(zone.origin, 'CNAME').map((record) =>
  error(record, `A CNAME cannot stand at the top of the zone ${shown(zone.origin)}, where SOA and NS records are; use an A record (or ALIAS) there, or a CNAME for www.`))

const cnameStandsAlone: Law = (zone) => zone.names().filter((name) => name !== zone.origin).flatMap((name) => {
  const [first, ...more] = zone.at(name, 'CNAME')
  if (!first) return []
  const others = [...new Set(zone.at(name).filter(({ type }) => type !== 'CNAME').map(({ type }) => type))]
  return [
    ...(more.length > 0 ? [error(first, `${shown(name)} has ${more.length + 1} CNAME records; there can be only one.`)] : []),
    ...(others.length > 0 ? [error(first, `${shown(name)} has a CNAME, so it can have no other records; remove the CNAME or its ${others.join(', ')} ${others.length === 1 ? 'record' : 'records'}.`)] : []),
  ]
})

const aliasStandsForAddresses: Law = (zone) => zone.names().flatMap((name) => {
  const [first, ...more] = zone.at(name, 'ALIAS')
  if (!first) return []
  if (more.length > 0) return [error(first, `${shown(name)} has ${more.length + 1} ALIAS records; there can be only one.`)]
  return zone.at(name, 'A', 'AAAA').length > 0 ? [error(first, `${shown(name)} has an ALIAS, which stands for its addresses; remove the ALIAS or its A and AAAA records.`)] : []
})

const mailLeadsToAHost: Law = (zone) => zone.records.flatMap((record) => {
  const target = record.type === 'MX' || record.type === 'NS' || record.type === 'SRV' ? targetOf(record) : undefined
  if (target === undefined || target === '.' || !within(target, zone.origin)) return []
  if (zone.at(target, 'CNAME').length > 0)
    return [error(record, `${record.type} ${shown(record.name)} leads to ${shown(target)}, which is a CNAME; ${record.type} records must lead to a name with an address (A or AAAA).`)]
  if (zone.at(target, 'A', 'AAAA', 'ALIAS').length > 0 || covered(zone, target)) return []
  const why = `${record.type} ${shown(record.name)} leads to ${shown(target)}, which has no address in this zone; add an A record for ${shown(target)}.`
  // A delegation whose servers lie in the zone cannot be followed without their addresses.
  return [record.type === 'NS' ? error(record, why) : warning(record, why)]
})

/** A wildcard or another server answers for it. */
function covered(zone: Zone, name: string): boolean {
  if (zone.cuts().some((cut) => within(name, cut))) return true
  for (let at = name.indexOf('.'); at >= 0; at = name.indexOf('.', at + 1)) {
    const above = name.slice(at + 1)
    if (!within(above, zone.origin)) return false
    if (zone.at(`*.${above}`, 'A', 'AAAA', 'CNAME').length > 0) return true
  }
  return false
}

const nullMxStandsAlone: Law = (zone) => zone.names().flatMap((name) => {
  const all = zone.at(name, 'MX')
  const none = all.find(({ data }) => data === '.')
  return none && all.length > 1 ? [error(none, `${shown(name)} has an MX that says “no mail” (a lone dot) beside others; keep one or the other.`)] : []
})

const oneSpf: Law = (zone) => zone.names().flatMap((name) => {
  const [first, ...more] = zone.at(name, 'TXT').filter(isSpf)
  if (!first) return []
  if (more.length > 0) return [error(first, `${shown(name)} has ${more.length + 1} SPF records (“v=spf1 …”); receivers then follow none of them. Put their parts into one.`)]
  return spfWords(first)
})

const oneDmarc: Law = (zone) => zone.names().filter((name) => name.startsWith('_dmarc.')).flatMap((name) => {
  const [first, ...more] = zone.at(name, 'TXT').filter(({ data }) => /^v=DMARC1\b/i.test(data))
  return first && more.length > 0 ? [error(first, `${shown(name)} has ${more.length + 1} DMARC records; receivers then follow none of them.`)] : []
})

const oneTtl: Law = (zone) => zone.names().flatMap((name) => [...new Set(zone.at(name).map(({ type }) => type))].flatMap((type) => {
  const [first, ...more] = zone.at(name, type)
  const differs = first && more.some(({ ttl }) => ttl !== first.ttl)
  return differs ? [warning(first, `The ${type} records of ${shown(name)} have different TTLs; servers give all of them one.`)] : []
}))

const nothingBelowACut: Law = (zone) => {
  const cuts = zone.cuts()
  return zone.records.flatMap((record) => {
    const cut = cuts.find((one) => within(record.name, one))
    const glue = record.type === 'A' || record.type === 'AAAA'
    if (cut === undefined || record.type === 'NS' && record.name === cut || glue && zone.at(cut, 'NS').some(({ data }) => data === record.name)) return []
    return [warning(record, `${shown(cut)} is delegated to other name servers (NS), so ${shown(record.name)} ${record.type} is never asked for here.`)]
  })
}

const ownNameTwice: Law = (zone) => zone.records.flatMap((record) => {
  // `www.example.com` written as a relative name, without its dot.
  const label = relative(record.name, zone.origin)
  return label.endsWith(`.${shown(zone.origin)}`) || label === shown(zone.origin)
    ? [warning(record, `${shown(record.name)} has the zone’s own name twice; was ${label} meant?`)] : []
})

const laws: readonly Law[] = [
  onceEach, noCnameAtApex, cnameStandsAlone, aliasStandsForAddresses, mailLeadsToAHost, nullMxStandsAlone, oneSpf, oneDmarc, oneTtl, nothingBelowACut, ownNameTwice,
]
