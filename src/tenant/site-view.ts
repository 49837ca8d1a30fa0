// What a customer may see of a site beyond its order: the switch, the door, what is kept of what may be kept, what went wrong.
import { plans } from '../domain/plan.ts'
import { customersOf, domainsOf } from '../domain/site.ts'
import type { TenantState } from './state.ts'

export interface SiteView {
  /** The customer's own switch. */
  power: 'on' | 'off'
  /** Visitors reach it. */
  published: boolean
  diskGb: number
  backups: { used: number; limit: number }
  domains: { names: string[]; used: number; limit: number }
  /** What could not be done, newest last. */
  notices: { what: string; why: string; at: number }[]
}

export function siteView({ site, spec }: Pick<TenantState, 'site' | 'spec'>): SiteView {
  const plan = plans[spec.plan]
  const names = domainsOf(site).filter(({ want }) => want === 'present').map(({ name }) => name)
  return {
    power: site.power, published: site.published, diskGb: site.disk.gb, notices: site.notices,
    backups: { used: customersOf(site).length, limit: plan.backups },
    domains: { names, used: names.length, limit: plan.domains },
  }
}
