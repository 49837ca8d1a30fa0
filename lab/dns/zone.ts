// What a name server answers from one zone: records, CNAMEs followed inside it, wildcards, delegations, and the difference between a
// name that does not exist and one without such records.
import type { QueryType, ResourceRecord } from '../../src/domain/dns/answer.ts'

/** `bogus`: the signatures do not fit what the registry holds (only resolvers notice). */
export interface Reply { rcode: string; authoritative: boolean; answers: ResourceRecord[]; authority: ResourceRecord[]; additional: ResourceRecord[] }

export interface Zone { origin: string; records: readonly ResourceRecord[]; soa: ResourceRecord }

export const reply = (rcode: string, more: Partial<Reply> = {}): Reply => ({ rcode, authoritative: false, answers: [], authority: [], additional: [], ...more })

const chainMax = 8

/** The SOA record of a zone; an absence is remembered for `minimum` seconds. */
export const soa = (origin: string, server: string, minimum: number, serial = 1): ResourceRecord =>
  ({ name: origin, type: 'SOA', ttlSeconds: minimum, data: `${server} hostmaster.${origin} ${serial} 7200 540 604800 ${minimum}` })

/** The authoritative answer of this zone. */
export function answerFrom(zone: Zone, name: string, type: QueryType): Reply {
  const answers: ResourceRecord[] = []
  for (let at = name; answers.length < chainMax;) {
    const cut = delegation(zone, at)
    if (cut.length > 0) return answers.length > 0 ? reply('NOERROR', { authoritative: true, answers }) : reply('NOERROR', { authority: cut })
    const own = at === zone.origin ? [zone.soa, ...found(zone, at)] : found(zone, at)
    const wanted = own.filter((one) => one.type === type)
    if (wanted.length > 0) return reply('NOERROR', { authoritative: true, answers: [...answers, ...wanted] })
    const alias = own.find((one) => one.type === 'CNAME')
    if (!alias) return reply(own.length > 0 || exists(zone, at) || answers.length > 0 ? 'NOERROR' : 'NXDOMAIN', { authoritative: true, answers, authority: [zone.soa] })
    answers.push(alias)
    at = alias.data
    if (at !== zone.origin && !at.endsWith(`.${zone.origin}`)) break
  }
  return reply('NOERROR', { authoritative: true, answers })
}

/** Its own records, or those that the nearest star makes for it (RFC 4592: a name that exists hides the star). */
function found(zone: Zone, name: string): ResourceRecord[] {
  const own = zone.records.filter((one) => one.name === name)
  if (own.length > 0 || name === zone.origin || exists(zone, name)) return own
  for (let above = name.slice(name.indexOf('.') + 1); above.length >= zone.origin.length; above = above.slice(above.indexOf('.') + 1)) {
    const star = zone.records.filter((one) => one.name === `*.${above}`)
    if (star.length > 0) return star.map((one) => ({ ...one, name }))
    if (above === zone.origin || exists(zone, above)) return []
  }
  return []
}

/** A name exists when something stands at it or below it. */
const exists = (zone: Zone, name: string): boolean => name === zone.origin || zone.records.some((one) => one.name === name || one.name.endsWith(`.${name}`))

function delegation(zone: Zone, name: string): ResourceRecord[] {
  for (let at = name; at.length > zone.origin.length; at = at.slice(at.indexOf('.') + 1)) {
    const cut = zone.records.filter((one) => one.name === at && one.type === 'NS')
    if (cut.length > 0) return cut
  }
  return []
}
