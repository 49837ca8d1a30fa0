// The cluster's gate: bounds how many may use an upstream at once, in order of asking, and stops everybody when one is down.
// It never waits: it grants, or says when to ask again, and wakes who waited. An idle object is evicted after seconds, so
// leases, waiters and open breakers are on disk; only the widths of adaptive pools are learned anew.
import type { Grant, Spent, Turn, Verdict } from '../domain/gate.ts'
import { openOrThrow, schemas } from '../domain/schema.ts'
import type { Storage } from '../domain/sql.ts'
import { Buckets } from './buckets.ts'
import { breaker, lease, limitOf, rateOf } from './limits.ts'

export interface Ask extends Turn { tenant: string; step: string; system: string; pools: readonly string[] }
export interface Told { tenant: string; step: string; system: string; verdict: Verdict; release: boolean; unspent?: readonly string[]; why?: string }

/** `heard`: what was heard last instead of an answer. */
interface Breaker { fails: number; openUntil: number; coolMs: number; probing: number; why: string; heard?: string }
interface Lease { tenant: string; step: string; pools: readonly string[]; since: number; claimed: boolean }

export class GateBook {
  readonly #storage: Storage
  readonly #wake: (tenant: string) => void
  /** What the table holds, by tenant and step, and how much of each pool that is: a cache, read once. */
  readonly #leases = new Map<string, Lease>()
  readonly #used = new Map<string, number>()
  #waiters: Ask[]
  readonly #breakers: Map<string, Breaker>
  readonly #buckets: Buckets
  /** Current width of adaptive pools: relearned after a restart. */
  #width = new Map<string, number>()

  constructor(storage: Storage, wake: (tenant: string) => void) {
    this.#storage = storage
    this.#wake = wake
    openOrThrow(storage, schemas.gate)
    storage.sql.exec('CREATE TABLE IF NOT EXISTS lease (tenant TEXT NOT NULL, step TEXT NOT NULL, pools TEXT NOT NULL, since INTEGER NOT NULL, claimed INTEGER NOT NULL, PRIMARY KEY (tenant, step))')
    for (const row of storage.sql.exec('SELECT tenant, step, pools, since, claimed FROM lease').toArray())
      this.#count({ tenant: String(row['tenant']), step: String(row['step']), pools: JSON.parse(String(row['pools'])) as string[], since: Number(row['since']), claimed: Boolean(row['claimed']) })
    storage.sql.exec('CREATE TABLE IF NOT EXISTS waiter (tenant TEXT NOT NULL, step TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant, step))')
    this.#waiters = storage.sql.exec('SELECT body FROM waiter ORDER BY rowid').toArray().map((row) => JSON.parse(String(row['body'])) as Ask).sort((a, b) => (before(a, b) ? -1 : before(b, a) ? 1 : 0))
    storage.sql.exec('CREATE TABLE IF NOT EXISTS breaker (system TEXT PRIMARY KEY, body TEXT NOT NULL)')
    this.#breakers = new Map(storage.sql.exec('SELECT system, body FROM breaker').toArray().map((row) => [String(row['system']), JSON.parse(String(row['body'])) as Breaker]))
    this.#buckets = new Buckets(storage)
  }

