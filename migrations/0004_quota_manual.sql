DROP VIEW `quota_use`;--> statement-breakpoint
CREATE VIEW `quota_use` AS SELECT t.connection, t.service, t.email, t.plan, t.status,
  (SELECT count(*) FROM domains d WHERE d.tenant = t.tenant) AS domains, CASE t.plan WHEN 'basic' THEN 3 WHEN 'standard' THEN 5 WHEN 'premium' THEN 10 END AS domains_most,
  (SELECT count(*) FROM backups b WHERE b.tenant = t.tenant AND b.kind = 'manual' AND b.state IN ('good', 'being made')) AS backups, CASE t.plan WHEN 'basic' THEN 2 WHEN 'standard' THEN 3 WHEN 'premium' THEN 5 END AS backups_most,
  (SELECT coalesce(sum(b.size_bytes), 0) FROM backups b WHERE b.tenant = t.tenant) AS backup_bytes
FROM tenants t WHERE t.status NOT IN ('terminated', 'undone');