// Writes the reporting copy of customers with their zones and mail, and their lines of the audit. Upserts never go back in version.
import { lt } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { replaced } from './replaced.ts'
import { audit, customers, mailDomains, zones } from './schema.ts'

/** What one customer has to tell; `version` grows with its journal. `zones` and `mail` are all that there is. */
export interface CustomerReport {
  customer: Omit<typeof customers.$inferInsert, 'asOf'>
  audit: (typeof audit.$inferInsert)[]
  zones: Omit<typeof zones.$inferInsert, 'asOf'>[]
  mail: Omit<typeof mailDomains.$inferInsert, 'asOf'>[]
}

/** One transaction; writing the same or an older report again changes nothing. `now` is epoch ms. */
export async function writeCustomer(d1: D1Database, report: CustomerReport, now: number): Promise<void> {
  const db = drizzle(d1)
  const { customer, ...figures } = { ...report.customer, asOf: now }
  const newest = { table: customers, key: customers.customer, is: customer, version: figures.version }
  await db.batch([
    db.insert(customers).values({ customer, ...figures }).onConflictDoUpdate({ target: customers.customer, set: figures, setWhere: lt(customers.version, figures.version) }),
    ...report.audit.map((line) => db.insert(audit).values(line).onConflictDoNothing()),
    ...replaced(db, zones, zones.customer, report.zones, newest, now),
    ...replaced(db, mailDomains, mailDomains.customer, report.mail, newest, now),
  ])
}
