// Which customer of which connection has which zone: how a call that carries no customer finds out whose zone it means
// (docs/decisions/0012-whose-zone-it-is.md). One zone has one owner; a guess of an id finds nothing.
import type { Storage } from '../domain/sql.ts'

export interface Owner { connection: string; user: string }

/** `id` is what its owner is shown; `servers` are the name servers of a zone that others serve for us, no dot at the end. */
export interface SeenHere { origin: string; id: string; servers?: string[] | undefined }

/** A call that names a zone by its name only must follow its owner's own look at it within this time. */
export const lookedMs = 30 * 60_000

export class ZoneBook {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.sql.exec('CREATE TABLE IF NOT EXISTS zone (origin TEXT PRIMARY KEY, connection TEXT NOT NULL, user TEXT NOT NULL, id TEXT NOT NULL, looked INTEGER NOT NULL)')
    // Of zones that others serve for us: their name servers.
    storage.sql.exec('CREATE TABLE IF NOT EXISTS zone_servers (origin TEXT PRIMARY KEY, servers TEXT NOT NULL)')
    storage.sql.exec('CREATE INDEX IF NOT EXISTS zone_id ON zone (connection, id)')
  }

  /** Takes a zone for a customer; false when another one has it. */
  claim(owner: Owner, origin: string, id: string, now: number): boolean {
    return this.#storage.transactionSync(() => {
      const row = this.#storage.sql.exec('SELECT connection, user FROM zone WHERE origin = ?', origin).toArray()[0]
      if (row && (row['connection'] !== owner.connection || row['user'] !== owner.user)) return false
      this.#put(owner, origin, id, now)
      return true
    })
  }

  /** Gives it back; what another one has stays theirs. */
  release(owner: Owner, origin: string): void {
    this.#storage.sql.exec('DELETE FROM zone WHERE origin = ? AND connection = ? AND user = ?', origin, owner.connection, owner.user)
  }

  /** Their homes have told the zones of this customer, who is looking at them now: these and no others are theirs. */
  seen(owner: Owner, zones: readonly SeenHere[], now: number): void {
    const { sql } = this.#storage
    this.#storage.transactionSync(() => {
      sql.exec('DELETE FROM zone WHERE connection = ? AND user = ?', owner.connection, owner.user)
      for (const { origin, id, servers } of zones) {
        this.#put(owner, origin, id, now)
        if (servers) sql.exec('INSERT INTO zone_servers (origin, servers) VALUES (?, ?) ON CONFLICT (origin) DO UPDATE SET servers = excluded.servers', origin, JSON.stringify(servers))
        else sql.exec('DELETE FROM zone_servers WHERE origin = ?', origin)
      }
    })
  }

  /** Who has this zone, and its name servers when they are not the platform's. */
  owner(origin: string): (Owner & { servers: string[] | null }) | undefined {
    const row = this.#storage.sql.exec('SELECT connection, user, servers FROM zone LEFT JOIN zone_servers USING (origin) WHERE origin = ?', origin).toArray()[0]
    return row && { connection: String(row['connection']), user: String(row['user']), servers: typeof row['servers'] === 'string' ? (JSON.parse(row['servers']) as string[]) : null }
  }

  /** The customer of this connection who was shown this id. */
  byId(connection: string, id: string): string | undefined {
    const row = this.#storage.sql.exec('SELECT user FROM zone WHERE connection = ? AND id = ?', connection, id).toArray()[0]
    return row && String(row['user'])
  }

  /** The customer of this connection in whose zone the name lies (the longest that fits), and whether they have just looked at it. */
  byName(connection: string, name: string, now: number): { user: string; looked: boolean } | undefined {
    for (let at = name; at !== ''; at = at.slice(at.indexOf('.') + 1)) {
      const row = this.#storage.sql.exec('SELECT connection, user, looked FROM zone WHERE origin = ?', at).toArray()[0]
      if (row) return row['connection'] === connection ? { user: String(row['user']), looked: Number(row['looked']) > now - lookedMs } : undefined
    }
    return undefined
  }

  #put({ connection, user }: Owner, origin: string, id: string, now: number): void {
    this.#storage.sql.exec('INSERT INTO zone (origin, connection, user, id, looked) VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET ' +
      'connection = excluded.connection, user = excluded.user, id = excluded.id, looked = excluded.looked', origin, connection, user, id, now)
  }
}
