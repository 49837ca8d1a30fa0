// A customer's action on a site that stands: may it be, and what is then wanted? Pure; the actor writes what it answers.
import type { Acted, Action, RefusalCode } from '../domain/action.ts'
import { dayIn } from '../domain/calendar.ts'
import type { Cluster } from '../domain/cluster.ts'
import { plans } from '../domain/plan.ts'
import { outdated, type Keep } from '../domain/retention.ts'
import { backupsOf, busyWith, copiesOf, customersOf, domainsOf, errandsOf, freshHost, rowsOf, titleOf, type Item, type Site } from '../domain/site.ts'
import type { TenantState } from './state.ts'

type Where = Pick<Cluster, 'timeZone' | 'backupStorage'>

/** The new wishes, or undefined when nothing changes. */
interface Answer {
  acted: Acted
  site?: Site
  /** Rows that are looked at now instead of when they would be. */
  look?: string[]
  /** Rows at rest that are looked at again. */
  again?: string[]
}

const refused = (code: RefusalCode, message: string, costs?: string[]): Answer => ({ acted: { answer: 'refused', code, message, ...(costs ? { costs } : {}) } })
const done = (site: Site, more: { enabled?: boolean; backup?: string; job?: number } = {}): Answer => ({ acted: { answer: 'done', ...more }, site })
const unchanged: Answer = { acted: { answer: 'unchanged' } }

/** `cluster` says where a day begins and where off-site copies go. */
export function act(state: TenantState | undefined, action: Action, now: number, cluster: Where): Answer {
  // Its order is taken, and on its way to us.
  if (!state) return refused('not-ready', building)
  if (state.target === 'terminated' || state.undoing) return refused('unknown', gone)
  if (state.target === 'suspended') return refused('suspended', suspended)
  if (!state.served) return refused('not-ready', building)
  const { site } = state
  const order = (item: Item, more: Partial<Site> = {}): Site => ({ ...site, ...more, items: [...site.items, item] })
  const fresh = { want: 'present', failed: null, at: now } as const
  const busy = busyWith(site)
  switch (action.do) {
    case 'start':
      return site.power === 'on' ? unchanged : done({ ...site, power: 'on' })
    case 'stop':
      if (site.power === 'off') return unchanged
      // What is not yet seen on its new disk is not switched off, nor what would be cut off in the middle of an update.
      if (busy?.kind === 'shrink' || busy?.kind === 'job') return underWay(busy)
      // A restart that has not come to its end is overtaken.
      return done({ ...site, power: 'off', items: site.items.map((item) => (item.kind === 'restart' ? { ...item, want: 'absent' } : item)) })
    case 'restart':
      if (site.items.some((item) => item.kind === 'restart' && item.want === 'present')) return unchanged
      if (site.power === 'off') return done({ ...site, power: 'on' })
      if (busy) return underWay(busy)
      return done(order({ kind: 'restart', n: site.counter + 1, ...fresh }, { counter: site.counter + 1 }))
    case 'toggle':
      return done({ ...site, published: !site.published }, { enabled: !site.published })
    case 'make-backup': {
      const { backups: limit } = plans[state.spec.plan]
      const same = action.key === undefined ? undefined : backupsOf(site).find(({ key }) => key === action.key)
      if (same) return { acted: { answer: 'unchanged', backup: same.name } }
      if (busy) return underWay(busy)
      const used = customersOf(site).length
      if (used >= limit) return refused('quota', `All ${limit} backups of your plan are in use (${used}/${limit}). Delete one first.`)
      const { name, named } = nameFor('BAK', site, dayIn(cluster.timeZone, now))
      return done(order({ kind: 'backup', name, by: 'customer', made: false, ...fresh, ...(action.key === undefined ? {} : { key: action.key }) }, { named }), { backup: name })
    }
    case 'nightly': {
      if (busy) return underWay(busy)
      const due = nightly(site, plans[state.spec.plan].nightly, now, cluster)
      // Once a day it is looked whether the copies are still there: others may have removed them.
      const again = site.night === due?.night ? [] : copiesOf(site).filter(({ made, want }) => made && want === 'present').flatMap(rowsOf)
      return due ? { ...done(due), again } : unchanged
    }
    case 'delete-backup': {
      const one = [...backupsOf(site), ...copiesOf(site)].find(({ name }) => name === action.name)
      if (!one) return refused('unknown', `There is no backup ${action.name}.`)
      if (one.want === 'absent') return unchanged
      const restoring = site.items.find((item) => (item.kind === 'restore' || item.kind === 'shrink') && item.want === 'present')
      if (restoring) return underWay(restoring)
      return done({ ...site, items: site.items.map((item) => (item === one ? { ...one, want: 'absent' } : item)) })
    }
    case 'job': {
      const same = action.key === undefined ? undefined : [...errandsOf(site), ...(site.finished ?? [])].find(({ key }) => key === action.key)
      if (same) return { acted: { answer: 'unchanged', job: same.n } }
      if (busy) return underWay(busy)
      if (site.power === 'off') return refused('not-ready', switchedOff)
      const n = site.counter + 1
      return done(order({ kind: 'job', n, job: action.job, ...fresh, ...(action.key === undefined ? {} : { key: action.key }) }, { counter: n }), { job: n })
    }
    case 'set-domain': {
      const { name, apex, shown, names } = action.domain
      const one = domainsOf(site).find((item) => item.name === name)
      if (one?.want === 'absent') return refused('not-ready', `${shown} is still being removed. Please try again in a few minutes.`)
      if (one) {
        const missing = names.filter((host) => !one.hosts.some((known) => known.name === host)).map(freshHost)
        const look = rowsOf(one)
        if (missing.length === 0) return { ...unchanged, look }
        return { ...done({ ...site, items: site.items.map((item) => (item === one ? { ...one, hosts: [...one.hosts, ...missing] } : item)) }), look }
      }
      const { domains: limit } = plans[state.spec.plan]
      if (domainsLeft(site, limit) === 0) return refused('quota', `All ${limit} domains of your plan are in use (${limit}/${limit}). Remove one first.`)
      return done(order({ kind: 'domain', name, apex, shown, hosts: names.map(freshHost), ...fresh }))
    }
    case 'delete-domain': {
      const one = domainsOf(site).find(({ name }) => name === action.name)
      if (!one) return refused('unknown', `There is no domain ${action.name} on this site.`)
      if (one.want === 'absent') return unchanged
      return done({ ...site, items: site.items.map((item) => (item === one ? { ...one, want: 'absent' } : item)) })
    }
    case 'rollback':
    case 'reset': {
      const snapshot = action.do === 'reset' ? 'initial' : action.name
      const backups = backupsOf(site)
      const off = copiesOf(site).some(({ name, want, made }) => name === snapshot && want === 'present' && made)
      const at = action.do === 'reset' || off ? -1 : backups.findIndex(({ name, want }) => name === snapshot && want === 'present')
      if (action.do === 'rollback' && !off && at < 0) return refused('unknown', `There is no backup ${snapshot}.`)
      const same = site.items.find((item) => item.kind === 'restore' && item.want === 'present' && item.snapshot === snapshot)
      if (same) return unchanged
      if (busy) return underWay(busy)
      // The storage goes back to its newest snapshot only, and a copy takes the place of the disk: docs/decisions/0010-going-back.md.
      const newer = backups.slice(at + 1)
      const costs = newer.filter(({ want }) => want === 'present').map(({ name }) => name)
      if (costs.length > 0 && !action.loseNewer) return refused('costs', costSentence(snapshot, costs, off), costs)
      const items = site.items.map((item): Item => (newer.some((one) => one === item) ? { ...item, want: 'absent' } : item))
      return done({ ...site, counter: site.counter + 1, items: [...items, { kind: 'restore', n: site.counter + 1, snapshot, ...fresh, ...(off ? { off } : {}) }] })
    }
  }
}

