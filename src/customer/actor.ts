// The customer: takes changes of zones and records, writes what they want into rows, drives them until it is so. As with a
// tenant, only `alarm` drives, and the Durable Object around it only lends storage, alarm and time.
import { identityOf, digestOf, type DnsRecord } from '../domain/dns/record.ts'
import type { Change } from '../domain/dns/zone-diff.ts'
import { policy } from '../engine/policy.ts'
import { holdsLease, reopened, standing, unparked, wish } from '../engine/plan.ts'
import type { Want, Wanted } from '../engine/resource.ts'
import type { Row } from '../engine/row.ts'
import { Pulse, stuckMs } from '../engine/pulse.ts'
import { run } from '../engine/run.ts'
import type { Surroundings } from '../engine/surroundings.ts'
import type { DnsClientWish } from '../resources/dns-client.ts'
import type { DnsEntryWish } from '../resources/dns-entry.ts'
import type { DnsZoneWish } from '../resources/dns-zone.ts'
import { customerResources } from '../resources/customer.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { CustomerStorage, type CustomerState, type Deed, type HistoryItem } from './storage.ts'
import type { Lent } from './lent.ts'
import { release } from './release.ts'
import { sentence } from './sentence.ts'

const zoneRow = (origin: string): string => `dns-zone:${origin}`
const entryRow = (origin: string, record: DnsRecord): string => `dns-entry:${origin}/${digestOf(record)}`

export class CustomerActor {
  readonly #lent: Lent
  readonly store: CustomerStorage
  readonly #pulse: Pulse
  readonly #waiting = new Set<() => void>()

  constructor(lent: Lent) {
    this.#lent = lent
    this.store = new CustomerStorage(lent.storage, () => lent.now())
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
      const rows = this.#plan(whose, deed, now)
      const item: HistoryItem = { n: store.lastChange() + 1, at: now, actor: told.actor, what: told.what, deed, rows, state: 'pending', why: null, undoes: told.undoes ?? null, undone: null }
      store.putChange(item)
      const undone = told.undoes === undefined ? undefined : store.change(told.undoes)
      if (undone) store.putChange({ ...undone, undone: item.n })
      store.journal('command', null, 0, { change: item.n, kind: deed.kind, origin: deed.origin })
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
    const open = this.store.rows().filter((row) => row.phase !== 'settled' && row.name.startsWith(`dns-entry:${origin}/`))
    const zone = this.store.row(zoneRow(origin))
    const going = this.store.pending().some(({ deed }) => deed.kind === 'delete-zone' && deed.origin === origin)
    return {
      records: open.map((row) => ({ record: (row.wish as DnsEntryWish).record, want: row.want })),
      zone: going ? 'absent' : zone && zone.phase !== 'settled' ? zone.want : undefined,
    }
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
    return holdsLease(this.store.row(step), this.#lent.now())
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
    const { state: stands, dueAt } = standing(new Map(this.store.rows().map((row) => [row.name, row])), customerResources)
    if (stands === 'stuck' && this.store.rows().some((row) => row.phase === 'stuck' && row.since >= since)) lent.alert(this.store.state()!)
    this.#pulse.end(this.store.lastLine() !== before, () => dueAt ?? (stands === 'stuck' ? lent.now() + stuckMs : undefined))
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
      probe: (system) => lent.probe(system),
      giveUp: (row, reason) => this.#giveUp(row, reason),
    }
  }

