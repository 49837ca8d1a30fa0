// The Durable Object around the actor: one per tenant. It lends storage, alarm, time and the network; it decides nothing.
import { DurableObject } from 'cloudflare:workers'
import { configOf } from '../config.ts'
import { writeReport } from '../db/reports.ts'
import type { Seal } from '../domain/audit-chain.ts'
import type { Acted, Action, Told } from '../domain/action.ts'
import type { DomainName } from '../domain/domain-name.ts'
import { poolConnection } from '../domain/names.ts'
import type { Adoption, Command } from '../domain/order.ts'
import type { PlanChange } from '../domain/plan-change.ts'
import type { PlanName } from '../domain/plan.ts'
import type { Answer, Question } from '../domain/site-tools.ts'
import type { JournalLine } from '../engine/row-store.ts'
import { lend } from '../platform/lend.ts'
import type { Reach } from '../resources/reach.ts'
import { resources } from '../resources/plans.ts'
import { replicas } from '../resources/replicas.ts'
import { Actor, type Lent } from './actor.ts'
import type { Examined as SiteFound } from './adoption.ts'
import { ask, unaskable } from './ask.ts'
import { backupList, type BackupList } from './backups.ts'
import { examined, type Examined } from './doctor.ts'
import { domainsView, type DomainsView } from './domain-view.ts'
import { exported } from './export.ts'
import { figures, type Figures } from './figures.ts'
import { jobList, type ListedJob } from './jobs.ts'
import { lookAtSite, lookAtStep, type Looked } from './look.ts'
import type { Overridden, Override } from './override.ts'
import { preview } from './preview.ts'
import { roomGb } from './room.ts'
import { siteView, type SiteView } from './site-view.ts'
import type { Hold } from './state.ts'
import { taskEnd } from './task-end.ts'
import { view, type View } from './view.ts'

