// DNS messages (RFC 1035) as bytes: the query that is asked over HTTPS, and what we read of an answer.
// Never throws anything but a RangeError on bytes that are no answer to the question.
import { AUTHENTIC_DATA, CHECKING_DISABLED, decode, encode, RECURSION_DESIRED, type Answer, type TxtData } from 'dns-packet'
import { canonical, type DnsAnswer, type QueryType, type ResourceRecord } from '../../domain/dns/answer.ts'

/** The query, base64url as RFC 8484 has it; its id is 0, so that equal questions are equal requests. AD asks for the word on signatures (RFC 6840, 5.7). */
export function question(name: string, type: QueryType, unchecked: boolean): string {
  const flags = RECURSION_DESIRED | AUTHENTIC_DATA | (unchecked ? CHECKING_DISABLED : 0)
  return Buffer.from(encode({ type: 'query', id: 0, flags, questions: [{ name, type, class: 'IN' }] })).toString('base64url')
}

/** What `from` answered to the question; throws when these bytes do not answer it. */
export function answer(bytes: Uint8Array, name: string, type: QueryType, from: string): DnsAnswer {
  const packet = decode(Buffer.from(bytes)) as ReturnType<typeof decode> & { rcode?: string }
  const [asked] = packet.questions ?? []
  // A server that refuses may leave the question out; any other question is not ours.
  if (packet.type !== 'response' || (asked && (canonical(asked.name) !== canonical(name) || asked.type !== type))) throw new RangeError('an answer to another question')
  return {
    from,
    rcode: packet.rcode ?? 'UNKNOWN',
    authoritative: packet.flag_aa,
    authentic: packet.flag_ad,
    answers: records(packet.answers),
    authority: records(packet.authorities),
    additional: records(packet.additionals),
  }
}

const records = (list: readonly Answer[] = []): ResourceRecord[] =>
  list.flatMap((one) => (one.type === 'OPT' ? [] : [{ name: canonical(one.name), type: one.type, ttlSeconds: ('ttl' in one && one.ttl) || 0, data: presented(one) }]))

function presented(one: Exclude<Answer, { type: 'OPT' }>): string {
  switch (one.type) {
    case 'A':
      return one.data
    case 'AAAA':
    case 'CNAME':
    case 'DNAME':
    case 'NS':
    case 'PTR':
      return canonical(one.data)
    case 'TXT':
      return text(one.data)
    case 'MX':
      return `${one.data.preference ?? 0} ${canonical(one.data.exchange)}`
    case 'SRV':
      return `${one.data.priority ?? 0} ${one.data.weight ?? 0} ${one.data.port} ${canonical(one.data.target)}`
    case 'CAA':
      return `${one.data.flags ?? 0} ${one.data.tag} "${one.data.value}"`
    case 'DS':
      return `${one.data.keyTag} ${one.data.algorithm} ${one.data.digestType} ${hex(one.data.digest)}`
    case 'DNSKEY':
      return `${one.data.flags} 3 ${one.data.algorithm} ${one.data.key.toString('base64')}`
    case 'TLSA':
      return `${one.data.usage} ${one.data.selector} ${one.data.matchingType} ${hex(one.data.certificate)}`
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = one.data
      return [canonical(mname), canonical(rname), serial, refresh, retry, expire, minimum].join(' ')
    }
    default:
      return ''
  }
}

const hex = (bytes: Buffer): string => bytes.toString('hex').toUpperCase()

const text = (data: TxtData): string =>
  Buffer.concat((Array.isArray(data) ? data : [data]).map((part) => (typeof part === 'string' ? Buffer.from(part) : part))).toString('utf8')
