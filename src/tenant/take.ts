// Takes a command into the tenant: once, in order, and never against an end that is final. One transaction of the caller's.
import type { Cluster } from '../domain/cluster.ts'
import { targetOf } from '../domain/lifecycle.ts'
import type { Command } from '../domain/order.ts'
import { keepingCopies, rowsOf, type Item, type Site } from '../domain/site.ts'
import { adoptedState, adoptRows } from './adopted.ts'
import { fitDisk } from './disk.ts'
import { begin } from './begin.ts'
import type { TenantStorage } from './storage.ts'

const dayMs = 86_400_000

/** `plan` writes the wishes of the new state into the rows. */
export function take(store: TenantStorage, command: Command, now: number, { backupStorage: storage, keepCopiesDays }: Pick<Cluster, 'backupStorage' | 'keepCopiesDays'>, plan: () => void): 'accepted' | 'duplicate' | 'ignored' {
  if (!store.takeCommand(command)) return 'duplicate'
  const state = store.state()
  if (state && command.seq <= state.seq) return ignore(store, command, 'older than what is already wanted')
  const fresh = state !== undefined && command.identity.epoch > state.identity.epoch
  if (state?.target === 'terminated') return ignore(store, command, 'terminated for good')
  if (state?.undoing && !fresh && command.verb !== 'terminate') return ignore(store, command, 'the order is being taken back')
  if (fresh && !state.undoing) return ignore(store, command, 'its present epoch has not ended')
  const { verb, id, actor, seq, spec } = command
  const target = command.target ?? targetOf(verb, state?.target ?? (command.adoption?.suspended ? 'suspended' : 'live'))
  const same = state?.target === target && state.spec.plan === spec.plan && !state.undoing
  if (!state) {
    begin(store, { ...command, target }, {}, now)
    if (command.adoption) store.putState(adoptedState(store.state()!, command.adoption, now))
  } else if (fresh) store.putState({ ...state, seq, next: { ...command, target }, outcome: null })
  else store.putState(same ? { ...state, seq } : { ...state, seq, target, spec, site: spec.plan === state.spec.plan ? state.site : fitDisk({ ...state, spec, target }, now, storage), outcome: null, changedAt: now })
  const ahead = command.built && command.identity.ahead
  const ends = store.state()!
  if (target === 'suspended' && !same) store.putState({ ...ends, site: withoutUnbegun(ends.site, store) })
  if (target === 'terminated' && keepCopiesDays > 0 && !fresh) store.putState({ ...ends, site: keepingCopies(ends.site, now + keepCopiesDays * dayMs) })
  store.journal('command', null, 0, { verb, id, actor, seq, ...(ahead ? { ahead: ahead.mark } : {}) })
  if (!fresh) plan()
  if (!state && command.adoption) {
    adoptRows(store, command.adoption, actor)
    // Whatever has overtaken the import may want some of it gone at once.
    plan()
  }
  return 'accepted'
}

/** A job that has begun comes to its end first; of the others the customer is told. */
const withoutUnbegun = (site: Site, store: TenantStorage): Site => ({
  ...site,
  items: site.items.map((item): Item => (item.kind === 'job' && item.want === 'present' && rowsOf(item).every((name) => !store.row(name)?.attempt) ? { ...item, want: 'absent', failed: 'the service was suspended before it began' } : item)),
})

function ignore(store: TenantStorage, { verb, id, seq }: Command, why: string): 'ignored' {
  const state = store.state()
  if (state && seq > state.seq) store.putState({ ...state, seq })
  store.journal('ignored', null, 0, { verb, id, seq, why })
  return 'ignored'
}
