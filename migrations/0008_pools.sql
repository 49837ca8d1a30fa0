CREATE TABLE `pools` (
	`cluster` text NOT NULL,
	`plan` text NOT NULL,
	`target` integer NOT NULL,
	`ready` integer NOT NULL,
	`building` integer NOT NULL,
	`retiring` integer NOT NULL,
	`oldest_ready_at` integer NOT NULL,
	`longest` text NOT NULL,
	`longest_since` integer NOT NULL,
	`refill_ms` integer NOT NULL,
	`arrivals` integer NOT NULL,
	`claims` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`cluster`, `plan`)
);
--> statement-breakpoint
CREATE VIEW `pools_by_plan` AS SELECT cluster, plan, target, ready, building, retiring, oldest_ready_at, CASE WHEN oldest_ready_at > 0 THEN datetime(oldest_ready_at / 1000, 'unixepoch') END AS oldest_ready_utc, longest, longest_since AS longest_at, CASE WHEN longest_since > 0 THEN datetime(longest_since / 1000, 'unixepoch') END AS longest_utc, round(refill_ms / 1000.0, 1) AS refill_s, arrivals, claims, as_of, CASE WHEN as_of > 0 THEN datetime(as_of / 1000, 'unixepoch') END AS as_of_utc
FROM pools;