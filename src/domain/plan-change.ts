// What another plan would mean for a site: sizes before and after, what it interrupts, what stands in its way. Pure; the
// preview and the change itself ask the same, so that nothing is promised that is then refused.
import { plans, type Plan, type PlanName } from './plan.ts'
import { backupsOf, busyWith, customersOf, titleOf, type Site } from './site.ts'

export type HindranceCode = 'not-ready' | 'quota' | 'disk-use' | 'exhausted'

export interface PlanChange {
  from: PlanName
  to: PlanName
  /** As they are: the disk may differ from the plan's. */
  before: Plan
  after: Plan
  /** Visitors notice nothing. */
  online: boolean
  /** How long it takes, about. */
  minutes: number
  /** Why it cannot be, in a sentence for the customer. */
  hindrance: { code: HindranceCode; message: string } | null
}

/** What is known of the site; sizes in GB, undefined when they cannot be seen at the moment. `movable`: there is a place for a copy meanwhile. */
export interface PlanFacts { movable: boolean; plan: PlanName; served: boolean; site: Site; diskGb: number; domains: readonly string[]; usedGb: number | undefined; freeGb: number | undefined }

/** A disk that is fuller than this is not moved into: WordPress writes while it wakes up. */
const fullMax = 0.85

export function planChange(facts: PlanFacts, to: PlanName): PlanChange {
  const { plan: from, diskGb } = facts
  const after = plans[to]
  return {
    from, to, before: { ...plans[from], diskGb }, after: { ...after },
    online: after.diskGb >= diskGb, minutes: after.diskGb === diskGb ? 0 : after.diskGb > diskGb ? 1 : 10, hindrance: hindranceOf(facts, to),
  }
}

function hindranceOf({ movable, plan: from, served, site, diskGb, domains, usedGb, freeGb }: PlanFacts, to: PlanName): PlanChange['hindrance'] {
  const { backups, domains: domainsMax, diskGb: wantedGb } = plans[to]
  const kept = customersOf(site).map(({ name }) => name)
  const busy = busyWith(site)
  const smaller = wantedGb < diskGb || backups < plans[from].backups
  if (smaller && !served) return { code: 'not-ready', message: 'The site is still being built. Please try again when it is ready.' }
  if (smaller && busy) return { code: 'not-ready', message: `${titleOf(busy)} is still under way. Please try again in a few minutes.` }
  if (kept.length > backups) return { code: 'quota', message: tooMany('backup', to, backups, kept) }
  if (domains.length > domainsMax) return { code: 'quota', message: tooMany('own domain', to, domainsMax, domains) }
  const snapshots = backupsOf(site).map(({ name }) => name)
  if (wantedGb < diskGb && movable && snapshots.length > 0) return { code: 'quota', message: `Backups cannot be taken along to a smaller disk. Please delete them first: ${snapshots.join(', ')}.` }
  if (wantedGb < diskGb) return spaceBelow(to, wantedGb, diskGb, usedGb, movable)
  if (freeGb !== undefined && wantedGb - diskGb > freeGb) return { code: 'exhausted', message: 'There is not enough storage for a larger disk at the moment. Nothing has been changed; please contact support.' }
  return null
}

function spaceBelow(to: PlanName, wantedGb: number, diskGb: number, usedGb: number | undefined, movable: boolean): PlanChange['hindrance'] {
  const size = `The disk of the plan ${to} has ${wantedGb} GB, this site's has ${diskGb} GB`
  if (usedGb === undefined) return { code: 'not-ready', message: `${size}, and how full it is can be seen only while the site runs. Please start it, or try again in a moment.` }
  const roomGb = Math.floor(wantedGb * fullMax)
  if (usedGb > roomGb) return { code: 'disk-use', message: `${size}, of which ${Math.ceil(usedGb)} GB are in use. Please free at least ${Math.ceil(usedGb - roomGb)} GB first.` }
  return movable ? null : { code: 'disk-use', message: `${size}: a disk can be made larger, but not smaller. Please ask support to move the site.` }
}

function tooMany(what: string, to: PlanName, most: number, have: readonly string[]): string {
  const more = have.length - most
  return `The plan ${to} allows ${most} ${what}${most === 1 ? '' : 's'}, this site has ${have.length}. Please delete ${more} of them first: ${have.join(', ')}.`
}
