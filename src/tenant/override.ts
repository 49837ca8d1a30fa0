// What an operator may say to a tenant: look again, hold, release, give up. Wishes like any other: they change what is wanted and
// who may be moved, never what exists. One transaction of the caller's.
import { wayBack } from '../domain/lifecycle.ts'
import type { Verb } from '../domain/order.ts'
import type { PlanName } from '../domain/plan.ts'
import { passes, rowsOf, titleOf, type Item } from '../domain/site.ts'
import { reopened } from '../engine/plan.ts'
import { fitDisk } from './disk.ts'
import type { Hold, TenantState } from './state.ts'
import type { TenantStorage } from './storage.ts'

/** `seq` of an abort is what billing has asked for last: a wish that is still on its way is not judged. */
export type Override =
  | { do: 'retry'; actor: string }
  | { do: 'hold'; actor: string; why: string }
  | { do: 'release'; actor: string }
  | { do: 'adopt'; actor: string; step: string; seen: string }
  | { do: 'abort'; actor: string; why: string; seq: number; dryRun: boolean }

/**
 * `steps`: how many are looked at again; `hold`: who holds it now; `changed` is false when it was so already. `says` is for the
 * operator; `refused`: nothing was changed, because nothing can be. `ask`: the way back goes through the allocator, like any wish of billing's.
 */
export interface Overridden {
  changed: boolean
  steps: number
  hold: Hold | null
  says: string
  refused?: boolean
  ask?: { verb: Verb; plan?: PlanName }
}

/** `storage` is where off-site copies go; `plan` writes the wishes of the new state into the rows. */
export function override(store: TenantStorage, order: Override, now: number, storage: string | undefined, plan: () => void): Overridden {
  const state = store.state()
  const hold = state?.hold ?? null
  const answer = (says: string, more: Partial<Overridden> = {}): Overridden => ({ changed: true, steps: 0, hold, says, ...more })
  const refused = (says: string): Overridden => answer(says, { changed: false, refused: true })
  if (!state) return order.do === 'retry' ? answer('Nothing of it is stuck.', { changed: false }) : refused('Its order has not arrived yet: try again in a minute.')
  const { actor } = order
  switch (order.do) {
    case 'retry': {
      const stuck = store.rows().filter((row) => row.phase === 'stuck')
      const steps = [...stuck.map((row) => row.name), ...(state.site.disk.held ? ['disk'] : [])]
      if (steps.length === 0) return answer('Nothing of it is stuck.', { changed: false })
      for (const row of stuck) store.put(reopened(row, now))
      store.putState({ ...state, outcome: null, site: state.site.disk.held ? fitDisk(state, now, storage) : state.site })
      store.journal('retried', null, 0, { actor, steps })
      plan()
      return answer('Looked at again.', { steps: steps.length })
    }
    case 'hold': {
      if (hold) return answer('It is held already.', { changed: false })
      const next = { by: actor, why: order.why, at: now }
      store.putState({ ...state, hold: next })
      store.journal('held', null, 0, { actor, why: order.why })
      return answer('It is held.', { hold: next })
    }
    case 'release': {
      if (!hold) return answer('Nobody holds it.', { changed: false })
      store.putState({ ...state, hold: null })
      store.journal('released', null, 0, { actor, by: hold.by })
      return answer('It goes on.', { hold: null })
    }
    case 'adopt': {
      const row = store.row(order.step)
      if (row?.want !== 'present') return refused('There is no such step that is wanted.')
      store.put({ ...reopened(row, now), adopt: true })
      store.putState({ ...state, outcome: null })
      store.journal('adopted', order.step, row.attempt, { actor, seen: order.seen })
      return answer('It is marked as this tenant\u2019s.')
    }
    case 'abort':
      return abort(store, state, order, now, plan, answer, refused)
  }
}

function abort(
  store: TenantStorage, state: TenantState, { actor, why, seq, dryRun }: Extract<Override, { do: 'abort' }>, now: number, plan: () => void,
  answer: (says: string, more?: Partial<Overridden>) => Overridden, refused: (says: string) => Overridden,
): Overridden {
  if (state.seq < seq) return refused('A newer wish of billing is still on its way to it: try again in a minute.')
  if (state.undoing || state.outcome === 'undone') return refused('Its order is being taken back already, or was.')
  const { target, served, stood, spec, site } = state
  const way = wayBack(target, served, stood?.target, stood !== undefined && stood.plan !== spec.plan)
  if (way === 'final') return refused('It is being terminated, or was: a termination is final.')
  const given = site.items.filter((item) => givable(item, store))
  if (way === 'none' && given.length === 0)
    return refused(site.items.some(underWay) ? 'What is under way has begun to change the disk: it can only be carried to its end.' : 'Nothing is in progress that could be given up.')
  const what = way === 'take back' ? 'the order is taken back: everything that was made for it is removed, and billing may place it again'
    : way === 'none' ? `${given.map(titleOf).join(', ')}: given up, cleared away, and the customer is told`
      : way === 'upgrade' ? `the plan is ${stood!.plan} again` : way === 'suspend' ? 'it is suspended again' : 'it is live again'
  if (dryRun) return answer(what, { changed: false })
  store.journal('aborted', null, 0, { actor, why, what })
  if (way === 'take back') {
    store.putState({ ...state, undoing: true, cause: `given up by ${actor}: ${why}`, outcome: null, changedAt: now })
    plan()
  } else if (way === 'none') {
    const items = site.items.map((item): Item => (given.includes(item) ? { ...item, want: 'absent', failed: 'support has given it up' } : item))
    store.putState({ ...state, site: { ...site, items }, outcome: null, changedAt: now })
    plan()
  } else return answer(what, { ask: { verb: way, ...(way === 'upgrade' ? { plan: stood!.plan } : {}) } })
  return answer(what)
}

/** Asked for, and not yet there. */
const underWay = (item: Item): boolean => item.want === 'present' && (passes(item) || item.kind === 'job' || ('made' in item ? !item.made : item.kind === 'domain' && !item.hosts.some((host) => host.tried)))

/** A disk that is being put back, or moved, is given up only before its first call. */
const givable = (item: Item, store: TenantStorage): boolean =>
  underWay(item) && (item.kind !== 'restore' && item.kind !== 'shrink' ? true : item.kind === 'restore' && rowsOf(item).every((name) => (store.row(name)?.attempt ?? 0) === 0))
