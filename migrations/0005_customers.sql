CREATE TABLE `customers` (
	`customer` text PRIMARY KEY NOT NULL,
	`connection` text NOT NULL,
	`user` text NOT NULL,
	`customer_no` text NOT NULL,
	`status` text NOT NULL,
	`why` text,
	`changes` integer NOT NULL,
	`changed_at` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `mail_domains` (
	`customer` text NOT NULL,
	`domain` text NOT NULL,
	`connection` text NOT NULL,
	`user` text NOT NULL,
	`service` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`mailboxes` integer NOT NULL,
	`aliases` integer NOT NULL,
	`forwards` integer NOT NULL,
	`since` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`customer`, `domain`)
);
--> statement-breakpoint
CREATE TABLE `zones` (
	`customer` text NOT NULL,
	`zone` text NOT NULL,
	`connection` text NOT NULL,
	`user` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`since` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`customer`, `zone`)
);
--> statement-breakpoint
DROP VIEW `audit_by_customer`;--> statement-breakpoint
CREATE VIEW `customers_with_zones` AS SELECT c.connection, c.user, c.customer_no, c.status, c.why, (SELECT count(*) FROM zones z WHERE z.customer = c.customer) AS zones,
  (SELECT count(*) FROM mail_domains m WHERE m.customer = c.customer) AS mail_domains, (SELECT coalesce(sum(m.mailboxes), 0) FROM mail_domains m WHERE m.customer = c.customer) AS mailboxes,
  c.changes, c.changed_at, CASE WHEN c.changed_at > 0 THEN datetime(c.changed_at / 1000, 'unixepoch') END AS changed_utc, c.customer
FROM customers c;--> statement-breakpoint
CREATE VIEW `mail_by_state` AS SELECT connection, state, coalesce(reason, '') AS reason, count(*) AS domains, sum(mailboxes) AS mailboxes, sum(aliases) AS aliases, sum(forwards) AS forwards,
  min(since) AS oldest_at, CASE WHEN min(since) > 0 THEN datetime(min(since) / 1000, 'unixepoch') END AS oldest_utc
FROM mail_domains GROUP BY 1, 2, 3;--> statement-breakpoint
CREATE VIEW `zones_by_state` AS SELECT connection, state, coalesce(reason, '') AS reason, count(*) AS zones, min(since) AS oldest_at, CASE WHEN min(since) > 0 THEN datetime(min(since) / 1000, 'unixepoch') END AS oldest_utc
FROM zones GROUP BY 1, 2, 3;--> statement-breakpoint
CREATE VIEW `audit_by_customer` AS SELECT coalesce(t.connection, c.connection, '') AS connection, coalesce(t.email, '') AS email, coalesce(t.service, '') AS service, coalesce(c.user, '') AS user, a.tenant, a.line, a.at, CASE WHEN a.at > 0 THEN datetime(a.at / 1000, 'unixepoch') END AS at_utc, a.epoch, a.event, a.step,
  CASE json_type(a.detail) WHEN 'object' THEN json_extract(a.detail, '$.actor') END AS actor, a.detail, a.hash
FROM audit a LEFT JOIN tenants t ON t.tenant = a.tenant LEFT JOIN customers c ON c.customer = a.tenant;