// Cloudflare in virtual time: tenant objects with storage, alarm and crashes, an allocator, a gate, a queue that repeats and
// reorders, a watchdog. The actors, books and clients inside are the real ones.
import { seeded, type Random } from '../../lab/random.ts'
import { AllocatorBook } from '../../src/broker/allocator-book.ts'
import type { Intake } from '../../src/broker/intake.ts'
import { Claims } from '../../src/broker/claims.ts'
import { GateBook } from '../../src/broker/gate-book.ts'
import { limitOf } from '../../src/broker/limits.ts'
import type { Cluster } from '../../src/domain/cluster.ts'
import type { Action } from '../../src/domain/action.ts'
import { tenantKey } from '../../src/domain/names.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import type { Command, Identity, Verb } from '../../src/domain/order.ts'
import { resources } from '../../src/resources/plans.ts'
import type { Reach } from '../../src/resources/reach.ts'
import { Actor, type Lent } from '../../src/tenant/actor.ts'
import type { Projection } from '../../src/tenant/projection.ts'
import type { TenantState } from '../../src/tenant/state.ts'
import { taskEnd } from '../../src/tenant/task-end.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { settings, type DataCentre } from './data-centre.ts'
import { Disk, Gone, unlessGone } from '../../lab/disk.ts'
import { lentAllocator } from './lent-allocator.ts'
import { openToVisitors } from './pool-invariants.ts'
import { probe } from './probe.ts'
import { cluster as simulatedCluster } from './cluster.ts'
import { Customers } from './customers.ts'
import type { Misfortune, Sabotage } from './misfortune.ts'

interface TenantHost {
  key: string
  disk: Disk
  actor: Actor<Reach>
  open: { isOpen: () => boolean; cut: () => void }
  alarmAt: number | undefined
  cancelAlarm: (() => void) | undefined
  /** How often one was set; each is a row written. */
  alarmsSet: number
  running: boolean
  report: Projection | undefined
  /** The audit in the reporting copy, by line. */
  audit: Map<number, Projection['audit'][number]>
  reportedAt: number
}

export class Platform {
  readonly dc: DataCentre
  readonly cluster: Cluster
  readonly tenants = new Map<string, TenantHost>()
  readonly violations: string[] = []
  /** Things that stand upstream and are not ours: they must never be touched. */
  readonly foreign: { of: string; what: string }[] = []
  /** Called when identities have been chosen, before anything is called. */
  onCreate: ((platform: Platform, identity: Identity) => void) | undefined
  readonly allocatorDisk = new Disk()
  readonly gateDisk = new Disk()
  allocator: AllocatorBook
  readonly claims: Claims
  gate: GateBook
  readonly customers: Customers
  crashes = 0
  readonly #random: Random
  readonly #misfortune: Misfortune
  readonly #sabotage: Sabotage
  /** Misfortune ends when the history's quiet phase begins. */
  calm = false
  #reportsLost = 0
  /** The schema's commits of a new instance are not cut: it would only start once more. */
  #starting = false

