// Writes the reporting copy, and the few questions that the functions ask of it. Upserts never go back in version.
import { and, asc, desc, eq, gt, inArray, isNull, lt, lte, ne, notInArray, notLike, or } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { holds, replaced } from './replaced.ts'
import { addresses, audit, backups, deadLetters, domains, pools, steps, tenants } from './schema.ts'

/** What one tenant has to tell; `version` grows with its journal. */
export interface Report {
  tenant: Omit<typeof tenants.$inferInsert, 'asOf'>
  steps: (typeof steps.$inferInsert)[]
  audit: (typeof audit.$inferInsert)[]
  /** Rows of `steps` that are no more. */
  forgotten: string[]
  /** Replaces all that is known of the tenant; null leaves it. */
  domains: Omit<typeof domains.$inferInsert, 'asOf'>[] | null
  backups: Omit<typeof backups.$inferInsert, 'asOf'>[] | null
}

/** One transaction; writing the same or an older report again changes nothing. `now` is epoch ms. */
export async function writeReport(d1: D1Database, report: Report, now: number): Promise<void> {
  const db = drizzle(d1)
  const { tenant, ...figures } = { ...report.tenant, asOf: now }
  const newest = { table: tenants, key: tenants.tenant, is: tenant, version: figures.version }
  await db.batch([
    db.insert(tenants).values({ tenant, ...figures }).onConflictDoUpdate({ target: tenants.tenant, set: figures, setWhere: lt(tenants.version, figures.version) }),
    ...report.steps.map(({ tenant: of, epoch, step, ...rest }) =>
      db.insert(steps).values({ tenant: of, epoch, step, ...rest })
        .onConflictDoUpdate({ target: [steps.tenant, steps.epoch, steps.step], set: rest, setWhere: lt(steps.version, rest.version) })),
    ...report.audit.map((line) => db.insert(audit).values(line).onConflictDoNothing()),
    db.delete(steps).where(and(eq(steps.tenant, tenant), eq(steps.epoch, figures.epoch), inArray(steps.step, report.forgotten), holds(newest))),
    ...(report.domains ? replaced(db, domains, domains.tenant, report.domains, newest, now) : []),
    ...(report.backups ? replaced(db, backups, backups.tenant, report.backups, newest, now) : []),
  ])
}

/** Tenants that should be under way but have not reported since `before` (epoch ms). */
export async function silentTenants(d1: D1Database, before: number, limit: number): Promise<string[]> {
  const rows = await drizzle(d1).select({ tenant: tenants.tenant }).from(tenants)
    .where(and(notInArray(tenants.status, ['live', 'suspended', 'terminated', 'undone', 'stuck']), lt(tenants.asOf, before), isNull(tenants.heldAt))).orderBy(tenants.asOf).limit(limit)
  return rows.map((row) => row.tenant)
}

/** Usual duration of each step in ms: the median of the newest finished ones (0 for one that needs no call); empty while there is no history. */
export async function usualDurations(d1: D1Database): Promise<Record<string, number>> {
  const rows = await drizzle(d1).select({ step: steps.step, startedAt: steps.startedAt, settledAt: steps.settledAt }).from(steps)
    .where(and(eq(steps.want, 'present'), eq(steps.phase, 'settled'), notLike(steps.step, '%:%'))).orderBy(desc(steps.settledAt)).limit(300)
  const took = Map.groupBy(rows, (row) => row.step)
  return Object.fromEntries([...took].map(([step, all]) => {
    const sorted = all.map(({ startedAt, settledAt }) => (startedAt > 0 ? settledAt - startedAt : 0)).sort((a, b) => a - b)
    return [step, sorted[Math.floor(sorted.length / 2)] ?? 0]
  }))
}

/** How long a count of addresses that has not changed may go unwritten. */
const addressesKeepMs = 10 * 60_000

/** How many addresses of a cluster are free; written when that has changed, and now and then. `now` is epoch ms. */
export async function writeAddresses(d1: D1Database, cluster: string, counted: { held: number; quarantined: number; free: number }, now: number): Promise<void> {
  const row = { ...counted, asOf: now }
  const changed = or(ne(addresses.held, row.held), ne(addresses.quarantined, row.quarantined), ne(addresses.free, row.free), lt(addresses.asOf, now - addressesKeepMs))
  await drizzle(d1).insert(addresses).values({ cluster, ...row }).onConflictDoUpdate({ target: addresses.cluster, set: row, setWhere: changed! })
}

/** How the pools of a cluster stand; what is not told of has gone. `now` is epoch ms. */
export async function writePools(d1: D1Database, cluster: string, figures: readonly Omit<typeof pools.$inferInsert, 'cluster' | 'asOf'>[], now: number): Promise<void> {
  const db = drizzle(d1)
  await db.batch([db.delete(pools).where(eq(pools.cluster, cluster)), ...figures.map((one) => db.insert(pools).values({ cluster, ...one, asOf: now }))])
}

/** Lines of a tenant's or customer's audit after `line`, oldest first, at most `limit`. */
export async function auditOf(d1: D1Database, tenant: string, line: number, limit: number): Promise<(typeof audit.$inferSelect)[]> {
  return drizzle(d1).select().from(audit).where(and(eq(audit.tenant, tenant), gt(audit.line, line))).orderBy(asc(audit.line)).limit(limit)
}

/** Tenants and customers that the audit speaks of, after `after` up to `last`. */
export async function auditedTenants(d1: D1Database, after: string, last: string): Promise<string[]> {
  const rows = await drizzle(d1).selectDistinct({ tenant: audit.tenant }).from(audit).where(and(gt(audit.tenant, after), lte(audit.tenant, last)))
  return rows.map((row) => row.tenant)
}

/** Keeps a message that could not be read or delivered, so that nothing is lost silently. */
export async function buryLetter(d1: D1Database, letter: { id: string; reason: string; body: string; at: number }): Promise<void> {
  await drizzle(d1).insert(deadLetters).values({ ...letter, body: letter.body.slice(0, 4_000) }).onConflictDoNothing()
}
