ALTER TABLE `zones` ADD `home` text DEFAULT 'ispconfig' NOT NULL;--> statement-breakpoint
DROP VIEW `zones_by_state`;--> statement-breakpoint
CREATE VIEW `zones_by_state` AS SELECT connection, home, state, coalesce(reason, '') AS reason, count(*) AS zones, min(since) AS oldest_at, CASE WHEN min(since) > 0 THEN datetime(min(since) / 1000, 'unixepoch') END AS oldest_utc
FROM zones GROUP BY 1, 2, 3, 4;