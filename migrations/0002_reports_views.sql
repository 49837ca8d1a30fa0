CREATE TABLE `addresses` (
	`cluster` text PRIMARY KEY NOT NULL,
	`held` integer NOT NULL,
	`quarantined` integer NOT NULL,
	`free` integer NOT NULL,
	`as_of` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `backups` (
	`tenant` text NOT NULL,
	`name` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`size_bytes` integer,
	`at` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`tenant`, `name`)
);
--> statement-breakpoint
CREATE TABLE `domains` (
	`tenant` text NOT NULL,
	`domain` text NOT NULL,
	`connection` text NOT NULL,
	`service` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`certificate_expires_at` integer,
	`since` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`tenant`, `domain`)
);
--> statement-breakpoint
-- Written by hand: lines that were told before there were seals. POST /operator/reports has them told again, sealed.
DELETE FROM `audit`;--> statement-breakpoint
ALTER TABLE `audit` ADD `hash` text NOT NULL;--> statement-breakpoint
CREATE VIEW `addresses_left` AS SELECT cluster, free, held, quarantined, free + held + quarantined AS total, round(100.0 * free / (free + held + quarantined), 1) AS free_percent, as_of, CASE WHEN as_of > 0 THEN datetime(as_of / 1000, 'unixepoch') END AS as_of_utc
FROM addresses;--> statement-breakpoint
CREATE VIEW `audit_by_customer` AS SELECT coalesce(t.connection, '') AS connection, coalesce(t.email, '') AS email, coalesce(t.service, '') AS service, a.tenant, a.line, a.at, CASE WHEN a.at > 0 THEN datetime(a.at / 1000, 'unixepoch') END AS at_utc, a.epoch, a.event, a.step,
  CASE json_type(a.detail) WHEN 'object' THEN json_extract(a.detail, '$.actor') END AS actor, a.detail, a.hash
FROM audit a LEFT JOIN tenants t ON t.tenant = a.tenant;--> statement-breakpoint
CREATE VIEW `backups_by_site` AS SELECT t.connection, t.service, t.plan, t.status, count(CASE WHEN b.kind = 'manual' THEN 1 END) AS manual, count(CASE WHEN b.kind = 'scheduled' THEN 1 END) AS scheduled,
  count(CASE WHEN b.kind = 'off-site' THEN 1 END) AS off_site, count(CASE WHEN b.state = 'failed' THEN 1 END) AS failed, coalesce(sum(b.size_bytes), 0) AS bytes,
  max(CASE WHEN b.state <> 'failed' THEN b.at END) AS newest_at, CASE WHEN max(CASE WHEN b.state <> 'failed' THEN b.at END) > 0 THEN datetime(max(CASE WHEN b.state <> 'failed' THEN b.at END) / 1000, 'unixepoch') END AS newest_utc
FROM tenants t LEFT JOIN backups b ON b.tenant = t.tenant AND b.state <> 'removed' WHERE t.status NOT IN ('terminated', 'undone') GROUP BY t.tenant;--> statement-breakpoint
CREATE VIEW `capacity_sold` AS SELECT t.node, t.plan, count(*) AS sites, sum(CASE t.plan WHEN 'basic' THEN 2048 WHEN 'standard' THEN 4096 WHEN 'premium' THEN 8192 END) AS memory_mb, sum(CASE t.plan WHEN 'basic' THEN 20 WHEN 'standard' THEN 40 WHEN 'premium' THEN 80 END) AS disk_gb
FROM tenants t WHERE t.status NOT IN ('terminated', 'undone') GROUP BY t.node, t.plan;--> statement-breakpoint
CREATE VIEW `certificates_by_expiry` AS SELECT certificate_expires_at AS expires_at, CASE WHEN certificate_expires_at > 0 THEN datetime(certificate_expires_at / 1000, 'unixepoch') END AS expires_utc, round((certificate_expires_at / 1000.0 - unixepoch()) / 86400, 1) AS days_left,
  domain, connection, service, tenant, state
