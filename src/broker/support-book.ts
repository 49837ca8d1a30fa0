// Support subscriptions of all connections, each seen by its own only, and the history of every change, which only grows.
// Holds hashes of keys, never a key. One transaction per call; asking again changes nothing.
import { newSupportKey, supportAdmission, supportKeyHash, supportStatusAfter, type SupportStatus, type SupportVerb, type Tier } from '../domain/support.ts'
import { openOrThrow, schemas } from '../domain/schema.ts'
import type { Storage } from '../domain/sql.ts'

export interface Customer { email: string; firstname: string; lastname: string }

export interface Subscription extends Customer {
  connection: string
  service: string
  status: SupportStatus
  tier: Tier
  /** How many keys this service has had. */
  generation: number
  createdAt: number
  changedAt: number
  /** Line of the history up to which this is true. */
  version: number
}

export interface HistoryLine { i: number; at: number; verb: SupportVerb; status: SupportStatus; tier: Tier; generation: number; actor: string }

/** Whose subscription, and who asks. */
export interface Whose { connection: string; service: string; actor: string }

export type Created = { answer: 'created'; key: string; subscription: Subscription } | { answer: 'conflict' }
export type Changed = { answer: 'taken' | 'unchanged'; status: SupportStatus } | { answer: 'unknown' }
/** `too-many`: this desk has asked about too many wrong keys; nothing is said about any key for now. */
export type Verified = { answer: 'known'; subscription: Subscription } | { answer: 'unknown' } | { answer: 'too-many' }

/** Wrong keys that one help desk may ask about at once; one more for each `regainMs` that passes. */
export const guesses = { most: 30, regainMs: 20_000 }

/** What the object lends: the secret that hashes are keyed with, and a cryptographic source. */
export interface SupportLent { secret: string; bytes(count: number): Uint8Array }

const columns = 'connection, service, status, tier, email, firstname, lastname, generation, created_at AS createdAt, changed_at AS changedAt, version'

export class SupportBook {
  readonly #storage: Storage
  readonly #lent: SupportLent

  constructor(storage: Storage, lent: SupportLent) {
    this.#storage = storage
    this.#lent = lent
    openOrThrow(storage, schemas.support)
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS subscription (connection TEXT NOT NULL, service TEXT NOT NULL, status TEXT NOT NULL, tier TEXT NOT NULL, email TEXT NOT NULL, ' +
      'firstname TEXT NOT NULL, lastname TEXT NOT NULL, generation INTEGER NOT NULL, key_hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, ' +
      'version INTEGER NOT NULL, PRIMARY KEY (connection, service))')
    sql.exec('CREATE INDEX IF NOT EXISTS subscription_by_version ON subscription (version)')
    sql.exec('CREATE TABLE IF NOT EXISTS history (i INTEGER PRIMARY KEY, at INTEGER NOT NULL, connection TEXT NOT NULL, service TEXT NOT NULL, verb TEXT NOT NULL, status TEXT NOT NULL, ' +
      'tier TEXT NOT NULL, generation INTEGER NOT NULL, actor TEXT NOT NULL)')
    sql.exec('CREATE INDEX IF NOT EXISTS history_by_service ON history (connection, service)')
    for (const verb of ['UPDATE', 'DELETE']) sql.exec(`CREATE TRIGGER IF NOT EXISTS history_no_${verb} BEFORE ${verb} ON history BEGIN SELECT RAISE(ABORT, 'the history only grows'); END`)
    sql.exec('CREATE TABLE IF NOT EXISTS guess (desk TEXT PRIMARY KEY, level REAL NOT NULL, at INTEGER NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS told (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)')
    sql.exec('INSERT OR IGNORE INTO told (id, version) VALUES (1, 0)')
  }

