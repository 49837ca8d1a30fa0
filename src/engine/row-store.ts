// The rows and the journal of one object, in its own tables. Synchronous, so that whatever is written between two awaits is one commit.
import type { Storage } from '../domain/sql.ts'
import type { JournalEvent, Notebook, Row } from './row.ts'

export abstract class RowStore implements Notebook {
  protected readonly storage: Storage
  protected readonly now: () => number
  /** What the database holds, read once per instance: a cache only, dropped whenever a transaction fails. */
  #rows: Map<string, Row> | undefined
  #depth = 0
  readonly #schemaVersion: number

  /** An object whose tables were written with a newer `schemaVersion` parks itself instead of guessing: see isNewer. */
  constructor(storage: Storage, now: () => number, schemaVersion: number) {
    this.storage = storage
    this.now = now
    this.#schemaVersion = schemaVersion
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, tenant TEXT)')
    sql.exec('CREATE TABLE IF NOT EXISTS step (name TEXT PRIMARY KEY, want TEXT NOT NULL, phase TEXT NOT NULL, attempt INTEGER NOT NULL, fails INTEGER NOT NULL, ' +
      'not_before INTEGER NOT NULL, why TEXT, body TEXT NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS journal (i INTEGER PRIMARY KEY, at INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, step TEXT, ' +
      'attempt INTEGER NOT NULL, event TEXT NOT NULL, detail TEXT)')
    sql.exec('INSERT OR IGNORE INTO meta (id, schema_version) VALUES (1, ?)', schemaVersion)
  }

  /** What a journal line is stamped with. */
  protected abstract stamp(): { seq: number; epoch: number }

  /** A transaction failed: what was read before it may be wrong. */
  protected forget(): void {
    this.#rows = undefined
  }

  /** True when the database was written by a newer release. */
  isNewer(): boolean {
    return Number(this.storage.sql.exec('SELECT schema_version AS v FROM meta').toArray()[0]?.['v']) > this.#schemaVersion
  }

  transaction<T>(run: () => T): T {
    if (this.#depth > 0) return run()
    this.#depth++
    try {
      return this.storage.transactionSync(run)
    } catch (error) {
      this.forget()
      throw error
    } finally {
      this.#depth--
    }
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
    this.storage.sql.exec(
      'INSERT INTO step (name, want, phase, attempt, fails, not_before, why, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET ' +
        'want = excluded.want, phase = excluded.phase, attempt = excluded.attempt, fails = excluded.fails, not_before = excluded.not_before, why = excluded.why, body = excluded.body',
      name, want, phase, attempt, fails, notBefore, why, JSON.stringify(row),
    )
    cache.set(name, row)
  }

  /** Forgets a row that has come to rest and is wanted no more. */
  drop(name: string): void {
    this.storage.sql.exec('DELETE FROM step WHERE name = ?', name)
    this.#cache().delete(name)
  }

  journal(event: JournalEvent, step: string | null, attempt: number, detail: unknown): void {
    const { seq, epoch } = this.stamp()
    this.storage.sql.exec('INSERT INTO journal (at, seq, epoch, step, attempt, event, detail) VALUES (?, ?, ?, ?, ?, ?, ?)',
      this.now(), seq, epoch, step, attempt, event, detail === null ? null : JSON.stringify(detail))
  }

  /** Number of the newest line; 0 before the first. */
  lastLine(): number {
    return Number(this.storage.sql.exec('SELECT max(i) AS i FROM journal').toArray()[0]?.['i'] ?? 0)
  }

  #cache(): Map<string, Row> {
    this.#rows ??= new Map(
      this.storage.sql.exec('SELECT name, body FROM step ORDER BY rowid').toArray().map((line) => [String(line['name']), JSON.parse(String(line['body'])) as Row]),
    )
    return this.#rows
  }
}
