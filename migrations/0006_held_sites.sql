ALTER TABLE `tenants` ADD `held_by` text;--> statement-breakpoint
ALTER TABLE `tenants` ADD `held_why` text;--> statement-breakpoint
ALTER TABLE `tenants` ADD `held_at` integer;--> statement-breakpoint
CREATE VIEW `held_sites` AS SELECT connection, service, status, held_by, held_why, held_at, CASE WHEN held_at > 0 THEN datetime(held_at / 1000, 'unixepoch') END AS held_utc FROM tenants WHERE held_at IS NOT NULL;