// The customer: takes changes of zones and records, writes what they want into rows, drives them until it is so. As with a
// tenant, only `alarm` drives, and the Durable Object around it only lends storage, alarm and time.
import { shown } from '../domain/dns/host-name.ts'
import type { DnsRecord } from '../domain/dns/record.ts'
import { policy } from '../engine/policy.ts'
import { reopened, standing, stillHolds, unparked } from '../engine/plan.ts'
import type { Want } from '../engine/resource.ts'
import type { Row } from '../engine/row.ts'
import { Pulse, stuckMs, untoldMs } from '../engine/pulse.ts'
import { run } from '../engine/run.ts'
import type { Surroundings } from '../engine/surroundings.ts'
import type { DnsEntryWish } from '../resources/dns-entry.ts'
import { customerResources } from '../resources/customer.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { CustomerStorage, type CustomerState, type Deed, type HistoryItem } from './storage.ts'
import type { Lent } from './lent.ts'
import { projection } from './projection.ts'
import { isThrough, refuse, whyOf } from './refusals.ts'
import { release } from './release.ts'
import { sentence } from './sentence.ts'
import { comesFirst, homeOf, isEntryOf, isZoneRow, waits, Wishes, zoneRow } from './wishes.ts'

/** Changes among which the one of a row is looked for. */
const recent = 100

export class CustomerActor {
  readonly #lent: Lent
  readonly store: CustomerStorage
  readonly #wishes: Wishes
  readonly #pulse: Pulse
  readonly #waiting = new Set<() => void>()
  /** Reports in a row that could not be written. */
  #unwritten = 0

  constructor(lent: Lent) {
    this.#lent = lent
    this.store = new CustomerStorage(lent.storage, () => lent.now())
    this.#wishes = new Wishes(this.store, lent.settings)
    this.#pulse = new Pulse(lent)
  }

  /** Takes a change. What it wants stands in the rows before this returns; answers its number in the history. */
  enact(whose: CustomerState, deed: Deed, told: { actor: string; what: string; undoes?: number }): number {
    const { store } = this
    if (store.isNewer()) throw new Error('written by a newer release; this one does not touch it')
    const now = this.#lent.now()
    // First: whatever happens to this instance in between, somebody will look.
    this.#lent.setAlarm(now)
    const n = store.transaction(() => {
      if (!store.state()) store.putState(whose)
      const rows = this.#wishes.plan(whose.key, deed, now)
      const item: HistoryItem = { n: store.lastChange() + 1, at: now, actor: told.actor, what: told.what, deed, rows, state: 'pending', why: null, undoes: told.undoes ?? null, undone: null }
      store.putChange(item)
      const undone = told.undoes === undefined ? undefined : store.change(told.undoes)
      if (undone) store.putChange({ ...undone, undone: item.n })
      store.journal('command', null, 0, { change: item.n, kind: deed.kind, zone: shown(deed.origin), what: told.what, actor: told.actor })
      this.#tend()
      return item.n
    })
    this.wake()
    return n
  }

