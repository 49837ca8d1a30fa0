// Sets of records that customers ask for by name. A template says what should be there, and which records would contradict it;
// what comes of that is a diff like any other.
import { shown } from './host-name.ts'
import type { DnsRecord } from './record.ts'
import { isSpf } from './spf.ts'

export const templateNames = ['site', 'mail', 'google-workspace', 'microsoft-365'] as const
export type TemplateName = (typeof templateNames)[number]

export interface TemplateFacts {
  origin: string
  /** Seconds. */
  ttl: number
  /** The reverse proxy's public address. */
  proxyIp: string
  /** Absolute name of the platform's mail server. */
  mailHost: string
}

interface Template {
  title: string
  /** Every sentence is for the customer. */
  about: string
  records(facts: TemplateFacts): DnsRecord[]
  /** What must go for it to work. */
  replaces(record: DnsRecord, facts: TemplateFacts): boolean
}

const at = (facts: TemplateFacts, name: string): string => (name === '@' ? facts.origin : `${name}.${facts.origin}`)
const record = (facts: TemplateFacts, name: string, type: DnsRecord['type'], data: string, priority: number | null = null): DnsRecord =>
  ({ name: at(facts, name), type, ttl: facts.ttl, priority, data })

/** Where mail for the domain goes, and who may send it: one provider at a time. */
const mailOf = (old: DnsRecord, { origin }: TemplateFacts): boolean => old.name === origin && (old.type === 'MX' || isSpf(old))

const templates: Record<TemplateName, Template> = {
  site: {
    title: 'Website here',
    about: 'The domain and www lead to this platform.',
    records: (facts) => ['@', 'www'].map((name) => record(facts, name, 'A', facts.proxyIp)),
    replaces: (old, facts) => ['@', 'www'].some((name) => at(facts, name) === old.name) && ['A', 'AAAA', 'CNAME', 'ALIAS'].includes(old.type),
  },
  mail: {
    title: 'Mail here',
    about: 'Mail for the domain is delivered to this platform, and only its mail servers may send in the domain’s name.',
    records: (facts) => [
      record(facts, '@', 'MX', facts.mailHost, 10),
      record(facts, '@', 'TXT', 'v=spf1 mx ~all'),
    ],
    replaces: mailOf,
  },
  // https://support.google.com/a/answer/174125 and https://support.google.com/a/answer/33786
  'google-workspace': {
    title: 'Mail at Google Workspace',
    about: 'Mail for the domain is delivered to Google. Turn on DKIM in the Google Admin console and add the record that it shows.',
    records: (facts) => [
      record(facts, '@', 'MX', 'smtp.google.com.', 1),
      record(facts, '@', 'TXT', 'v=spf1 include:_spf.google.com ~all'),
    ],
    replaces: mailOf,
  },
  // https://learn.microsoft.com/microsoft-365/enterprise/external-domain-name-system-records
  'microsoft-365': {
    title: 'Mail at Microsoft 365',
    about: 'Mail for the domain is delivered to Microsoft 365. Compare the MX record with the one in the Microsoft 365 admin center; turn on DKIM there.',
    records: (facts) => [
      record(facts, '@', 'MX', `${shown(facts.origin).replaceAll('.', '-')}.mail.protection.outlook.com.`, 0),
      record(facts, '@', 'TXT', 'v=spf1 include:spf.protection.outlook.com -all'),
      record(facts, 'autodiscover', 'CNAME', 'autodiscover.outlook.com.'),
    ],
    replaces: (old, facts) => mailOf(old, facts) || old.name === at(facts, 'autodiscover'),
  },
}

/** For a list to choose from. */
export const templateList = (): { name: TemplateName; title: string; about: string }[] =>
  templateNames.map((name) => ({ name, title: templates[name].title, about: templates[name].about }))

/** The zone's records as the template wants them: everything else stays. */
export function withTemplate(name: TemplateName, current: readonly DnsRecord[], facts: TemplateFacts): DnsRecord[] {
  const template = templates[name]
  return [...current.filter((old) => !template.replaces(old, facts)), ...template.records(facts)]
}
