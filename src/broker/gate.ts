// The Durable Object around the gate: one per cluster. It lends storage, time, an alarm for the sweep, and the way to wake a tenant.
import { DurableObject } from 'cloudflare:workers'
import { configOf } from '../config.ts'
import { examineCluster, type ClusterFinding } from '../doctor/cluster.ts'
import type { Grant, Spent } from '../domain/gate.ts'
import type { System } from '../domain/errors.ts'
import { lend } from '../platform/lend.ts'
import { GateBook, type Ask, type Told } from './gate-book.ts'
import { lease } from './limits.ts'

export class ClusterGate extends DurableObject<Env> {
  readonly #book: GateBook

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#book = new GateBook(ctx.storage, (tenant) => ctx.waitUntil(driven(env, tenant).unpark().catch(() => undefined)))
  }

  async acquire(ask: Ask): Promise<Grant> {
    const grant = this.#book.acquire(ask, Date.now())
    await this.#watch()
    return grant
  }

  spend(budgets: readonly string[]): Spent {
    return this.#book.spend(budgets, Date.now())
  }

  report(told: Told): void {
    this.#book.report(told, Date.now())
  }

  usage(): { leases: Record<string, number>; stopped: { system: string; until: number; why: string }[] } {
    return { leases: this.#book.usage(), stopped: this.#book.stopped(Date.now()) }
  }

  /** Every system is asked one cheap question, whatever its breaker says (`why` is null where it answers), and the cluster is looked at. Changes nothing. */
  async systems(): Promise<{ systems: { system: System; why: string | null }[]; cluster: ClusterFinding[] }> {
    const { probe, clients } = lend(this.ctx, this.env)
    const [systems, cluster] = await Promise.all([
      Promise.all(probed.map(async (system) => ({ system, why: await probe(system).then(() => null, (error: unknown) => (error instanceof Error ? error.message : String(error))) }))),
      examineCluster(clients({ operation: 'doctor', attempt: 0, deadline: Date.now() + examinedMs }), configOf(this.env).cluster, () => Date.now()),
    ])
    return { systems, cluster }
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + lease.sweepMs)
    const busy = await this.#book.sweep(Date.now(), (tenant, step) => driven(this.env, tenant).holds(step)).catch(() => true)
    if (!busy) await this.ctx.storage.deleteAlarm()
  }

  /** The sweep runs while anything is leased or waits. */
  async #watch(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + lease.sweepMs)
  }
}

const examinedMs = 20_000
const probed = ['gateway', 'proxmox', 'linstor', 'npm', 'cloudflare', 'ispconfig', 'dns'] as const satisfies readonly System[]

/** The object that drives the rows of this key. */
const driven = (env: Env, key: string) => (key.startsWith('c') ? env.CUSTOMER.getByName(key) : env.TENANT.getByName(key))
