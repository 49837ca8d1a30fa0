// Which customer of which connection has mail for which domain, and whose plan counts it. One domain has one owner, and all mail
// domains of one service are one customer's.
import type { Storage } from '../domain/sql.ts'
import type { Owner } from './zone-book.ts'

export class MailBook {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
    storage.sql.exec('CREATE TABLE IF NOT EXISTS mail_domain (domain TEXT PRIMARY KEY, connection TEXT NOT NULL, user TEXT NOT NULL, service TEXT NOT NULL)')
    storage.sql.exec('CREATE INDEX IF NOT EXISTS mail_service ON mail_domain (connection, service)')
  }

  /** Takes a domain for a customer's service: `other` when another customer has it, `foreign` when the service is another customer's. */
  claim({ connection, user }: Owner, domain: string, service: string): 'taken' | 'other' | 'foreign' {
    return this.#storage.transactionSync(() => {
      const row = this.#storage.sql.exec('SELECT connection, user FROM mail_domain WHERE domain = ?', domain).toArray()[0]
      if (row && (row['connection'] !== connection || row['user'] !== user)) return 'other'
      const stranger = this.#storage.sql.exec('SELECT 1 FROM mail_domain WHERE connection = ? AND service = ? AND user <> ?', connection, service, user).toArray()[0]
      if (stranger) return 'foreign'
      this.#storage.sql.exec('INSERT INTO mail_domain (domain, connection, user, service) VALUES (?, ?, ?, ?) ON CONFLICT (domain) DO UPDATE SET service = excluded.service', domain, connection, user, service)
      return 'taken'
    })
  }

  /** Gives it back; what another one has stays theirs. */
  release({ connection, user }: Owner, domain: string): void {
    this.#storage.sql.exec('DELETE FROM mail_domain WHERE domain = ? AND connection = ? AND user = ?', domain, connection, user)
  }

  has(domain: string): boolean {
    return this.#storage.sql.exec('SELECT 1 FROM mail_domain WHERE domain = ?', domain).toArray().length > 0
  }
}
