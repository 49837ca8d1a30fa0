// The tenant's own tables: inbox, rows, journal. Synchronous, so that whatever is written between two awaits is one commit.
import type { Command } from '../domain/order.ts'
import { schemas } from '../domain/schema.ts'
import type { Storage } from '../domain/sql.ts'
import { RowStore } from '../engine/row-store.ts'
import { revived, type TenantState } from './state.ts'

export class TenantStorage extends RowStore {
  #state: TenantState | undefined

  constructor(storage: Storage, now: () => number) {
    super(storage, now, schemas.tenant)
    storage.sql.exec('CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL)')
  }

  protected override key(): string | undefined {
    return this.state()?.key
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

  /** The commands that were taken, oldest first. */
  commands(): Command[] {
    return this.storage.sql.exec('SELECT body FROM inbox ORDER BY rowid').toArray().map((row) => JSON.parse(String(row['body'])) as Command)
  }

  /** Forgets the rows of an epoch that has come to rest; its journal stays. */
  clearRows(): void {
    this.storage.sql.exec('DELETE FROM step')
    super.forget()
  }
}
