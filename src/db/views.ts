// The views of the reporting copy, made to be asked by people and by GET /reports: times stand twice, as epoch ms (`…_at`) and
// as text (`…_utc`). Each has columns that are never null and name one row, in whose order it is paged.
import { sql } from 'drizzle-orm'
import { integer, real, sqliteView, text } from 'drizzle-orm/sqlite-core'
import { plans } from '../domain/plan.ts'

const utc = (column: string) => sql.raw(`CASE WHEN ${column} > 0 THEN datetime(${column} / 1000, 'unixepoch') END`)
/** What a plan grants, as SQL: the sizes of src/domain/plan.ts, so that a change of them asks for a migration. */
const granted = (what: 'memoryMb' | 'diskGb' | 'backups' | 'domains') =>
  sql.raw(`CASE t.plan ${Object.entries(plans).map(([name, plan]) => `WHEN '${name}' THEN ${plan[what]}`).join(' ')} END`)
/** The resource that a row is an instance of: `backup` of `backup:BAK01012026-1`. */
const kindOf = (step: string) => sql.raw(`CASE WHEN instr(${step}, ':') > 0 THEN substr(${step}, 1, instr(${step}, ':') - 1) ELSE ${step} END`)
const ended = sql.raw(`('terminated', 'undone')`)
const resting = sql.raw(`('live', 'suspended', 'terminated', 'undone', 'stuck')`)

export const sites = sqliteView('sites', {
  connection: text(), service: text(), tenant: text(), email: text(), plan: text(), status: text(), target: text(), hostname: text(), ip: text(), vmid: integer(), node: text(), cause: text(),
  orderedAt: integer('ordered_at'), orderedUtc: text('ordered_utc'), changedAt: integer('changed_at'), changedUtc: text('changed_utc'), restAt: integer('rest_at'), restUtc: text('rest_utc'),
  asOf: integer('as_of'), asOfUtc: text('as_of_utc'),
}).as(sql`SELECT connection, service, tenant, email, plan, status, target, hostname, ip, vmid, node, cause,
  ordered_at, ${utc('ordered_at')} AS ordered_utc, changed_at, ${utc('changed_at')} AS changed_utc, rest_at, ${utc('rest_at')} AS rest_utc, as_of, ${utc('as_of')} AS as_of_utc
FROM tenants`)

export const sitesByStateAndPlan = sqliteView('sites_by_state_and_plan', {
  connection: text(), status: text(), plan: text(), sites: integer(), oldestWishAt: integer('oldest_wish_at'), oldestWishUtc: text('oldest_wish_utc'),
}).as(sql`SELECT connection, status, plan, count(*) AS sites, min(changed_at) AS oldest_wish_at, ${utc('min(changed_at)')} AS oldest_wish_utc
FROM tenants GROUP BY connection, status, plan`)

export const capacitySold = sqliteView('capacity_sold', {
  node: text(), plan: text(), sites: integer(), memoryMb: integer('memory_mb'), diskGb: integer('disk_gb'),
}).as(sql`SELECT t.node, t.plan, count(*) AS sites, sum(${granted('memoryMb')}) AS memory_mb, sum(${granted('diskGb')}) AS disk_gb
FROM tenants t WHERE t.status NOT IN ${ended} GROUP BY t.node, t.plan`)

export const quotaUse = sqliteView('quota_use', {
  connection: text(), service: text(), email: text(), plan: text(), status: text(),
  domains: integer(), domainsMost: integer('domains_most'), backups: integer(), backupsMost: integer('backups_most'), backupBytes: integer('backup_bytes'),
}).as(sql`SELECT t.connection, t.service, t.email, t.plan, t.status,
  (SELECT count(*) FROM domains d WHERE d.tenant = t.tenant) AS domains, ${granted('domains')} AS domains_most,
  (SELECT count(*) FROM backups b WHERE b.tenant = t.tenant AND b.kind = 'manual' AND b.state IN ('good', 'being made')) AS backups, ${granted('backups')} AS backups_most,
  (SELECT coalesce(sum(b.size_bytes), 0) FROM backups b WHERE b.tenant = t.tenant) AS backup_bytes
FROM tenants t WHERE t.status NOT IN ${ended}`)

