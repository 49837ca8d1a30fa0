// DNS messages as bytes (RFC 1035), the servers' side: a question is read, an answer is written.
import { AUTHENTIC_DATA, AUTHORITATIVE_ANSWER, CHECKING_DISABLED, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer } from 'dns-packet'
import { canonical, queryTypes, type QueryType, type ResourceRecord } from '../../src/domain/dns/answer.ts'
import type { Reply } from './zone.ts'

/** `type` undefined: one that nobody here knows. */
export interface Asked { id: number; name: string; written: string; type: QueryType | undefined; raw: string; unchecked: boolean; recursion: boolean }

/** Throws on bytes that are no query with one question. */
export function readQuestion(bytes: Uint8Array): Asked {
  const packet = decode(Buffer.from(bytes))
  const [one] = packet.questions ?? []
  if (packet.type !== 'query' || !one || packet.questions!.length !== 1) throw new RangeError('not a query')
  return { id: packet.id ?? 0, name: canonical(one.name), written: one.name, type: queryTypes.find((type) => type === one.type), raw: one.type, unchecked: packet.flag_cd, recursion: packet.flag_rd }
}

const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']
const udpMaxBytes = 1232

/** The bytes of an answer; over UDP cut where a datagram ends, with the TC bit. */
export function writeAnswer(asked: Asked, answer: Reply, more: { authentic?: boolean; recursive?: boolean; udp?: boolean } = {}): Buffer {
  const flags = rcodes.indexOf(answer.rcode) | (answer.authoritative ? AUTHORITATIVE_ANSWER : 0) | (asked.recursion ? RECURSION_DESIRED : 0) |
    (more.recursive ? RECURSION_AVAILABLE : 0) | (more.authentic ? AUTHENTIC_DATA : 0) | (asked.unchecked ? CHECKING_DISABLED : 0)
  const questions = [{ name: asked.written, type: asked.raw as QueryType, class: 'IN' as const }]
  const whole = encode({
    type: 'response', id: asked.id, flags, questions,
    answers: answer.answers.flatMap(packed), authorities: answer.authority.flatMap(packed), additionals: answer.additional.flatMap(packed),
  })
  return more.udp && whole.length > udpMaxBytes ? encode({ type: 'response', id: asked.id, flags: flags | TRUNCATED_RESPONSE, questions }) : whole
}

/** Types that no query asks for are left out. */
function packed({ name, type, ttlSeconds: ttl, data }: ResourceRecord): Answer[] {
  const words = data.split(' ')
  const number = (i: number): number => Number(words[i] ?? 0)
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return [{ name, type, ttl, data }]
    case 'TXT':
      return [{ name, type, ttl, data: data.match(/[^]{1,200}/g) ?? [''] }]
    case 'MX':
      return [{ name, type, ttl, data: { preference: number(0), exchange: words[1] ?? '' } }]
    case 'SRV':
      return [{ name, type, ttl, data: { priority: number(0), weight: number(1), port: number(2), target: words[3] ?? '' } }]
    case 'CAA': {
      const [, flags = '0', tag = 'issue', value = ''] = /^(\d+) (\w+) "?(.*?)"?$/.exec(data) ?? []
      return [{ name, type, ttl, data: { flags: Number(flags), tag: tag as 'issue', value, issuerCritical: Number(flags) >= 128 } }]
    }
    case 'DS':
      return [{ name, type, ttl, data: { keyTag: number(0), algorithm: number(1), digestType: number(2), digest: Buffer.from(words[3] ?? '', 'hex') } }]
    case 'TLSA':
      return [{ name, type, ttl, data: { usage: number(0), selector: number(1), matchingType: number(2), certificate: Buffer.from(words[3] ?? '', 'hex') } }]
    case 'SOA':
      return [{ name, type, ttl, data: { mname: words[0]!, rname: words[1]!, serial: number(2), refresh: number(3), retry: number(4), expire: number(5), minimum: number(6) } }]
    default:
      return []
  }
}
