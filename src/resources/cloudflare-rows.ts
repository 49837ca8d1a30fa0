// Cloudflare's records and ours: the same content in two spellings. Its names have no dot at the end, its texts are quoted strings,
// and SRV, CAA and TLSA come in parts.
import { readRecord, type DnsRecord } from '../domain/dns/record.ts'
import { quoted, textAsWritten } from '../domain/dns/text-strings.ts'
import type { DnsRecordSettings } from '../upstreams/cloudflare/client.ts'
import type { DnsRecord as Row } from '../upstreams/cloudflare/wire.ts'

const bare = (name: string): string => (name === '.' ? '.' : name.replace(/\.$/, ''))

/** The record as Cloudflare takes it; `comment` says who made it. */
export function toCloudflare({ name, type, ttl, priority, data }: DnsRecord, comment: string): DnsRecordSettings {
  if (type === 'ALIAS') throw new Error('Cloudflare has no ALIAS records')
  const settings = { type, name: bare(name), ttl, proxied: false, comment }
  if (type === 'SRV') {
    const [weight, port, target = ''] = data.split(' ')
    return { ...settings, data: { priority: priority ?? 0, weight: Number(weight), port: Number(port), target: bare(target) } }
  }
  if (type === 'CAA') {
    const [, flags, tag = '', value = ''] = /^(\d+) (\S+) (.*)$/.exec(data) ?? []
    return { ...settings, data: { flags: Number(flags), tag, value: textAsWritten(value) } }
  }
  if (type === 'TLSA') {
    const [usage, selector, matching, certificate = ''] = data.split(' ')
    return { ...settings, data: { usage: Number(usage), selector: Number(selector), matching_type: Number(matching), certificate } }
  }
  const content = type === 'TXT' ? quoted(data) : type === 'A' || type === 'AAAA' ? data : bare(data)
  return { ...settings, content, ...(type === 'MX' ? { priority: priority ?? 0 } : {}) }
}

/** Undefined when it holds something that we would not write, such as a proxied record. */
export function fromCloudflare(row: Row, origin: string): DnsRecord | undefined {
  if (row.proxied === true) return undefined
  const ttl = row.ttl ?? 1
  const parts = row.data ?? {}
  const part = (name: string): string => String(parts[name] ?? '')
  const host = (text: string): string => (text === '' || text.endsWith('.') ? text : `${text}.`)
  const content = row.content ?? ''
  const data = row.type === 'SRV' ? `${part('weight')} ${part('port')} ${host(part('target'))}`
    : row.type === 'CAA' ? `${part('flags')} ${part('tag')} "${part('value')}"`
      : row.type === 'TLSA' ? `${part('usage')} ${part('selector')} ${part('matching_type')} ${part('certificate')}`
        : ['CNAME', 'MX', 'NS', 'PTR'].includes(row.type) ? host(content)
          : row.type === 'TXT' ? quoted(textAsWritten(content)) : content
  const priority = row.type === 'SRV' ? Number(parts['priority'] ?? 0) : (row.priority ?? null)
  // What the dashboard calls automatic is no TTL that anybody could enter here.
  const read = readRecord({ name: `${row.name}.`, type: row.type, ttl: Math.min(Math.max(ttl, 60), 604_800), priority, data }, origin)
  return read.ok ? { ...read.record, ttl } : undefined
}