export const stuckSteps = sqliteView('stuck_steps', {
  connection: text(), service: text(), hostname: text(), vmid: integer(), step: text(), want: text(), attempt: integer(), why: text(), sinceAt: integer('since_at'), sinceUtc: text('since_utc'),
}).as(sql`SELECT t.connection, t.service, t.hostname, t.vmid, s.step, s.want, s.attempt, s.why, s.since AS since_at, ${utc('s.since')} AS since_utc
FROM tenants t JOIN steps s ON s.tenant = t.tenant AND s.epoch = t.epoch WHERE t.status = 'stuck' AND s.phase = 'stuck'`)

export const heldSites = sqliteView('held_sites', {
  connection: text(), service: text(), status: text(), heldBy: text('held_by'), heldWhy: text('held_why'), heldAt: integer('held_at'), heldUtc: text('held_utc'),
}).as(sql`SELECT connection, service, status, held_by, held_why, held_at, ${utc('held_at')} AS held_utc FROM tenants WHERE held_at IS NOT NULL`)

export const underWay = sqliteView('under_way', {
  connection: text(), service: text(), status: text(), step: text(), want: text(), phase: text(), attempt: integer(), why: text(),
  sinceAt: integer('since_at'), sinceUtc: text('since_utc'), asOf: integer('as_of'), asOfUtc: text('as_of_utc'),
}).as(sql`SELECT t.connection, t.service, t.status, s.step, s.want, s.phase, s.attempt, s.why, s.since AS since_at, ${utc('s.since')} AS since_utc, t.as_of, ${utc('t.as_of')} AS as_of_utc
FROM tenants t JOIN steps s ON s.tenant = t.tenant AND s.epoch = t.epoch WHERE t.status NOT IN ${resting} AND s.phase <> 'settled'`)

export const provisionings = sqliteView('provisionings', {
  connection: text(), service: text(), tenant: text(), plan: text(), node: text(), orderedAt: integer('ordered_at'), orderedUtc: text('ordered_utc'), liveAt: integer('live_at'), liveUtc: text('live_utc'), seconds: real(),
}).as(sql`SELECT t.connection, t.service, t.tenant, t.plan, t.node, t.ordered_at, ${utc('t.ordered_at')} AS ordered_utc, min(a.at) AS live_at, ${utc('min(a.at)')} AS live_utc,
  round((min(a.at) - t.ordered_at) / 1000.0, 1) AS seconds
FROM tenants t JOIN audit a ON a.tenant = t.tenant AND a.epoch = t.epoch AND a.event = 'rest' AND a.detail = '"live"' GROUP BY t.tenant`)

export const provisioningTimes = sqliteView('provisioning_times', {
  days: integer(), what: text(), runs: integer(), p50S: real('p50_s'), p95S: real('p95_s'), slowestS: real('slowest_s'), attempts: real(),
}).as(sql`WITH took AS (
  SELECT 'order to live' AS what, seconds, live_at AS at, NULL AS attempt FROM provisionings
  UNION ALL SELECT ${kindOf('step')}, (settled_at - started_at) / 1000.0, settled_at, attempt FROM steps WHERE want = 'present' AND phase = 'settled' AND started_at > 0
), periods AS (SELECT 7 AS days UNION ALL SELECT 30 UNION ALL SELECT 365
), ranked AS (
  SELECT days, what, seconds, attempt, row_number() OVER (PARTITION BY days, what ORDER BY seconds) AS place, count(*) OVER (PARTITION BY days, what) AS runs
  FROM took JOIN periods ON at > (unixepoch() - days * 86400) * 1000
) SELECT days, what, runs, round(min(CASE WHEN place >= runs * 0.5 THEN seconds END), 1) AS p50_s, round(min(CASE WHEN place >= runs * 0.95 THEN seconds END), 1) AS p95_s,
  round(max(seconds), 1) AS slowest_s, round(avg(attempt), 2) AS attempts
FROM ranked GROUP BY days, what`)

