// One judge for each record of a domain with mail here: from the values at a name to what is to be said of them. Pure.
import type { QueryType } from '../domain/dns/answer.ts'
import { spfWords } from '../domain/dns/spf.ts'
import { dkimText, publishedKey, tagsOf } from '../domain/mail/dkim.ts'
import { dmarcPolicy, dmarcProblem, isDmarc } from '../domain/mail/dmarc.ts'
import { isPolicy, isTlsReports } from '../domain/mail/records.ts'
import { allowsMx } from '../domain/mail/spf.ts'
import { nothingToDo } from './finding.ts'
import { mailFinding, type MailCode, type MailFinding } from './mail-finding.ts'
import type { MailExpected } from './mail-findings.ts'

/** `name` in lower case, no dot at the end; values as `led` answers them. */
export interface Judge { name: string; type: QueryType; judge: (values: readonly string[]) => MailFinding }

/** In the order in which they are told. */
export function judges(expected: MailExpected): Judge[] {
  const { domain, selector, policy } = expected
  return [
    { name: domain, type: 'MX', judge: (values) => mx(values, expected) },
    { name: domain, type: 'TXT', judge: (values) => spf(values, domain) },
    { name: `${selector}._domainkey.${domain}`, type: 'TXT', judge: (values) => dkim(values, expected) },
    { name: `_dmarc.${domain}`, type: 'TXT', judge: (values) => dmarc(values, `_dmarc.${domain}`) },
    ...(policy ? [
      { name: `_mta-sts.${domain}`, type: 'TXT' as const, judge: (values: readonly string[]) => mtaSts(values, `_mta-sts.${domain}`, policy.id) },
      { name: `mta-sts.${domain}`, type: 'CNAME' as const, judge: (values: readonly string[]) => policyHost(values, `mta-sts.${domain}`, policy.host) },
    ] : []),
    { name: `_smtp._tls.${domain}`, type: 'TXT', judge: (values) => tlsReports(values, `_smtp._tls.${domain}`) },
  ]
}

type Say = (code: MailCode, sentence: string, cure: string) => MailFinding
const sayOf = (name: string): Say => (code, sentence, cure) => mailFinding(code, name, sentence, cure)

function mx(values: readonly string[], { domain, mailHost }: MailExpected): MailFinding {
  const say = sayOf(domain)
  const hosts = values.map((value) => value.split(' ')[1] ?? '')
  const others = hosts.filter((host) => host !== mailHost)
  if (hosts.length === 0) return say('mx-missing', `${domain} has no MX record, so no mail arrives.`, `Add the MX record ${domain} with priority 10 and the host ${mailHost}.`)
  if (others.length === hosts.length) return say('mx-elsewhere', `Mail for ${domain} goes to ${others.join(', ')}, which is not us.`, `Change the MX record of ${domain} to ${mailHost}.`)
  if (others.length > 0) return say('mx-mixed', `Mail for ${domain} goes to us and also to ${others.join(', ')}.`, `Delete the MX ${others.length > 1 ? 'records' : 'record'} ${others.join(' and ')} of ${domain}.`)
  return say('right', `Mail for ${domain} goes to ${mailHost}.`, nothingToDo)
}

function spf(values: readonly string[], domain: string): MailFinding {
  const say = sayOf(domain)
  const [first, ...more] = values.filter((text) => /^v=spf1(?: |$)/i.test(text))
  if (first === undefined) return say('spf-missing', `${domain} has no SPF record, so mail sent from here may be taken for forged.`, `Add the TXT record ${domain} with v=spf1 mx ~all.`)
  if (more.length > 0) return say('spf-twice', `${domain} has ${more.length + 1} SPF records, so receivers follow none of them.`, `Put the parts of all SPF records of ${domain} into one, and delete the others.`)
  const wrong = spfWords({ name: `${domain}.`, type: 'TXT', ttl: 0, priority: null, data: first }).find(({ level }) => level === 'error')
  if (wrong) return say('spf-wrong', wrong.message, `Correct this part of the SPF record of ${domain}, or remove it.`)
  if (!allowsMx(first)) return say('spf-without-us', `The SPF record of ${domain} does not let our mail server send.`, `Add mx to it, behind v=spf1.`)
  return say('right', `The SPF record of ${domain} lets our mail server send.`, nothingToDo)
}

function dkim(values: readonly string[], { domain, selector, key }: MailExpected): MailFinding {
  const name = `${selector}._domainkey.${domain}`
  const say = sayOf(name)
  if (key === undefined) return say('dkim-no-key', `The mail server has no DKIM key for ${domain}, so its mail is not signed.`, `Add the mail domain ${domain} once more: a new key is made then.`)
  const published = values.flatMap((text) => publishedKey(text) ?? [])
  if (published.length === 0) return say('dkim-missing', `The DKIM key of ${domain} is not published.`, `Add the TXT record ${name} with ${dkimText(key)}.`)
  if (published.length > 1 || published[0] !== key) return say('dkim-wrong', `${name} publishes another key than the one that mail of ${domain} is signed with.`, `Replace the TXT record ${name} by ${dkimText(key)}.`)
  return say('right', `${name} publishes the key that mail of ${domain} is signed with.`, nothingToDo)
}

function dmarc(values: readonly string[], name: string): MailFinding {
  const say = sayOf(name)
  const [first, ...more] = values.filter(isDmarc)
  if (first === undefined) return say('dmarc-missing', `There is no DMARC record, so nobody is told of forged mail.`, `Add the TXT record ${name} with v=DMARC1; p=none.`)
  if (more.length > 0) return say('dmarc-twice', `${name} has ${more.length + 1} DMARC records, so receivers follow none of them.`, `Delete all DMARC records of ${name} but one.`)
  const problem = dmarcProblem(first)
  if (problem) return say('dmarc-wrong', `The DMARC record ${name} ${problem}.`, `Correct the TXT record ${name}.`)
  if (dmarcPolicy(first) === 'none') return say('dmarc-watching', `The DMARC record asks for reports and changes nothing yet.`, `When the reports show for some weeks that all of your own mail passes, change p=none to p=quarantine.`)
  return say('right', `The DMARC record is in force (p=${dmarcPolicy(first)}).`, nothingToDo)
}

function mtaSts(values: readonly string[], name: string, id: string): MailFinding {
  const say = sayOf(name)
  const found = values.filter(isPolicy)
  if (found.length === 0) return say('mta-sts-missing', `There is no MTA-STS record, so senders need not encrypt mail.`, `Add the TXT record ${name} with v=STSv1; id=${id};`)
  if (found.length > 1 || tagsOf(found[0]!).get('id') !== id) return say('mta-sts-wrong', `The MTA-STS record ${name} does not name our policy.`, `Change the TXT record ${name} to v=STSv1; id=${id};`)
  return say('right', `The MTA-STS record names our policy.`, nothingToDo)
}

function policyHost(values: readonly string[], name: string, host: string): MailFinding {
  const say = sayOf(name)
  if (values.length === 1 && values[0] === host) return say('right', `${name} leads to our policy.`, nothingToDo)
  return say('mta-sts-host', `${name} does not lead to our policy.`, `Make ${name} a CNAME record to ${host}.`)
}

function tlsReports(values: readonly string[], name: string): MailFinding {
  const say = sayOf(name)
  if (values.some(isTlsReports)) return say('right', `Failures of encryption are reported.`, nothingToDo)
  return say('tls-reports-missing', `Nobody is told when mail cannot be delivered encrypted.`, `Add the TXT record ${name} with v=TLSRPTv1; rua=mailto: and an address that you read.`)
}
