// The tables of the system that was there before: `sites` and `domains` of its SQLite file, read only. Which columns they must have is
// said here; when they are called otherwise, --column says how.
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Misused } from './outcome.ts'

/** One row of `sites`, with its rows of `domains`. Values are as they stand: the Worker judges them. */
export interface SeedSite { service: string; email: string; plan: string; vmid: number; private_ip: string; subdomain: string; public_ip: string; status: string; domains: string[] }

const needed = { sites: ['service_id', 'email', 'plan', 'vmid', 'private_ip', 'subdomain'], domains: ['service_id', 'domain'] } as const
const optional = { sites: ['public_ip', 'status'], domains: [] } as const
type Table = keyof typeof needed

/** `renamed`: `sites.vmid=container_id`, one each. Throws Misused, which names the table or column and the cure. */
export function readSeed(file: string, renamed: readonly string[]): SeedSite[] {
  if (!existsSync(file)) throw new Misused(`There is no file ${file}: it wants the SQLite file with the tables sites and domains.`)
  const names = new Map(renamed.map((one) => {
    const [, column = '', name = ''] = /^((?:sites|domains)\.[a-z_]+)=(\w+)$/.exec(one) ?? []
    if (name === '') throw new Misused(`--column ${one}: it wants <table>.<column>=<its name there>, as in --column sites.vmid=container_id.`)
    return [column, name] as const
  }))
  let db: DatabaseSync
  try {
    db = new DatabaseSync(file, { readOnly: true })
    db.prepare('SELECT name FROM sqlite_master').all()
  } catch {
    throw new Misused(`${file} is no SQLite file that can be read.`)
  }
  try {
    const domains = new Map<string, string[]>()
    for (const row of rowsOf(db, 'domains', names)) domains.set(row['service_id'] ?? '', [...(domains.get(row['service_id'] ?? '') ?? []), row['domain'] ?? ''])
    return rowsOf(db, 'sites', names).map((row) => {
      const { service_id: service = '', email = '', plan = '', vmid = '', private_ip = '', subdomain = '', public_ip = '', status = '' } = row
      return { service, email, plan, vmid: Number(vmid), private_ip, subdomain, public_ip, status, domains: domains.get(service) ?? [] }
    })
  } finally {
    db.close()
  }
}

function rowsOf(db: DatabaseSync, table: Table, names: ReadonlyMap<string, string>): Record<string, string>[] {
  const there = db.prepare('SELECT name FROM pragma_table_info(?)').all(table).map((row) => String(row['name']))
  if (there.length === 0) throw new Misused(`The file has no table ${table}. Make a view of that name with the columns ${needed[table].join(', ')}.`)
  const called = (column: string): string => names.get(`${table}.${column}`) ?? column
  for (const column of needed[table]) if (!there.includes(called(column))) throw new Misused(`The table ${table} has no column ${called(column)} (it has ${there.join(', ')}): --column ${table}.${column}=<its name there>`)
  const columns = [...needed[table], ...optional[table]].filter((column) => there.includes(called(column)))
  return db.prepare(`SELECT ${columns.map((column) => `"${called(column)}" AS "${column}"`).join(', ')} FROM ${table}`).all()
    .map((row) => Object.fromEntries(Object.entries(row).flatMap(([column, value]) => (value === null ? [] : [[column, String(value)]]))))
}
