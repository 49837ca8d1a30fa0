// The rows, the journal and the seals of one object, in its own tables. Synchronous, so that whatever is written between two awaits
// is one commit.
import { beforeFirst, hashOf, type AuditLine, type Seal } from '../domain/audit-chain.ts'
import { openSchema, type Schema } from '../domain/schema.ts'
import type { Storage } from '../domain/sql.ts'
import type { JournalEvent, Notebook, Row } from './row.ts'

/** What people want to read later; the rest of the journal is for recovery only. */
const forPeople: readonly JournalEvent[] = ['command', 'ignored', 'turned', 'stuck', 'retried', 'rest', 'bug', 'action', 'held', 'released', 'aborted', 'adopted']

export interface JournalLine {
  i: number
  at: number
  seq: number
  epoch: number
  step: string | null
  attempt: number
  event: JournalEvent
  detail: unknown
  /** Its seal in the audit; null when it is for recovery only. */
  hash: string | null
}

export abstract class RowStore implements Notebook {
  protected readonly storage: Storage
  protected readonly now: () => number
  /** What the database holds, read once per instance: a cache only, dropped whenever a transaction fails. */
  #rows: Map<string, Row> | undefined
  #depth = 0
  readonly #schema: Schema

  /** An object that was written by a release whose tables this one cannot read parks itself instead of guessing: see isNewer. */
  constructor(storage: Storage, now: () => number, schema: Schema) {
    this.storage = storage
    this.now = now
    this.#schema = schema
    const { sql } = storage
    openSchema(storage, schema)
    sql.exec('CREATE TABLE IF NOT EXISTS step (name TEXT PRIMARY KEY, want TEXT NOT NULL, phase TEXT NOT NULL, attempt INTEGER NOT NULL, fails INTEGER NOT NULL, ' +
      'not_before INTEGER NOT NULL, why TEXT, body TEXT NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS journal (i INTEGER PRIMARY KEY, at INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, step TEXT, ' +
      'attempt INTEGER NOT NULL, event TEXT NOT NULL, detail TEXT)')
    // The seals of the audit. They outlive the journal: whoever prunes it must leave them.
    sql.exec('CREATE TABLE IF NOT EXISTS seal (line INTEGER PRIMARY KEY, hash TEXT NOT NULL)')
  }

  /** Whose journal this is, undefined as long as nobody's. */
  protected abstract key(): string | undefined

  /** What a journal line is stamped with. */
  protected abstract stamp(): { seq: number; epoch: number }

  /** A transaction failed: what was read before it may be wrong. */
  protected forget(): void {
    this.#rows = undefined
  }

  /** True when the database was written by a release whose tables this one cannot read. */
  isNewer(): boolean {
    return Number(this.storage.sql.exec('SELECT schema_version AS v FROM meta').toArray()[0]?.['v']) > this.#schema.version
  }

  /** From now on a release that reads less than this version does not touch the object. */
  needs(version: number): void {
    this.storage.sql.exec('UPDATE meta SET schema_version = max(schema_version, ?)', version)
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
    this.transaction(() => {
      this.storage.sql.exec('INSERT INTO journal (at, seq, epoch, step, attempt, event, detail) VALUES (?, ?, ?, ?, ?, ?, ?)',
        this.now(), seq, epoch, step, attempt, event, detail === null ? null : JSON.stringify(detail))
      if (forPeople.includes(event)) this.seal()
    })
  }

  /** Seals what people want to read and has no seal yet. Once in the same commit as the line, so that no crash forks the chain. */
  seal(): void {
    const { sql } = this.storage
    const tenant = this.key()
    if (tenant === undefined) return
    const [head] = sql.exec('SELECT line, hash FROM seal ORDER BY line DESC LIMIT 1').toArray()
    let hash = typeof head?.['hash'] === 'string' ? head['hash'] : beforeFirst
    const open = sql.exec(`SELECT i AS line, at, epoch, event, step, detail FROM journal WHERE i > ? AND event IN (${forPeople.map(() => '?').join()}) ORDER BY i`, Number(head?.['line'] ?? 0), ...forPeople).toArray()
    for (const line of open as unknown as Omit<AuditLine, 'tenant'>[]) {
      hash = hashOf(hash, { ...line, tenant })
      sql.exec('INSERT INTO seal (line, hash) VALUES (?, ?)', line.line, hash)
    }
  }

  /** Seals after `line`, oldest first, at most `limit`. */
  sealsAfter(line: number, limit: number): Seal[] {
    return this.storage.sql.exec('SELECT line, hash FROM seal WHERE line > ? ORDER BY line LIMIT ?', line, limit).toArray() as unknown as Seal[]
  }

  /** Journal lines after `i`, oldest first, at most `limit`. */
  linesAfter(i: number, limit: number): JournalLine[] {
    return this.storage.sql.exec('SELECT i, at, seq, epoch, step, attempt, event, detail, hash FROM journal LEFT JOIN seal ON line = i WHERE i > ? ORDER BY i LIMIT ?', i, limit).toArray()
      .map((line) => ({ ...line, detail: typeof line['detail'] === 'string' ? (JSON.parse(line['detail']) as unknown) : null }) as JournalLine)
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