export const failuresByCause = sqliteView('failures_by_cause', {
  event: text(), step: text(), cause: text(), times: integer(), tenants: integer(), stuckNow: integer('stuck_now'), firstAt: integer('first_at'), firstUtc: text('first_utc'), lastAt: integer('last_at'), lastUtc: text('last_utc'),
}).as(sql`SELECT a.event, coalesce(${kindOf('a.step')}, '') AS step, coalesce(CASE json_type(a.detail) WHEN 'text' THEN json_extract(a.detail, '$') ELSE json_extract(a.detail, '$.error') END, '') AS cause,
  count(*) AS times, count(DISTINCT a.tenant) AS tenants, count(DISTINCT CASE WHEN t.status = 'stuck' THEN a.tenant END) AS stuck_now,
  min(a.at) AS first_at, ${utc('min(a.at)')} AS first_utc, max(a.at) AS last_at, ${utc('max(a.at)')} AS last_utc
FROM audit a LEFT JOIN tenants t ON t.tenant = a.tenant WHERE a.event IN ('turned', 'stuck', 'bug') GROUP BY 1, 2, 3`)

export const auditByCustomer = sqliteView('audit_by_customer', {
  connection: text(), email: text(), service: text(), user: text(), tenant: text(), line: integer(), at: integer(), atUtc: text('at_utc'), epoch: integer(), event: text(), step: text(), actor: text(), detail: text(), hash: text(),
}).as(sql`SELECT coalesce(t.connection, c.connection, '') AS connection, coalesce(t.email, '') AS email, coalesce(t.service, '') AS service, coalesce(c.user, '') AS user, a.tenant, a.line, a.at, ${utc('a.at')} AS at_utc, a.epoch, a.event, a.step,
  CASE json_type(a.detail) WHEN 'object' THEN json_extract(a.detail, '$.actor') END AS actor, a.detail, a.hash
FROM audit a LEFT JOIN tenants t ON t.tenant = a.tenant LEFT JOIN customers c ON c.customer = a.tenant`)

export const domainsByState = sqliteView('domains_by_state', {
  connection: text(), state: text(), reason: text(), domains: integer(), oldestAt: integer('oldest_at'), oldestUtc: text('oldest_utc'),
}).as(sql`SELECT connection, state, coalesce(reason, '') AS reason, count(*) AS domains, min(since) AS oldest_at, ${utc('min(since)')} AS oldest_utc
FROM domains GROUP BY 1, 2, 3`)

export const customersWithZones = sqliteView('customers_with_zones', {
  connection: text(), user: text(), customerNo: text('customer_no'), status: text(), why: text(), zones: integer(), mailDomains: integer('mail_domains'), mailboxes: integer(), changes: integer(),
  changedAt: integer('changed_at'), changedUtc: text('changed_utc'), customer: text(),
}).as(sql`SELECT c.connection, c.user, c.customer_no, c.status, c.why, (SELECT count(*) FROM zones z WHERE z.customer = c.customer) AS zones,
  (SELECT count(*) FROM mail_domains m WHERE m.customer = c.customer) AS mail_domains, (SELECT coalesce(sum(m.mailboxes), 0) FROM mail_domains m WHERE m.customer = c.customer) AS mailboxes,
  c.changes, c.changed_at, ${utc('c.changed_at')} AS changed_utc, c.customer
FROM customers c`)

export const zonesByState = sqliteView('zones_by_state', {
  connection: text(), home: text(), state: text(), reason: text(), zones: integer(), oldestAt: integer('oldest_at'), oldestUtc: text('oldest_utc'),
}).as(sql`SELECT connection, home, state, coalesce(reason, '') AS reason, count(*) AS zones, min(since) AS oldest_at, ${utc('min(since)')} AS oldest_utc
FROM zones GROUP BY 1, 2, 3, 4`)

export const mailByState = sqliteView('mail_by_state', {
  connection: text(), state: text(), reason: text(), domains: integer(), mailboxes: integer(), aliases: integer(), forwards: integer(), oldestAt: integer('oldest_at'), oldestUtc: text('oldest_utc'),
}).as(sql`SELECT connection, state, coalesce(reason, '') AS reason, count(*) AS domains, sum(mailboxes) AS mailboxes, sum(aliases) AS aliases, sum(forwards) AS forwards,
  min(since) AS oldest_at, ${utc('min(since)')} AS oldest_utc
FROM mail_domains GROUP BY 1, 2, 3`)

