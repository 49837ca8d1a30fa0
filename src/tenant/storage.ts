// The tenant's own tables: inbox, rows, journal. Synchronous, so that whatever is written between two awaits is one commit.
import type { Command } from '../domain/order.ts'
import type { Storage } from '../domain/sql.ts'
import type { JournalEvent, Notebook, Row } from '../engine/row.ts'
import type { TenantState } from './state.ts'

/** Raised when a column changes its meaning; an object that meets a newer number parks itself instead of guessing. */
export const schemaVersion = 1

export interface JournalLine {
  i: number
  at: number
  seq: number
  epoch: number
  step: string | null
  attempt: number
  event: JournalEvent
  detail: unknown
}

export class TenantStorage implements Notebook {
  readonly #storage: Storage
  readonly #now: () => number
  /** What the database holds, read once per instance: a cache only, dropped whenever a transaction fails. */
  #rows: Map<string, Row> | undefined
  #state: TenantState | undefined
  #depth = 0

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage
    this.#now = now
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, tenant TEXT)')
    sql.exec('CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS step (name TEXT PRIMARY KEY, want TEXT NOT NULL, phase TEXT NOT NULL, attempt INTEGER NOT NULL, fails INTEGER NOT NULL, ' +
      'not_before INTEGER NOT NULL, why TEXT, body TEXT NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS journal (i INTEGER PRIMARY KEY, at INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, step TEXT, ' +
      'attempt INTEGER NOT NULL, event TEXT NOT NULL, detail TEXT)')
    sql.exec('INSERT OR IGNORE INTO meta (id, schema_version) VALUES (1, ?)', schemaVersion)
  }

  /** True when the database was written by a newer release. */
  isNewer(): boolean {
    return Number(this.#storage.sql.exec('SELECT schema_version AS v FROM meta').toArray()[0]?.['v']) > schemaVersion
  }

  transaction<T>(run: () => T): T {
    if (this.#depth > 0) return run()
    this.#depth++
    try {
      return this.#storage.transactionSync(run)
    } catch (error) {
      this.#rows = this.#state = undefined
      throw error
    } finally {
      this.#depth--
    }
  }

  /** The tenant as a whole, or undefined before its first command. */
  state(): TenantState | undefined {
    if (this.#state) return this.#state
    const text = this.#storage.sql.exec('SELECT tenant FROM meta').toArray()[0]?.['tenant']
    return typeof text === 'string' ? (this.#state = JSON.parse(text) as TenantState) : undefined
  }

  putState(state: TenantState): void {
    this.#storage.sql.exec('UPDATE meta SET tenant = ?', JSON.stringify(state))
    this.#state = state
  }

  /** False when a command with this id was taken before. */
  takeCommand(command: Command): boolean {
    const { sql } = this.#storage
    if (sql.exec('SELECT 1 FROM inbox WHERE id = ?', command.id).toArray().length > 0) return false
    sql.exec('INSERT INTO inbox (id, seq, body, at) VALUES (?, ?, ?, ?)', command.id, command.seq, JSON.stringify(command), this.#now())
    return true
  }

  rows(): Row[] {
    return [...this.#cache().values()]
  }

  row(name: string): Row | undefined {
    return this.#cache().get(name)
  }

  put(row: Row): void {
    const cache = this.#cache()
    const { name, want, phase, attempt, fails, notBefore, why } = row
    this.#storage.sql.exec(
      'INSERT INTO step (name, want, phase, attempt, fails, not_before, why, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET ' +
        'want = excluded.want, phase = excluded.phase, attempt = excluded.attempt, fails = excluded.fails, not_before = excluded.not_before, why = excluded.why, body = excluded.body',
      name, want, phase, attempt, fails, notBefore, why, JSON.stringify(row),
    )
    cache.set(name, row)
  }

  /** Forgets the rows of an epoch that has come to rest; its journal stays. */
  clearRows(): void {
    this.#storage.sql.exec('DELETE FROM step')
    this.#rows = undefined
  }

  journal(event: JournalEvent, step: string | null, attempt: number, detail: unknown): void {
    const state = this.state()
    this.#storage.sql.exec('INSERT INTO journal (at, seq, epoch, step, attempt, event, detail) VALUES (?, ?, ?, ?, ?, ?, ?)',
      this.#now(), state?.seq ?? 0, state?.identity.epoch ?? 0, step, attempt, event, detail === null ? null : JSON.stringify(detail))
  }

  /** Journal lines after `i`, oldest first, at most `limit`. */
  linesAfter(i: number, limit: number): JournalLine[] {
    return this.#storage.sql.exec('SELECT i, at, seq, epoch, step, attempt, event, detail FROM journal WHERE i > ? ORDER BY i LIMIT ?', i, limit).toArray()
      .map((line) => ({ ...line, detail: typeof line['detail'] === 'string' ? (JSON.parse(line['detail']) as unknown) : null }) as JournalLine)
  }

  lastLine(): number {
    return Number(this.#storage.sql.exec('SELECT max(i) AS i FROM journal').toArray()[0]?.['i'] ?? 0)
  }

  #cache(): Map<string, Row> {
    this.#rows ??= new Map(
      this.#storage.sql.exec('SELECT name, body FROM step ORDER BY rowid').toArray().map((line) => [String(line['name']), JSON.parse(String(line['body'])) as Row]),
    )
    return this.#rows
  }
}