  /** A new subscription, or a new key for one that had ended. The key is in this answer and nowhere else. */
  create(whose: Whose, wanted: Customer & { tier: Tier }, now: number): Created {
    return this.#storage.transactionSync(() => {
      const known = this.subscription(whose.connection, whose.service)
      if (supportAdmission(known?.status, 'create') !== 'accept') return { answer: 'conflict' }
      const key = newSupportKey((count) => this.#lent.bytes(count))
      const subscription = this.#put('create', {
        ...wanted, connection: whose.connection, service: whose.service, status: 'ACTIVE', generation: (known?.generation ?? 0) + 1, createdAt: known?.createdAt ?? now, changedAt: now,
      }, whose.actor, supportKeyHash(this.#lent.secret, key))
      return { answer: 'created', key, subscription }
    })
  }

  change(verb: Exclude<SupportVerb, 'create'>, whose: Whose, now: number): Changed {
    return this.#storage.transactionSync(() => {
      const known = this.subscription(whose.connection, whose.service)
      const admitted = supportAdmission(known?.status, verb)
      if (!known || admitted === 'unknown' || admitted === 'conflict') return { answer: 'unknown' }
      const status = supportStatusAfter[verb]
      if (admitted === 'accept') this.#put(verb, { ...known, status, changedAt: now }, whose.actor)
      return { answer: admitted === 'accept' ? 'taken' : 'unchanged', status }
    })
  }

  /** The subscription of a key, if it is one of this connection. `desk` is who asks: its wrong keys are counted. */
  verify(desk: { id: string; connection: string }, key: string, now: number): Verified {
    const level = this.#guessed(desk.id, now)
    if (level > guesses.most - 1) return { answer: 'too-many' }
    // Found by its keyed hash, which nobody outside can steer: how long the look-up takes tells nothing about other keys.
    const row = this.#storage.sql.exec(`SELECT ${columns} FROM subscription WHERE key_hash = ? AND connection = ?`, supportKeyHash(this.#lent.secret, key), desk.connection).toArray()[0]
    if (row) return { answer: 'known', subscription: row as unknown as Subscription }
    this.#storage.sql.exec('INSERT INTO guess (desk, level, at) VALUES (?, ?, ?) ON CONFLICT (desk) DO UPDATE SET level = excluded.level, at = excluded.at', desk.id, level + 1, now)
    return { answer: 'unknown' }
  }

  subscription(connection: string, service: string): Subscription | undefined {
    const row = this.#storage.sql.exec(`SELECT ${columns} FROM subscription WHERE connection = ? AND service = ?`, connection, service).toArray()[0]
    return row as unknown as Subscription | undefined
  }

  /** Every change of a subscription, oldest first. */
  history(connection: string, service: string): HistoryLine[] {
    return this.#storage.sql.exec('SELECT i, at, verb, status, tier, generation, actor FROM history WHERE connection = ? AND service = ? ORDER BY i', connection, service).toArray() as unknown as HistoryLine[]
  }

  /** What the reporting copy has not been told, oldest change first. */
  untold(limit: number): { after: number; rows: Subscription[] } {
    const { sql } = this.#storage
    const after = Number(sql.exec('SELECT version FROM told').toArray()[0]?.['version'])
    return { after, rows: sql.exec(`SELECT ${columns} FROM subscription WHERE version > ? ORDER BY version LIMIT ?`, after, limit).toArray() as unknown as Subscription[] }
  }

  /** The reporting copy has what came after `after`, up to `version`. Says nothing if the copy was given up for lost meanwhile. */
  told(after: number, version: number): void {
    this.#storage.sql.exec('UPDATE told SET version = ? WHERE version = ?', version, after)
  }

  /** The reporting copy was lost: everything is to be told again. */
  lost(): void {
    this.#storage.sql.exec('UPDATE told SET version = 0')
  }

  /** Writes the change and its line of the history. Without a hash the key stays the one it was. */
  #put(verb: SupportVerb, next: Omit<Subscription, 'version'>, actor: string, hash?: string): Subscription {
    const { sql } = this.#storage
    const { connection, service, status, tier, generation, email, firstname, lastname, createdAt, changedAt } = next
    sql.exec('INSERT INTO history (at, connection, service, verb, status, tier, generation, actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)', changedAt, connection, service, verb, status, tier, generation, actor)
    const version = Number(sql.exec('SELECT max(i) AS i FROM history').toArray()[0]?.['i'])
    if (hash === undefined) sql.exec('UPDATE subscription SET status = ?, changed_at = ?, version = ? WHERE connection = ? AND service = ?', status, changedAt, version, connection, service)
    else
      sql.exec('INSERT OR REPLACE INTO subscription (connection, service, status, tier, email, firstname, lastname, generation, key_hash, created_at, changed_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        connection, service, status, tier, email, firstname, lastname, generation, hash, createdAt, changedAt, version)
    return { ...next, version }
  }

  #guessed(desk: string, now: number): number {
    const row = this.#storage.sql.exec('SELECT level, at FROM guess WHERE desk = ?', desk).toArray()[0]
    return row ? Math.max(0, Number(row['level']) - (now - Number(row['at'])) / guesses.regainMs) : 0
  }
}