  /** The change as it stands once it is through, or after `ms`, whichever is first. */
  async settled(n: number, ms: number): Promise<HistoryItem> {
    const until = this.#lent.now() + ms
    const over = new AbortController()
    const late = this.#lent.sleep(ms, over.signal)
    for (;;) {
      const item = this.store.change(n)
      if (!item) throw new Error('no such change')
      if (item.state !== 'pending' || this.#lent.now() >= until) {
        over.abort()
        return item
      }
      await Promise.race([late, new Promise<void>((resolve) => this.#waiting.add(resolve))])
    }
  }

  /** What is wanted and not yet so: records by their row, and zones that are coming or going. */
  underWay(origin: string): { records: { record: DnsRecord; want: Want }[]; zone: Want | undefined } {
    const open = this.store.rows().filter((row) => row.phase !== 'settled' && isEntryOf(row.name, origin))
    const zone = this.store.row(zoneRow(origin, homeOf(this.store, origin)))
    const going = this.store.pending().some(({ deed }) => deed.kind === 'delete-zone' && deed.origin === origin)
    return {
      records: open.map((row) => ({ record: (row.wish as DnsEntryWish).record, want: row.want })),
      zone: going ? 'absent' : zone && zone.phase !== 'settled' ? zone.want : undefined,
    }
  }

  /** Something was done that leaves no wish behind: the audit says so. */
  note(actor: string, what: string): void {
    if (this.store.isNewer()) return
    this.store.journal('action', null, 0, { what, actor })
    this.wake()
  }

  /** Due now: somebody has changed something, or a slot at the gate is free. */
  wake(): void {
    this.#pulse.wake()
  }

  unpark(): void {
    if (this.store.isNewer()) return
    this.store.transaction(() => unparked(this.store, this.#lent.now()))
    this.wake()
  }

  /** Does this step still need its lease? */
  holds(step: string): boolean {
    return !this.store.isNewer() && stillHolds(step, this.store.rows(), customerResources, this.#lent.now())
  }

  /** A person has mended what was wrong: stuck rows are looked at again. Answers how many. */
  retry(actor: string): number {
    const { store } = this
    const stuck = store.rows().filter((row) => row.phase === 'stuck')
    if (store.isNewer() || stuck.length === 0) return 0
    store.transaction(() => {
      for (const row of stuck) store.put(reopened(row, this.#lent.now()))
      store.journal('retried', null, 0, { actor, steps: stuck.map((row) => row.name) })
    })
    this.wake()
    return stuck.length
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

  /** One turn of the engine. The safety alarm comes first: whatever happens below cannot lose the customer. */
  async alarm(): Promise<void> {
    const lent = this.#lent
    const since = lent.now()
    const until = since + policy.runMs
    this.#pulse.begin()
    const before = this.store.lastLine()
    try {
      const state = this.store.state()
      if (this.store.isNewer() || !state) return lent.deleteAlarm()
      do {
        await run(this.#surroundings(state), this.#pulse.nudge, until)
      } while (this.store.transaction(() => this.#tend()) && lent.now() < until)
      this.#tell()
      await release(this.store, lent.registry, since)
    } catch (error) {
      this.store.journal('bug', null, 0, { error: error instanceof Error ? error.name : typeof error })
    }
    const stuck = this.store.rows().some((row) => row.phase === 'stuck' && row.since >= since)
    if (stuck) lent.alert(this.store.state()!)
    // The copy being away is nothing that the customer's own journal needs to tell.
    this.#unwritten = await this.#flush().then(() => 0, () => this.#unwritten + 1)
    this.#pulse.end(this.store.lastLine() !== before, () => this.#dueAt())
  }

  /** When the next turn is due: a row, what the reporting copy has not heard, a person's late help. */
  #dueAt(): number | undefined {
    const { store } = this
    const now = this.#lent.now()
    const { state: stands, dueAt } = standing(new Map(store.rows().map((row) => [row.name, row])), customerResources, false)
    if (stands === 'open' && dueAt !== undefined) return dueAt
    if (store.lastLine() > (store.state()?.projected ?? 0)) return now + untoldMs(this.#unwritten, () => this.#lent.random())
    return dueAt ?? (stands === 'stuck' ? now + stuckMs : undefined)
  }

  #surroundings(state: CustomerState): Surroundings<Upstreams> {
    const lent = this.#lent
    const { store } = this
    return {
      book: {
        rows: () => store.rows(),
        row: (name) => store.row(name),
        put: (row) => store.put(row),
        journal: (...line) => store.journal(...line),
        transaction: (change) => {
          const result = store.transaction(() => {
            const done = change()
            this.#tend()
            return done
          })
          this.#tell()
          return result
        },
      },
      resources: customerResources,
      gate: lent.gate(state.key),
      identity: { tenant: state.key, epoch: 0, mark: state.key },
      now: () => lent.now(),
      random: () => lent.random(),
      sleep: (ms, signal) => lent.sleep(ms, signal),
      clients: (call) => lent.clients(call),
      watch: () => Promise.resolve({ state: 'unknown' as const }),
      held: () => false,
      probe: (system) => lent.probe(system),
      giveUp: (row, reason) => this.#giveUp(row, reason),
    }
  }

  /** A record that cannot be written is not wanted any more, all else of its change is; a zone takes its records with it, and the change has failed. */
  #giveUp(row: Row, reason: string): boolean {
    const { store } = this
    const now = this.#lent.now()
    return store.transaction(() => {
      if (refuse(store, this.#wishes, row, reason, now)) {
        store.journal('turned', row.name, row.attempt, reason)
        return true
      }
      const items = store.pending().filter((item) => item.rows.includes(row.name))
      // Its change may have failed already by another of its rows.
      const failed = (): boolean => store.history(Number.MAX_SAFE_INTEGER, recent).find((item) => item.rows.includes(row.name))?.state === 'failed'
      if (row.name === 'dns-client' || (items.length === 0 && !failed())) return false
      const why = sentence(reason)
      const whole = isZoneRow(row.name) || row.name.startsWith('mail-domain:')
      for (const name of whole ? items.flatMap((item) => item.rows) : [row.name]) {
        const one = store.row(name)
        if (one) this.#wishes.want(name, 'absent', one.wish, [], now)
      }
      store.journal('turned', row.name, row.attempt, reason)
      for (const item of items) this.#over({ ...item, state: 'failed', why })
      return true
    })
  }

  /** Notes which changes are through. True when something more is wanted now. */
  #tend(): boolean {
    const { store } = this
    let more = false
    for (const item of store.pending()) {
      const { origin, kind } = item.deed
      const home = kind === 'delete-zone' ? item.deed.home ?? 'ispconfig' : homeOf(store, origin)
      const zone = store.row(zoneRow(origin, home))
      if (kind === 'delete-zone' && (zone === undefined || zone.want === 'present')) {
        const open = store.rows().some((row) => isEntryOf(row.name, origin) && row.phase !== 'settled' && row.phase !== 'stuck')
        if (open) continue
        this.#wishes.want(zoneRow(origin, home), 'absent', this.#wishes.zone(origin, home), [], this.#lent.now())
        more = true
      } else if (waits(item) && item.deed.wants.filter(comesFirst).every(({ resource }) => store.row(resource)?.phase === 'settled')) {
        store.putChange({ ...item, rows: [...item.rows, ...this.#wishes.changes(origin, item.deed.changes, this.#lent.now())] })
        more = true
      } else if (isThrough(store, item)) this.#over(item.refused ? { ...item, state: 'failed', why: whyOf(item, true) } : { ...item, state: 'done' })
    }
    return more
  }

  #over(item: HistoryItem): void {
    this.store.putChange(item)
    this.store.journal('rest', null, 0, { change: item.n, state: item.state, ...(item.why === null ? {} : { why: item.why }) })
  }

  /** Writes what is new into the reporting copy. Failing costs only time. */
  async #flush(): Promise<void> {
    const { store } = this
    const state = store.state()
    const lines = state ? store.linesAfter(state.projected ?? 0, 200) : []
    const last = lines.at(-1)
    if (!state || !last) return
    await this.#lent.report(projection(store, state, lines))
    store.transaction(() => store.putState({ ...store.state()!, projected: last.i }))
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
