// Who has not heard yet: name servers of one domain that differ, and resolvers that still remember an older answer.
import { led, type DnsAnswer, type QueryType } from '../domain/dns/answer.ts'
import { looks, proofName, type Facts } from './facts.ts'
import { finding, nothingToDo, type Finding } from './finding.ts'

/** What an answer amounts to, for comparing; a server that does not speak for the zone says nothing. */
const gist = (answer: DnsAnswer, name: string, type: QueryType): string => {
  const { cnames, values } = led(answer, name, type)
  return JSON.stringify([cnames, values])
}

/** At most one finding for the name servers and one for the resolvers of each name. */
export function propagationFindings(facts: Facts): Finding[] {
  const { apex, names } = facts.domain
  const questions: [string, QueryType][] = [...names.map((name): [string, QueryType] => [name, 'A']), [proofName(apex), 'TXT']]
  return questions.flatMap(([name, type]) => {
    const servers = looks(facts.authoritative, name, type).filter((answer) => answer.authoritative)
    if (new Set(servers.map((answer) => gist(answer, name, type))).size > 1) return [serversDiffer(facts, name, type, servers)]
    return resolversDiffer(facts, name, type, servers[0])
  })
}

function serversDiffer(facts: Facts, name: string, type: QueryType, servers: readonly DnsAnswer[]): Finding {
  const who = servers.map((answer) => facts.asked[answer.from] ?? answer.from).join(' and ')
  return finding('name-servers-disagree', name, `${who} give different ${type} records for ${name}.`, `If this lasts longer than an hour, ask the provider of these name servers to bring the zone ${facts.domain.apex} to the same state on all of them.`)
}

function resolversDiffer(facts: Facts, name: string, type: QueryType, truth: DnsAnswer | undefined): Finding[] {
  const resolvers = looks(facts.resolved, name, type).filter((answer) => answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN')
  // A chain that leaves the zone is whole only at the resolvers.
  const whole = truth && (led(truth, name, type).values.length > 0 || led(truth, name, type).cnames.length === 0) ? truth : undefined
  const stale = whole
    ? resolvers.filter((answer) => gist(answer, name, type) !== gist(whole, name, type))
    : new Set(resolvers.map((answer) => gist(answer, name, type))).size > 1 ? resolvers : []
  if (stale.length === 0) return []
  const seconds = Math.max(...stale.map((answer) => remaining(answer, name, type)))
  return [finding('resolvers-disagree', name, `Not every resolver has the newest ${type} records of ${name} yet (${stale.map((answer) => answer.from).join(', ')}).`, seconds > 0 ? `${nothingToDo.slice(0, -1)} but to wait: the old answer is forgotten in ${duration(seconds)} at the latest.` : nothingToDo)]
}

/** An absence is remembered as long as the SOA record beside it says (RFC 2308). */
function remaining(answer: DnsAnswer, name: string, type: QueryType): number {
  const { ttlSeconds } = led(answer, name, type)
  return ttlSeconds || Math.max(0, ...answer.authority.filter((one) => one.type === 'SOA').map((one) => Math.min(one.ttlSeconds, Number(one.data.split(' ')[6] ?? 0))))
}

function duration(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  return minutes < 2 ? 'a minute' : minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`
}