  constructor(dc: DataCentre, seed: number, misfortune: Misfortune = {}, sabotage: Sabotage = {}, cluster: Cluster = simulatedCluster) {
    this.dc = dc
    this.cluster = { ...cluster }
    this.#random = seeded(seed ^ 0x5eed)
    this.#misfortune = misfortune
    this.#sabotage = sabotage
    const { storage } = this.allocatorDisk.open()
    this.allocator = new AllocatorBook(storage, this.cluster, this.#random)
    this.claims = new Claims(storage)
    this.gate = this.#openGate()
    this.customers = new Customers(this, seed, misfortune)
    if (sabotage.watchdog !== false) this.#everyMinute()
  }

  /** A wish arrives from billing: durable in the allocator, then on its way through the queue. */
  order(service: string, verb: Verb, plan: PlanName = 'basic'): Intake {
    const intake = this.allocator.intake({
      verb, connection: 'sim', service, actor: 'sim', plan, order: { email: `${service}@example.com`, plan, publicIp: this.cluster.proxy.publicIp },
    }, this.dc.clock.now())
    if (intake.answer === 'taken') this.#send(intake.command)
    if (intake.answer === 'taken' && verb === 'create' && this.onCreate) this.onCreate(this, intake.record.identity)
    return intake
  }

  /** A customer's action goes straight to the tenant's object; when that dies under it, nobody has promised anything. */
  act(service: string, action: Action): void {
    const host = this.tenant(service)
    if (host) unlessGone(() => void host.actor.act(action, 'sim'))
  }

  /** An operator's word, as the route gives it to the object, and its way back through the allocator. */
  override(service: string, what: 'hold' | 'release' | 'abort'): void {
    const host = this.tenant(service)
    const record = host && this.allocator.service(host.key)
    if (!host || !record) return
    unlessGone(() => {
      const { ask } = host.actor.override({ do: what, actor: 'operator', why: 'to see', seq: record.seq, dryRun: false })
      const intake = ask && this.allocator.intake({ connection: 'sim', service, actor: 'operator', ...ask }, this.dc.clock.now())
      if (intake?.answer === 'taken') this.#send(intake.command)
    })
  }

  tenant(service: string): TenantHost | undefined {
    return this.tenants.get(tenantKey('sim', service))
  }

  state(host: TenantHost): TenantState | undefined {
    return host.actor.store.state()
  }

  /** The power of this tenant's object is cut: a new instance starts from what is on disk. */
  crash(host: TenantHost): void {
    this.crashes++
    host.open.cut()
    const wasRunning = host.running
    host.running = false
    this.#starting = true
    Object.assign(host, this.#instance(host))
    this.#starting = false
    // At least once: an alarm that did not end runs again, unless it had set a new one.
    if (wasRunning && host.alarmAt === undefined) this.#setAlarm(host, this.dc.clock.now() + 1_000)
  }

  /** The gate object restarts: leases are on disk, waiters, breakers and widths are forgotten. */
  restartGate(): void {
    this.gate = this.#openGate()
  }

  close(): void {
    this.customers.close()
    for (const disk of [this.allocatorDisk, this.gateDisk, ...[...this.tenants.values()].map((host) => host.disk)]) disk.close()
  }

  #unlucky(rate: number | undefined): boolean {
    return !this.calm && rate !== undefined && this.#random() < rate
  }

  #send(command: Command): void {
    if (this.#unlucky(this.#misfortune.queueLoss)) return
    const times = this.#unlucky(this.#misfortune.queueRepeat) ? 2 : 1
    for (let i = 0; i < times; i++)
      this.dc.clock.after(20 + this.#random() * (this.#misfortune.queueRepeat ? 4_000 : 200), () => {
        const host = this.#host(command.tenant)
        // When the object dies under it, the watchdog sends it again.
        unlessGone(() => {
          host.actor.accept(command)
          this.allocator.confirm([command.id])
        })
      })
  }

  #everyMinute(): void {
    this.dc.clock.after(60_000, () => {
      const now = this.dc.clock.now()
      for (const command of this.allocator.unconfirmed(now - 10_000, 100)) this.#send(command)
      this.#keepPool(now)
      for (const host of this.tenants.values()) {
        const status = host.report?.tenant.status
        if (status && !['live', 'suspended', 'terminated', 'undone', 'stuck'].includes(status) && host.reportedAt < now - 300_000) unlessGone(() => host.actor.wake())
      }
      this.#everyMinute()
    })
    // The gate's own alarm.
    this.dc.clock.after(15_000, () => void this.#sweep())
    this.dc.clock.after(35_000, () => void this.#sweep())
  }

  /** What the cron does for the pools; in the calm at the end nothing new is ordered. */
  #keepPool(now: number): void {
    this.violations.push(...openToVisitors(this))
    if (this.calm) return
    const { commands, late } = this.allocator.keepPool(now)
    for (const command of commands) this.#send(command)
    for (const key of late) unlessGone(() => this.tenants.get(key)?.actor.wake())
  }

  #sweep(): Promise<boolean> {
    return this.gate.sweep(this.dc.clock.now(), async (key, step) => this.#driven(key)?.actor.holds(step) ?? false)
  }

