// May this command be given to a tenant in this state? One table; nobody decides it anywhere else.
import type { Verb } from './order.ts'

/** What the tenant is wanted to be. `undone`: a new order that could not be built and was taken back. */
export type Target = 'live' | 'suspended' | 'terminated' | 'undone'

/**
 * - `accept`    the wish changes: a command is written
 * - `unchanged` it is already wanted so: success, nothing is written
 * - `unknown`   there is no such service (any more)
 * - `conflict`  it can never be so again, or not yet
 */
export type Admission = 'accept' | 'unchanged' | 'unknown' | 'conflict'

const table: Record<Target | 'none', Record<Verb, Admission>> = {
  none: { create: 'accept', upgrade: 'unknown', suspend: 'unknown', unsuspend: 'unknown', terminate: 'unknown' },
  live: { create: 'unchanged', upgrade: 'accept', suspend: 'accept', unsuspend: 'unchanged', terminate: 'accept' },
  suspended: { create: 'unchanged', upgrade: 'accept', suspend: 'unchanged', unsuspend: 'accept', terminate: 'accept' },
  // A terminated service stays terminated: its names are tombstones and nothing resurrects it.
  terminated: { create: 'conflict', upgrade: 'unknown', suspend: 'unknown', unsuspend: 'unknown', terminate: 'unchanged' },
  // An order that failed and was taken back may be tried again, with new identities.
  undone: { create: 'accept', upgrade: 'unknown', suspend: 'unknown', unsuspend: 'unknown', terminate: 'accept' },
}

export const admission = (target: Target | undefined, verb: Verb): Admission => table[target ?? 'none'][verb]

/** What giving up an operation comes to: the way back to where the service stood, an order taken back, or nothing that could be given up. */
export type WayBack = Verb | 'take back' | 'final' | 'none'

/**
 * | wanted     | stood before | given up by                          |
 * |------------|--------------|--------------------------------------|
 * | live       | never        | taking the order back                |
 * | suspended  | never        | taking the order back                |
 * | suspended  | live         | unsuspend                            |
 * | live       | suspended    | suspend                              |
 * | the same   | on a plan    | upgrade, to that plan, if it differs |
 * | terminated | any          | nothing: a termination is final      |
 */
export function wayBack(target: Exclude<Target, 'undone'>, served: boolean, stood: Exclude<Target, 'undone'> | undefined, otherPlan: boolean): WayBack {
  if (target === 'terminated') return 'final'
  if (!served) return 'take back'
  if (stood !== undefined && stood !== target) return stood === 'live' ? 'unsuspend' : 'suspend'
  return otherPlan ? 'upgrade' : 'none'
}

/** The target that an accepted verb asks for; `upgrade` leaves it as it is. */
export const targetOf = (verb: Verb, now: Exclude<Target, 'undone'>): Exclude<Target, 'undone'> =>
  ({ create: 'live', unsuspend: 'live', upgrade: now, suspend: 'suspended', terminate: 'terminated' } as const)[verb]
