// Writes the reporting copy of the support subscriptions. Upserts never go back in version; no key and no hash of one is here.
import { lt } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { supportSubscriptions } from './schema.ts'

/** One transaction; writing the same or an older state again changes nothing. `now` is epoch ms. */
export async function writeSubscriptions(d1: D1Database, rows: readonly Omit<typeof supportSubscriptions.$inferInsert, 'asOf'>[], now: number): Promise<void> {
  const db = drizzle(d1)
  const [first, ...rest] = rows.map(({ connection, service, status, tier, email, firstname, lastname, generation, createdAt, changedAt, version }) => {
    const figures = { status, tier, email, firstname, lastname, generation, createdAt, changedAt, version, asOf: now }
    return db.insert(supportSubscriptions).values({ connection, service, ...figures })
      .onConflictDoUpdate({ target: [supportSubscriptions.connection, supportSubscriptions.service], set: figures, setWhere: lt(supportSubscriptions.version, version) })
  })
  if (first) await db.batch([first, ...rest])
}
