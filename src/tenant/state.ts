// The tenant as a whole: what it is wanted to be, and where it rests.
import type { Target } from '../domain/lifecycle.ts'
import type { Command, Identity, Spec } from '../domain/order.ts'
import { plans, type PlanName } from '../domain/plan.ts'
import { freshSite, type Site } from '../domain/site.ts'

export interface Hold { by: string; why: string; at: number }

export interface TenantState {
  key: string
  spec: Spec
  identity: Identity
  target: Exclude<Target, 'undone'>
  /** Sequence of the newest accepted command. */
  seq: number
  /** It was live once: from now on it is repaired and reported, never taken back by ourselves. */
  served: boolean
  /** Making it failed: everything is wanted absent. */
  undoing: boolean
  /** Why it is being taken back, in plain words. */
  cause: string | null
  /** Where it rests; null while something is under way. */
  outcome: Target | 'stuck' | null
  /** Where it rested last. */
  rested: Target | 'stuck' | null
  /** What it was wanted to be when it last rested as wanted: what an operation in progress may be given up for. */
  stood?: { target: TenantState['target']; plan: PlanName }
  /** A person wants nothing called for now. */
  hold?: Hold | null
  /** What the customer has asked for beyond the order. */
  site: Site
  /** An order for new identities that waits until the failed one is cleared away. */
  next: (Pick<Command, 'tenant' | 'spec' | 'identity' | 'built' | 'seq' | 'at'> & { target: TenantState['target'] }) | null
  orderedAt: number
  /** Since when it is wanted so. */
  changedAt: number
  restAt: number
  /** Journal line up to which the reporting copy is written. */
  projected: number
  /** The allocator knows how the epoch ended. */
  closed: boolean
  /** A site built ahead: the allocator knows that it is ready. */
  offered?: boolean
}

/** One word for people: building, live, changing, suspending, suspended, resuming, terminating, terminated, undoing, undone, stuck. */
export function statusOf(state: TenantState): string {
  if (state.outcome !== null) return state.outcome
  if (state.target === 'terminated') return 'terminating'
  if (state.undoing) return 'undoing'
  if (!state.served) return 'building'
  if (state.target === 'suspended') return state.rested === 'suspended' ? 'suspended' : 'suspending'
  return state.rested === 'live' ? 'changing' : 'resuming'
}

export const newborn = (order: NonNullable<TenantState['next']>, now: number): TenantState => ({
  key: order.tenant, spec: order.spec, identity: order.identity, target: order.target, seq: order.seq, served: false, undoing: false,
  cause: null, outcome: null, rested: null, site: freshSite(plans[order.spec.plan].diskGb), next: null, orderedAt: order.at, changedAt: now, restAt: 0, projected: 0, closed: false,
})

/** A state as an earlier release wrote it, in the words of this one. */
export const revived = (stored: TenantState): TenantState => ({ ...stored, rested: stored.rested ?? null, site: { ...freshSite(plans[stored.spec.plan].diskGb), ...stored.site } })
