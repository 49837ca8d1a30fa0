// The words of the mail check: every code with its one severity. docs/mail.md shows this list as it stands here.
import type { Severity } from './finding.ts'

/** Every code, with the severity that it always has and what it means in one line (docs/mail.md). */
export const mailCodes = {
  'right': ['ok', 'the record is what it should be at every name server'],
  'waiting': ['warning', 'the zone holds the record, but not every name server shows it yet'],
  'zone-elsewhere': ['error', 'the domain is delegated to other name servers, so that nobody sees the records here'],
  'servers-silent': ['error', 'none of the domain\'s name servers answers for it'],
  'mx-missing': ['error', 'the domain has no MX record'],
  'mx-elsewhere': ['error', 'the MX records lead to other mail servers'],
  'mx-mixed': ['error', 'besides ours there are MX records of other mail servers'],
  'spf-missing': ['error', 'the domain has no SPF record'],
  'spf-twice': ['error', 'there are two SPF records or more, so that none counts'],
  'spf-without-us': ['error', 'the SPF record does not let our mail server send'],
  'spf-wrong': ['error', 'the SPF record has parts that nobody understands'],
  'spf-lookups': ['error', 'the SPF record leads to too many look-ups, or to records that are not there'],
  'dkim-missing': ['error', 'the DKIM key is not published'],
  'dkim-wrong': ['error', 'another DKIM key is published than the mail server signs with'],
  'dkim-no-key': ['error', 'the mail server has no DKIM key for the domain'],
  'dmarc-missing': ['warning', 'there is no DMARC record'],
  'dmarc-twice': ['error', 'there are two DMARC records or more, so that none counts'],
  'dmarc-wrong': ['error', 'the DMARC record has parts that nobody understands'],
  'dmarc-watching': ['ok', 'the DMARC record asks for reports only'],
  'mta-sts-missing': ['warning', 'there is no MTA-STS record'],
  'mta-sts-wrong': ['warning', 'the MTA-STS record names another policy than ours'],
  'mta-sts-host': ['warning', 'the name of the MTA-STS policy does not lead to us'],
  'mta-sts-policy': ['warning', 'the MTA-STS policy cannot be fetched, or says something else than ours'],
  'tls-reports-missing': ['warning', 'nobody is told when mail cannot be delivered encrypted'],
  'mail-host-address': ['error', 'the mail server\'s own name does not lead to its address'],
  'reverse-name': ['warning', 'the reverse name of the mail server\'s address is not its name'],
} as const
export type MailCode = keyof typeof mailCodes

/** `name` is the name that is meant; `cure` is one sentence, "Nothing needs to be done." when all is well. */
export interface MailFinding { code: MailCode; severity: Severity; name: string; sentence: string; cure: string }

export const mailFinding = (code: MailCode, name: string, sentence: string, cure: string): MailFinding => ({ code, severity: mailCodes[code][0], name, sentence, cure })
