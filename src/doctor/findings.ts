// The domain doctor: from what public DNS says and what the platform expects to findings, each with the one sentence that cures it.
// Pure: asks nobody, knows no time. docs/domains.md lists every code.
import { led } from '../domain/dns/answer.ts'
import { caaFindings } from './caa.ts'
import { addresses, aliases, leadsHere, looks, nameServers, type Expected, type Facts } from './facts.ts'
import { finding, nothingToDo, type Code, type Finding, type Severity } from './finding.ts'
import { frontOf } from './fronts.ts'
import { propagationFindings } from './propagation.ts'

/** What is to be said about the domain, errors first. An empty list never happens. */
export function examine(facts: Facts, expected: Expected): Finding[] {
  const fatal = unreachable(facts, expected)
  const found = fatal.length > 0 ? fatal : [
    ...facts.domain.names.flatMap((name, i) => whereTo(facts, expected, name, i === 0)),
    ...caaFindings(facts, expected),
    ...partly(facts, expected),
    ...propagationFindings(facts),
    ...mail(facts),
  ]
  const order: Severity[] = ['error', 'warning', 'ok']
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

/** What makes everything else pointless. */
function unreachable(facts: Facts, expected: Expected): Finding[] {
  const { apex, name } = facts.domain
  if (facts.delegation?.state === 'unregistered') return [finding('not-registered', apex, `${apex} is not registered.`, `Check the spelling, or register ${apex} at a registrar.`)]
  const answers = looks(facts.resolved, name, 'A')
  if (!answers.every((answer) => answer.rcode === 'SERVFAIL')) return []
  if (facts.resolvesUnchecked || (facts.signedAtRegistry && facts.authoritative.some((one) => one.answer.authoritative)))
    return [finding('dnssec-broken', apex, `The registry holds DS records for ${apex} that do not fit the domain's signatures, so resolvers refuse it.`, `Delete the DS records of ${apex} (DNSSEC) at your registrar.`)]
  const servers = nameServers(facts)
  const ours = servers.filter((one) => expected.nameServers.includes(one))
  const list = servers.join(' and ') || 'name servers that cannot be found'
  if (ours.length > 0 && ours.length === servers.length && (expected.zone === 'nobody’s' || expected.zone === 'another’s'))
    return [finding('no-zone-here', apex, `${apex} is delegated to our name servers, but no zone of yours exists for it here.`, `Create the zone ${apex} in your customer area.`), ...partly(facts, expected)]
  return [finding('no-answer', apex, `${apex} is delegated to ${list}, but they do not answer for it.`, `Have the zone ${apex} set up there by your DNS provider, or enter the name servers of your DNS provider at your registrar.`), ...partly(facts, expected)]
}

function whereTo(facts: Facts, expected: Expected, name: string, first: boolean): Finding[] {
  const { apex } = facts.domain
  const [ip = ''] = expected.addresses
  const all = addresses(facts, name, 'A')
  const foreign = all.filter((one) => !expected.addresses.includes(one))
  const chain = aliases(facts, name)
  const front = frontOf(foreign, chain)
  const found: Finding[] = []
  const say = (code: Code, sentence: string, cure: string): void => void found.push(finding(code, name, sentence, cure))
  if (front) say('front', `${front.name} stands in front of ${name}.`, `To reach us directly, ${front.off} and let ${name} lead to ${ip}.`)
  else if (chain.length > 0 && (foreign.length > 0 || all.length === 0)) say('cname-elsewhere', `${name} is a CNAME record to ${chain[0]}, which does not lead here.`, name === apex ? apexCure(apex, ip) : `Change the CNAME record of ${name} to ${expected.siteHost}.`)
  else if (all.length === 0) say(first ? 'no-address' : 'www-missing', `${name} has no A record.`, `Add the A record ${name} with the address ${ip}.`)
  else if (foreign.length === all.length) say('points-elsewhere', `${name} leads to ${foreign.join(', ')}, which is not us.`, `Change the A record of ${name} to ${ip}${foreign.length > 1 ? ' and delete its other A records' : ''}.`)
  else if (foreign.length > 0) say('address-leftover', `${name} leads to us and also to ${foreign.join(', ')}.`, `Delete the A ${plural(foreign, 'record')} ${foreign.join(' and ')} of ${name}.`)
  const ipv6 = addresses(facts, name, 'AAAA').filter((one) => !expected.addresses.includes(one))
  if (ipv6.length > 0 && !front) say('ipv6-leftover', `Visitors with IPv6 reach ${ipv6.join(', ')} in place of us.`, `Delete the AAAA ${plural(ipv6, 'record')} ${ipv6.join(' and ')} of ${name}.`)
  if (name === apex && chain.length > 0 && !found.some((one) => one.code === 'cname-elsewhere')) say('cname-at-apex', `${apex} itself is a CNAME record, beside which mail and name server records cannot stand.`, apexCure(apex, ip))
  if (!first && shadowed(facts, name)) say('wildcard', `${name} has no record of its own: the record *.${apex} answers for it.`, `Add the A record ${name} with the address ${ip}.`)
  if (found.every((one) => one.severity !== 'error') && leadsHere(facts, name, expected)) say('leads-here', `${name} leads to us.`, nothingToDo)
  return found
}

const apexCure = (apex: string, ip: string): string => `Delete the CNAME record of ${apex} and add the A record ${apex} with the address ${ip}.`

const plural = (list: readonly unknown[], word: string): string => (list.length === 1 ? word : `${word}s`)

/** The star gives just what the name gives. */
function shadowed(facts: Facts, name: string): boolean {
  const star = `*.${facts.domain.apex}`
  const data = (of: string): string => JSON.stringify([...new Set(looks(facts.authoritative, of, 'A').flatMap((answer) => answer.answers.filter((one) => one.name === of).map((one) => one.data)))].sort())
  return data(star) !== '[]' && data(star) === data(name)
}

/** Some of our name servers but not all, or not alone. */
function partly(facts: Facts, expected: Expected): Finding[] {
  const { apex } = facts.domain
  const servers = nameServers(facts)
  const missing = expected.nameServers.filter((one) => !servers.includes(one))
  const foreign = servers.filter((one) => !expected.nameServers.includes(one))
  if (missing.length === expected.nameServers.length) return []
  const cure = `At your registrar, enter exactly ${expected.nameServers.join(' and ')} as the name servers of ${apex}.`
  return [
    ...(missing.length > 0 ? [finding('half-delegated', apex, `${apex} is delegated to one of our name servers, but not to ${missing.join(' and ')}.`, cure)] : []),
    ...(foreign.length > 0 ? [finding('mixed-delegation', apex, `${apex} is delegated to our name servers and also to ${foreign.join(' and ')}.`, cure)] : []),
  ]
}

function mail(facts: Facts): Finding[] {
  const { apex } = facts.domain
  const exchanges = [...new Set(looks(facts.resolved, apex, 'MX').flatMap((answer) => led(answer, apex, 'MX').values))].map((one) => one.split(' ')[1] ?? '').filter((one) => one !== '')
  return exchanges.length === 0 ? [] : [finding('mail-stays', apex, `Mail for ${apex} goes to ${exchanges.join(', ')}; the web site does not change that.`, nothingToDo)]
}
