CREATE TABLE `audit` (
	`tenant` text NOT NULL,
	`line` integer NOT NULL,
	`at` integer NOT NULL,
	`epoch` integer NOT NULL,
	`event` text NOT NULL,
	`step` text,
	`detail` text,
	PRIMARY KEY(`tenant`, `line`)
);
--> statement-breakpoint
CREATE TABLE `dead_letters` (
	`id` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`body` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `steps` (
	`tenant` text NOT NULL,
	`epoch` integer NOT NULL,
	`step` text NOT NULL,
	`want` text NOT NULL,
	`phase` text NOT NULL,
	`attempt` integer NOT NULL,
	`why` text,
	`since` integer NOT NULL,
	`started_at` integer NOT NULL,
	`settled_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant`, `epoch`, `step`)
);
--> statement-breakpoint
CREATE TABLE `tenants` (
	`tenant` text PRIMARY KEY NOT NULL,
	`connection` text NOT NULL,
	`service` text NOT NULL,
	`email` text NOT NULL,
	`plan` text NOT NULL,
	`status` text NOT NULL,
	`target` text NOT NULL,
	`epoch` integer NOT NULL,
	`vmid` integer NOT NULL,
	`ip` text NOT NULL,
	`hostname` text NOT NULL,
	`node` text NOT NULL,
	`cause` text,
	`ordered_at` integer NOT NULL,
	`changed_at` integer NOT NULL,
	`rest_at` integer NOT NULL,
	`version` integer NOT NULL,
	`as_of` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `tenants_by_status` ON `tenants` (`status`);