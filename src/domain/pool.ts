// How many sites to keep ready, and what to do about it. Pure: docs/pool.md has the formula.
import type { Cluster } from './cluster.ts'
import type { PlanName } from './plan.ts'

/**
 * - `building`  ordered for nobody; whoever is stuck stays here until a person helps
 * - `ready`     finished, at rest; its object does nothing more until the allocator says so
 * - `retiring`  being taken down: too old, of another template, or no longer wanted
 * - `claimed`   given to a tenant, once and for ever
 */
export type SpareState = 'building' | 'ready' | 'retiring' | 'claimed'

/** `since`: when it was ordered (epoch ms). */
export interface Spare { key: string; state: Exclude<SpareState, 'claimed'>; template: string; since: number }

/** Sites are rotated after this, so that none is given away without a week's security updates of its template. */
export const rotateMs = 7 * 24 * 3_600_000

/** Share of the spans of one refill in which no order shall find the pool empty. */
const share = 0.99
const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** As long as nobody has measured one. */
export const firstRefillMs = 240_000
/** What is ordered at once; the gate decides how much of it is built at once. */
const ordersMost = 10

/** The smallest n for which at most n of a Poisson process with this mean arrive, with this probability. */
export function poissonQuantile(mean: number, probability: number): number {
  let term = Math.exp(-mean)
  let sum = term
  let n = 0
  while (sum < probability && n < 1_000) {
    n++
    term *= mean / n
    sum += term
  }
  return n
}

/** `arrivals`: when orders of this plan came in (epoch ms), those of the last day at least. `refillMs`: from ordering a site to its being ready. */
export function targetSize(arrivals: readonly number[], refillMs: number, { min, max }: { min: number; max: number }, now: number): number {
  const within = (spanMs: number): number => arrivals.filter((at) => at > now - spanMs).length / spanMs
  const perMs = Math.max(within(hourMs), within(dayMs))
  return Math.min(max, Math.max(min, poissonQuantile(perMs * refillMs, share)))
}

/**
 * What to order and whom to take down. A site of another template is drained at once, since nobody is given it any more; one that is
 * only old goes when a younger one stands in its place, and may be claimed until then.
 */
export function upkeep(spares: readonly Spare[], target: number, max: number, template: string, now: number): { order: number; retire: string[] } {
  const here = spares.filter(({ state }) => state !== 'retiring')
  const drained = here.filter((one) => one.template !== template)
  const usable = here.filter((one) => one.template === template).sort((a, b) => b.since - a.since)
  const young = usable.filter(({ since }) => since > now - rotateMs)
  const replaced = young.filter(({ state }) => state === 'ready').length >= target ? usable.filter(({ since }) => since <= now - rotateMs) : []
  return { order: Math.min(ordersMost, Math.max(0, target - young.length)), retire: [...drained, ...young.slice(max), ...replaced].map(({ key }) => key) }
}

/** Sizes of the plans that have a pool. */
export const poolOf = (cluster: Pick<Cluster, 'pool'>, plan: PlanName): { min: number; max: number } => cluster.pool[plan] ?? { min: 0, max: 0 }
