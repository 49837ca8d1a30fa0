// A Durable Object's storage in plain Node: real SQLite in memory, with the power that can be cut after any commit.
// What was committed survives; the instance that was using it cannot touch it any more.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Sql, SqlValue, Storage } from '../src/domain/sql.ts'

/** Thrown at the first touch of storage by an instance that has been replaced, as on the platform. */
export class Gone extends Error {}

export class Disk {
  readonly #db = new DatabaseSync(':memory:')
  readonly #statements = new Map<string, StatementSync>()
  readonly #begin = this.#db.prepare('BEGIN')
  readonly #commit = this.#db.prepare('COMMIT')
  /** Commits of all instances so far. */
  commits = 0
  /** Rows written so far (inserts, updates, deletes). */
  rowsWritten = 0
  /** Called after each commit with its number; cutting the power there is what it is for. */
  onCommit: ((commit: number) => void) | undefined
  #holder: object | undefined
  #inTransaction = false

  /** Storage for a new instance; every earlier instance is cut off. */
  open(): { storage: Storage; isOpen: () => boolean; cut: () => void } {
    const holder = {}
    this.#holder = holder
    const check = (): void => {
      if (this.#holder !== holder) throw new Gone('this instance has been replaced')
    }
    const sql: Sql = {
      exec: (query, ...bindings) => {
        check()
        const rows = this.#run(query, bindings)
        return { toArray: () => rows }
      },
    }
    const transactionSync = <T>(run: () => T): T => {
      check()
      if (this.#inTransaction) return run()
      this.#begin.run()
      this.#inTransaction = true
      try {
        const result = run()
        this.#inTransaction = false
        this.#commit.run()
        this.#committed()
        return result
      } catch (error) {
        if (this.#inTransaction) this.#db.exec('ROLLBACK')
        this.#inTransaction = false
        throw error
      }
    }
    return { storage: { sql, transactionSync }, isOpen: () => this.#holder === holder, cut: () => void (this.#holder === holder && (this.#holder = undefined)) }
  }

  /** Reads past every instance, for checks. */
  read(query: string, ...bindings: SqlValue[]): Record<string, unknown>[] {
    return this.#prepared(query).all(...bindings)
  }

  close(): void {
    this.#db.close()
  }

  #run(query: string, bindings: SqlValue[]): Record<string, unknown>[] {
    const statement = this.#prepared(query)
    if (/^\s*SELECT/i.test(query)) return statement.all(...bindings)
    this.rowsWritten += Number(statement.run(...bindings).changes)
    if (!this.#inTransaction) this.#committed()
    return []
  }

  #prepared(query: string): StatementSync {
    let statement = this.#statements.get(query)
    if (!statement) this.#statements.set(query, (statement = this.#db.prepare(query)))
    return statement
  }

  #committed(): void {
    this.commits++
    this.onCommit?.(this.commits)
  }
}

/** A call to an object that dies meanwhile fails; its caller lives on. */
export function unlessGone(call: () => void): void {
  try {
    call()
  } catch (error) {
    if (!(error instanceof Gone)) throw error
  }
}
