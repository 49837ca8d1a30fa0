// The records of a domain with mail here, all but its DKIM key, which is ISPConfig's to tell. What a customer has said before is
// kept where two can be one (SPF) and where theirs does as well (DMARC, TLS-RPT). Pure.
import { shown } from '../dns/host-name.ts'
import { identityOf, type DnsRecord } from '../dns/record.ts'
import { isSpf } from '../dns/spf.ts'
import { isDmarc } from './dmarc.ts'
import { policyId } from './policy.ts'
import { spfTexts, spfWith, spfWithout } from './spf.ts'

export interface MailFacts {
  /** The domain, absolute. */
  origin: string
  /** The platform's mail server, absolute. */
  mailHost: string
  /** Who is sent reports, `*` standing for the domain: `postmaster@*`. */
  reports: string
  /** Where the policy is served (absolute), and the policy; undefined when MTA-STS is not offered. */
  policy: { host: string; text: string } | undefined
}

const ttl = 3_600
const mxPriority = 10

const names = (origin: string) => ({ dmarc: `_dmarc.${origin}`, tlsReports: `_smtp._tls.${origin}`, policy: `_mta-sts.${origin}`, policyHost: `mta-sts.${origin}` })

export const isTlsReports = (text: string): boolean => /^v=TLSRPTv1\s*;/.test(text)
export const isPolicy = (text: string): boolean => /^v=STSv1\s*;/.test(text)

const report = ({ origin, reports }: MailFacts): string => `rua=mailto:${reports.replaceAll('*', shown(origin))}`
const record = (name: string, type: DnsRecord['type'], data: string, priority: number | null = null): DnsRecord => ({ name, type, ttl, priority, data })

/** What we publish of ourselves, whatever stands there. */
function own(facts: MailFacts): { mx: DnsRecord; dmarc: DnsRecord; tlsReports: DnsRecord; policy: DnsRecord[] } {
  const { origin, mailHost, policy } = facts
  const at = names(origin)
  return {
    mx: record(origin, 'MX', mailHost, mxPriority),
    dmarc: record(at.dmarc, 'TXT', `v=DMARC1; p=none; ${report(facts)}`),
    tlsReports: record(at.tlsReports, 'TXT', `v=TLSRPTv1; ${report(facts)}`),
    policy: policy ? [record(at.policy, 'TXT', `v=STSv1; id=${policyId(policy.text)};`), record(at.policyHost, 'CNAME', policy.host)] : [],
  }
}

/** The zone's records as mail here wants them: other mail servers go, everything else stays. */
export function withMail(current: readonly DnsRecord[], facts: MailFacts): DnsRecord[] {
  const { origin } = facts
  const at = names(origin)
  const { mx, dmarc, tlsReports, policy } = own(facts)
  const had = (name: string, is: (text: string) => boolean): DnsRecord[] => current.filter((one) => one.name === name && one.type === 'TXT' && is(one.data))
  const gone = (old: DnsRecord): boolean =>
    (old.name === origin && (old.type === 'MX' || isSpf(old))) ||
    (policy.length > 0 && (old.name === at.policyHost || (old.name === at.policy && old.type === 'TXT' && isPolicy(old.data))))
  const spf = record(origin, 'TXT', spfWith(spfTexts(current, origin)))
  return kept(current, [
    ...current.filter((old) => !gone(old)), mx, spf, ...policy,
    ...(had(at.dmarc, isDmarc).length > 0 ? [] : [dmarc]),
    ...(had(at.tlsReports, isTlsReports).length > 0 ? [] : [tlsReports]),
  ])
}

/** The zone's records without what stood there for mail here; what the customer has changed of it stays. */
export function withoutMail(current: readonly DnsRecord[], facts: MailFacts): DnsRecord[] {
  const { origin } = facts
  const at = names(origin)
  const { mx, dmarc, tlsReports } = own(facts)
  const identities = new Set([dmarc, tlsReports].map(identityOf))
  const ours = (old: DnsRecord): boolean => identities.has(identityOf(old)) || (old.name === origin && old.type === 'MX' && old.data === mx.data) ||
    (old.name === at.policy && old.type === 'TXT' && isPolicy(old.data)) || (old.name === at.policyHost && old.type === 'CNAME' && old.data === facts.policy?.host)
  const stays = current.filter((old) => !ours(old))
  // Another mail server's MX may be what “mx” stands for now.
  if (stays.some((one) => one.name === origin && one.type === 'MX')) return stays
  return kept(current, stays.flatMap((old) => {
    if (old.name !== origin || !isSpf(old)) return [old]
    const data = spfWithout(old.data)
    return data === undefined ? [] : [{ ...old, data }]
  }))
}

/** A record that says what one said before keeps that one's TTL. */
const kept = (current: readonly DnsRecord[], wanted: readonly DnsRecord[]): DnsRecord[] => {
  const known = new Map(current.map((one) => [identityOf(one), one]))
  return wanted.map((one) => known.get(identityOf(one)) ?? one)
}
