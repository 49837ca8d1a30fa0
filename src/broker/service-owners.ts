// Which customer a service belongs to, as far as billing has ever said so: orders need not name one. The newest word counts.
import type { Storage } from '../domain/sql.ts'
import type { ZoneHere } from '../domain/claim.ts'
import type { ZoneBook } from './zone-book.ts'

export class ServiceOwners {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.sql.exec('CREATE TABLE IF NOT EXISTS service_owner (connection TEXT NOT NULL, service TEXT NOT NULL, user TEXT NOT NULL, PRIMARY KEY (connection, service))')
  }

  told(connection: string, service: string, user: string): void {
    this.#storage.sql.exec('INSERT INTO service_owner (connection, service, user) VALUES (?, ?, ?) ON CONFLICT (connection, service) DO UPDATE SET user = excluded.user', connection, service, user)
  }

  of(connection: string, service: string): string | undefined {
    const row = this.#storage.sql.exec('SELECT user FROM service_owner WHERE connection = ? AND service = ?', connection, service).toArray()[0]
    return row && String(row['user'])
  }

  /** The zone that we keep for a domain, seen from a service. */
  zoneFor({ connection, service }: { connection: string; service: string }, zones: ZoneBook, origin: string): ZoneHere {
    const zone = zones.owner(origin)
    if (!zone) return { whose: 'nobody’s', servers: null }
    const { servers } = zone
    if (zone.connection !== connection) return { whose: 'another’s', servers }
    const user = this.of(connection, service)
    return { whose: user === undefined ? 'not known' : user === zone.user ? 'theirs' : 'another’s', servers }
  }
}
