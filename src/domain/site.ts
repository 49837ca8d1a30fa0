// What a customer has asked of a site beyond its order: a switch, backups, actions under way, domains. Plain data in the tenant.
import { titleOfJob, type Job, type JobResult } from './site-tools.ts'

/** One thing that the customer wants made, done or removed. `n` counts up per tenant and is never used twice. */
export type Item = Backup | Copy | Restart | Restore | Shrink | Domain | Errand

interface Ordered {
  /** Wanted there, or wanted away; what has come to rest absent is forgotten. */
  want: 'present' | 'absent'
  /** Why it could not be made, in plain words: it is then being cleared away. */
  failed: string | null
  /** Epoch ms of the request. */
  at: number
}

/** A snapshot of the container on its own storage. */
export interface Backup extends Ordered {
  kind: 'backup'
  /** `BAK{DDMMYYYY}-{N}`: also the snapshot's name. */
  name: string
  /** Who wanted it: the customer, or the plan's schedule. */
  by: 'customer' | 'schedule'
  /** It was seen complete once. */
  made: boolean
  /** The `Idempotency-Key` of the request that asked for it. */
  key?: string
}

/** The whole container on the backup storage, made by the plan's schedule. */
export interface Copy extends Ordered {
  kind: 'copy'
  /** `OFF{DDMMYYYY}-{N}`: it stands in the archive's notes. */
  name: string
  /** It was seen complete once. */
  made: boolean
  /** The Proxmox storage that it lies on. */
  storage: string
  /** Of the archive, in bytes; 0 while it is not known. */
  sizeBytes: number
  /** Its site was terminated: until when it is kept all the same (epoch ms). */
  keptUntil?: number
}

/** Down and up again, once: it is done when the container is seen at rest, and is then forgotten, so that it is wanted up again. */
export interface Restart extends Ordered { kind: 'restart'; n: number }

/** Back to a snapshot, once, with the container at rest meanwhile. */
export interface Restore extends Ordered {
  kind: 'restore'
  n: number
  /** Name of the snapshot, or of the copy. */
  snapshot: string
  /** Out of a copy: the disk is made anew, and every snapshot goes with the old one. */
  off?: boolean
}

/**
 * The site moves to a smaller disk: copied off-site, the disk made anew out of the copy, the site seen again; only then does the copy go.
 * `move` back to `from` when it cannot stand on `gb`: docs/decisions/0011-smaller-disks.md.
 */
export interface Shrink extends Ordered {
  kind: 'shrink'
  n: number
  /** Of the copy, which stands in the archive's notes. */
  name: string
  /** The Proxmox storage that the copy lies on. */
  storage: string
  /** In GB: what is made, and what it was. */
  gb: number
  from: number
  step: 'copy' | 'move' | 'check'
}

/** A job inside the site, once, while it runs. */
export interface Errand extends Ordered {
  kind: 'job'
  n: number
  job: Job
  /** The `Idempotency-Key` of the request that asked for it. */
  key?: string
}

/** What became of a job. `at` and `endedAt` are epoch ms; `why` says in plain words why it was not done; the result is null where nobody has it any more. */
export interface Finished { n: number; job: Job; at: number; endedAt: number; why: string | null; result: JobResult | null; key?: string }

/** A registered domain with its `www.`, or one name below it (`DomainName`). */
export interface Domain extends Ordered {
  kind: 'domain'
  /** A-labels, lower case; also names the claim on it. */
  name: string
  apex: string
  /** As the customer wrote it. */
  shown: string
  /** The first is `name` itself; the other one comes along if it leads here too. */
  hosts: DomainHost[]
}

/** One name that visitors may type. */
export interface DomainHost {
  name: string
  want: 'present' | 'absent'
  /** The proxy manager's id of its certificate; null while it is served without one. */
  certificate: number | null
  /** A first try at a certificate has ended, so that it is served, with or without. */
  tried: boolean
  /** Requests for a certificate so far: after each of them its proxy host is written again. */
  round: number
}

export const freshHost = (name: string): DomainHost => ({ name, want: 'present', certificate: null, tried: false, round: 0 })

export interface Site {
  /** The customer's own switch; a suspension overrides it. */
  power: 'on' | 'off'
  /** Visitors reach it; flipped by `toggle`. */
  published: boolean
  /** Size of the disk in GB. `held`: not as the plan says, because that could not be done; `before` is what it was. */
  disk: { gb: number; before: number; held: boolean }
  items: Item[]
  /** The last number given to an action. */
  counter: number
  /** Backups named on `day` (DDMMYYYY) so far: a name is never given twice. */
  named: { day: string; count: number }
  /** Day (DDMMYYYY) for which the schedule has asked for its backup. */
  night?: string
  /** Jobs that have ended, newest last; a few only. */
  finished?: Finished[]
  /** What could not be done, newest last, for the customer to read; a few only. */
  notices: { what: string; why: string; at: number }[]
}

