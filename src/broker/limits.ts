// How much of each upstream may be used at once. What serialises in a Proxmox cluster is finer than "ten tasks":
// docs/decisions/0003-gate-limits.md says where each number comes from.

export interface Limit {
  /** Leases at once to begin with. */
  readonly start: number
  /** An adaptive pool widens up to this while it goes well, and halves when the upstream says that it is congested. */
  readonly most: number
}

/** Prefix of a pool's name (up to the colon) -> its limit. Pools are `name` or `name:instance`. */
const limits: Record<string, Limit> = {
  // Allocations share one cluster-wide lock whose waiters give up after 10 s.
  'storage-alloc': { start: 3, most: 8 },
  // Frees take the same lock and may sleep in it.
  'storage-free': { start: 1, most: 1 },
  // Proxmox's own bulk actions run four workers per node.
  'node-tasks': { start: 4, most: 4 },
  // A node makes one whole backup at a time, whoever asks: others would only wait in Proxmox.
  vzdump: { start: 1, most: 1 },
  playbooks: { start: 6, most: 6 },
  // Updates, searches and whole dumps inside sites: work for disks and processors, which visitors of other sites need as well.
  jobs: { start: 4, most: 4 },
  // Seconds each, while installations take a minute: a customer does not wait behind those.
  personalise: { start: 8, most: 8 },
  // A PHP page with one session: short calls, a few at once.
  ispconfig: { start: 6, most: 6 },
  // Check, then insert, then one nginx: never two writes at once.
  npm: { start: 1, most: 1 },
}

export const limitOf = (pool: string): Limit | undefined => limits[pool.split(':')[0] ?? '']

export interface Rate {
  readonly capacity: number
  readonly perMs: number
  /** Tokens that one turn of a step may use. */
  readonly cost: number
}

const hourMs = 3_600_000
const weekMs = 7 * 24 * hourMs

/** 1,200 requests in 5 minutes per user, the dashboard included: 200 are left for people. https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
const rates: Record<string, Rate> = { cloudflare: { capacity: 1_000, perMs: 1_000 / 300_000, cost: 3 } }

export const rateOf = (pool: string): Rate | undefined => rates[pool]

/** What only time gives back. `of`: what is counted, for those who wait; `refused` requests count too. */
export interface Budget { readonly capacity: number; readonly perMs: number; readonly of: string; readonly refused: boolean }

/** Let's Encrypt's limits, by prefix; an instance is a name. They refill steadily. https://letsencrypt.org/docs/rate-limits/ */
const budgets: Record<string, Budget> = {
  'le-orders': { capacity: 300, perMs: 300 / (3 * hourMs), of: 'certificates of the whole platform', refused: true },
  'le-registered': { capacity: 50, perMs: 50 / weekMs, of: 'certificates of one registered domain', refused: false },
  'le-set': { capacity: 5, perMs: 5 / weekMs, of: 'certificates of the same name', refused: false },
  'le-tries': { capacity: 5, perMs: 5 / hourMs, of: 'tries for one name', refused: true },
}

export const budgetOf = (name: string): Budget | undefined => budgets[name.split(':')[0] ?? '']

export const breaker = { failsToOpen: 5, coolFirstMs: 5_000, coolMaxMs: 60_000, coolConfigMs: 60_000, probeMs: 30_000 }

/** A lease given ahead to a waiter is taken back when it is not claimed; one that is held long is asked after; who is parked asks again even if nobody wakes it. */
export const lease = { claimMs: 15_000, askAfterMs: 120_000, sweepMs: 15_000, parkedMs: 30_000 }