/** Tonight's backup, once a day, and what the plan no longer keeps; undefined when there is nothing to do. */
function nightly(site: Site, keep: Keep, now: number, { timeZone, backupStorage }: Where): Site | undefined {
  const made = [...copiesOf(site), ...backupsOf(site).filter(({ by }) => by === 'schedule')].filter((one) => one.made && one.want === 'present')
  const old = new Set(outdated(made, keep, timeZone))
  const items = old.size === 0 ? site.items : site.items.map((item): Item => ('name' in item && old.has(item.name) ? { ...item, want: 'absent' } : item))
  const day = dayIn(timeZone, now)
  if (site.night === day) return old.size === 0 ? undefined : { ...site, items }
  const { name, named } = nameFor(backupStorage === undefined ? 'BAK' : 'OFF', site, day)
  const fresh = { name, want: 'present', failed: null, at: now, made: false } as const
  const item: Item = backupStorage === undefined ? { kind: 'backup', by: 'schedule', ...fresh } : { kind: 'copy', storage: backupStorage, sizeBytes: 0, ...fresh }
  return { ...site, night: day, named, items: [...items, item] }
}

/** Numbers count up per day and are never used twice, whichever kind of backup they are of. */
function nameFor(prefix: 'BAK' | 'OFF', site: Site, day: string): { name: string; named: Site['named'] } {
  const named = { day, count: site.named.day === day ? site.named.count + 1 : 1 }
  return { name: `${prefix}${day}-${named.count}`, named }
}

export const gone = 'There is no such service.'
export const suspended = 'This service is suspended. Please settle the open invoice first.'
export const switchedOff = 'The site is switched off. Please start it first.'

export const building = 'The site is still being built. Please try again when it is ready.'

/** What is being removed counts no more. */
export const domainsLeft = (site: Site, limit: number): number => Math.max(0, limit - domainsOf(site).filter(({ want }) => want === 'present').length)

export const stillUnderWay = (item: Item): string => `${titleOf(item)} is still under way. Please try again in a few minutes.`

const underWay = (item: Item): Answer => refused('not-ready', stillUnderWay(item))

function costSentence(snapshot: string, costs: string[], off: boolean): string {
  const [s, them] = costs.length > 1 ? ['s', 'them'] : ['', 'it']
  const repeat = `Delete ${them} first, or repeat the call with "lose_newer": true.`
  if (off) return `Going back to ${snapshot} replaces the whole disk and would cost the backup${s} ${costs.join(', ')}. ${repeat}`
  return `Going back to ${snapshot === 'initial' ? 'the beginning' : snapshot} would cost the newer backup${s} ${costs.join(', ')}. ${repeat}`
}
