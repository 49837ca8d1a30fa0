// A customer's action on a site that stands: may it be, and what is then wanted? Pure; the actor writes what it answers.
import type { Acted, Action, RefusalCode } from '../domain/action.ts'
import { plans } from '../domain/plan.ts'
import { backupsOf, titleOf, type Item, type Site } from '../domain/site.ts'
import type { TenantState } from './state.ts'

/** The new wishes, or undefined when nothing changes. */
interface Answer { acted: Acted; site?: Site }

const refused = (code: RefusalCode, message: string, costs?: string[]): Answer => ({ acted: { answer: 'refused', code, message, ...(costs ? { costs } : {}) } })
const done = (site: Site, more: { enabled?: boolean; backup?: string } = {}): Answer => ({ acted: { answer: 'done', ...more }, site })
const unchanged: Answer = { acted: { answer: 'unchanged' } }

/** `day` is the date in the plan's time zone, as DDMMYYYY. */
export function act(state: TenantState | undefined, action: Action, now: number, day: string): Answer {
  // Its order is taken, and on its way to us.
  if (!state) return refused('not-ready', building)
  if (state.target === 'terminated' || state.undoing) return refused('unknown', 'There is no such service.')
  if (state.target === 'suspended') return refused('suspended', 'This service is suspended. Please settle the open invoice first.')
  if (!state.served) return refused('not-ready', building)
  const { site } = state
  const order = (item: Item, more: Partial<Site> = {}): Site => ({ ...site, ...more, items: [...site.items, item] })
  const fresh = { want: 'present', failed: null, at: now } as const
  // One at a time: a backup of a container that is being put back would be neither the one nor the other.
  const busy = site.items.find((item) => item.kind !== 'backup' ? item.want === 'present' : !item.made)
  switch (action.do) {
    case 'start':
      return site.power === 'on' ? unchanged : done({ ...site, power: 'on' })
    case 'stop':
      if (site.power === 'off') return unchanged
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
      const kept = backupsOf(site).filter((one) => one.want === 'present')
      if (busy) return underWay(busy)
      if (kept.length >= limit) return refused('quota', `All ${limit} backups of your plan are in use (${kept.length}/${limit}). Delete one first.`)
      const named = site.named.day === day ? { day, count: site.named.count + 1 } : { day, count: 1 }
      const name = `BAK${day}-${named.count}`
      return done(order({ kind: 'backup', name, by: action.by, made: false, ...fresh }, { named }), { backup: name })
    }
    case 'delete-backup': {
      const one = backupsOf(site).find(({ name }) => name === action.name)
      if (!one) return refused('unknown', `There is no backup ${action.name}.`)
      if (one.want === 'absent') return unchanged
      const restoring = site.items.find((item) => item.kind === 'restore' && item.want === 'present')
      if (restoring) return underWay(restoring)
      return done({ ...site, items: site.items.map((item) => (item === one ? { ...one, want: 'absent' } : item)) })
    }
    case 'rollback':
    case 'reset': {
      const snapshot = action.do === 'reset' ? 'initial' : action.name
      const backups = backupsOf(site)
      const at = action.do === 'reset' ? -1 : backups.findIndex(({ name, want }) => name === snapshot && want === 'present')
      if (action.do === 'rollback' && at < 0) return refused('unknown', `There is no backup ${snapshot}.`)
      const same = site.items.find((item) => item.kind === 'restore' && item.want === 'present' && item.snapshot === snapshot)
      if (same) return unchanged
      if (busy) return underWay(busy)
      // The storage goes back to its newest snapshot only: docs/decisions/0010-going-back.md.
      const newer = backups.slice(at + 1)
      const costs = newer.filter(({ want }) => want === 'present').map(({ name }) => name)
      if (costs.length > 0 && !action.loseNewer) return refused('costs', costSentence(snapshot, costs), costs)
      const items = site.items.map((item): Item => (newer.some((one) => one === item) ? { ...item, want: 'absent' } : item))
      return done({ ...site, counter: site.counter + 1, items: [...items, { kind: 'restore', n: site.counter + 1, snapshot, ...fresh }] })
    }
  }
}

const building = 'The site is still being built. Please try again when it is ready.'

const underWay = (item: Item): Answer => refused('not-ready', `${titleOf(item)} is still under way. Please try again in a few minutes.`)

const costSentence = (snapshot: string, costs: string[]): string =>
  `Going back to ${snapshot === 'initial' ? 'the beginning' : snapshot} would cost the newer backup${costs.length > 1 ? 's' : ''} ${costs.join(', ')}. Delete ${costs.length > 1 ? 'them' : 'it'} first, or repeat the call with "lose_newer": true.`
