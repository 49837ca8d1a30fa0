// The mail check: each record as the domain's own name servers show it, judged, with the one sentence that cures it. What the
// zone holds but no server shows yet is waited for, not complained of. Pure: asks nobody, knows no time. docs/mail.md has the codes.
import { canonical, led, type QueryType } from '../domain/dns/answer.ts'
import type { DnsRecord } from '../domain/dns/record.ts'
import { policyProblem } from '../domain/mail/policy.ts'
import { nothingToDo, type Severity } from './finding.ts'
import { mailFinding, type MailFinding } from './mail-finding.ts'
import { reverse, type MailLooks } from './mail-gather.ts'
import { judges } from './mail-judges.ts'

/** What mail here should look like. Names in lower case, no dot at the end. */
export interface MailExpected {
  domain: string
  mailHost: string
  address: string
  selector: string
  /** The key that the mail server signs with; undefined when it has none. */
  key: string | undefined
  policy: { host: string; id: string; text: string } | undefined
  /** The platform's name servers. */
  nameServers: readonly string[]
  /** What the domain's zone here holds; undefined when nobody could tell. */
  zone: readonly DnsRecord[] | undefined
}

export type MailState = 'live' | 'waiting for the name servers' | 'needs attention'

/** Everything that is to be said, errors first. */
export function examineMail(looks: MailLooks, expected: MailExpected): MailFinding[] {
  const shown = records(looks, expected)
  const found = [...delegated(looks, expected), ...shown, ...policy(looks, expected, shown), ...server(looks, expected)]
  const order: Severity[] = ['error', 'warning', 'ok']
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

export const mailState = (findings: readonly MailFinding[]): MailState =>
  findings.some(({ severity }) => severity === 'error') ? 'needs attention' : findings.some(({ code }) => code === 'waiting') ? 'waiting for the name servers' : 'live'

function delegated({ nameServers }: MailLooks, { domain, nameServers: ours }: MailExpected): MailFinding[] {
  if (nameServers.length === 0 || nameServers.some((one) => ours.includes(one))) return []
  return [mailFinding('zone-elsewhere', domain, `${domain} is delegated to ${nameServers.join(' and ')}, so nobody sees the records of its zone here.`, `Enter ${ours.join(' and ')} as the name servers of ${domain} at your registrar.`)]
}

function records(looks: MailLooks, expected: MailExpected): MailFinding[] {
  const { domain, zone } = expected
  const servers = Object.keys(looks.asked).filter((at) => looks.served.some(({ answer }) => answer.from === at && conclusive(answer)))
  // What the zone holds is all that can be judged then.
  const silent = servers.length === 0
  const found = judges(expected).flatMap(({ name, type, judge }): MailFinding[] => {
    const held = zone && judge(valuesOf(zone, name, type))
    if (silent) return held && held.severity !== 'ok' ? [held] : []
    const shown = looks.served.filter((look) => look.name === name && look.type === type && conclusive(look.answer)).map(({ answer }) => ({ at: looks.asked[answer.from]!, said: judge(led(answer, name, type).values) }))
    const wrong = shown.filter(({ said }) => said.severity !== 'ok')
    if (wrong.length === 0) return shown[0] ? [shown[0].said] : []
    if (held?.severity === 'ok') return [mailFinding('waiting', name, `${wrong.map(({ at }) => at).join(' and ')} ${wrong.length > 1 ? 'do' : 'does'} not show the newest ${type} record of ${name} yet.`, `${nothingToDo.slice(0, -1)} but to wait a few minutes.`)]
    return [held ?? wrong[0]!.said]
  })
  const lookups = looks.spfLookups.map((message) => mailFinding('spf-lookups', domain, message, `Correct the SPF record of ${domain}: remove what is no longer needed.`))
  const elsewhere = delegated(looks, expected).length > 0
  return [...(silent && !elsewhere ? [mailFinding('servers-silent', domain, `None of the name servers of ${domain} answers for it.`, 'Try again in a few minutes; if it lasts, contact support.')] : []), ...found, ...lookups]
}

/** The file that senders fetch. As long as its name does not lead to us, that is what is to be cured. */
function policy({ policy: fetched }: MailLooks, { domain, policy: ours }: MailExpected, shown: readonly MailFinding[]): MailFinding[] {
  const host = `mta-sts.${domain}`
  if (!ours || !fetched || !shown.some(({ name, severity }) => name === host && severity === 'ok')) return []
  const problem = 'problem' in fetched ? `${host}, where senders look for the MTA-STS policy, ${fetched.problem}` : policyProblem(fetched.text, ours.text)
  if (problem === undefined) return [mailFinding('right', host, `The MTA-STS policy of ${domain} is ours.`, nothingToDo)]
  return [mailFinding('mta-sts-policy', host, `${'problem' in fetched ? problem : `The MTA-STS policy of ${domain} ${problem}`}.`, `The platform's operator has to make https://${host}/.well-known/mta-sts.txt answer with our policy: that name must be one of the Worker's, with a certificate.`)]
}

/** PTR advice: receivers refuse mail from an address whose name does not lead back to it. */
function server({ mailAddresses, reverseNames }: MailLooks, { mailHost, address }: MailExpected): MailFinding[] {
  const said: MailFinding[] = []
  if (mailAddresses && !mailAddresses.includes(address)) said.push(mailFinding('mail-host-address', mailHost, `The mail server ${mailHost} does not lead to its address ${address}.`, `The platform's operator has to add the A record ${mailHost} with the address ${address}.`))
  if (!reverseNames) return said
  const names = reverseNames.map(canonical)
  const right = names.length === 1 && names[0] === mailHost
  const now = names.length === 0 ? 'has no reverse name' : `is called ${names.join(' and ')}`
  said.push(right
    ? mailFinding('right', reverse(address), `The reverse name of ${address} is ${mailHost}.`, nothingToDo)
    : mailFinding('reverse-name', reverse(address), `The mail server's address ${address} ${now}, not ${mailHost}, so some receivers refuse its mail.`, `The platform's operator has to have the reverse name (PTR) of ${address} set to ${mailHost} by the provider of the address.`))
  return said
}

const conclusive = ({ authoritative, rcode }: { authoritative: boolean; rcode: string }): boolean => authoritative && (rcode === 'NOERROR' || rcode === 'NXDOMAIN')

/** The zone's records as a name server would show them. */
const valuesOf = (zone: readonly DnsRecord[], name: string, type: QueryType): string[] =>
  zone.filter((one) => canonical(one.name) === name && one.type === type).map((one) => (one.type === 'MX' ? `${one.priority ?? 0} ${canonical(one.data)}` : one.type === 'TXT' ? one.data : canonical(one.data)))