export class Tenant extends DurableObject<Env> {
  readonly #actor: Actor<Reach>
  readonly #watchers = new Set<(view: View) => void>()
  readonly #lent: Lent<Reach>
  #lastFigures: Figures | undefined
  #asking = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#lent = lentBy(ctx, env, () => this.#tell())
    this.#actor = new Actor(this.#lent)
  }

  /** Takes a command once; durable when this returns. */
  accept(command: Command): 'accepted' | 'duplicate' | 'ignored' {
    return this.#actor.accept(command)
  }

  /** A customer's action on the site; durable when this returns. */
  act(action: Action, actor: string): Acted {
    return this.#actor.act(action, actor)
  }

  /** A question about the inside of the site, asked at most `waitMs` long; the answer is kept nowhere. */
  async ask(question: Question, waitMs: number): Promise<Told<Answer>> {
    const { store } = this.#actor
    const [state, power] = [store.state(), store.row('power')]
    const refusal = unaskable(state, question, power?.phase === 'settled' && power.want === 'present', this.#asking)
    if (refusal) return refusal
    this.#asking = true
    return ask(this.#lent, state!, question, waitMs).finally(() => (this.#asking = false))
  }

  /** Somebody else has shown that this custom domain is theirs. */
  contested(domain: string): void {
    this.#actor.contested(domain)
  }

  /** A lost alarm is set again, and what is due is driven. */
  poke(): void {
    if (this.#actor.store.state()) this.#actor.wake()
  }

  unpark(): void {
    this.#actor.unpark()
  }

  holds(step: string): boolean {
    return this.#actor.holds(step)
  }

  /** Tells the reporting copy everything again. */
  report(): void {
    this.#actor.report()
  }

  /** The audit's seals after `line`, and the line up to which the reporting copy has been told. */
  seals(line: number, limit: number): { told: number; seals: Seal[] } {
    const { store } = this.#actor
    return { told: store.state()?.projected ?? 0, seals: store.sealsAfter(line, limit) }
  }

  /** An operator's word; durable when this returns. */
  override(order: Override): Overridden {
    return this.#actor.override(order)
  }

  /** Who holds it, if anybody. */
  hold(): Hold | null {
    return this.#actor.store.state()?.hold ?? null
  }

  /** Looks at a site that somebody else has made, before it becomes this tenant by `command`. */
  examineSite(command: Command, domains: Adoption['domains'], waitMs: number): Promise<SiteFound> {
    return lookAtSite(this.#lent, command, domains, waitMs)
  }

  /** Looks at what stands in the place of one step. */
  lookAtStep(step: string, waitMs: number): Promise<Looked | undefined> {
    return lookAtStep(this.#actor.store, this.#lent, step, waitMs)
  }

  /** Where the order stands, or undefined before its first command. */
  view(): View | undefined {
    return view(this.#actor.store, resources)
  }

  /** What the customer has asked for beyond the order, or undefined before the first command. */
  site(): SiteView | undefined {
    const state = this.#actor.store.state()
    return state && siteView(state)
  }

  /** The custom domains as they stand, or undefined before the first command. */
  domains(): DomainsView | undefined {
    const { store } = this.#actor
    const state = store.state()
    return state && domainsView(state, store.rows(), this.#lent.cluster, this.#lent.now())
  }

  /** What public DNS says of a domain now; undefined when it does not answer within `waitMs`, or before the first command. */
  async examine(domain: DomainName, waitMs: number): Promise<Examined | undefined> {
    const state = this.#actor.store.state()
    return state && examined(this.#lent, state, domain, waitMs)
  }

  /** What another plan would mean; asks the cluster at most `waitMs`. Undefined before the first command. */
  async preview(plan: PlanName, waitMs: number): Promise<PlanChange | undefined> {
    const state = this.#actor.store.state()
    const stored = replicas.output.safeParse(this.#actor.store.row('replicas')?.out).data
    return state && preview(state, plan, this.#lent.cluster.backupStorage !== undefined, { figures: () => this.figures(waitMs), room: async () => (stored ? roomGb(this.#lent, stored.resource, waitMs) : undefined) })
  }

  /** The jobs inside the site, or undefined before the first command. */
  jobs(): ListedJob[] | undefined {
    const state = this.#actor.store.state()
    return state && jobList(state)
  }

  /** Backups and quota, or undefined before the first command. */
  backups(): BackupList | undefined {
    const state = this.#actor.store.state()
    return state && backupList(state)
  }

  /** Everything that it keeps, as JSON lines, from journal line `after` on. */
  exported(after: number, most: number): { lines: string[]; next: number | null } {
    return exported(this.#actor.store, this.#lent.cluster, after, most, this.#lent.now())
  }

  /** The newest journal lines, oldest first; `detail` as JSON text. */
  journal(most: number): (Omit<JournalLine, 'detail'> & { detail: string | null })[] {
    const { store } = this.#actor
    return store.linesAfter(Math.max(0, store.lastLine() - most), most).map((line) => ({ ...line, detail: line.detail === null ? null : JSON.stringify(line.detail) }))
  }

  /** Live figures of the container, or the last known ones, marked; asks the cluster at most `waitMs`. */
  async figures(waitMs: number): Promise<Figures | undefined> {
    const state = this.#actor.store.state()
    if (!state) return undefined
    const fresh = await figures(this.#lent, state.identity, waitMs)
    if (fresh) this.#lastFigures = fresh
    return fresh ?? (this.#lastFigures && { ...this.#lastFigures, stale: true })
  }

  /** One JSON text per line: the view now, and again after each change, until the reader goes away. */
  watch(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder()
    let listener: ((view: View) => void) | undefined
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        listener = (now) => controller.enqueue(encoder.encode(`${JSON.stringify(now)}\n`))
        const now = this.view()
        if (now) listener(now)
        this.#watchers.add(listener)
      },
      cancel: () => void (listener && this.#watchers.delete(listener)),
    })
  }

  override async alarm(): Promise<void> {
    await this.#actor.alarm()
  }

  #telling = false
  /** Many changes of one moment are told once. */
  #tell(): void {
    if (this.#watchers.size === 0 || this.#telling) return
    this.#telling = true
    queueMicrotask(() => {
      this.#telling = false
      const now = this.view()
      for (const watcher of this.#watchers) {
        try {
          if (now) watcher(now)
        } catch {
          this.#watchers.delete(watcher)
        }
      }
    })
  }
}

/** What the platform lends, put together for the actor. */
function lentBy(ctx: DurableObjectState, env: Env, changed: () => void): Lent<Reach> {
  const { cluster } = configOf(env)
  const platform = lend(ctx, env)
  const { clients } = platform
  const allocator = () => env.ALLOCATOR.getByName(cluster.name)
  return {
    ...platform,
    resources,
    cluster,
    clients: (call) => ({
      ...clients(call),
      allocator: {
        held: (tenant, epoch) => allocator().held(tenant, epoch),
        release: (tenant, epoch) => allocator().release(tenant, epoch),
        claimOf: (name) => allocator().claimOf(name),
        claim: (wish) => allocator().claim(wish),
        zoneFor: (tenant, origin) => allocator().zoneFor(tenant, origin),
        unclaim: (name, tenant) => allocator().unclaim(name, tenant),
        remind: (name) => allocator().remind(name),
      },
    }),
    watch: (handle, waitMs, signal) => taskEnd(clients({ operation: 'watch', attempt: 0, deadline: Date.now() + waitMs + 10_000, signal }).gateway, handle, waitMs),
    close: async (tenant, epoch, outcome) => allocator().close(tenant, epoch, outcome),
    offer: async (tenant, built) => allocator().offer(tenant, built),
    report: async (projection) => {
      const { tenant, connection, service, status } = projection.tenant
      // What Workers Logs and whoever watches them can raise an alarm on.
      if (status === 'stuck' && projection.audit.some(({ event }) => event === 'rest')) console.error(JSON.stringify({ level: 'alert', what: 'a tenant waits for a person', tenant, connection, service }))
      if (projection.audit.some(({ event, step }) => event === 'turned' && step === 'disk')) console.error(JSON.stringify({ level: 'alert', what: 'a disk could not be made as large as its plan', tenant, service }))
      // Nobody's site is in no list of sites; the pool's own figures are written by cron.
      if (connection !== poolConnection) await writeReport(env.DB, projection, Date.now())
    },
    changed,
  }
}