  /** Writes what a change wants into the rows; answers their names. */
  #plan(whose: CustomerState, deed: Deed, now: number): string[] {
    const { settings } = this.#lent
    const { origin } = deed
    this.#want('dns-client', 'present', {
      customerNo: whose.customerNo, username: `berth-${whose.key}`, email: `hostmaster@${settings.platformZone}`, dnsServer: settings.dnsServer, mailServer: settings.mailServer,
    } satisfies DnsClientWish, [], now)
    if (deed.kind === 'add-zone') {
      this.#want(zoneRow(origin), 'present', this.#zoneWish(origin), [], now)
      return [zoneRow(origin), ...deed.records.map((record) => this.#entry(origin, record, 'present', [zoneRow(origin)], now))]
    }
    if (deed.kind === 'delete-zone') {
      // What is not known to be at rest must come to rest first; all the rest goes with the zone.
      const entries = this.store.rows().filter((row) => row.name.startsWith(`dns-entry:${origin}/`))
      for (const row of entries) {
        if (row.phase === 'settled') this.store.put({ ...row, want: 'absent', out: null, owned: false })
        else this.#want(row.name, 'absent', row.wish, [], now)
      }
      return [zoneRow(origin)]
    }
    const mail = deed.kind === 'mail' ? deed.wants : []
    for (const one of mail) this.#want(one.resource, one.want, one.wish, one.after ?? [], now)
    const names = mail.map(({ resource }) => resource)
    return mail.some(comesFirst) ? names : [...names, ...this.#changes(origin, deed.changes, now)]
  }

  #changes(origin: string, changes: readonly Change[], now: number): string[] {
    const gone = changes.flatMap((change) => (change.action === 'create' || same(change) ? [] : [this.#entry(origin, change.before, 'absent', [], now)]))
    // Nothing stands beside what it replaces: a CNAME is gone before the address comes.
    const come = changes.flatMap((change) => (change.action === 'delete' ? [] : [this.#entry(origin, change.after, 'present', gone, now)]))
    return [...gone, ...come]
  }

  #zoneWish(origin: string): DnsZoneWish {
    const { nameServers, dnsServer } = this.#lent.settings
    return { origin, ns: nameServers[0], dnsServer, customerNo: this.store.state()!.customerNo }
  }

  #entry(origin: string, record: DnsRecord, want: Want, after: readonly string[], now: number): string {
    const name = entryRow(origin, record)
    const known = this.store.row(name)?.wish as DnsEntryWish | undefined
    const at = known && known.record.ttl === record.ttl ? known.at : now
    this.#want(name, want, { origin, record, dnsServer: this.#lent.settings.dnsServer, customerNo: this.store.state()!.customerNo, at } satisfies DnsEntryWish, after, now)
    return name
  }

  /** Wants a row so, and has it looked at again even if it was: what exists is ISPConfig's to tell. */
  #want(resource: string, want: Want, wished: unknown, after: readonly string[], now: number): void {
    const { store } = this
    // A row that is new and wanted absent needs the wish as well: by it is known what to look for.
    if (!store.row(resource)) wish(store, [{ resource, want: 'present', wish: wished, after }], now)
    wish(store, [{ resource, want, wish: wished, after }], now)
    const row = store.row(resource)!
    if (row.phase === 'settled') store.put(reopened(row, now))
  }

  /** A record that cannot be written is not wanted any more, a zone takes its records with it; its change has failed. */
  #giveUp(row: Row, reason: string): boolean {
    const { store } = this
    const now = this.#lent.now()
    return store.transaction(() => {
      const items = store.pending().filter((item) => item.rows.includes(row.name))
      if (row.name === 'dns-client' || items.length === 0) return false
      const why = sentence(reason)
      const whole = row.name.startsWith('dns-zone:') || row.name.startsWith('mail-domain:')
      for (const name of whole ? items.flatMap((item) => item.rows) : [row.name]) {
        const one = store.row(name)
        if (one) this.#want(name, 'absent', one.wish, [], now)
      }
      for (const item of items) store.putChange({ ...item, state: 'failed', why })
      store.journal('turned', row.name, row.attempt, reason)
      return true
    })
  }

  /** Notes which changes are through. True when something more is wanted now. */
  #tend(): boolean {
    const { store } = this
    let more = false
    for (const item of store.pending()) {
      const { origin, kind } = item.deed
      const zone = store.row(zoneRow(origin))
      if (kind === 'delete-zone' && (zone === undefined || zone.want === 'present')) {
        const open = store.rows().some((row) => row.name.startsWith(`dns-entry:${origin}/`) && row.phase !== 'settled' && row.phase !== 'stuck')
        if (open) continue
        this.#want(zoneRow(origin), 'absent', this.#zoneWish(origin), [], this.#lent.now())
        more = true
      } else if (waits(item) && item.deed.wants.filter(comesFirst).every(({ resource }) => store.row(resource)?.phase === 'settled')) {
        store.putChange({ ...item, rows: [...item.rows, ...this.#changes(origin, item.deed.changes, this.#lent.now())] })
        more = true
      } else if (item.rows.every((name) => store.row(name)?.phase === 'settled')) store.putChange({ ...item, state: 'done' })
    }
    return more
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** Records that lead mail here wait for the mail domain, so that none goes astray. */
const comesFirst = ({ resource, want }: Wanted): boolean => want === 'present' && resource.startsWith('mail-domain:')

const waits = (item: HistoryItem): item is HistoryItem & { deed: { kind: 'mail' } } =>
  item.deed.kind === 'mail' && item.deed.changes.length > 0 && item.rows.length === item.deed.wants.length

/** Only the TTL is another: one and the same row. */
const same = (change: { action: string; before?: DnsRecord; after?: DnsRecord }): boolean =>
  change.before !== undefined && change.after !== undefined && identityOf(change.before) === identityOf(change.after)
