// One record of a zone: its canonical form, and how it is read from what people and extensions send. Every problem is one
// precise sentence that a customer can act on. The same content always has the same form, so that it is its own identity.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { checkedName, ownerAsWritten, shown, targetAsWritten, within, relative } from './host-name.ts'
import { quoted, textAsWritten } from './text-strings.ts'

export const recordTypes = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SRV', 'CAA', 'TLSA', 'PTR', 'ALIAS'] as const
export type RecordType = (typeof recordTypes)[number]

export interface DnsRecord {
  /** Absolute, lower-case, ASCII: `www.example.com.` */
  readonly name: string
  readonly type: RecordType
  /** Seconds. */
  readonly ttl: number
  /** Of MX and SRV; null for all others. */
  readonly priority: number | null
  /** Addresses, absolute host names, the whole unquoted text, or `weight port target.`, `flags tag "value"`, `usage selector matching hex`. */
  readonly data: string
}

/** A record as it is written by people: relative names, quoted texts, hosts without the last dot. */
export interface Written { name: string; type: string; ttl: number; priority?: number | null | undefined; data: string }

export type RecordOr = { ok: true; record: DnsRecord } | { ok: false; problem: string }

/** ISPConfig takes nothing shorter than a minute; more than a week helps nobody. */
export const ttlRange = { min: 60, max: 604_800 } as const
const textMaxOctets = 2_048
const addressNameMax = 64

