// What DNS says, in words that clients, the doctor and the simulators share. Names are lower case and end without a dot.
// Data is in presentation form, except that TXT is its plain text, all strings of one record joined.

/** What may be asked for, by the Worker and through the gateway. */
export const queryTypes = ['A', 'AAAA', 'CAA', 'CNAME', 'DNSKEY', 'DS', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TLSA', 'TXT'] as const
export type QueryType = (typeof queryTypes)[number]

/** `type` may be one that nobody asked for, such as RRSIG. `data`: `10 mail.example.com` (MX), `0 issue "letsencrypt.org"` (CAA), `7 13 2 AB…` (DS). */
export interface ResourceRecord { name: string; type: string; ttlSeconds: number; data: string }

export interface DnsAnswer {
  /** The resolver's host, or the address of the name server. */
  from: string
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, … */
  rcode: string
  /** The server speaks for the zone (AA). */
  authoritative: boolean
  /** The resolver has checked the signatures (AD). */
  authentic: boolean
  answers: ResourceRecord[]
  authority: ResourceRecord[]
  additional: ResourceRecord[]
}

/** Where a name leads in one answer: the names of its CNAME chain, then the values at its end. */
export interface Led { cnames: string[]; values: string[]; ttlSeconds: number }

/** Follows the CNAME chain of `name` through the answer's own records; `ttlSeconds` is the shortest on the way, 0 when nothing was found. */
export function led(answer: DnsAnswer, name: string, type: QueryType): Led {
  const cnames: string[] = []
  const ttls: number[] = []
  for (let at = name; cnames.length <= answer.answers.length;) {
    const found = answer.answers.filter((one) => one.name === at && one.type === type)
    if (found.length > 0) return { cnames, values: found.map((one) => one.data).sort(), ttlSeconds: Math.min(...ttls, ...found.map((one) => one.ttlSeconds)) }
    const next = answer.answers.find((one) => one.name === at && one.type === 'CNAME')
    if (!next) break
    cnames.push(next.data)
    ttls.push(next.ttlSeconds)
    at = next.data
  }
  return { cnames, values: [], ttlSeconds: ttls.length > 0 ? Math.min(...ttls) : 0 }
}

/** The name as it is compared: lower case, no dot at the end. */
export const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '')
