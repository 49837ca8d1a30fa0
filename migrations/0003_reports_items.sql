DROP VIEW `backups_by_site`;--> statement-breakpoint
DROP VIEW `certificates_by_expiry`;--> statement-breakpoint
DROP VIEW `domains_by_state`;--> statement-breakpoint
DROP VIEW `failures_by_cause`;--> statement-breakpoint
DROP VIEW `provisioning_times`;--> statement-breakpoint
DROP VIEW `quota_use`;--> statement-breakpoint
CREATE VIEW `backups_by_site` AS SELECT t.connection, t.service, t.plan, t.status, count(CASE WHEN b.kind = 'manual' THEN 1 END) AS manual, count(CASE WHEN b.kind = 'scheduled' THEN 1 END) AS scheduled,
  count(CASE WHEN b.kind = 'off-site' THEN 1 END) AS off_site, count(CASE WHEN b.state = 'failed' THEN 1 END) AS failed, coalesce(sum(b.size_bytes), 0) AS bytes,
  max(CASE WHEN b.state <> 'failed' THEN b.at END) AS newest_at, CASE WHEN max(CASE WHEN b.state <> 'failed' THEN b.at END) > 0 THEN datetime(max(CASE WHEN b.state <> 'failed' THEN b.at END) / 1000, 'unixepoch') END AS newest_utc
FROM tenants t LEFT JOIN backups b ON b.tenant = t.tenant WHERE t.status NOT IN ('terminated', 'undone') GROUP BY t.tenant;--> statement-breakpoint
CREATE VIEW `certificates_by_expiry` AS SELECT certificate_expires_at AS expires_at, CASE WHEN certificate_expires_at > 0 THEN datetime(certificate_expires_at / 1000, 'unixepoch') END AS expires_utc, round((certificate_expires_at / 1000.0 - unixepoch()) / 86400, 1) AS days_left,
  domain, connection, service, tenant, state
FROM domains WHERE certificate_expires_at IS NOT NULL;--> statement-breakpoint
CREATE VIEW `domains_by_state` AS SELECT connection, state, coalesce(reason, '') AS reason, count(*) AS domains, min(since) AS oldest_at, CASE WHEN min(since) > 0 THEN datetime(min(since) / 1000, 'unixepoch') END AS oldest_utc
FROM domains GROUP BY 1, 2, 3;--> statement-breakpoint
CREATE VIEW `failures_by_cause` AS SELECT a.event, coalesce(CASE WHEN instr(a.step, ':') > 0 THEN substr(a.step, 1, instr(a.step, ':') - 1) ELSE a.step END, '') AS step, coalesce(CASE json_type(a.detail) WHEN 'text' THEN json_extract(a.detail, '$') ELSE json_extract(a.detail, '$.error') END, '') AS cause,
  count(*) AS times, count(DISTINCT a.tenant) AS tenants, count(DISTINCT CASE WHEN t.status = 'stuck' THEN a.tenant END) AS stuck_now,
  min(a.at) AS first_at, CASE WHEN min(a.at) > 0 THEN datetime(min(a.at) / 1000, 'unixepoch') END AS first_utc, max(a.at) AS last_at, CASE WHEN max(a.at) > 0 THEN datetime(max(a.at) / 1000, 'unixepoch') END AS last_utc
FROM audit a LEFT JOIN tenants t ON t.tenant = a.tenant WHERE a.event IN ('turned', 'stuck', 'bug') GROUP BY 1, 2, 3;--> statement-breakpoint
CREATE VIEW `provisioning_times` AS WITH took AS (
  SELECT 'order to live' AS what, seconds, live_at AS at, NULL AS attempt FROM provisionings
  UNION ALL SELECT CASE WHEN instr(step, ':') > 0 THEN substr(step, 1, instr(step, ':') - 1) ELSE step END, (settled_at - started_at) / 1000.0, settled_at, attempt FROM steps WHERE want = 'present' AND phase = 'settled' AND started_at > 0
), periods AS (SELECT 7 AS days UNION ALL SELECT 30 UNION ALL SELECT 365
), ranked AS (
  SELECT days, what, seconds, attempt, row_number() OVER (PARTITION BY days, what ORDER BY seconds) AS place, count(*) OVER (PARTITION BY days, what) AS runs
  FROM took JOIN periods ON at > (unixepoch() - days * 86400) * 1000
) SELECT days, what, runs, round(min(CASE WHEN place >= runs * 0.5 THEN seconds END), 1) AS p50_s, round(min(CASE WHEN place >= runs * 0.95 THEN seconds END), 1) AS p95_s,
  round(max(seconds), 1) AS slowest_s, round(avg(attempt), 2) AS attempts
FROM ranked GROUP BY days, what;--> statement-breakpoint
CREATE VIEW `quota_use` AS SELECT t.connection, t.service, t.email, t.plan, t.status,
  (SELECT count(*) FROM domains d WHERE d.tenant = t.tenant) AS domains, CASE t.plan WHEN 'basic' THEN 3 WHEN 'standard' THEN 5 WHEN 'premium' THEN 10 END AS domains_most,
  (SELECT count(*) FROM backups b WHERE b.tenant = t.tenant AND b.kind <> 'off-site' AND b.state IN ('good', 'being made')) AS backups, CASE t.plan WHEN 'basic' THEN 2 WHEN 'standard' THEN 3 WHEN 'premium' THEN 5 END AS backups_most,
  (SELECT coalesce(sum(b.size_bytes), 0) FROM backups b WHERE b.tenant = t.tenant) AS backup_bytes
FROM tenants t WHERE t.status NOT IN ('terminated', 'undone');