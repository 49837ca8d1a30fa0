// The look-ups of the mail check: every record at two of the domain's own name servers, and what the mail server's name and
// address say of each other. A look-up that fails is left out; only when no resolver answers at all is there an error.
import { led, type QueryType } from '../domain/dns/answer.ts'
import { spfLookups } from '../domain/dns/spf.ts'
import type { FetchedPolicy } from '../upstreams/policy-host.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { Look } from './facts.ts'

/** Names in lower case, no dot at the end. */
export interface MailAsk { domain: string; selector: string; mailHost: string; address: string; policy: boolean }

export interface MailLooks {
  /** The domain's name servers as resolvers tell them. */
  nameServers: string[]
  /** Those that were asked: host name by address. */
  asked: Record<string, string>
  /** What they said, `answer.from` being their address. */
  served: Look[]
  /** Where the mail server's name leads, and how its address is called; undefined when nobody could tell. */
  mailAddresses: string[] | undefined
  reverseNames: string[] | undefined
  /** The MTA-STS policy as a sender gets it; undefined when none is expected. */
  policy: FetchedPolicy | undefined
  /** What is wrong with the look-ups of the SPF record, in sentences. */
  spfLookups: string[]
}

const serversMax = 2

/** What is asked at each name server. */
export const mailQuestions = ({ domain, selector }: Pick<MailAsk, 'domain' | 'selector'>): [string, QueryType][] => [
  [domain, 'MX'], [domain, 'TXT'], [`${selector}._domainkey.${domain}`, 'TXT'], [`_dmarc.${domain}`, 'TXT'], [`_mta-sts.${domain}`, 'TXT'], [`mta-sts.${domain}`, 'CNAME'], [`_smtp._tls.${domain}`, 'TXT'],
]

/** Throws UpstreamError (`dns`, never in doubt) when no resolver answers. */
export async function gatherMail({ dns, policyHost }: Pick<Upstreams, 'dns' | 'policyHost'>, ask: MailAsk): Promise<MailLooks> {
  const { domain, mailHost, address } = ask
  // Asked alone and first: from here on the client knows which resolver is away.
  const nameServers = led(await dns.first(domain, 'NS'), domain, 'NS').values
  const back = reverse(address)
  const values = async (name: string, type: QueryType): Promise<string[] | undefined> => dns.first(name, type).then((answer) => (answer.rcode === 'SERVFAIL' ? undefined : led(answer, name, type).values), () => undefined)
  const [policy, places, mailAddresses, reverseNames] = await Promise.all([
    ask.policy ? policyHost.policy(domain) : undefined,
    Promise.all(nameServers.slice(0, serversMax).map(async (host) => ((await values(host, 'A')) ?? []).slice(0, 1).map((at) => [at, host] as const))),
    values(mailHost, 'A'), values(back, 'PTR'),
  ])
  const asked = Object.fromEntries(places.flat())
  const served = (await Promise.all(Object.keys(asked).flatMap((server) => mailQuestions(ask).map(([name, type]) =>
    dns.at(server, name, type).then((answer): Look[] => [{ name, type, answer }], () => []))))).flat()
  const spf = served.filter((look) => look.name === domain && look.type === 'TXT').flatMap(({ answer }) => led(answer, domain, 'TXT').values).find((text) => /^v=spf1(?: |$)/i.test(text))
  const found = spf === undefined ? [] : await spfLookups({ name: `${domain}.`, type: 'TXT', ttl: 0, priority: null, data: spf }, async (name) => values(name, 'TXT'))
  return { nameServers, policy, asked, served, mailAddresses, reverseNames, spfLookups: found.map(({ message }) => message) }
}

/** `203.0.113.12` -> `12.113.0.203.in-addr.arpa` */
export const reverse = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`
