// The tenant: takes commands, decides what should exist, drives it until it does. The Durable Object around it only lends
// storage, alarm and time, so the very same actor runs in the simulation. Only `alarm` drives.
import { policy } from '../engine/policy.ts'
import type { Gate, Turn } from '../domain/gate.ts'
import { reopened, resourceOf, standing, stillHolds, soon, unparked, wish, type Resources } from '../engine/plan.ts'
import { kindOf, type Row } from '../engine/row.ts'
import { Pulse, stuckMs, untoldMs } from '../engine/pulse.ts'
import { run } from '../engine/run.ts'
import type { Surroundings } from '../engine/surroundings.ts'
import type { Acted, Action } from '../domain/action.ts'
import type { Cluster } from '../domain/cluster.ts'
import { mark } from '../domain/names.ts'
import type { Built, Command } from '../domain/order.ts'
import { keptCopies } from '../domain/site.ts'
import type { Storage } from '../domain/sql.ts'
import { wanted } from '../resources/plans.ts'
import { act } from './act.ts'
import { dismiss } from './adopted.ts'
import { begin, isSpare, offered, unoffered } from './begin.ts'
import { override, type Overridden, type Override } from './override.ts'
import { plain } from './plain.ts'
import { projection, type Projection } from './projection.ts'
import { TenantStorage } from './storage.ts'
import { take } from './take.ts'
import { fail, forget } from './tend.ts'

/** What the platform lends to the actor. `Up` is the bundle of upstream clients. */
export interface Lent<Up> extends Pick<Surroundings<Up>, 'now' | 'random' | 'sleep' | 'clients' | 'watch' | 'probe'> {
  readonly storage: Storage
  readonly resources: Resources<Up>
  readonly cluster: Cluster
  gate(tenant: string, turn: Turn): Gate
  /** Tells the allocator how an epoch ended. */
  close(tenant: string, epoch: number, outcome: 'terminated' | 'undone'): Promise<void>
  /** Tells the allocator that a site built ahead is ready. */
  offer(tenant: string, built: Built[]): Promise<void>
  /** Writes the reporting copy. */
  report(projection: Projection): Promise<void>
  setAlarm(at: number): void
  deleteAlarm(): void
  /** Called after each committed change, for those who watch live. */
  changed(): void
}

export class Actor<Up> {
  readonly #lent: Lent<Up>
  readonly store: TenantStorage
  readonly #pulse: Pulse
  /** Reports in a row that could not be written. */
  #unwritten = 0

  constructor(lent: Lent<Up>) {
    this.#lent = lent
    this.store = new TenantStorage(lent.storage, () => lent.now())
    this.#pulse = new Pulse(lent)
  }

