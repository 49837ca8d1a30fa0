// The customer's own tables: who they are, what they changed and when, and what their zones held when they were last seen.
import type { Home } from '../domain/dns/home.ts'
import type { DnsRecord } from '../domain/dns/record.ts'
import type { Change } from '../domain/dns/zone-diff.ts'
import { schemas } from '../domain/schema.ts'
import type { Storage } from '../domain/sql.ts'
import type { Wanted } from '../engine/resource.ts'
import { RowStore } from '../engine/row-store.ts'

/** Whose object this is: written with the first change. `projected` is the journal line that the reporting copy has been told. */
export interface CustomerState { key: string; connection: string; user: string; customerNo: string; projected?: number }

/** `records` of a zone that was deleted are what brings it back, to the home (ISPConfig when left out) where it was. */
export type Deed =
  | { kind: 'add-zone'; origin: string; home?: Home; records: DnsRecord[] }
  | { kind: 'delete-zone'; origin: string; home?: Home; records: DnsRecord[] }
  | { kind: 'records'; origin: string; changes: Change[] }
  | { kind: 'mail'; origin: string; changes: Change[]; wants: Wanted[] }

/** A record that its home did not take; `kept` is what it was to replace and came back. */
export interface Refused { row: string; record: DnsRecord; why: string; kept: DnsRecord | null }

export interface HistoryItem {
  n: number
  at: number
  actor: string
  /** In the customer's words: “A record was added”. */
  what: string
  deed: Deed
  /** The rows that do it. */
  rows: string[]
  state: 'pending' | 'done' | 'failed'
  why: string | null
  /** The records of it that were refused, while all else of it goes on; left out when there were none. */
  refused?: Refused[]
  /** The item that it takes back, and the one that took it back. */
  undoes: number | null
  undone: number | null
}

/** One row of a zone as it was seen; `record` is null when it holds what we would not write. */
export interface SeenRecord { record: DnsRecord | null; id: number | string; name: string; type: string; data: string; ttl: number; priority: number; active: boolean }
/** `zoneId` is ISPConfig's number, 0 when it has none; the servers of a zone at Cloudflare are Cloudflare's choice. */
export interface SeenZone { origin: string; zoneId: number; at: number; records: SeenRecord[]; cloudflare?: { nameServers: string[]; delegated: boolean } }

export class CustomerStorage extends RowStore {
  #state: CustomerState | undefined

  constructor(storage: Storage, now: () => number) {
    super(storage, now, schemas.customer)
    storage.sql.exec('CREATE TABLE IF NOT EXISTS history (n INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL)')
    storage.sql.exec('CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, body TEXT NOT NULL)')
  }

  protected override key(): string | undefined {
    return this.state()?.key
  }

  protected override stamp(): { seq: number; epoch: number } {
    return { seq: this.lastChange(), epoch: 0 }
  }

  protected override forget(): void {
    super.forget()
    this.#state = undefined
  }

  state(): CustomerState | undefined {
    if (this.#state) return this.#state
    const text = this.storage.sql.exec('SELECT tenant FROM meta').toArray()[0]?.['tenant']
    return typeof text === 'string' ? (this.#state = JSON.parse(text) as CustomerState) : undefined
  }

  putState(state: CustomerState): void {
    this.storage.sql.exec('UPDATE meta SET tenant = ?', JSON.stringify(state))
    this.#state = state
  }

  /** Number of the newest change; 0 before the first. */
  lastChange(): number {
    return Number(this.storage.sql.exec('SELECT max(n) AS n FROM history').toArray()[0]?.['n'] ?? 0)
  }

  change(n: number): HistoryItem | undefined {
    const row = this.storage.sql.exec('SELECT body FROM history WHERE n = ?', n).toArray()[0]
    return row && (JSON.parse(String(row['body'])) as HistoryItem)
  }

  putChange(item: HistoryItem): void {
    this.storage.sql.exec('INSERT INTO history (n, state, body) VALUES (?, ?, ?) ON CONFLICT (n) DO UPDATE SET state = excluded.state, body = excluded.body', item.n, item.state, JSON.stringify(item))
  }

  pending(): HistoryItem[] {
    return this.#items("SELECT body FROM history WHERE state = 'pending' ORDER BY n")
  }

  /** Newest first. */
  history(before: number, limit: number): HistoryItem[] {
    return this.#items('SELECT body FROM history WHERE n < ? ORDER BY n DESC LIMIT ?', before, limit)
  }

  /** Oldest first. */
  changesAfter(n: number, limit: number): HistoryItem[] {
    return this.#items('SELECT body FROM history WHERE n > ? ORDER BY n LIMIT ?', n, limit)
  }

  /** The last that was wanted of this zone as a whole was its end. */
  wasDeleted(origin: string): boolean {
    const last = this.storage.sql.exec("SELECT json_extract(body, '$.deed.kind') AS kind FROM history WHERE json_extract(body, '$.deed.origin') = ? AND json_extract(body, '$.deed.kind') <> 'records' ORDER BY n DESC LIMIT 1", origin).toArray()[0]
    return last?.['kind'] === 'delete-zone'
  }

  /** The zones as they were last seen. */
  seen(): SeenZone[] {
    return this.storage.sql.exec('SELECT body FROM seen ORDER BY origin').toArray().map((row) => JSON.parse(String(row['body'])) as SeenZone)
  }

  putSeen(zones: readonly SeenZone[]): void {
    this.storage.sql.exec('DELETE FROM seen')
    for (const zone of zones) this.storage.sql.exec('INSERT INTO seen (origin, body) VALUES (?, ?)', zone.origin, JSON.stringify(zone))
  }

  #items(query: string, ...values: number[]): HistoryItem[] {
    return this.storage.sql.exec(query, ...values).toArray().map((row) => JSON.parse(String(row['body'])) as HistoryItem)
  }
}
