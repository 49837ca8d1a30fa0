// The reporting copy as the tests of it handle it: emptied although the audit only grows, and filled with what a hoster has.
import { env } from 'cloudflare:workers'
import { writeCustomer } from '../../src/db/customers.ts'
import { writeAddresses, writePools, writeReport, type Report } from '../../src/db/reports.ts'
import { beforeFirst, hashOf, type AuditLine } from '../../src/domain/audit-chain.ts'

const tables = ['tenants', 'steps', 'audit', 'domains', 'backups', 'addresses', 'pools', 'support_subscriptions', 'dead_letters', 'customers', 'zones', 'mail_domains']

/** Does what the audit's triggers forbid, and puts them back. */
export async function behindTheTriggers(...queries: string[]): Promise<void> {
  const { results } = await env.DB.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'").all<{ name: string; sql: string }>()
  const all = [...results.map(({ name }) => `DROP TRIGGER ${name}`), ...queries, ...results.map(({ sql }) => sql)]
  await env.DB.batch(all.map((query) => env.DB.prepare(query)))
}

export const emptyCopy = (): Promise<void> => behindTheTriggers(...tables.map((table) => `DELETE FROM ${table}`))

interface Told { service: string; heldBy?: string; status?: string; cause?: string; plan?: string; orderedAt?: number; steps?: Partial<Report['steps'][number]>[]; audit?: Partial<AuditLine>[]; domains?: Partial<NonNullable<Report['domains']>[number]>[]; backups?: Partial<NonNullable<Report['backups']>[number]>[]; version?: number; forgotten?: string[] }

/** What a tenant would tell; the audit's lines are sealed. `now` is epoch ms. */
export function told({ service, heldBy, status = 'live', cause, plan = 'basic', orderedAt = 0, steps = [], audit = [], domains = [], backups = [], version = 9, forgotten = [] }: Told, now: number): Report {
  const tenant = `t-${service}`
  let hash = beforeFirst
  return {
    tenant: {
      tenant, connection: 'test', service, email: `${service}@example.com`, plan, status, target: 'live', epoch: 1, vmid: 10_000, ip: '192.168.1.100', hostname: `${service}.example`, node: 'node1',
      cause: cause ?? null, ...(heldBy === undefined ? {} : { heldBy, heldWhy: 'new disks', heldAt: now - 50_000 }), orderedAt: orderedAt || now - 300_000, changedAt: now - 300_000, restAt: now - 100_000, version,
    },
    steps: steps.map((step) => ({ tenant, epoch: 1, step: 'container', want: 'present', phase: 'settled', attempt: 1, why: null, since: now - 60_000, startedAt: now - 100_000, settledAt: now - 60_000, version, ...step })),
    audit: audit.map((one, i) => {
      const line = { tenant, line: i + 1, at: now - 100_000 + i, epoch: 1, event: 'command', step: null, detail: null, ...one }
      hash = hashOf(hash, line)
      return { ...line, hash }
    }),
    forgotten,
    domains: domains.map((one) => ({ tenant, domain: `${service}.example`, connection: 'test', service, state: 'live', reason: null, certificateExpiresAt: null, since: now - 50_000, version, ...one })),
    backups: backups.map((one, i) => ({ tenant, name: `BAK23112026-${i + 1}`, kind: 'manual', state: 'good', reason: null, sizeBytes: 1_000, at: now - 40_000, keptUntil: null, version, ...one })),
  }
}

/** A little of everything that the views tell of. `now` is epoch ms. */
export async function fillCopy(now: number): Promise<void> {
  const live = { event: 'rest', detail: '"live"' }
  const all: Told[] = [
    ...Array.from({ length: 20 }, (_, i): Told => ({
      service: `live-${String(i).padStart(2, '0')}`, orderedAt: now - 100_000 - (i + 1) * 10_000, steps: [{ settledAt: now - 100_000 + (i + 1) * 1_000 }], audit: [{ detail: '{"verb":"create","actor":"test"}', at: now - 200_000 }, { ...live, at: now - 100_000 }],
    })),
    { service: 'shop', plan: 'premium', audit: [live, { event: 'retried', detail: '{"actor":"the night shift","steps":["power"]}' }, { event: 'bug', detail: '{"error":"TypeError"}' }],
      domains: [{ domain: 'shop.example', certificateExpiresAt: now + 86_400_000 }, { domain: 'www.shop.example', state: 'waiting for DNS', reason: 'no address yet' }],
      backups: [{}, { kind: 'scheduled', at: now - 10_000 }, { kind: 'off-site', state: 'failed', sizeBytes: null, reason: 'no space' }] },
    { service: 'stuck', status: 'stuck', steps: [{ step: 'dns-record', phase: 'stuck', why: 'cloudflare: 403' }], audit: [{ event: 'stuck', step: 'dns-record', detail: '"cloudflare: 403"' }] },
    { service: 'ended', status: 'terminated', backups: [{ name: 'OFF01112026-1', kind: 'off-site', keptUntil: now + 86_400_000 }] },
    { service: 'undone', status: 'undone', cause: 'Container: storage is full', audit: [{ event: 'turned', step: 'container', detail: '"storage is full"' }] },
    { service: 'held', heldBy: 'the day shift', orderedAt: now - 90_000 },
    { service: 'new', status: 'building', plan: 'standard', steps: [{ phase: 'waiting', why: 'waiting for a free place (pve:node1)', settledAt: 0 }] },
  ]
  for (const one of all) await writeReport(env.DB, told(one, now), now)
  await writeAddresses(env.DB, 'lab', { held: 24, quarantined: 6, free: 124 }, now)
  await writePools(env.DB, 'lab', [{ plan: 'basic', target: 3, ready: 2, building: 1, retiring: 0, oldestReadyAt: now - 9_000_000, longest: '17', longestSince: now - 60_000, refillMs: 170_000, arrivals: 9, claims: 8 }], now)
  await env.DB.prepare("INSERT INTO support_subscriptions VALUES ('test', '1', 'ACTIVE', 'gold', 'a@example.com', 'A', 'B', 2, ?1, ?1, 1, ?1)").bind(now).run()
  const whose = { customer: 'c-7', connection: 'test', user: '7', version: 3 }
  await writeCustomer(env.DB, {
    customer: { ...whose, customerNo: 'P7', status: 'needs support', why: 'ispconfig: 403', changes: 2, changedAt: now - 5_000 },
    audit: [],
    zones: [{ ...whose, zone: 'example.com', home: 'ispconfig', state: 'ready', reason: null, since: now - 9_000 }, { ...whose, zone: 'example.net', home: 'cloudflare', state: 'needs support', reason: 'ispconfig: 403', since: now - 8_000 }],
    mail: [{ ...whose, domain: 'example.com', service: 'shop', state: 'ready', reason: null, since: now - 7_000, mailboxes: 2, aliases: 1, forwards: 0 }],
  }, now)
  await env.DB.prepare("INSERT INTO dead_letters (id, reason, body, at) VALUES ('1', 'unreadable', '{\"id\":\"t1.1\"}', ?)").bind(now).run()
}