  /** All pools or none; who holds the lease already gets it again. */
  acquire(ask: Ask, now: number): Grant {
    const stopped = this.#breakers.get(ask.system)
    let probe = false
    if (stopped && stopped.openUntil > 0) {
      if (now < stopped.openUntil) return this.#park(ask, stopped.openUntil - now, stopped.why)
      if (now < stopped.probing + breaker.probeMs) return this.#park(ask, stopped.probing + breaker.probeMs - now, stopped.why)
      probe = true
    }
    const granted = this.#storage.transactionSync((): Grant | undefined => {
      const held = this.#leases.get(keyOf(ask))
      const leased = ask.pools.filter((pool) => limitOf(pool))
      if (held) {
        if (!held.claimed) this.#lease({ ...held, since: now, claimed: true })
      } else if (leased.length > 0) {
        const full = leased.find((pool) => this.#isFull(pool, ask.spare) || (ask.spare && this.#isAwaited(pool)))
        if (full) return { granted: false, waitMs: lease.parkedMs, why: `waiting for a free place (${full.split(':').join(' on ')})` }
      }
      for (const pool of ask.pools) {
        const rate = rateOf(pool)
        const wait = rate ? this.#buckets.take(pool, rate, now) : 0
        if (wait > 0) return { granted: false, waitMs: wait, why: `waiting for the rate limit (${pool})` }
      }
      if (!held && leased.length > 0) this.#lease({ tenant: ask.tenant, step: ask.step, pools: leased, since: now, claimed: true })
      return undefined
    })
    if (granted && !granted.granted) return granted.why.includes('place') ? this.#park(ask, granted.waitMs, granted.why) : granted
    if (probe && stopped) this.#breaker(ask.system, { ...stopped, probing: now })
    this.#leave(ask)
    return { granted: true, probe }
  }

  /** Uses up one of each of these budgets, or none. */
  spend(budgets: readonly string[], now: number): Spent {
    return this.#buckets.spend(budgets, now)
  }

  /** What a holder learned, and whether it is done with its lease. */
  report(told: Told, now: number): void {
    this.#learn(told, now)
    this.#buckets.giveBack(told.unspent ?? [], now)
    if (told.release) {
      const pools = this.#drop(told.tenant, told.step)
      if (told.verdict === 'ok') for (const pool of pools) this.#widen(pool)
    }
    if (told.verdict === 'congested') for (const pool of this.#leases.get(keyOf(told))?.pools ?? []) this.#narrow(pool)
    this.#serve(now)
  }

  /** Takes unclaimed leases back, and those whose holder says that it holds them no more. True while there is something to watch. */
  async sweep(now: number, holds: (tenant: string, step: string) => Promise<boolean>): Promise<boolean> {
    for (const { tenant, step, since, claimed } of this.#leases.values()) {
      const age = now - since
      if (!claimed ? age > lease.claimMs : age > lease.askAfterMs && !(await holds(tenant, step).catch(() => true))) this.#drop(tenant, step)
    }
    this.#serve(now)
    return this.#leases.size > 0 || this.#waiters.length > 0
  }

  /** Leases held now, by pool. */
  usage(): Record<string, number> {
    return Object.fromEntries([...this.#used].filter(([, used]) => used > 0))
  }

  /** Systems whose breaker is open, with the reason. */
  stopped(now: number): { system: string; until: number; why: string }[] {
    return [...this.#breakers].filter(([, state]) => state.openUntil > 0 && (now < state.openUntil || state.probing > 0))
      .map(([system, state]) => ({ system, until: state.openUntil, why: state.why }))
  }

  #park(ask: Ask, waitMs: number, why: string): Grant {
    if (!this.#waiters.some((waiter) => same(waiter, ask))) {
      // Whoever began first finishes first: otherwise a burst of new orders would hold up those that are nearly done.
      const behind = this.#waiters.findIndex((waiter) => before(ask, waiter))
      this.#waiters.splice(behind < 0 ? this.#waiters.length : behind, 0, ask)
      this.#storage.sql.exec('INSERT OR REPLACE INTO waiter (tenant, step, body) VALUES (?, ?, ?)', ask.tenant, ask.step, JSON.stringify(ask))
    }
    return { granted: false, waitMs, why }
  }

  #learn({ system, verdict, why }: Told, now: number): void {
    const state = this.#breakers.get(system) ?? { fails: 0, openUntil: 0, coolMs: breaker.coolFirstMs, probing: 0, why: '' }
    const heard = why === undefined ? state.heard : why.trim().slice(0, 200).trimEnd()
    const last = heard ? { heard } : {}
    const lastly = heard ? ` (heard last: ${heard})` : ''
    if (verdict === 'ok') {
      const closed = { fails: 0, openUntil: 0, coolMs: breaker.coolFirstMs, probing: 0, why: '' }
      if (state.openUntil === 0) this.#breakers.set(system, closed)
      else {
        this.#breaker(system, closed)
        for (const tenant of new Set(this.#waiters.filter((waiter) => waiter.system === system).map((waiter) => waiter.tenant))) this.#wake(tenant)
      }
    } else if (verdict === 'down') {
      const fails = state.fails + 1
      const probed = state.probing > 0
      // Whoever else meets the same outage, or is late to tell of it, does not make it longer: only a probe that fails does.
      const opens = probed || (state.openUntil === 0 && fails >= breaker.failsToOpen)
      const coolMs = probed ? Math.min(breaker.coolMaxMs, state.coolMs * 2) : state.coolMs
      if (!opens) this.#breakers.set(system, { ...state, fails, ...last })
      else this.#breaker(system, { fails, coolMs, openUntil: now + coolMs, probing: 0, why: `${system} does not answer; waiting until it is back${lastly}`, ...last })
    } else if (verdict === 'config') {
      this.#breaker(system, { ...state, openUntil: now + breaker.coolConfigMs, probing: 0, why: `${system} refuses our credentials; a person has to look${lastly}`, ...last })
    }
  }

  /** Hands free places to those who have waited longest, and wakes them. */
  #serve(now: number): void {
    const served = new Set<Ask>()
    /** Pools for which somebody waits who is paid for: they come first in this list. */
    const kept = new Set<string>()
    for (const waiter of this.#waiters) {
      const stopped = this.#breakers.get(waiter.system)
      if (stopped && stopped.openUntil > 0) continue
      const leased = waiter.pools.filter((pool) => limitOf(pool))
      if (leased.some((pool) => this.#isFull(pool, waiter.spare) || (waiter.spare && kept.has(pool)))) {
        if (!waiter.spare) for (const pool of leased) kept.add(pool)
        continue
      }
      if (leased.length > 0 && !this.#leases.has(keyOf(waiter))) this.#lease({ tenant: waiter.tenant, step: waiter.step, pools: leased, since: now, claimed: false })
      served.add(waiter)
    }
    if (served.size === 0) return
    for (const waiter of served) this.#leave(waiter)
    for (const tenant of new Set([...served].map((waiter) => waiter.tenant))) this.#wake(tenant)
  }

  #drop(tenant: string, step: string): readonly string[] {
    const key = keyOf({ tenant, step })
    const pools = this.#leases.get(key)?.pools ?? []
    if (this.#leases.delete(key)) this.#storage.sql.exec('DELETE FROM lease WHERE tenant = ? AND step = ?', tenant, step)
    for (const pool of pools) this.#used.set(pool, (this.#used.get(pool) ?? 1) - 1)
    this.#leave({ tenant, step })
    return pools
  }

  /** Writes a lease, new or claimed, and counts it. */
  #lease(lease: Lease): void {
    this.#storage.sql.exec('INSERT INTO lease (tenant, step, pools, since, claimed) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, step) DO UPDATE SET since = excluded.since, claimed = excluded.claimed',
      lease.tenant, lease.step, JSON.stringify(lease.pools), lease.since, lease.claimed ? 1 : 0)
    this.#count(lease)
  }

  #count(lease: Lease): void {
    if (!this.#leases.has(keyOf(lease))) for (const pool of lease.pools) this.#used.set(pool, (this.#used.get(pool) ?? 0) + 1)
    this.#leases.set(keyOf(lease), lease)
  }

  /** Whoever has got what it waited for, or no longer wants it. */
  #leave(one: { tenant: string; step: string }): void {
    const still = this.#waiters.filter((waiter) => !same(waiter, one))
    if (still.length === this.#waiters.length) return
    this.#waiters = still
    this.#storage.sql.exec('DELETE FROM waiter WHERE tenant = ? AND step = ?', one.tenant, one.step)
  }

  /** A breaker that opens, probes or closes is remembered; counting towards it is not worth a write. */
  #breaker(system: string, state: Breaker): void {
    this.#breakers.set(system, state)
    this.#storage.sql.exec('INSERT INTO breaker (system, body) VALUES (?, ?) ON CONFLICT (system) DO UPDATE SET body = excluded.body', system, JSON.stringify(state))
  }

  /** What is built for nobody leaves one place free, where there are several, for whoever is paid for. */
  #isFull(pool: string, spare = false): boolean {
    const width = this.#widthOf(pool)
    return (this.#used.get(pool) ?? 0) >= (spare && width > 1 ? width - 1 : width)
  }

  #isAwaited(pool: string): boolean {
    return this.#waiters.some((waiter) => !waiter.spare && waiter.pools.includes(pool))
  }

  #widthOf(pool: string): number {
    return this.#width.get(pool) ?? limitOf(pool)!.start
  }

  #widen(pool: string): void {
    const { most } = limitOf(pool)!
    if (this.#widthOf(pool) < most) this.#width.set(pool, this.#widthOf(pool) + 1)
  }

  #narrow(pool: string): void {
    if (limitOf(pool)!.most > limitOf(pool)!.start) this.#width.set(pool, Math.max(1, Math.floor(this.#widthOf(pool) / 2)))
  }
}

const keyOf = ({ tenant, step }: { tenant: string; step: string }): string => `${tenant}/${step}`

const before = (a: Turn, b: Turn): boolean => (rank(a) === rank(b) ? a.since < b.since : rank(a) < rank(b))

const rank = ({ building, spare }: Turn): number => (spare ? 2 : building ? 1 : 0)

const same = (a: { tenant: string; step: string }, b: { tenant: string; step: string }): boolean => a.tenant === b.tenant && a.step === b.step
