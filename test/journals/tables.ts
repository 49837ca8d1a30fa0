// The tables of every kind of object and of D1, as this release makes them: what the releases before and after it must be able to use.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Disk } from '../../lab/disk.ts'
import { AllocatorBook } from '../../src/broker/allocator-book.ts'
import { Claims } from '../../src/broker/claims.ts'
import { GateBook } from '../../src/broker/gate-book.ts'
import { MailBook } from '../../src/broker/mail-book.ts'
import { SupportBook } from '../../src/broker/support-book.ts'
import { ZoneBook } from '../../src/broker/zone-book.ts'
import { CustomerStorage } from '../../src/customer/storage.ts'
import { schemas } from '../../src/domain/schema.ts'
import type { Storage } from '../../src/domain/sql.ts'
import { TenantStorage } from '../../src/tenant/storage.ts'
import { cluster } from '../simulation/cluster.ts'

/** `needs`: whoever writes a row must give it a value. */
export interface Column { type: string; needs: boolean }
export type Tables = Record<string, Record<string, Column>>
export interface Shape { schemas: typeof schemas; objects: Record<keyof typeof schemas, Tables>; d1: Tables }

type Ask = (query: string) => Record<string, unknown>[]

function read(ask: Ask): Tables {
  const names = ask("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name").map((row) => String(row['name']))
  return Object.fromEntries(names.map((table) => [table, Object.fromEntries(ask(`SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('${table}')`).map((row): [string, Column] =>
    [String(row['name']), { type: String(row['type']), needs: row['notnull'] === 1 && row['dflt_value'] === null }]))]))
}

function object(...open: ((storage: Storage) => unknown)[]): Tables {
  const disk = new Disk()
  const { storage } = disk.open()
  for (const one of open) one(storage)
  const found = read((query) => disk.read(query))
  disk.close()
  return found
}

/** `migrations` in order, all of them when not given. */
export function d1(migrations = migrationsOf()): Tables {
  const db = new DatabaseSync(':memory:')
  for (const { text } of migrations) db.exec(text)
  const found = read((query) => db.prepare(query).all())
  db.close()
  return found
}

export const migrationsOf = (folder = path.join(import.meta.dirname, '../../migrations')): { name: string; text: string }[] =>
  readdirSync(folder).filter((name) => name.endsWith('.sql')).sort().map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }))

export const tables = (): Shape => ({
  schemas,
  objects: {
    tenant: object((storage) => new TenantStorage(storage, () => 0)),
    customer: object((storage) => new CustomerStorage(storage, () => 0)),
    allocator: object((storage) => new AllocatorBook(storage, cluster, () => 0), (storage) => new ZoneBook(storage), (storage) => new MailBook(storage), (storage) => new Claims(storage)),
    gate: object((storage) => new GateBook(storage, () => undefined)),
    support: object((storage) => new SupportBook(storage, { secret: '', bytes: (count) => new Uint8Array(count) })),
  },
  d1: d1(),
})