export const certificatesByExpiry = sqliteView('certificates_by_expiry', {
  expiresAt: integer('expires_at'), expiresUtc: text('expires_utc'), daysLeft: real('days_left'), domain: text(), connection: text(), service: text(), tenant: text(), state: text(),
}).as(sql`SELECT certificate_expires_at AS expires_at, ${utc('certificate_expires_at')} AS expires_utc, round((certificate_expires_at / 1000.0 - unixepoch()) / 86400, 1) AS days_left,
  domain, connection, service, tenant, state
FROM domains WHERE certificate_expires_at IS NOT NULL`)

export const backupsBySite = sqliteView('backups_by_site', {
  connection: text(), service: text(), plan: text(), status: text(), manual: integer(), scheduled: integer(), offSite: integer('off_site'), failed: integer(), bytes: integer(), newestAt: integer('newest_at'), newestUtc: text('newest_utc'),
}).as(sql`SELECT t.connection, t.service, t.plan, t.status, count(CASE WHEN b.kind = 'manual' THEN 1 END) AS manual, count(CASE WHEN b.kind = 'scheduled' THEN 1 END) AS scheduled,
  count(CASE WHEN b.kind = 'off-site' THEN 1 END) AS off_site, count(CASE WHEN b.state = 'failed' THEN 1 END) AS failed, coalesce(sum(b.size_bytes), 0) AS bytes,
  max(CASE WHEN b.state <> 'failed' THEN b.at END) AS newest_at, ${utc(`max(CASE WHEN b.state <> 'failed' THEN b.at END)`)} AS newest_utc
FROM tenants t LEFT JOIN backups b ON b.tenant = t.tenant WHERE t.status NOT IN ${ended} GROUP BY t.tenant`)

export const keptCopies = sqliteView('kept_copies', {
  connection: text(), service: text(), email: text(), name: text(), vmid: integer(), sizeBytes: integer('size_bytes'), madeAt: integer('made_at'), madeUtc: text('made_utc'), keptUntilAt: integer('kept_until_at'), keptUntilUtc: text('kept_until_utc'), tenant: text(),
}).as(sql`SELECT t.connection, t.service, t.email, b.name, t.vmid, b.size_bytes, b.at AS made_at, ${utc('b.at')} AS made_utc, b.kept_until AS kept_until_at, ${utc('b.kept_until')} AS kept_until_utc, b.tenant
FROM backups b JOIN tenants t ON t.tenant = b.tenant WHERE b.kept_until IS NOT NULL`)

export const addressesLeft = sqliteView('addresses_left', {
  cluster: text(), free: integer(), held: integer(), quarantined: integer(), total: integer(), freePercent: real('free_percent'), asOf: integer('as_of'), asOfUtc: text('as_of_utc'),
}).as(sql`SELECT cluster, free, held, quarantined, free + held + quarantined AS total, round(100.0 * free / (free + held + quarantined), 1) AS free_percent, as_of, ${utc('as_of')} AS as_of_utc
FROM addresses`)

export const poolsByPlan = sqliteView('pools_by_plan', {
  cluster: text(), plan: text(), target: integer(), ready: integer(), building: integer(), retiring: integer(), oldestReadyAt: integer('oldest_ready_at'), oldestReadyUtc: text('oldest_ready_utc'), longest: text(), longestAt: integer('longest_at'), longestUtc: text('longest_utc'),
  refillS: real('refill_s'), arrivals: integer(), claims: integer(), asOf: integer('as_of'), asOfUtc: text('as_of_utc'),
}).as(sql`SELECT cluster, plan, target, ready, building, retiring, oldest_ready_at, ${utc('oldest_ready_at')} AS oldest_ready_utc, longest, longest_since AS longest_at, ${utc('longest_since')} AS longest_utc, round(refill_ms / 1000.0, 1) AS refill_s, arrivals, claims, as_of, ${utc('as_of')} AS as_of_utc
FROM pools`)

export const supportByState = sqliteView('support_by_state', {
  connection: text(), tier: text(), status: text(), subscriptions: integer(), keys: integer(), newestAt: integer('newest_at'), newestUtc: text('newest_utc'),
}).as(sql`SELECT connection, tier, status, count(*) AS subscriptions, sum(generation) AS keys, max(created_at) AS newest_at, ${utc('max(created_at)')} AS newest_utc
FROM support_subscriptions GROUP BY connection, tier, status`)