const underscored: ReadonlySet<string> = new Set<RecordType>(['TXT', 'SRV', 'TLSA', 'CNAME', 'CAA', 'NS'])
/** What ISPConfig takes under a name with a star. */
const starred: ReadonlySet<string> = new Set<RecordType>(['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'CAA'])
const fails = (problem: string): RecordOr => ({ ok: false, problem })

/** Reads a written record of the zone `origin` into its canonical form. */
export function readRecord(written: Written, origin: string): RecordOr {
  const type = recordTypes.find((one) => one === written.type.trim().toUpperCase())
  if (!type) return fails(`Records of type ${written.type.trim().slice(0, 20) || '“”'} cannot be kept here; possible are ${recordTypes.join(', ')}.`)
  const owner = checkedName(ownerAsWritten(written.name, origin), { wildcard: starred.has(type), underscore: underscored.has(type) })
  if (!owner.ok) return fails(owner.problem)
  if (!within(owner.name, origin)) return fails(`${shown(owner.name)} does not lie in the zone ${shown(origin)}.`)
  // ISPConfig's own rule for the name of an address, relative to its zone.
  const short = relative(owner.name, origin)
  const kept = short === '@' ? owner.name : short
  if ((type === 'A' || type === 'AAAA') && kept.length > addressNameMax) return fails(`The name ${brief(kept)} has ${kept.length} characters; an ${type} here can have ${addressNameMax} before ${shown(origin)}.`)
  const { ttl } = written
  if (!Number.isInteger(ttl) || ttl < ttlRange.min || ttl > ttlRange.max)
    return fails(`The TTL of ${shown(owner.name)} must be a whole number of seconds from ${ttlRange.min} to ${ttlRange.max} (a week).`)
  const needsPriority = type === 'MX' || type === 'SRV'
  const priority = needsPriority ? (written.priority ?? (type === 'MX' ? 10 : 0)) : null
  if (priority !== null && !isWord(priority)) return fails(`The priority of ${shown(owner.name)} must be a whole number from 0 to 65535.`)
  const data = readData[type](written.data.trim(), origin, owner.name)
  return data.ok ? { ok: true, record: { name: owner.name, type, ttl, priority, data: data.data } } : fails(data.problem)
}

/** The content without its TTL: two records of the same identity are the same record. */
export const identityOf = (record: DnsRecord): string => JSON.stringify([record.name, record.type, record.priority, record.data])

/** 24 characters that stand for the identity. */
export const digestOf = (record: DnsRecord): string => createHash('sha256').update(identityOf(record)).digest('hex').slice(0, 24)

/** `www.example.com A 203.0.113.10`, for messages. */
export const told = ({ name, type, priority, data }: DnsRecord): string =>
  `${shown(name)} ${type} ${priority === null ? '' : `${priority} `}${type === 'TXT' ? brief(quoted(data)) : brief(data)}`

/** The host that a record leads to, where it leads to one. */
export function targetOf({ type, data }: DnsRecord): string | undefined {
  if (type === 'SRV') return data.split(' ')[2]
  return type === 'CNAME' || type === 'MX' || type === 'NS' || type === 'PTR' || type === 'ALIAS' ? data : undefined
}

type DataOr = { ok: true; data: string } | { ok: false; problem: string }
const data = (text: string): DataOr => ({ ok: true, data: text })
const bad = (problem: string): DataOr => ({ ok: false, problem })

const isAddress = (text: string): boolean => z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success
const isWord = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 65_535
const brief = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)}…` : text)

/** A host name; `root` says that a lone dot (nothing) is meant too. */
function host(text: string, origin: string, what: string, rules: { underscore?: boolean; root?: boolean } = {}): DataOr {
  if (text === '') return bad(`${what} needs the name of a host.`)
  if (text === '.' && rules.root) return data('.')
  const bare = text.replace(/\.$/, '')
  if (isAddress(bare)) return bad(`${what} leads to a host name, not to an address: ${brief(bare)} needs a name with an A or AAAA record first.`)
  const name = checkedName(targetAsWritten(text, origin), { wildcard: false, underscore: rules.underscore ?? false })
  return name.ok ? data(name.name) : bad(name.problem)
}

const readData: Record<RecordType, (text: string, origin: string, owner: string) => DataOr> = {
  A: (text) => (z.ipv4().safeParse(text).success ? data(text) : bad(`“${brief(text)}” is not an IPv4 address such as 203.0.113.10.`)),
  AAAA: (text) => (z.ipv6().safeParse(text).success ? data(new URL(`http://[${text}]`).hostname.slice(1, -1)) : bad(`“${brief(text)}” is not an IPv6 address such as 2001:db8::10.`)),
  CNAME: (text, origin) => host(text, origin, 'A CNAME', { underscore: true }),
  MX: (text, origin) => host(text, origin, 'An MX', { root: true }),
  NS: (text, origin) => host(text, origin, 'An NS'),
  PTR: (text, origin) => host(text, origin, 'A PTR'),
  ALIAS: (text, origin) => host(text, origin, 'An ALIAS'),
  TXT: (text, _origin, owner) => {
    const value = textAsWritten(text)
    if (value === '') return bad(`The text of ${shown(owner)} is empty.`)
    if (/\p{Cc}/u.test(value)) return bad(`The text of ${shown(owner)} has line breaks or other control characters.`)
    const octets = new TextEncoder().encode(value).length
    return octets > textMaxOctets ? bad(`The text of ${shown(owner)} has ${octets} octets, ${textMaxOctets} are allowed.`) : data(value)
  },
  SRV: (text, origin, owner) => {
    const [weight = '', port = '', target = '', ...more] = text.split(/\s+/)
    if (more.length > 0 || ![weight, port].every((one) => /^\d{1,5}$/.test(one) && isWord(Number(one)))) return bad('An SRV needs weight, port and host, e.g. “5 5060 sip.example.com”.')
    if (!/^_[a-z0-9-]+\._[a-z0-9-]+\./.test(owner)) return bad(`The name of an SRV begins with _service._protocol, e.g. _sip._tcp; ${shown(owner)} does not.`)
    const led = host(target, origin, 'An SRV', { root: true })
    // ISPConfig's own rule for the host of an SRV.
    if (led.ok && led.data.length > 64) return bad(`The host of ${shown(owner)} has ${led.data.length - 1} characters; an SRV here can have 63.`)
    return led.ok ? data(`${Number(weight)} ${Number(port)} ${led.data}`) : led
  },
  CAA: (text) => {
    const parts = /^(\d{1,3})\s+([a-z0-9]+)\s+(.+)$/i.exec(text)
    const [, flags = '', tag = '', value = ''] = parts ?? []
    const known = ['issue', 'issuewild', 'issuemail', 'iodef']
    if (!parts || Number(flags) > 255) return bad('A CAA needs flags, tag and value, e.g. 0 issue "letsencrypt.org".')
    if (!known.includes(tag.toLowerCase())) return bad(`A CAA can have the tags ${known.join(', ')}; “${brief(tag)}” is none of them.`)
    const plain = textAsWritten(value)
    if (/["\\]|[^\x20-\x7e]/.test(plain)) return bad(`The value of a CAA is plain text; “${brief(plain)}” is not.`)
    return data(`${Number(flags)} ${tag.toLowerCase()} "${plain}"`)
  },
  TLSA: (text, _origin, owner) => {
    const parts = /^([0-3])\s+([01])\s+([0-2])\s+([0-9a-f\s]+)$/i.exec(text)
    if (!parts) return bad('A TLSA needs usage (0–3), selector (0–1), matching (0–2) and a hash in hexadecimal digits, e.g. “3 1 1 …”.')
    if (!/^_\d{1,5}\._(?:tcp|udp)\./.test(owner)) return bad(`The name of a TLSA begins with _port._tcp or _port._udp, e.g. _443._tcp; ${shown(owner)} does not.`)
    const hex = parts[4]!.replace(/\s+/g, '').toLowerCase()
    const digits = { 1: 64, 2: 128 }[Number(parts[3])]
    if (digits !== undefined && hex.length !== digits) return bad(`The hash of ${shown(owner)} has ${hex.length} hexadecimal digits; matching type ${parts[3]} needs ${digits}.`)
    return hex.length % 2 === 1 ? bad(`The hash of ${shown(owner)} has an odd number of hexadecimal digits.`) : data(`${parts[1]} ${parts[2]} ${parts[3]} ${hex}`)
  },
}
