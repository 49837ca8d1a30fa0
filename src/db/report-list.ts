// The closed list of reports: the views that may be asked for, in which order they are paged, and the question that reads them.
import { getViewConfig } from 'drizzle-orm/sqlite-core'
import * as views from './views.ts'

interface Listed {
  view: (typeof views)[keyof typeof views]
  /** Columns that name a row and are never null: the order of the pages. */
  by: readonly string[]
  about: string
}

/** Name of the view -> what it is. */
export const reports = {
  sites: { view: views.sites, by: ['tenant'], about: 'Every service that was sold, with where it stands.' },
  sites_by_state_and_plan: { view: views.sitesByStateAndPlan, by: ['connection', 'status', 'plan'], about: 'How many sites stand where, by plan.' },
  capacity_sold: { view: views.capacitySold, by: ['node', 'plan'], about: 'What was sold, by node and plan: memory and disk.' },
  quota_use: { view: views.quotaUse, by: ['connection', 'service'], about: 'Domains and backups that each service has, and how many its plan grants.' },
  stuck_steps: { view: views.stuckSteps, by: ['since_at', 'connection', 'service', 'step'], about: 'Who needs a person, and why; the oldest first.' },
  held_sites: { view: views.heldSites, by: ['held_at', 'connection', 'service'], about: 'Which sites a person holds, who, why and since when.' },
  under_way: { view: views.underWay, by: ['since_at', 'connection', 'service', 'step'], about: 'What is being done and what it waits for; the oldest first.' },
  provisionings: { view: views.provisionings, by: ['ordered_at', 'tenant'], about: 'Each order that came to live, and how long it took.' },
  provisioning_times: { view: views.provisioningTimes, by: ['days', 'what'], about: 'How long orders and each of their steps took in the last 7, 30 and 365 days: median, 95 %, slowest.' },
  failures_by_cause: { view: views.failuresByCause, by: ['event', 'step', 'cause'], about: 'What went wrong, how often, and who is stuck now.' },
  audit_by_customer: { view: views.auditByCustomer, by: ['tenant', 'line'], about: 'Who asked for what and how it ended, with the seal of each line.' },
  domains_by_state: { view: views.domainsByState, by: ['connection', 'state', 'reason'], about: 'How many custom domains stand where, and why.' },
  customers_with_zones: { view: views.customersWithZones, by: ['connection', 'user'], about: 'Customers who have changed zones or mail, with what they have and who of them needs a person.' },
  zones_by_state: { view: views.zonesByState, by: ['connection', 'home', 'state', 'reason'], about: 'How many zones of customers stand where, and why.' },
  mail_by_state: { view: views.mailByState, by: ['connection', 'state', 'reason'], about: 'How many domains with mail stand where, with their mailboxes and other addresses.' },
  certificates_by_expiry: { view: views.certificatesByExpiry, by: ['expires_at', 'domain', 'tenant'], about: 'Certificates of custom domains, the next to end first.' },
  backups_by_site: { view: views.backupsBySite, by: ['connection', 'service'], about: 'Backups of each site by kind, the newest good one, and those that failed.' },
  kept_copies: { view: views.keptCopies, by: ['kept_until_at', 'tenant', 'name'], about: 'Off-site copies that outlive their terminated site, the first to go first.' },
  addresses_left: { view: views.addressesLeft, by: ['cluster'], about: 'Private addresses that are free, held, and resting before they are given again.' },
  pools_by_plan: { view: views.poolsByPlan, by: ['cluster', 'plan'], about: 'Sites built ahead of orders: how many are wanted, ready, being built and being taken down, and how many of the last day’s orders found one.' },
  support_by_state: { view: views.supportByState, by: ['connection', 'tier', 'status'], about: 'How many support subscriptions stand where, by tier.' },
} as const satisfies Record<string, Listed>

export type ReportName = keyof typeof reports

export type Cell = string | number | null

/** The columns of a report, in their order. */
export const columnsOf = (name: ReportName): string[] => Object.values(getViewConfig(reports[name].view).selectedFields).map((column) => (column as { name: string }).name)

/** The values of the columns by which a row is found again. */
export const placeOf = (name: ReportName, row: Record<string, Cell>): Cell[] => reports[name].by.map((column) => row[column] ?? null)

/**
 * Rows after the place `after`, at most `limit`, those whose columns equal `where` (as text; keys are columns of the report).
 * `more` is true when others follow; `asOf` is the database's time, epoch ms.
 */
export async function readReport(d1: D1Database, name: ReportName, { limit, after, where }: { limit: number; after: readonly Cell[]; where: Readonly<Record<string, string>> }): Promise<{ rows: Record<string, Cell>[]; more: boolean; asOf: number }> {
  const { by } = reports[name]
  const marks = (values: readonly unknown[]): string => values.map(() => '?').join()
  const tests = Object.keys(where).map((column) => `CAST(${column} AS TEXT) = ?`)
  if (after.length > 0) tests.push(`(${by.join()}) > (${marks(after)})`)
  const [found, time] = await d1.batch<Record<string, Cell>>([
    d1.prepare(`SELECT * FROM ${name}${tests.length > 0 ? ` WHERE ${tests.join(' AND ')}` : ''} ORDER BY ${by.join()} LIMIT ?`).bind(...Object.values(where), ...after, limit + 1),
    d1.prepare("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now"),
  ])
  const rows = found?.results ?? []
  return { rows: rows.slice(0, limit), more: rows.length > limit, asOf: Number(time?.results[0]?.['now']) }
}
