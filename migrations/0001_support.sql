CREATE TABLE `support_subscriptions` (
	`connection` text NOT NULL,
	`service` text NOT NULL,
	`status` text NOT NULL,
	`tier` text NOT NULL,
	`email` text NOT NULL,
	`firstname` text NOT NULL,
	`lastname` text NOT NULL,
	`generation` integer NOT NULL,
	`created_at` integer NOT NULL,
	`changed_at` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL,
	PRIMARY KEY(`connection`, `service`)
);