  #openGate(): GateBook {
    return new GateBook(this.gateDisk.open().storage, (key) => this.dc.clock.after(5, () => unlessGone(() => this.#driven(key)?.actor.unpark())))
  }

  #driven = (key: string) => this.tenants.get(key) ?? this.customers.hosts.get(key)

  #host(key: string): TenantHost {
    const known = this.tenants.get(key)
    if (known) return known
    const host = { key, disk: new Disk(), alarmAt: undefined, cancelAlarm: undefined, alarmsSet: 0, running: false, report: undefined, audit: new Map(), reportedAt: 0 } as unknown as TenantHost
    Object.assign(host, this.#instance(host))
    host.disk.onCommit = (commit) => {
      if (!this.calm && !this.#starting && this.#misfortune.crashAtCommits?.includes(commit)) this.crash(host)
    }
    this.tenants.set(key, host)
    return host
  }

  #instance(host: TenantHost): Pick<TenantHost, 'actor' | 'open'> {
    const { storage, ...open } = host.disk.open()
    const { clock } = this.dc
    const skewMs = (this.#random() * 2 - 1) * (this.#misfortune.skewMs ?? 0)
    const rim = { ...this.dc.rim, now: () => clock.now() + (this.calm ? 0 : skewMs) }
    const leaves = <T>(run: () => Promise<T>): Promise<T> => (open.isOpen() || this.#misfortune.zombies ? run() : new Promise<T>(() => undefined))
    const alive = (run: () => void): void => {
      if (!open.isOpen()) throw new Gone('this instance has been replaced')
      run()
    }
    const clients = upstreams(settings, { ...rim, fetch: (request) => leaves(() => rim.fetch(request)) })
    const lent: Lent<Reach> = {
      storage, resources, cluster: this.cluster, now: rim.now, random: this.#random,
      sleep: (ms, signal) => rim.sleep(ms, signal),
      clients: (call) => ({
        ...clients(call),
        allocator: lentAllocator({ book: this.allocator, claims: this.claims, now: () => clock.now(), lost: (run) => this.#maybeLost('allocatorLoss', run), tell: (holder, name) => this.#tellHolder(holder, name) }),
      }),
      watch: (handle, waitMs, signal) => taskEnd(clients({ operation: 'watch', attempt: 0, deadline: rim.now() + waitMs + 10_000, signal }).gateway, handle, waitMs),
      probe: (system) => probe(clients({ operation: 'probe', attempt: 0, deadline: rim.now() + 5_000 }), system, this.cluster.zone),
      gate: (tenant, turn) => ({
        acquire: async (ask) => {
          await this.#hop()
          const grant = this.#maybeLost('gateLoss', () => this.gate.acquire({ tenant, ...turn, ...ask }, clock.now()))
          for (const [pool, used] of Object.entries(this.gate.usage())) if (used > limitOf(pool)!.most) this.violations.push(`${used} leases of ${pool}`)
          await this.#hop()
          return grant
        },
        spend: async ({ budgets }) => this.#maybeLost('gateLoss', () => this.gate.spend(budgets, clock.now())),
        report: async (told) => this.#maybeLost('gateLoss', () => this.gate.report({ tenant, ...told }, clock.now())),
      }),
      close: async (tenant, epoch, outcome) => this.#maybeLost('allocatorLoss', () => this.allocator.close(tenant, epoch, outcome, clock.now())),
      offer: async (tenant, built) => this.#maybeLost('allocatorLoss', () => this.allocator.offer(tenant, built, clock.now())),
      report: async (projection) => {
        const lost = this.#unlucky(this.#misfortune.reportLoss)
        // Every other time it is only the answer that is lost.
        if (lost && this.#reportsLost++ % 2 === 0) throw new Error('D1 is away')
        for (const line of projection.audit) {
          const told = host.audit.get(line.line)
          if (told && JSON.stringify(told) !== JSON.stringify(line)) this.violations.push(`line ${line.line} of the audit was told in two ways`)
          host.audit.set(line.line, told ?? line)
        }
        if (lost) throw new Error('the answer of D1 was lost')
        host.report = projection
        host.reportedAt = clock.now()
      },
      setAlarm: (at) => alive(() => this.#setAlarm(host, at - rim.now() + clock.now())),
      deleteAlarm: () => alive(() => this.#setAlarm(host, undefined)),
      changed: () => undefined,
    }
    const actor = new Actor(this.#sabotage.lend?.(lent, host.key) ?? lent)
    this.#sabotage.build?.(actor)
    return { actor, open }
  }

  /** The holder of a contested domain hears of it, if the message is not lost. */
  #tellHolder(holder: string, name: string): void {
    if (!this.#unlucky(this.#misfortune.allocatorLoss)) this.dc.clock.after(5, () => unlessGone(() => this.tenants.get(holder)?.actor.contested(name)))
  }

  /** The way from one object to another takes a moment, in which other things happen. */
  #hop(): Promise<void> {
    return this.dc.clock.sleep(1 + this.#random() * 40)
  }

  /** The call is made; sometimes its answer is lost, as between two objects when one restarts. */
  #maybeLost<T>(what: 'gateLoss' | 'allocatorLoss', run: () => T): T {
    const result = run()
    if (this.#unlucky(this.#misfortune[what])) throw new Error('the answer of another object was lost')
    return result
  }

  #setAlarm(host: TenantHost, at: number | undefined): void {
    host.cancelAlarm?.()
    host.alarmAt = at
    if (at !== undefined) host.alarmsSet++
    host.cancelAlarm = at === undefined ? undefined : this.dc.clock.after(at - this.dc.clock.now(), () => this.#fire(host))
  }

  /** An alarm never overlaps with itself: one that comes due meanwhile follows. */
  #fire(host: TenantHost): void {
    if (host.running) return void (host.cancelAlarm = this.dc.clock.after(50, () => this.#fire(host)))
    host.alarmAt = undefined
    host.running = true
    const { open, actor } = host
    const ended = (): void => void (open.isOpen() && (host.running = false))
    actor.alarm().then(ended, (error: unknown) => {
      if (open.isOpen()) this.violations.push(`alarm threw: ${String(error)}`)
      ended()
    })
  }
}
