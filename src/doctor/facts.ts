// What was looked up about one domain, and the one way to read it. Plain data; nothing here asks anybody.
import { led, type DnsAnswer, type QueryType } from '../domain/dns/answer.ts'
import type { ZoneHere } from '../domain/claim.ts'
import type { DomainName } from '../domain/domain-name.ts'

/** One question and one answer to it. */
export interface Look { name: string; type: QueryType; answer: DnsAnswer }

/** What the registry says: who the name servers are, with those addresses that it gives along (by host name). */
export interface Delegation { state: 'delegated' | 'unregistered'; nameServers: string[]; addresses: Record<string, string> }

export interface Facts {
  domain: DomainName
  /** What resolvers say: for some questions all of them, for others the first that answered. */
  resolved: Look[]
  /** The same of the domain's own name servers, `answer.from` being their address. */
  authoritative: Look[]
  /** Undefined when the registry's servers did not answer. */
  delegation: Delegation | undefined
  /** The name servers that were asked: host name by address; those that gave no answer have no look. */
  asked: Record<string, string>
  /** Resolvers with their checks of signatures switched off do find the domain (asked only when they failed with them on). */
  resolvesUnchecked: boolean | undefined
  /** The registry holds DS records (asked only when resolvers failed). */
  signedAtRegistry: boolean | undefined
}

/** What the platform expects of a domain that leads to one of its sites. */
export interface Expected {
  /** Public addresses of the reverse proxy. */
  addresses: readonly string[]
  /** The site's own name, which a CNAME may lead to. */
  siteHost: string
  /** What the TXT record must hold. */
  token: string
  /** The platform's name servers: ns1 and ns2. */
  nameServers: readonly string[]
  /** The certificate authority as CAA records name it. */
  ca: string
  /** The zone that we keep for the registered domain, seen from this site. */
  zone: ZoneHere['whose']
  /** Another site here holds the name already. */
  heldElsewhere: boolean
}

/** The platform's certificate authority, as CAA records name it. */
export const certificateAuthority = 'letsencrypt.org'

/** Where ownership is proved by a token. */
export const proofName = (apex: string): string => `_berth.${apex}`

export const looks = (list: readonly Look[], name: string, type: QueryType): DnsAnswer[] =>
  list.filter((one) => one.name === name && one.type === type).map((one) => one.answer)

const conclusive = (answer: DnsAnswer): boolean => answer.authoritative && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN')

/** What the name servers say when they speak for the name. An answer that ends at a name of another zone tells only the CNAME. */
function own(facts: Facts, name: string, type: QueryType): DnsAnswer[] {
  return looks(facts.authoritative, name, type).filter(conclusive)
}

/** The one rule of what counts: all name servers that answered; when none did, more than half of the resolvers. */
export function agreed(facts: Facts, name: string, type: QueryType, holds: (answer: DnsAnswer) => boolean): boolean {
  const servers = own(facts, name, type)
  if (servers.length > 0) return servers.every(holds)
  const resolvers = looks(facts.resolved, name, type)
  return resolvers.filter(holds).length * 2 > resolvers.length
}

/** The addresses a name leads to, everything that is said anywhere taken together; empty when it leads nowhere. */
export function addresses(facts: Facts, name: string, type: 'A' | 'AAAA'): string[] {
  return [...new Set(decisive(facts, name, type).flatMap((answer) => led(answer, name, type).values))].sort()
}

/** The names that `name` leads to by CNAME, nearest first. The name servers know the first, resolvers that agree with them the rest. */
export function aliases(facts: Facts, name: string): string[] {
  const chains = (answers: readonly DnsAnswer[]): string[][] => answers.map((answer) => led(answer, name, 'A').cnames)
  const servers = own(facts, name, 'A')
  const known = chains(servers).flat()
  const resolvers = chains(looks(facts.resolved, name, 'A')).filter(([first]) => servers.length === 0 || (first !== undefined && known.includes(first)))
  return [...new Set([...known, ...resolvers.flat()])]
}

/** Whose answers decide where a name leads: the name servers, unless it goes on in another zone or they are silent. */
export function decisive(facts: Facts, name: string, type: QueryType): DnsAnswer[] {
  const servers = own(facts, name, type)
  const whole = servers.filter((answer) => led(answer, name, type).values.length > 0 || led(answer, name, type).cnames.length === 0)
  return whole.length > 0 ? whole : looks(facts.resolved, name, type)
}

/** True when every decisive answer leads to our proxy and nowhere else. */
export function leadsHere(facts: Facts, name: string, expected: Pick<Expected, 'addresses'>): boolean {
  const answers = decisive(facts, name, 'A')
  const here = (answer: DnsAnswer): boolean => {
    const { values } = led(answer, name, 'A')
    return values.length > 0 && values.every((one) => expected.addresses.includes(one))
  }
  return answers.length > 0 && answers.filter(here).length * 2 > answers.length && addresses(facts, name, 'AAAA').every((one) => expected.addresses.includes(one))
}

/** The domain's name servers: as the registry has them, else as resolvers do. */
export function nameServers(facts: Facts): string[] {
  if (facts.delegation) return facts.delegation.nameServers
  return [...new Set(looks(facts.resolved, facts.domain.apex, 'NS').flatMap((answer) => led(answer, facts.domain.apex, 'NS').values))].sort()
}
