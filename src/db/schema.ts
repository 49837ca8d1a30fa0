// The reporting copy in D1: fed by the tenants, rebuilt from them, made to be queried by people. Never a lock, never an allocator.
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/** One row per tenant: where it stands. Times are epoch milliseconds. */
export const tenants = sqliteTable('tenants', {
  tenant: text().primaryKey(),
  connection: text().notNull(),
  service: text().notNull(),
  email: text().notNull(),
  plan: text().notNull(),
  status: text().notNull(),
  target: text().notNull(),
  epoch: integer().notNull(),
  vmid: integer().notNull(),
  ip: text().notNull(),
  hostname: text().notNull(),
  node: text().notNull(),
  cause: text(),
  /** Who holds it, why and since when; null when nobody does. */
  heldBy: text('held_by'),
  heldWhy: text('held_why'),
  heldAt: integer('held_at'),
  orderedAt: integer('ordered_at').notNull(),
  changedAt: integer('changed_at').notNull(),
  restAt: integer('rest_at').notNull(),
  /** Journal line of the tenant up to which this row is true. */
  version: integer().notNull(),
  /** When this row was written. */
  asOf: integer('as_of').notNull(),
}, (table) => [index('tenants_by_status').on(table.status)])

/** One row per tenant, epoch and resource. */
export const steps = sqliteTable('steps', {
  tenant: text().notNull(),
  epoch: integer().notNull(),
  step: text().notNull(),
  want: text().notNull(),
  phase: text().notNull(),
  attempt: integer().notNull(),
  why: text(),
  since: integer().notNull(),
  startedAt: integer('started_at').notNull(),
  settledAt: integer('settled_at').notNull(),
  version: integer().notNull(),
}, (table) => [primaryKey({ columns: [table.tenant, table.epoch, table.step] })])

/** Who asked for what, and how it ended; `tenant` is the key of a tenant or of a customer. Append-only by triggers (migrations), chained by `hash` (src/domain/audit-chain.ts). */
export const audit = sqliteTable('audit', {
  tenant: text().notNull(),
  line: integer().notNull(),
  at: integer().notNull(),
  epoch: integer().notNull(),
  event: text().notNull(),
  step: text(),
  detail: text(),
  hash: text().notNull(),
}, (table) => [primaryKey({ columns: [table.tenant, table.line] })])

/** One row per tenant and custom domain. */
export const domains = sqliteTable('domains', {
  tenant: text().notNull(),
  domain: text().notNull(),
  connection: text().notNull(),
  service: text().notNull(),
  state: text().notNull(),
  reason: text(),
  certificateExpiresAt: integer('certificate_expires_at'),
  since: integer().notNull(),
  version: integer().notNull(),
  asOf: integer('as_of').notNull(),
}, (table) => [primaryKey({ columns: [table.tenant, table.domain] })])

/** One row per tenant and backup. */
export const backups = sqliteTable('backups', {
  tenant: text().notNull(),
  name: text().notNull(),
  kind: text({ enum: ['manual', 'scheduled', 'off-site'] }).notNull(),
  state: text().notNull(),
  reason: text(),
  sizeBytes: integer('size_bytes'),
  at: integer().notNull(),
  /** Its site was terminated: until when it is kept all the same. */
  keptUntil: integer('kept_until'),
  version: integer().notNull(),
  asOf: integer('as_of').notNull(),
}, (table) => [primaryKey({ columns: [table.tenant, table.name] })])

/** One row per customer who has changed zones or mail. */
export const customers = sqliteTable('customers', {
  customer: text().primaryKey(),
  connection: text().notNull(),
  user: text().notNull(),
  customerNo: text('customer_no').notNull(),
  status: text().notNull(),
  why: text(),
  /** How many changes were asked for, and when the newest was. */
  changes: integer().notNull(),
  changedAt: integer('changed_at').notNull(),
  /** Journal line of the customer up to which this row is true. */
  version: integer().notNull(),
  asOf: integer('as_of').notNull(),
})

/** One row per customer and zone. */
export const zones = sqliteTable('zones', {
  customer: text().notNull(),
  zone: text().notNull(),
  home: text({ enum: ['ispconfig', 'cloudflare'] }).notNull().default('ispconfig'),
  connection: text().notNull(),
  user: text().notNull(),
  state: text().notNull(),
  reason: text(),
  since: integer().notNull(),
  version: integer().notNull(),
  asOf: integer('as_of').notNull(),
}, (table) => [primaryKey({ columns: [table.customer, table.zone] })])

/** One row per customer and domain with mail. */
export const mailDomains = sqliteTable('mail_domains', {
  customer: text().notNull(),
  domain: text().notNull(),
  connection: text().notNull(),
  user: text().notNull(),
  service: text().notNull(),
  state: text().notNull(),
  reason: text(),
  mailboxes: integer().notNull(),
  aliases: integer().notNull(),
  forwards: integer().notNull(),
  since: integer().notNull(),
  version: integer().notNull(),
  asOf: integer('as_of').notNull(),
}, (table) => [primaryKey({ columns: [table.customer, table.domain] })])

/** One row per cluster: its private addresses as the allocator last counted them. */
export const addresses = sqliteTable('addresses', {
  cluster: text().primaryKey(),
  held: integer().notNull(),
  quarantined: integer().notNull(),
  free: integer().notNull(),
  asOf: integer('as_of').notNull(),
})

/** One row per cluster and plan that has a pool: its sites built ahead as the allocator last counted them. */
export const pools = sqliteTable('pools', {
  cluster: text().notNull(),
  plan: text().notNull(),
  target: integer().notNull(),
  ready: integer().notNull(),
  building: integer().notNull(),
  retiring: integer().notNull(),
  /** 0 when none is ready. */
  oldestReadyAt: integer('oldest_ready_at').notNull(),
  /** Service number of the site that has been built or taken down for longest; empty when none is. */
  longest: text().notNull(),
  longestSince: integer('longest_since').notNull(),
  /** From ordering a site to its being ready. */
  refillMs: integer('refill_ms').notNull(),
  /** Orders of the last day, and how many of them were given a site. */
  arrivals: integer().notNull(),
  claims: integer().notNull(),
  asOf: integer('as_of').notNull(),
}, (table) => [primaryKey({ columns: [table.cluster, table.plan] })])

/** Messages that nobody could read or deliver. `body` is cut and holds no secret: commands carry none. */
export const deadLetters = sqliteTable('dead_letters', {
  id: text().primaryKey(),
  reason: text().notNull(),
  body: text().notNull(),
  at: integer().notNull(),
})

/** One row per support subscription; never its key. */
export const supportSubscriptions = sqliteTable('support_subscriptions', {
  connection: text().notNull(),
  service: text().notNull(),
  status: text().notNull(),
  tier: text().notNull(),
  email: text().notNull(),
  firstname: text().notNull(),
  lastname: text().notNull(),
  /** How many keys it has had. */
  generation: integer().notNull(),
  createdAt: integer('created_at').notNull(),
  changedAt: integer('changed_at').notNull(),
  /** Line of the history up to which this row is true. */
  version: integer().notNull(),
  asOf: integer('as_of').notNull(),
}, (table) => [primaryKey({ columns: [table.connection, table.service] })])