FROM domains WHERE certificate_expires_at IS NOT NULL AND state <> 'removed';--> statement-breakpoint
CREATE VIEW `domains_by_state` AS SELECT connection, state, coalesce(reason, '') AS reason, count(*) AS domains, min(since) AS oldest_at, CASE WHEN min(since) > 0 THEN datetime(min(since) / 1000, 'unixepoch') END AS oldest_utc
FROM domains WHERE state <> 'removed' GROUP BY 1, 2, 3;--> statement-breakpoint
CREATE VIEW `failures_by_cause` AS SELECT a.event, coalesce(a.step, '') AS step, coalesce(CASE json_type(a.detail) WHEN 'text' THEN json_extract(a.detail, '$') ELSE json_extract(a.detail, '$.error') END, '') AS cause,
  count(*) AS times, count(DISTINCT a.tenant) AS tenants, count(DISTINCT CASE WHEN t.status = 'stuck' THEN a.tenant END) AS stuck_now,
  min(a.at) AS first_at, CASE WHEN min(a.at) > 0 THEN datetime(min(a.at) / 1000, 'unixepoch') END AS first_utc, max(a.at) AS last_at, CASE WHEN max(a.at) > 0 THEN datetime(max(a.at) / 1000, 'unixepoch') END AS last_utc
FROM audit a LEFT JOIN tenants t ON t.tenant = a.tenant WHERE a.event IN ('turned', 'stuck', 'bug') GROUP BY 1, 2, 3;--> statement-breakpoint
CREATE VIEW `provisioning_times` AS WITH took AS (
  SELECT 'order to live' AS what, seconds, live_at AS at, NULL AS attempt FROM provisionings
  UNION ALL SELECT step, (settled_at - started_at) / 1000.0, settled_at, attempt FROM steps WHERE want = 'present' AND phase = 'settled' AND started_at > 0
), periods AS (SELECT 7 AS days UNION ALL SELECT 30 UNION ALL SELECT 365
), ranked AS (
  SELECT days, what, seconds, attempt, row_number() OVER (PARTITION BY days, what ORDER BY seconds) AS place, count(*) OVER (PARTITION BY days, what) AS runs
  FROM took JOIN periods ON at > (unixepoch() - days * 86400) * 1000
) SELECT days, what, runs, round(min(CASE WHEN place >= runs * 0.5 THEN seconds END), 1) AS p50_s, round(min(CASE WHEN place >= runs * 0.95 THEN seconds END), 1) AS p95_s,
  round(max(seconds), 1) AS slowest_s, round(avg(attempt), 2) AS attempts
FROM ranked GROUP BY days, what;--> statement-breakpoint
CREATE VIEW `provisionings` AS SELECT t.connection, t.service, t.tenant, t.plan, t.node, t.ordered_at, CASE WHEN t.ordered_at > 0 THEN datetime(t.ordered_at / 1000, 'unixepoch') END AS ordered_utc, min(a.at) AS live_at, CASE WHEN min(a.at) > 0 THEN datetime(min(a.at) / 1000, 'unixepoch') END AS live_utc,
  round((min(a.at) - t.ordered_at) / 1000.0, 1) AS seconds
FROM tenants t JOIN audit a ON a.tenant = t.tenant AND a.epoch = t.epoch AND a.event = 'rest' AND a.detail = '"live"' GROUP BY t.tenant;--> statement-breakpoint
CREATE VIEW `quota_use` AS SELECT t.connection, t.service, t.email, t.plan, t.status,
  (SELECT count(*) FROM domains d WHERE d.tenant = t.tenant AND d.state <> 'removed') AS domains, CASE t.plan WHEN 'basic' THEN 3 WHEN 'standard' THEN 5 WHEN 'premium' THEN 10 END AS domains_most,
  (SELECT count(*) FROM backups b WHERE b.tenant = t.tenant AND b.kind = 'manual' AND b.state <> 'removed') AS backups, CASE t.plan WHEN 'basic' THEN 2 WHEN 'standard' THEN 3 WHEN 'premium' THEN 5 END AS backups_most,
  (SELECT coalesce(sum(b.size_bytes), 0) FROM backups b WHERE b.tenant = t.tenant AND b.state <> 'removed') AS backup_bytes
