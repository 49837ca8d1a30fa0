// Tokens that time gives back: rates of requests, and budgets of which a call uses up one each. What is not in the table is full.
import type { Spent } from '../domain/gate.ts'
import type { Storage } from '../domain/sql.ts'
import { budgetOf } from './limits.ts'

/** After this every bucket is full, whatever was taken. */
const fullAgainMs = 7 * 86_400_000

interface Size { capacity: number; perMs: number }

export class Buckets {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.sql.exec('CREATE TABLE IF NOT EXISTS bucket (name TEXT PRIMARY KEY, tokens REAL NOT NULL, at INTEGER NOT NULL)')
  }

  /** Takes tokens; answers how long to wait (ms) when there are too few, and takes none then. */
  take(name: string, { capacity, perMs, cost }: Size & { cost: number }, now: number): number {
    const tokens = this.#tokens(name, { capacity, perMs }, now)
    if (tokens < cost) return Math.ceil((cost - tokens) / perMs)
    this.#write(name, tokens - cost, now)
    return 0
  }

  /** One of each, or of none: then says of what there is too little, and for how long. */
  spend(names: readonly string[], now: number): Spent {
    return this.#storage.transactionSync((): Spent => {
      this.#storage.sql.exec('DELETE FROM bucket WHERE at < ?', now - fullAgainMs)
      const short = names.map((name) => ({ name, waitMs: this.#shortMs(name, now) })).sort((a, b) => b.waitMs - a.waitMs)[0]
      if (short && short.waitMs > 0)
        return { granted: false, waitMs: short.waitMs, why: `the certificate authority allows only so many ${budgetOf(short.name)!.of}; it is asked again when it may be` }
      for (const name of names) this.#move(name, -1, now)
      return { granted: true }
    })
  }

  /** What was proven to be unused goes back, unless a refusal counts as well. */
  giveBack(names: readonly string[], now: number): void {
    for (const name of names) if (budgetOf(name)?.refused === false) this.#move(name, 1, now)
  }

  #shortMs(name: string, now: number): number {
    const budget = budgetOf(name)
    if (!budget) return 0
    const tokens = this.#tokens(name, budget, now)
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / budget.perMs)
  }

  #move(name: string, by: number, now: number): void {
    const budget = budgetOf(name)
    if (!budget) return
    const tokens = Math.min(budget.capacity, this.#tokens(name, budget, now) + by)
    if (tokens < budget.capacity) this.#write(name, tokens, now)
    else this.#storage.sql.exec('DELETE FROM bucket WHERE name = ?', name)
  }

  #tokens(name: string, { capacity, perMs }: Size, now: number): number {
    const row = this.#storage.sql.exec('SELECT tokens, at FROM bucket WHERE name = ?', name).toArray()[0]
    return row ? Math.min(capacity, Number(row['tokens']) + Math.max(0, now - Number(row['at'])) * perMs) : capacity
  }

  #write(name: string, tokens: number, now: number): void {
    this.#storage.sql.exec('INSERT INTO bucket (name, tokens, at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET tokens = excluded.tokens, at = excluded.at', name, tokens, now)
  }
}
