// Somebody else's things in the place of ours: put there by hand, without our mark, behind our back.
import type { DnsRecord } from '../../lab/cloudflare/records.ts'
import { npmState } from '../../lab/npm/rows.ts'
import type { Identity } from '../../src/domain/order.ts'
import type { Platform } from './platform.ts'

const date = '2026-01-01T00:00:00Z'

/** An A record of the same name that points elsewhere. Only the first order of a history meets one. */
export function plantRecord(platform: Platform, { hostname }: Identity): void {
  if (platform.foreign.length > 0) return
  const content = '203.0.113.29'
  const record: DnsRecord = { id: 'f'.repeat(32), name: hostname, type: 'A', content, ttl: 300, proxied: false, comment: 'made by hand', created_on: date, modified_on: date }
  platform.dc.world.slice<{ records: DnsRecord[] }>('cloudflare', () => ({ records: [] })).records.push(record)
  platform.foreign.push({ of: hostname, what: content })
}

/** A proxy host of the same name. */
export function plantHost(platform: Platform, { hostname }: Identity): void {
  if (platform.foreign.length > 0) return
  const { hosts } = npmState(platform.dc.world)
  hosts.push({
    id: 9_999, created_on: date, modified_on: date, owner_user_id: 1, domain_names: [hostname], forward_scheme: 'http', forward_host: '192.168.1.77', forward_port: 8080,
    access_list_id: 0, certificate_id: 0, ssl_forced: false, caching_enabled: false, block_exploits: false, advanced_config: '', meta: { nginx_online: true, nginx_err: null },
    allow_websocket_upgrade: false, http2_support: false, enabled: true, locations: null, hsts_enabled: false, hsts_subdomains: false, trust_forwarded_proto: false,
  })
  platform.foreign.push({ of: hostname, what: '192.168.1.77:8080' })
}
