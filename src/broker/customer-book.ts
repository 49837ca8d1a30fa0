// Which customers have an object of their own that keeps an audit: noted before their first change, for ever. Nothing is decided by it.
import type { Storage } from '../domain/sql.ts'

export class CustomerBook {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.sql.exec('CREATE TABLE IF NOT EXISTS customer (key TEXT PRIMARY KEY)')
  }

  note(key: string): void {
    this.#storage.sql.exec('INSERT OR IGNORE INTO customer (key) VALUES (?)', key)
  }

  has(key: string): boolean {
    return this.#storage.sql.exec('SELECT 1 FROM customer WHERE key = ?', key).toArray().length > 0
  }

  /** Keys in order, after `after`. */
  customers(after: string, limit: number): string[] {
    return this.#storage.sql.exec('SELECT key FROM customer WHERE key > ? ORDER BY key LIMIT ?', after, limit).toArray().map((row) => String(row['key']))
  }
}
