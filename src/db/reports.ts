// Writes the reporting copy, and the few questions that the functions ask of it. Upserts never go back in version.
import { and, desc, eq, lt, notInArray } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { audit, deadLetters, steps, tenants } from './schema.ts'

/** What one tenant has to tell; `version` grows with its journal. */
export interface Report {
  tenant: Omit<typeof tenants.$inferInsert, 'asOf'>
  steps: (typeof steps.$inferInsert)[]
  audit: (typeof audit.$inferInsert)[]
}

/** One transaction; writing the same or an older report again changes nothing. `now` is epoch ms. */
export async function writeReport(d1: D1Database, report: Report, now: number): Promise<void> {
  const db = drizzle(d1)
  const { tenant, ...figures } = { ...report.tenant, asOf: now }
  await db.batch([
    db.insert(tenants).values({ tenant, ...figures }).onConflictDoUpdate({ target: tenants.tenant, set: figures, setWhere: lt(tenants.version, figures.version) }),
    ...report.steps.map(({ tenant: of, epoch, step, ...rest }) =>
      db.insert(steps).values({ tenant: of, epoch, step, ...rest })
        .onConflictDoUpdate({ target: [steps.tenant, steps.epoch, steps.step], set: rest, setWhere: lt(steps.version, rest.version) })),
    ...report.audit.map((line) => db.insert(audit).values(line).onConflictDoNothing()),
  ])
}

/** Tenants that should be under way but have not reported since `before` (epoch ms). */
export async function silentTenants(d1: D1Database, before: number, limit: number): Promise<string[]> {
  const rows = await drizzle(d1).select({ tenant: tenants.tenant }).from(tenants)
    .where(and(notInArray(tenants.status, ['live', 'suspended', 'terminated', 'undone', 'stuck']), lt(tenants.asOf, before))).orderBy(tenants.asOf).limit(limit)
  return rows.map((row) => row.tenant)
}

/** Usual duration of each step in ms: the median of the newest finished ones (0 for one that needs no call); empty while there is no history. */
export async function usualDurations(d1: D1Database): Promise<Record<string, number>> {
  const rows = await drizzle(d1).select({ step: steps.step, startedAt: steps.startedAt, settledAt: steps.settledAt }).from(steps)
    .where(and(eq(steps.want, 'present'), eq(steps.phase, 'settled'))).orderBy(desc(steps.settledAt)).limit(300)
  const took = Map.groupBy(rows, (row) => row.step)
  return Object.fromEntries([...took].map(([step, all]) => {
    const sorted = all.map(({ startedAt, settledAt }) => (startedAt > 0 ? settledAt - startedAt : 0)).sort((a, b) => a - b)
    return [step, sorted[Math.floor(sorted.length / 2)] ?? 0]
  }))
}

/** Keeps a message that could not be read or delivered, so that nothing is lost silently. */
export async function buryLetter(d1: D1Database, letter: { id: string; reason: string; body: string; at: number }): Promise<void> {
  await drizzle(d1).insert(deadLetters).values({ ...letter, body: letter.body.slice(0, 4_000) }).onConflictDoNothing()
}