/** With a disk of so many GB. */
export const freshSite = (gb: number): Site => ({ power: 'on', published: true, disk: { gb, before: gb, held: false }, items: [], counter: 0, named: { day: '', count: 0 }, notices: [] })

/** The names of the rows that an item stands for; a restart has none of its own. */
export function rowsOf(item: Item): string[] {
  switch (item.kind) {
    case 'backup':
      return [`backup:${item.name}`]
    case 'copy':
      return [`copy:${item.name}`]
    case 'restart':
      return []
    case 'shrink':
      return [`copy:${item.name}`, `replacement:${item.n}`, `check:${item.n}`]
    case 'restore':
      return [`${item.off ? 'replacement' : 'restore'}:${item.n}`]
    case 'domain':
      return item.hosts.flatMap(rowsOfHost)
    case 'job':
      return [`job:${item.n}`]
  }
}

export const rowsOfHost = ({ name }: DomainHost): string[] => [`domain:${name}`, `certificate:${name}`, `domain-host:${name}`]

/** In the customer's words. */
export function titleOf(item: Item): string {
  switch (item.kind) {
    case 'backup':
    case 'copy':
      return `Backup ${item.name}`
    case 'restart':
      return 'Restart'
    case 'shrink':
      return 'Move to a smaller disk'
    case 'restore':
      return item.snapshot === 'initial' ? 'Reset' : `Going back to ${item.snapshot}`
    case 'domain':
      return `Domain ${item.shown}`
    case 'job':
      return titleOfJob(item.job)
  }
}

/** Is its effect one of a moment, for which the container is at rest? */
export const passes = (item: Item): boolean => item.kind === 'restart' || item.kind === 'restore' || item.kind === 'shrink'

/** Wanted up: switched on, and not at rest for something that passes. */
export const runs = (site: Site): boolean => site.power === 'on' && !site.items.some((item) => passes(item) && item.want === 'present' && !(item.kind === 'shrink' && item.step === 'check'))

/** The custom domains, in the order in which they were asked for. */
export const domainsOf = (site: Site): Domain[] => site.items.filter((item): item is Domain => item.kind === 'domain')

/** The jobs that have not ended. */
export const errandsOf = (site: Site): Errand[] => site.items.filter((item): item is Errand => item.kind === 'job')

/** The snapshots a customer sees, oldest first. */
export const backupsOf = (site: Site): Backup[] => site.items.filter((item): item is Backup => item.kind === 'backup')

/** The off-site copies, oldest first. */
export const copiesOf = (site: Site): Copy[] => site.items.filter((item): item is Copy => item.kind === 'copy')

/** The snapshots that count against the plan's quota: the customer's own. */
export const customersOf = (site: Site): Backup[] => backupsOf(site).filter(({ by, want }) => by === 'customer' && want === 'present')

/** What is under way, one at a time: a backup of a container that is being put back, or updated, would be neither the one nor the other. */
export const busyWith = (site: Site): Item | undefined => site.items.find((item) => item.kind === 'job' || (passes(item) ? item.want === 'present' : 'made' in item && !item.made))

/** A copy is being unpacked over the container: no snapshot can stand meanwhile. */
export const isReplaced = (site: Site): boolean => site.items.some((item) => item.want === 'present' && ((item.kind === 'restore' && item.off === true) || (item.kind === 'shrink' && item.step !== 'copy')))

/** How many notices, and how many jobs that have ended, a customer may still read. */
const [noticesMax, finishedMax] = [10, 10]

/** The site with one more thing that the customer should read. */
export const noticed = (site: Site, what: string, why: string, at: number): Site => ({ ...site, notices: [...site.notices, { what, why, at }].slice(-noticesMax) })

/** The site with one more job that has ended. */
export const ended = (site: Site, { n, job, at, failed, key }: Errand, result: JobResult | null, now: number): Site =>
  ({ ...site, finished: [...(site.finished ?? []), { n, job, at, endedAt: now, why: failed, result, ...(key === undefined ? {} : { key }) }].slice(-finishedMax) })

/** The site of a service that ends: good copies are kept until then (epoch ms). */
export const keepingCopies = (site: Site, until: number): Site =>
  ({ ...site, items: site.items.map((item): Item => (item.kind === 'copy' && item.made && item.failed === null && item.want === 'present' ? { ...item, keptUntil: item.keptUntil ?? until } : item)) })

/** The copies that outlive their site, the first to go first. */
export const keptCopies = (site: Site): (Copy & { keptUntil: number })[] =>
  copiesOf(site).filter((one): one is Copy & { keptUntil: number } => one.keptUntil !== undefined && one.want === 'present').toSorted((a, b) => a.keptUntil - b.keptUntil)