FROM tenants t WHERE t.status NOT IN ('terminated', 'undone');--> statement-breakpoint
CREATE VIEW `sites` AS SELECT connection, service, tenant, email, plan, status, target, hostname, ip, vmid, node, cause,
  ordered_at, CASE WHEN ordered_at > 0 THEN datetime(ordered_at / 1000, 'unixepoch') END AS ordered_utc, changed_at, CASE WHEN changed_at > 0 THEN datetime(changed_at / 1000, 'unixepoch') END AS changed_utc, rest_at, CASE WHEN rest_at > 0 THEN datetime(rest_at / 1000, 'unixepoch') END AS rest_utc, as_of, CASE WHEN as_of > 0 THEN datetime(as_of / 1000, 'unixepoch') END AS as_of_utc
FROM tenants;--> statement-breakpoint
CREATE VIEW `sites_by_state_and_plan` AS SELECT connection, status, plan, count(*) AS sites, min(changed_at) AS oldest_wish_at, CASE WHEN min(changed_at) > 0 THEN datetime(min(changed_at) / 1000, 'unixepoch') END AS oldest_wish_utc
FROM tenants GROUP BY connection, status, plan;--> statement-breakpoint
CREATE VIEW `stuck_steps` AS SELECT t.connection, t.service, t.hostname, t.vmid, s.step, s.want, s.attempt, s.why, s.since AS since_at, CASE WHEN s.since > 0 THEN datetime(s.since / 1000, 'unixepoch') END AS since_utc
FROM tenants t JOIN steps s ON s.tenant = t.tenant AND s.epoch = t.epoch WHERE t.status = 'stuck' AND s.phase = 'stuck';--> statement-breakpoint
CREATE VIEW `support_by_state` AS SELECT connection, tier, status, count(*) AS subscriptions, sum(generation) AS keys, max(created_at) AS newest_at, CASE WHEN max(created_at) > 0 THEN datetime(max(created_at) / 1000, 'unixepoch') END AS newest_utc
FROM support_subscriptions GROUP BY connection, tier, status;--> statement-breakpoint
CREATE VIEW `under_way` AS SELECT t.connection, t.service, t.status, s.step, s.want, s.phase, s.attempt, s.why, s.since AS since_at, CASE WHEN s.since > 0 THEN datetime(s.since / 1000, 'unixepoch') END AS since_utc, t.as_of, CASE WHEN t.as_of > 0 THEN datetime(t.as_of / 1000, 'unixepoch') END AS as_of_utc
FROM tenants t JOIN steps s ON s.tenant = t.tenant AND s.epoch = t.epoch WHERE t.status NOT IN ('live', 'suspended', 'terminated', 'undone', 'stuck') AND s.phase <> 'settled';
--> statement-breakpoint
-- Written by hand, as drizzle knows no triggers: the audit only grows. A line that stands is neither changed nor replaced; telling it again is no error.
CREATE TRIGGER `audit_line_stands` BEFORE INSERT ON `audit` WHEN EXISTS (SELECT 1 FROM `audit` WHERE `tenant` = new.`tenant` AND `line` = new.`line`) BEGIN SELECT RAISE(IGNORE); END;--> statement-breakpoint
CREATE TRIGGER `audit_never_changes` BEFORE UPDATE ON `audit` BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;--> statement-breakpoint
CREATE TRIGGER `audit_never_shrinks` BEFORE DELETE ON `audit` BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
