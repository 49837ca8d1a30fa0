// Zone files as BIND reads them (RFC 1035, section 5), in and out. Nothing is dropped in silence: each line that is not taken
// is told with its number and why. Reading never includes other files and never generates records.
import { relative, shown } from './host-name.ts'
import { readRecord, recordTypes, type DnsRecord, type Written } from './record.ts'
import { quoted, unescaped } from './text-strings.ts'
import { tokens, type Token } from './zone-file-tokens.ts'

export interface LineNote { line: number; message: string }

export interface ZoneFile {
  records: DnsRecord[]
  /** Lines that cannot be taken: a file with any of them is not applied. */
  problems: LineNote[]
  /** Lines that are left out on purpose: SOA, the zone's own NS, DNSSEC's signatures. */
  left: LineNote[]
}

/** Made by the name server itself. */
const signed: ReadonlySet<string> = new Set(['RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY', 'CDS', 'CDNSKEY', 'DS', 'TYPE65534'])
const classes: ReadonlySet<string> = new Set(['IN', 'CH', 'HS', 'CS'])
const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }
const ttlDefault = 3_600

/** `3600`, `1h30m`, `1D`; undefined for anything else. */
function seconds(text: string): number | undefined {
  if (!/^(?:\d+[smhdw]?)+$/i.test(text)) return undefined
  return [...text.matchAll(/(\d+)([smhdw]?)/gi)].reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit.toLowerCase()] ?? 1), 0)
}

/** Reads a file into records of the zone `origin`; records of the apex that are the platform's own are left out. */
export function readZoneFile(text: string, origin: string): ZoneFile {
  const file: ZoneFile = { records: [], problems: [], left: [] }
  let at = origin
  let owner: string | undefined
  let ttlGiven: number | undefined
  let ttlLast: number | undefined
  for (const entry of tokens(text)) {
    const { line } = entry
    const problem = (message: string): void => void file.problems.push({ line, message })
    if (entry.problem !== undefined) {
      problem(entry.problem)
      continue
    }
    const words = [...entry.tokens]
    const first = words[0]
    if (!first) continue
    if (!first.quoted && first.text.startsWith('$')) {
      const directive = first.text.toUpperCase()
      const value = words[1]?.text ?? ''
      const length = directive === '$TTL' ? seconds(value) : undefined
      if (directive === '$ORIGIN' && value !== '') at = complete(value.toLowerCase(), at)
      else if (length !== undefined) ttlGiven = length
      else problem(directive === '$TTL' ? `“${value}” is not a time.` : `${directive} is not followed here; write its records out.`)
      continue
    }
    if (!entry.indented) owner = complete(words.shift()!.text.toLowerCase(), at)
    if (owner === undefined) {
      problem('The first record has no name.')
      continue
    }
    const { type, ttl, rest, foreign } = head(words)
    if (foreign !== undefined) problem(`Only class IN can be taken, not ${foreign}.`)
    else if (type === undefined) problem('There is no record type in this line.')
    else if (type === 'SOA') {
      ttlGiven ??= seconds(rest[6]?.text ?? '')
      file.left.push({ line, message: 'The SOA record is the server’s own.' })
    } else if (signed.has(type)) file.left.push({ line, message: `${type} records are made by the name server itself.` })
    else if (type === 'NS' && owner === origin) file.left.push({ line, message: 'The zone’s own NS records stay as they are.' })
    else if (!recordTypes.some((one) => one === type)) problem(`Records of type ${type} cannot be kept here; possible are ${recordTypes.join(', ')}.`)
    else {
      ttlLast = ttl ?? ttlGiven ?? ttlLast ?? ttlDefault
      const read = readRecord(written(owner, type, ttlLast, rest, at), origin)
      if (read.ok) file.records.push(read.record)
      else problem(read.problem)
    }
  }
  return file
}

/** TTL and class may come in either order before the type. */
function head(words: readonly Token[]): { type?: string; ttl?: number; foreign?: string; rest: Token[] } {
  const rest = [...words]
  let ttl: number | undefined
  let foreign: string | undefined
  for (let i = 0; i < 2; i++) {
    const word = rest[0]?.text ?? ''
    const length = seconds(word)
    if (classes.has(word.toUpperCase())) {
      if (word.toUpperCase() !== 'IN') foreign = word.toUpperCase()
    } else if (length !== undefined) ttl = length
    else break
    rest.shift()
  }
  const type = rest.shift()?.text.toUpperCase()
  return { rest, ...(type === undefined ? {} : { type }), ...(ttl === undefined ? {} : { ttl }), ...(foreign === undefined ? {} : { foreign }) }
}

function written(name: string, type: string, ttl: number, rest: readonly Token[], at: string): Written {
  const [first, ...more] = rest.map(({ text }) => text)
  const host = (text = ''): string => complete(text.toLowerCase(), at)
  if (type === 'TXT') return { name, type, ttl, data: quoted(rest.map((word) => (word.quoted ? word.text : unescaped(word.text))).join('')) }
  if (type === 'MX') return { name, type, ttl, priority: number(first), data: host(more[0]) }
  if (type === 'SRV') return { name, type, ttl, priority: number(first), data: `${more[0] ?? ''} ${more[1] ?? ''} ${host(more[2])}` }
  if (type === 'CNAME' || type === 'NS' || type === 'PTR' || type === 'ALIAS') return { name, type, ttl, data: host(first) }
  return { name, type, ttl, data: rest.map(({ text }) => text).join(' ') }
}

const number = (text = ''): number => (/^\d+$/.test(text) ? Number(text) : NaN)

/** In a zone file a name without its last dot is always relative. */
const complete = (name: string, at: string): string => (name === '@' || name === '' ? at : name.endsWith('.') ? name : at === '.' ? `${name}.` : `${name}.${at}`)

export interface Soa { ns: string; mbox: string; serial: number; refresh: number; retry: number; expire: number; minimum: number; ttl: number }

/** The zone as a file: the same records come back when it is read. */
export function writeZoneFile(origin: string, records: readonly DnsRecord[], soa?: Soa): string {
  const order = (record: DnsRecord): string => `${record.name === origin ? 0 : 1} ${relative(record.name, origin)} ${recordTypes.indexOf(record.type) + 10}`
  const lines = records.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)).map((record) => {
    const data = record.type === 'TXT' ? quoted(record.data) : record.data
    return [relative(record.name, origin), record.ttl, 'IN', record.type, record.priority === null ? data : `${record.priority} ${data}`].join('\t')
  })
  const head = soa ? [`$TTL ${soa.ttl}`, `@\t${soa.ttl}\tIN\tSOA\t${soa.ns} ${soa.mbox} ( ${soa.serial} ${soa.refresh} ${soa.retry} ${soa.expire} ${soa.minimum} )`] : []
  return [`; ${shown(origin)}`, `$ORIGIN ${origin}`, ...head, ...lines, ''].join('\n')
}
