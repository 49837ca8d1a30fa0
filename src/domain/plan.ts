// What a hoster sells. Sizes are absolute, so that applying a plan twice changes nothing.

export interface Plan {
  memoryMb: number
  swapMb: number
  diskGb: number
  cores: number
  /** How many backups the customer may keep. */
  backups: number
  /** How many custom domains the customer may connect. */
  domains: number
}

export const plans = {
  basic: { memoryMb: 2048, swapMb: 512, diskGb: 20, cores: 2, backups: 2, domains: 3 },
  standard: { memoryMb: 4096, swapMb: 512, diskGb: 40, cores: 2, backups: 3, domains: 5 },
  premium: { memoryMb: 8192, swapMb: 512, diskGb: 80, cores: 2, backups: 5, domains: 10 },
} as const satisfies Record<string, Plan>

export type PlanName = keyof typeof plans

export const planNames = Object.keys(plans) as [PlanName, ...PlanName[]]
