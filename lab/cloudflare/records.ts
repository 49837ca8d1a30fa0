// DNS records of a zone: what is stored, what a change must look like, and which records may stand side by side.
// A change is judged against a list, so that a batch can be judged on a copy and dropped whole.
// Not simulated: types that nobody here writes, settings, tags (the Free plan refuses them).
import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import { hex } from '../random.ts'
import type { World } from '../world.ts'
import { invalid, Refusal } from './refusal.ts'

export interface DnsRecord {
  id: string
  name: string
  type: string
  content: string
  ttl: number
  proxied: boolean
  priority?: number
  /** The parts of SRV, CAA and TLSA. */
  data?: Record<string, string | number>
  comment: string | null
  created_on: string
  modified_on: string
}

const TYPES = new Set(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SRV', 'TLSA', 'TXT'])
const HOSTS = new Set(['CNAME', 'MX', 'NS', 'PTR'])
const PROXIABLE = new Set(['A', 'AAAA', 'CNAME'])
const COMMENT_MAX = 100
const LABEL = /^(\*|_?[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?|_[a-z0-9_-]{1,62})$/
const PRIVATE = /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

/** The fully qualified, lower-case, ASCII name; a name outside the zone gets the zone appended, as the vendor does. */
export function qualified(zone: string, name: unknown): string {
  const given = text(name).toLowerCase().replace(/\.$/, '')
  const ascii = given.startsWith('*.') ? `*.${domainToASCII(given.slice(2))}` : given === '*' || given.includes('_') ? given : domainToASCII(given)
  const full = given === '@' || given === zone ? zone : ascii.endsWith(`.${zone}`) ? ascii : `${ascii}.${zone}`
  if (given === '' || full.length > 253 || (given !== '@' && !full.split('.').every((label) => LABEL.test(label)))) throw invalid(9000, 'DNS name is invalid.')
  return full
}

/** A record from a request body, `base` being what a PATCH leaves as it is. Throws what the vendor answers. */
function parsed(zone: string, body: Record<string, unknown>, base: Partial<DnsRecord>): Omit<DnsRecord, 'id' | 'created_on' | 'modified_on'> {
  const given = { ...base, ...body }
  const type = text(given.type)
  if (!TYPES.has(type)) throw invalid(9020, 'Invalid DNS record type.')
  const name = qualified(zone, given.name)
  const parts = type in PARTS ? partsOf(type, given.data) : undefined
  const content = parts ? PARTS[type]!.map((part) => (part === 'value' ? `"${parts[part]}"` : parts[part])).slice(type === 'SRV' ? 1 : 0).join(' ') : type === 'TXT' ? String(given.content ?? '') : text(given.content).toLowerCase()
  if (type === 'A' && !isIPv4(content)) throw invalid(9005, 'Content for A record must be a valid IPv4 address.')
  if (type === 'AAAA' && !isIPv6(content)) throw invalid(9006, 'Content for AAAA record must be a valid IPv6 address.')
  if (HOSTS.has(type) && !(type === 'MX' && content === '.') && !content.split('.').every((label) => LABEL.test(label))) throw invalid(type === 'MX' ? 9009 : 9007, `Content for ${type} record is invalid.`)
  if (type === 'NS' && name === zone) throw invalid(1004, 'NS records at the zone apex are managed by Cloudflare.')
  if (type === 'TXT' && content === '') throw invalid(9019, 'Content for TXT record is invalid.')
  const proxied = given.proxied ?? false
  if (typeof proxied !== 'boolean') throw invalid(9003, 'Invalid \'proxied\' value, must be a boolean.')
  if (proxied && !PROXIABLE.has(type)) throw invalid(9004, 'This record type cannot be proxied.')
  if (proxied && PRIVATE.test(content)) throw invalid(9003, `Target ${content} is not allowed for a proxied record.`)
  const ttl = given.ttl ?? 1
  if (typeof ttl !== 'number' || (ttl !== 1 && (ttl < 60 || ttl > 86_400))) throw invalid(9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.')
  const { priority } = given
  if (type === 'MX' && (typeof priority !== 'number' || priority < 0 || priority > 65_535)) throw invalid(9101, 'priority is a required data field.')
  if (Array.isArray(body.tags) && body.tags.length > 0) throw invalid(9300, `DNS record has ${body.tags.length} tags, exceeding the quota of 0.`)
  const comment = given.comment === undefined || given.comment === null || given.comment === '' ? null : String(given.comment)
  if (comment !== null && (comment.length > COMMENT_MAX || /[\r\n]/.test(comment))) throw invalid(9301, `DNS record comment is invalid: one line of at most ${COMMENT_MAX} characters.`)
  return { name, type, content, ttl: proxied ? 1 : ttl, proxied, comment, ...(type === 'MX' ? { priority: priority as number } : {}), ...(parts ? { data: parts } : {}) }
}

/** The parts in which these types come, in the order in which their text has them. */
const PARTS: Record<string, readonly string[]> = { SRV: ['priority', 'weight', 'port', 'target'], CAA: ['flags', 'tag', 'value'], TLSA: ['usage', 'selector', 'matching_type', 'certificate'] }
const WORDS = new Set(['target', 'tag', 'value', 'certificate'])

function partsOf(type: string, data: unknown): Record<string, string | number> {
  const given = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>
  return Object.fromEntries(PARTS[type]!.map((part) => {
    const value = given[part]
    if (WORDS.has(part) ? typeof value !== 'string' || value === '' : typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 65_535) throw invalid(9101, `${part} is a required data field.`)
    return [part, value as string | number]
  }))
}

/** Which records cannot stand beside this one. An identical one is reported under either of two codes. */
function refuseConflict(world: World, records: readonly DnsRecord[], one: Omit<DnsRecord, 'id' | 'created_on' | 'modified_on'>, self: string | undefined): void {
  for (const other of records) {
    if (other.name !== one.name || other.id === self) continue
    if (other.type === one.type && other.content === one.content)
      throw world.random() < 0.25 ? invalid(81057, 'The record already exists.') : invalid(81058, 'An identical record already exists.')
    if (one.type === 'CNAME' && PROXIABLE.has(other.type)) throw invalid(81053, 'An A, AAAA, or CNAME record with that host already exists.')
    if (PROXIABLE.has(one.type) && other.type === 'CNAME') throw invalid(81054, 'A CNAME record with that host already exists.')
  }
}

const indexOf = (records: readonly DnsRecord[], id: unknown): number => {
  const index = records.findIndex((record) => record.id === id)
  if (index < 0) throw new Refusal(404, 81044, 'Record does not exist.')
  return index
}

const stamp = (world: World): string => new Date(world.clock.now()).toISOString().replace(/\.\d+/, (ms) => `${ms}000`)

export function find(records: readonly DnsRecord[], id: string): DnsRecord {
  return records[indexOf(records, id)]!
}

/** POST: a new record at the end of the list. */
export function add(world: World, zone: string, records: DnsRecord[], body: Record<string, unknown>): DnsRecord {
  const wanted = parsed(zone, body, {})
  refuseConflict(world, records, wanted, undefined)
  const now = stamp(world)
  const record: DnsRecord = { id: hex(world.random, 32), ...wanted, created_on: now, modified_on: now }
  records.push(record)
  return record
}

/** PUT forgets what it is not told (comment and ttl vanish), PATCH keeps it. The record takes a new object, the old one stays as it was. */
export function change(world: World, zone: string, records: DnsRecord[], id: unknown, body: Record<string, unknown>, merge: boolean): { was: DnsRecord; is: DnsRecord } {
  const index = indexOf(records, id)
  const was = records[index]!
  const wanted = parsed(zone, body, merge ? was : {})
  refuseConflict(world, records, wanted, was.id)
  const is: DnsRecord = { id: was.id, ...wanted, created_on: was.created_on, modified_on: stamp(world) }
  records[index] = is
  return { was, is }
}

export function remove(records: DnsRecord[], id: unknown): DnsRecord {
  return records.splice(indexOf(records, id), 1)[0]!
}

/** The record as the API shows it. */
export function shown(record: DnsRecord): object {
  const proxiable = PROXIABLE.has(record.type) && !PRIVATE.test(record.content)
  return { ...record, proxiable, settings: {}, meta: { auto_added: false, source: 'primary' }, tags: [] }
}
