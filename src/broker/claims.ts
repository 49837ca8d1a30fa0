// Whose custom domain is it? One name belongs to one tenant at a time, whoever came first. A tenant that shows a stronger proof does
// not take it away: it is noted as the contender, and the holder lets go when all that it has upstream under that name is gone.
import type { Claim } from '../domain/claim.ts'
import type { Storage } from '../domain/sql.ts'

/** `over`: the holder that the asker has found its proof to be stronger than. */
export interface ClaimWish { name: string; tenant: string; way: Claim['way']; token: string; over: string | null }

/** `contested` names the holder, who must be told. */
export type Claimed = { answer: 'held' } | { answer: 'contested'; holder: string } | { answer: 'lost' }

export class Claims {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.sql.exec('CREATE TABLE IF NOT EXISTS claim (name TEXT PRIMARY KEY, tenant TEXT NOT NULL, way TEXT NOT NULL, token TEXT NOT NULL, contender TEXT, since INTEGER NOT NULL)')
  }

  /** Who holds the name; undefined when nobody does. */
  of(name: string): Claim | undefined {
    const row = this.#storage.sql.exec('SELECT tenant, way, token, contender FROM claim WHERE name = ?', name).toArray()[0]
    return row && { tenant: String(row['tenant']), way: String(row['way']) as Claim['way'], token: String(row['token']), contender: typeof row['contender'] === 'string' ? row['contender'] : null }
  }

  /** Takes a free name, or contests a held one. Asking again gives the same answer. */
  take({ name, tenant, way, token, over }: ClaimWish, now: number): Claimed {
    return this.#storage.transactionSync((): Claimed => {
      const { sql } = this.#storage
      const holder = this.of(name)?.tenant
      if (holder === undefined) sql.exec('INSERT INTO claim (name, tenant, way, token, contender, since) VALUES (?, ?, ?, ?, NULL, ?)', name, tenant, way, token, now)
      else if (holder === tenant) sql.exec('UPDATE claim SET way = ? WHERE name = ?', way, name)
      else if (holder !== over) return { answer: 'lost' }
      else {
        sql.exec('UPDATE claim SET contender = ? WHERE name = ?', tenant, name)
        return { answer: 'contested', holder }
      }
      return { answer: 'held' }
    })
  }

  /** Gives the name back if it is this tenant's. Doing it twice changes nothing. */
  release(name: string, tenant: string): void {
    this.#storage.sql.exec('DELETE FROM claim WHERE name = ? AND tenant = ?', name, tenant)
  }

  /** The holder of a name that somebody contests, who may not have heard of it. */
  contested(name: string): string | undefined {
    const claim = this.of(name)
    return claim?.contender ? claim.tenant : undefined
  }
}
