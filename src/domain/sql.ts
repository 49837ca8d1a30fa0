// The little of SQLite that our objects use: the shape of a Durable Object's `ctx.storage`, which plain Node's sqlite can
// also take, so that the very same storage code runs in the simulation.

export type SqlValue = string | number | null

export interface Sql {
  /** Runs one statement; the rows it answers are plain objects. */
  exec(query: string, ...bindings: SqlValue[]): { toArray(): Record<string, unknown>[] }
}

/** `transaction` rolls everything back when `run` throws; `run` is synchronous. */
export interface Storage {
  readonly sql: Sql
  transactionSync<T>(run: () => T): T
}
