// The tenant's own tables: inbox, rows, journal. Synchronous, so that whatever is written between two awaits is one commit.
import { beforeFirst, hashOf, type AuditLine, type Seal } from '../domain/audit-chain.ts'
import type { Command } from '../domain/order.ts'
import type { Storage } from '../domain/sql.ts'
import type { JournalEvent } from '../engine/row.ts'
import { RowStore } from '../engine/row-store.ts'
import { revived, type TenantState } from './state.ts'

/** Raised when a column changes its meaning; an object that meets a newer number parks itself instead of guessing. */
export const schemaVersion = 1

/** What people want to read later; the rest of the journal is for recovery only. */
const forPeople: readonly JournalEvent[] = ['command', 'ignored', 'turned', 'stuck', 'retried', 'rest', 'bug', 'action']

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

export class TenantStorage extends RowStore {
  #state: TenantState | undefined

  constructor(storage: Storage, now: () => number) {
    super(storage, now, schemaVersion)
    storage.sql.exec('CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL)')
    // The seals of the audit. They outlive the journal: whoever prunes it must leave them.
    storage.sql.exec('CREATE TABLE IF NOT EXISTS seal (line INTEGER PRIMARY KEY, hash TEXT NOT NULL)')
  }

  protected override stamp(): { seq: number; epoch: number } {
    const state = this.state()
    return { seq: state?.seq ?? 0, epoch: state?.identity.epoch ?? 0 }
  }

  protected override forget(): void {
    super.forget()
    this.#state = undefined
  }

  /** The tenant as a whole, or undefined before its first command. */
  state(): TenantState | undefined {
    if (this.#state) return this.#state
    const text = this.storage.sql.exec('SELECT tenant FROM meta').toArray()[0]?.['tenant']
    return typeof text === 'string' ? (this.#state = revived(JSON.parse(text) as TenantState)) : undefined
  }

  putState(state: TenantState): void {
    this.storage.sql.exec('UPDATE meta SET tenant = ?', JSON.stringify(state))
    this.#state = state
  }

  /** False when a command with this id was taken before. */
  takeCommand(command: Command): boolean {
    const { sql } = this.storage
    if (sql.exec('SELECT 1 FROM inbox WHERE id = ?', command.id).toArray().length > 0) return false
    sql.exec('INSERT INTO inbox (id, seq, body, at) VALUES (?, ?, ?, ?)', command.id, command.seq, JSON.stringify(command), this.now())
    return true
  }

  /** Forgets the rows of an epoch that has come to rest; its journal stays. */
  clearRows(): void {
    this.storage.sql.exec('DELETE FROM step')
    super.forget()
  }

  override journal(event: JournalEvent, step: string | null, attempt: number, detail: unknown): void {
    this.transaction(() => {
      super.journal(event, step, attempt, detail)
      if (forPeople.includes(event)) this.seal()
    })
  }

  /** Seals what people want to read and has no seal yet. Once in the same commit as the line, so that no crash forks the chain. */
  seal(): void {
    const { sql } = this.storage
    const tenant = this.state()?.key
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
}
