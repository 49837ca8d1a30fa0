// What a hoster sells. Sizes are absolute, so that applying a plan twice changes nothing.

export interface Plan {
  memoryMb: number
  swapMb: number
  diskGb: number
  cores: number
  /** How many backups the customer may keep. */
  backups: number
  /** What the schedule keeps beside them: the newest of so many days, weeks and months. */
  nightly: { daily: number; weekly: number; monthly: number }
  /** How many custom domains the customer may connect. */
  domains: number
  /** How many domains may have mail, with how many mailboxes in all, of how many MB each at most; and how many aliases and forwards together. */
  mail: { domains: number; mailboxes: number; mailboxMb: number; addresses: number }
}

export const plans = {
  basic: { memoryMb: 2048, swapMb: 512, diskGb: 20, cores: 2, backups: 2, nightly: { daily: 3, weekly: 1, monthly: 0 }, domains: 3, mail: { domains: 3, mailboxes: 5, mailboxMb: 2_048, addresses: 20 } },
  standard: { memoryMb: 4096, swapMb: 512, diskGb: 40, cores: 2, backups: 3, nightly: { daily: 7, weekly: 2, monthly: 1 }, domains: 5, mail: { domains: 5, mailboxes: 20, mailboxMb: 5_120, addresses: 100 } },
  premium: { memoryMb: 8192, swapMb: 512, diskGb: 80, cores: 2, backups: 5, nightly: { daily: 7, weekly: 4, monthly: 3 }, domains: 10, mail: { domains: 10, mailboxes: 50, mailboxMb: 10_240, addresses: 250 } },
} as const satisfies Record<string, Plan>

export type PlanName = keyof typeof plans

export const planNames = Object.keys(plans) as [PlanName, ...PlanName[]]
