// The look-ups that proof and doctor need, at most 30 requests, side by side where one does not need the other. A look-up that
// fails is left out of the facts; only when no resolver answers at all is there an error, and it is the client's.
import { led, type DnsAnswer, type QueryType } from '../domain/dns/answer.ts'
import type { DomainName } from '../domain/domain-name.ts'
import type { Dns } from '../upstreams/dns/client.ts'
import { looks, proofName, type Delegation, type Facts, type Look } from './facts.ts'

/** That many of a domain's name servers are asked. */
const serversMax = 2
const caaLevelsMax = 3

/** Everything that is known of the domain in public DNS now. Throws UpstreamError (`dns`, never in doubt) when no resolver answers. */
export async function gather(dns: Dns, domain: DomainName): Promise<Facts> {
  const { apex, names } = domain
  // Asked alone and first: from here on the client knows which resolver is away.
  const servers = await dns.resolve(apex, 'NS')
  const all = async (name: string, type: QueryType): Promise<Look[]> => (await dns.resolve(name, type)).map((answer) => ({ name, type, answer }))
  const one = async (name: string, type: QueryType): Promise<Look[]> => [{ name, type, answer: await dns.first(name, type) }]
  const [delegation, ...found] = await Promise.all([
    orNothing(delegationOf(dns, apex)),
    ...names.map((name) => all(name, 'A')),
    all(proofName(apex), 'TXT'),
    ...names.map((name) => orNone(one(name, 'AAAA'))),
    ...climbed(names, apex).map((name) => orNone(one(name, 'CAA'))),
    orNone(one(apex, 'MX')),
  ])
  const resolved: Look[] = [...servers.map((answer): Look => ({ name: apex, type: 'NS', answer })), ...found.flat()]
  const failed = looks(resolved, names[0]!, 'A').every((answer) => answer.rcode === 'SERVFAIL')
  const [{ asked, authoritative }, unchecked, ds] = await Promise.all([
    askServers(dns, domain, delegation?.nameServers ?? servers.flatMap((answer) => led(answer, apex, 'NS').values), delegation?.addresses ?? {}),
    failed ? orNothing(dns.first(names[0]!, 'A', { unchecked: true })) : undefined,
    failed ? orNothing(dns.first(apex, 'DS', { unchecked: true })) : undefined,
  ])
  // A star is worth a question only when a name that nobody set up could still lead somewhere.
  const server = Object.keys(asked)[0]
  const www = names[1]
  if (server && www && !failed && looks(resolved, www, 'A').some((answer) => answer.answers.length > 0))
    authoritative.push(...await orNone(dns.at(server, `*.${apex}`, 'A').then((answer) => [{ name: `*.${apex}`, type: 'A' as const, answer }])))
  return {
    domain, resolved, authoritative, delegation, asked,
    resolvesUnchecked: unchecked && unchecked.rcode === 'NOERROR' && led(unchecked, names[0]!, 'A').values.length > 0,
    signedAtRegistry: ds && led(ds, apex, 'DS').values.length > 0,
  }
}

/** Asks a server of the zone above, because the servers of a domain that is not set up yet do not answer for it. */
export async function delegationOf(dns: Dns, apex: string): Promise<Delegation | undefined> {
  const above = apex.slice(apex.indexOf('.') + 1)
  const answer = await dns.first(above, 'NS')
  const host = led(answer, above, 'NS').values[0] ?? answer.authority.find((one) => one.type === 'SOA')?.data.split(' ')[0]
  const address = host && led(await dns.first(host, 'A'), host, 'A').values[0]
  return address ? readDelegation(await dns.at(address, apex, 'NS'), apex) : undefined
}

function readDelegation(answer: DnsAnswer, apex: string): Delegation | undefined {
  const nameServers = [...answer.answers, ...answer.authority].filter((one) => one.name === apex && one.type === 'NS').map((one) => one.data).sort()
  const addresses = Object.fromEntries(answer.additional.filter((one) => one.type === 'A').map((one) => [one.name, one.data]))
  if (nameServers.length > 0) return { state: 'delegated', nameServers: [...new Set(nameServers)], addresses }
  // NOERROR without name servers is a name inside somebody's zone: it exists.
  return answer.authoritative && answer.rcode === 'NXDOMAIN' ? { state: 'unregistered', nameServers: [], addresses: {} } : undefined
}

async function askServers(dns: Dns, domain: DomainName, hosts: readonly string[], known: Record<string, string>): Promise<{ asked: Record<string, string>; authoritative: Look[] }> {
  const places = await Promise.all([...new Set(hosts)].slice(0, serversMax).map(async (host) => {
    const address = known[host] ?? await orNothing(dns.first(host, 'A').then((answer) => led(answer, host, 'A').values[0]))
    return address ? [[address, host] as const] : []
  }))
  const asked = Object.fromEntries(places.flat())
  const questions = [...domain.names.map((name) => [name, 'A'] as const), [proofName(domain.apex), 'TXT'] as const]
  const looked = Object.keys(asked).flatMap((server) => questions.map(([name, type]) => orNone(dns.at(server, name, type).then((answer): Look[] => [{ name, type, answer }]))))
  return { asked, authoritative: (await Promise.all(looked)).flat() }
}

/** Names at which CAA is looked for, as the authority climbs (RFC 8659, 3), up to the registered domain. */
function climbed(names: readonly string[], apex: string): string[] {
  const every = names.flatMap((name) => {
    const labels = name.slice(0, -apex.length).split('.').filter(Boolean)
    return [...labels.map((_, i) => `${labels.slice(i).join('.')}.${apex}`), apex]
  })
  return [...new Set([apex, ...every])].slice(0, caaLevelsMax)
}

const orNothing = <T>(look: Promise<T>): Promise<T | undefined> => look.catch(() => undefined)

const orNone = (look: Promise<Look[]>): Promise<Look[]> => look.catch(() => [])