  /** Takes a command once. The new wish stands in the rows before this returns; the driving happens in the alarm. */
  accept(command: Command): 'accepted' | 'duplicate' | 'ignored' {
    const { store } = this
    if (store.isNewer()) throw new Error('written by a newer release; this one does not touch it')
    // Before the command: whatever happens to this instance in between, somebody will look.
    this.#lent.setAlarm(this.#lent.now())
    const answer = store.transaction(() => take(store, command, this.#lent.now(), this.#lent.cluster, () => this.#plan()))
    this.wake()
    return answer
  }

  /** A customer's action. What is wanted by it stands in the rows before this returns. */
  act(action: Action, actor: string): Acted {
    const { store } = this
    if (store.isNewer()) throw new Error('written by a newer release; this one does not touch it')
    const now = this.#lent.now()
    const state = store.state()
    const { acted, site, look = [], again = [] } = act(state, action, now, this.#lent.cluster)
    if (!state || (!site && look.length === 0)) return acted
    this.#lent.setAlarm(now)
    store.transaction(() => {
      if (site) {
        store.putState({ ...state, site, outcome: null, changedAt: now })
        store.journal('action', null, 0, { ...action, actor })
        this.#plan()
      }
      for (const row of again.flatMap((name) => store.row(name) ?? [])) if (row.phase === 'settled' && row.want === 'present') store.put(reopened(row, now))
      soon(store, look, now)
    })
    this.wake()
    return acted
  }

  /** Due now: somebody has changed something, or a slot at the gate is free. */
  wake(): void {
    this.#pulse.wake()
    this.#lent.changed()
  }

  /** The gate has room again: what was parked may ask at once. */
  unpark(): void {
    if (this.store.isNewer()) return
    this.store.transaction(() => unparked(this.store, this.#lent.now()))
    this.wake()
  }

  /** Does this step still need its lease? Asked by the gate before it takes one back: who is not touched by this release holds up nobody. */
  holds(step: string): boolean {
    return !this.store.isNewer() && stillHolds(step, this.store.rows(), this.#lent.resources, this.#lent.now())
  }

  /** Somebody else has shown that this domain is theirs: it is given up here. */
  contested(domain: string): void {
    const { store } = this
    const row = store.isNewer() ? undefined : store.row(`domain:${domain}`)
    if (row?.want !== 'present') return
    this.#lent.setAlarm(this.#lent.now())
    store.transaction(() => fail(store, row, `somebody else has shown that ${domain} is theirs`, this.#lent.now()) && this.#plan())
    this.wake()
  }

  /** An operator's word: retry, hold, release, abort. What is wanted by it stands in the rows before this returns. */
  override(order: Override): Overridden {
    const { store } = this
    if (store.isNewer()) throw new Error('written by a newer release; this one does not touch it')
    const now = this.#lent.now()
    this.#lent.setAlarm(now)
    const answer = store.transaction(() => override(store, order, now, this.#lent.cluster.backupStorage, () => this.#plan()))
    this.wake()
    return answer
  }

  /** The reporting copy was lost: everything is told again, as far as the journal goes back. */
  report(): void {
    const { store } = this
    const state = store.state()
    if (!state || store.isNewer()) return
    store.transaction(() => {
      store.seal()
      store.putState({ ...state, projected: 0 })
    })
    this.wake()
  }

  /** One turn of the engine. The safety alarm comes first: whatever happens below cannot lose the tenant. */
  async alarm(): Promise<void> {
    const lent = this.#lent
    const until = lent.now() + policy.runMs
    this.#pulse.begin()
    const lineBefore = this.store.lastLine()
    try {
      if (this.store.isNewer() || this.store.state() === undefined) return lent.deleteAlarm()
      do {
        await run(this.#surroundings(), this.#pulse.nudge, until, () => this.#noteRest())
      } while (this.store.transaction(() => this.#finish()) && lent.now() < until)
      // Where it rests is told too, not only its steps.
      lent.changed()
    } catch (error) {
      this.store.journal('bug', null, 0, { error: error instanceof Error ? error.name : typeof error })
    }
    // The copy being away is nothing that the tenant's own journal needs to tell.
    this.#unwritten = await this.#flush().then(() => 0, () => this.#unwritten + 1)
    this.#pulse.end(this.store.lastLine() !== lineBefore, () => this.#dueAt())
  }

  #surroundings(): Surroundings<Up> {
    const lent = this.#lent
    const state = this.store.state()!
    return {
      book: {
        rows: () => this.store.rows(),
        row: (name) => this.store.row(name),
        put: (row) => this.store.put(row),
        journal: (...line) => this.store.journal(...line),
        transaction: (change) => {
          const result = this.store.transaction(change)
          lent.changed()
          return result
        },
      },
      resources: lent.resources,
      gate: lent.gate(state.key, { building: !state.served, since: state.changedAt, ...(isSpare(state) ? { spare: true } : {}) }),
      identity: { tenant: state.key, epoch: state.identity.epoch, mark: state.identity.ahead?.mark ?? mark(state.key, state.identity.epoch) },
      now: () => lent.now(),
      random: () => lent.random(),
      sleep: (ms, signal) => lent.sleep(ms, signal),
      clients: (call) => lent.clients(call),
      watch: (handle, waitMs, signal) => lent.watch(handle, waitMs, signal),
      held: () => Boolean(this.store.state()?.hold),
      probe: (system) => lent.probe(system),
      giveUp: (row, reason) => this.#giveUp(row, reason),
    }
  }

  /** A new order that cannot be made is taken back; a site that was ever live is left standing for a person. */
  #giveUp(row: Row, reason: string): boolean {
    const { store } = this
    return store.transaction(() => {
      const state = store.state()!
      if (state.target === 'terminated' && kindOf(row.name) === 'copy' && fail(store, row, reason, this.#lent.now())) {
        this.#plan()
        return true
      }
      if (state.target === 'terminated' || state.undoing) return state.undoing
      if (state.served) {
        const theirs = fail(store, row, plain(reason, resourceOf(this.#lent.resources, row.name)?.system), this.#lent.now())
        if (theirs) this.#plan()
        return theirs
      }
      const title = this.#lent.resources.get(row.name)?.title ?? row.name
      store.putState({ ...state, undoing: true, cause: `${title}: ${reason}`, changedAt: this.#lent.now() })
      store.journal('turned', row.name, row.attempt, reason)
      this.#plan()
      return true
    })
  }

  /** Writes the wishes of the present state into the rows. */
  #plan(): void {
    const state = this.store.state()!
    const changed = wish(this.store, wanted(state, this.#lent.cluster), this.#lent.now())
    dismiss(this.store, this.#lent.now())
    if (changed.length > 0) this.store.journal('planned', null, 0, { target: state.undoing ? 'undone' : state.target, steps: changed })
  }

  /** The site stands while something that nobody waits for is still being made: that is told at once. */
  #noteRest(): void {
    const rows = new Map(this.store.rows().map((row) => [row.name, row]))
    const { outcome, hold } = this.store.state()!
    if (outcome !== null || [...rows.values()].every(({ phase }) => phase === 'settled') || standing(rows, this.#lent.resources, Boolean(hold)).state !== 'rest') return
    this.store.transaction(() => this.#finish())
    this.#lent.changed()
  }

  /** Notes where the tenant rests. True when there is more to do at once. */
  #finish(): boolean {
    const { store } = this
    const more = forget(store, this.#lent.now(), this.#lent.cluster.backupStorage)
    if (more) this.#plan()
    const state = store.state()!
    const rows = new Map(store.rows().map((row) => [row.name, row]))
    const { state: stands } = standing(rows, this.#lent.resources, Boolean(state.hold))
    const now = this.#lent.now()
    if (stands === 'open' || stands === 'held') {
      if (state.outcome !== null) store.putState({ ...state, outcome: null })
      return more
    }
    const outcome = stands === 'stuck' ? 'stuck' : state.undoing && state.target !== 'terminated' ? 'undone' : state.target
    if (outcome === state.outcome) return more
    if (outcome === 'undone' && state.next) {
      store.clearRows()
      begin(store, state.next, { projected: state.projected, hold: state.hold ?? null }, now)
      this.#plan()
      return true
    }
    if (!state.served && stands === 'rest' && !state.undoing && state.target !== 'terminated') {
      store.putState({ ...state, served: true, outcome: state.target === 'live' ? 'live' : null, rested: 'live', stood: { target: 'live', plan: state.spec.plan }, restAt: now })
      store.journal('rest', null, 0, 'live')
      if (state.target === 'live') return false
      this.#plan()
      return true
    }
    store.putState({ ...state, outcome, rested: outcome, restAt: now, ...(outcome === 'live' || outcome === 'suspended' ? { stood: { target: outcome, plan: state.spec.plan } } : {}) })
    store.journal('rest', null, 0, outcome)
    return false
  }

  /** Writes what is new into the reporting copy and tells the allocator of an end. Failing costs only time. */
  async #flush(): Promise<void> {
    const { store } = this
    const state = store.state()!
    const lines = store.linesAfter(state.projected, 200)
    const last = lines.at(-1)
    if (last) {
      await this.#lent.report(projection(state, store.rows(), lines))
      store.transaction(() => store.putState({ ...store.state()!, projected: last.i }))
    }
    const { outcome, closed, key, identity } = store.state()!
    if (!closed && (outcome === 'terminated' || outcome === 'undone')) {
      await this.#lent.close(key, identity.epoch, outcome)
      store.transaction(() => store.putState({ ...store.state()!, closed: true }))
    } else if (unoffered(store.state()!)) {
      // From here on nothing is done before the allocator says so: whoever gets the site drives its rows.
      await this.#lent.offer(key, offered(store.rows()))
      store.transaction(() => store.putState({ ...store.state()!, offered: true }))
    }
  }

  /** When the next turn is due: a row, what the reporting copy or the allocator has not heard, a person's late help. */
  #dueAt(): number | undefined {
    const { store } = this
    const now = this.#lent.now()
    const state = store.state()!
    const { state: stands, dueAt } = standing(new Map(store.rows().map((row) => [row.name, row])), this.#lent.resources, Boolean(state.hold))
    if (stands === 'open' && dueAt !== undefined) return dueAt
    const unreported = unoffered(state) || store.lastLine() > state.projected || (!state.closed && (state.outcome === 'terminated' || state.outcome === 'undone'))
    if (unreported) return now + untoldMs(this.#unwritten, () => this.#lent.random())
    const later = dueAt ?? (stands === 'stuck' ? now + stuckMs : undefined)
    // Copies that outlive the site have nobody else who would think of them.
    const kept = keptCopies(state.site)[0]?.keptUntil
    return kept === undefined || (later ?? Infinity) < kept ? later : Math.max(now, kept)
  }
}
