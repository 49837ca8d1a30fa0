// From the customer's truth to the rows of the reporting copy. Pure; the copy may be dropped and rebuilt.
import type { Home } from '../domain/dns/home.ts'
import { shown } from '../domain/dns/host-name.ts'
import { sealed, type AuditLine } from '../domain/audit-chain.ts'
import type { JournalLine } from '../engine/row-store.ts'
import type { Row } from '../engine/row.ts'
import type { DnsZoneWish } from '../resources/dns-zone.ts'
import { MailRows, standOf, type Stand } from './mail-rows.ts'
import type { CustomerState, CustomerStorage } from './storage.ts'
import { homeOf, isEntryOf, isZoneRow, zoneRow } from './wishes.ts'

interface Of { customer: string; connection: string; user: string; version: number; state: string; reason: string | null; since: number }

export interface CustomerProjection {
  customer: {
    customer: string; connection: string; user: string; customerNo: string
    /** `at rest`, `working`, or `needs support`, then `why` says what for. */
    status: string; why: string | null
    changes: number; changedAt: number; version: number
  }
  audit: (AuditLine & { hash: string })[]
  zones: (Of & { zone: string; home: Home })[]
  mail: (Of & { domain: string; service: string; mailboxes: number; aliases: number; forwards: number })[]
}

/** `lines` are the journal lines since the last projection, at least one; their last number is the version. */
export function projection(store: CustomerStorage, { key: customer, connection, user, customerNo }: CustomerState, lines: readonly JournalLine[]): CustomerProjection {
  const version = lines.at(-1)?.i ?? 0
  const rows = store.rows()
  const of = { customer, connection, user, version }
  const stuck = rows.find(({ phase }) => phase === 'stuck')
  const changes = store.lastChange()
  return {
    customer: {
      customer, connection, user, customerNo, version, changes, changedAt: store.change(changes)?.at ?? 0,
      status: stuck ? 'needs support' : rows.some(({ phase }) => phase !== 'settled') || store.pending().length > 0 ? 'working' : 'at rest', why: stuck?.why ?? null,
    },
    audit: sealed(customer, lines),
    zones: zonesOf(store, rows).map((one) => ({ ...of, ...one })),
    mail: new MailRows(store).views().map(({ domain, service_id: service, state, mailboxes, aliases, forwards }) => {
      const own = rows.filter(({ name }) => name === `mail-domain:${domain}` || name === `mail-dkim:${domain}` || name.endsWith(`@${domain}`))
      const bad = own.find(({ phase }) => phase === 'stuck')
      return {
        ...of, domain, service, state: bad ? ('needs support' satisfies Stand) : state, reason: bad?.why ?? null, since: newest(own),
        mailboxes: mailboxes.length, aliases: aliases.length, forwards: forwards.length,
      }
    }),
  }
}

/** The zones that are here, coming or going; those that were made in the panel as they were last seen. */
function zonesOf(store: CustomerStorage, rows: readonly Row[]): { zone: string; home: Home; state: string; reason: string | null; since: number }[] {
  const origins = new Set(rows.filter(({ name }) => isZoneRow(name)).map(({ wish }) => (wish as Pick<DnsZoneWish, 'origin'>).origin))
  const made = new Map([...origins].flatMap((origin) => {
    const row = store.row(zoneRow(origin, homeOf(store, origin))) ?? store.row(zoneRow(origin, 'cloudflare'))
    return row ? [[origin, row] as const] : []
  }))
  const seen = new Map(store.seen().filter(({ origin }) => !made.has(origin)).map(({ origin, at }) => [origin, at]))
  const going = new Set(store.pending().flatMap(({ deed }) => (deed.kind === 'delete-zone' ? [deed.origin] : [])))
  const here = [...made].flatMap(([origin, { want, phase }]) => (want === 'present' || phase !== 'settled' ? [origin] : []))
  return [...here, ...seen.keys()].map((origin) => {
    const row = made.get(origin)
    const entries = rows.filter(({ name }) => isEntryOf(name, origin))
    const own = row ? [row, ...entries] : entries
    const bad = own.find(({ phase }) => phase === 'stuck')
    const busy = entries.some(({ phase }) => phase !== 'settled')
    const state: Stand | 'being changed' = bad ? 'needs support' : going.has(origin) ? 'being deleted' : row && row.phase !== 'settled' ? standOf(row) : busy ? 'being changed' : 'ready'
    return { zone: shown(origin), home: homeOf(store, origin), state, reason: bad?.why ?? null, since: own.length > 0 ? newest(own) : seen.get(origin) ?? 0 }
  })
}

const newest = (rows: readonly Row[]): number => Math.max(0, ...rows.map(({ since }) => since))
