// The Durable Object around the support subscriptions: one per cluster. It lends storage, time, a cryptographic source and the
// alarm that tells the reporting copy; a copy that is away holds nothing up.
import { DurableObject } from 'cloudflare:workers'
import { configOf } from '../config.ts'
import { writeSubscriptions } from '../db/support.ts'
import type { SupportVerb, Tier } from '../domain/support.ts'
import { SupportBook, type Changed, type Created, type Customer, type HistoryLine, type Subscription, type Verified, type Whose } from './support-book.ts'

/** Until a copy that could not be written is tried again. */
const againMs = 10_000
/** Rows of one transaction in D1. */
const most = 100

export class SupportDesk extends DurableObject<Env> {
  readonly #book: SupportBook

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#book = new SupportBook(ctx.storage, { secret: configOf(env).supportKeySecret, bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) })
  }

  create(whose: Whose, wanted: Customer & { tier: Tier }): Created {
    const created = this.#book.create(whose, wanted, Date.now())
    if (created.answer === 'created') this.#tell()
    return created
  }

  change(verb: Exclude<SupportVerb, 'create'>, whose: Whose): Changed {
    const changed = this.#book.change(verb, whose, Date.now())
    if (changed.answer === 'taken') this.#tell()
    return changed
  }

  verify(desk: { id: string; connection: string }, key: string): Verified {
    return this.#book.verify(desk, key, Date.now())
  }

  /** A subscription and all that happened to it, or undefined. */
  story(connection: string, service: string): { subscription: Subscription; history: HistoryLine[] } | undefined {
    const subscription = this.#book.subscription(connection, service)
    return subscription && { subscription, history: this.#book.history(connection, service) }
  }

  /** Tells the reporting copy everything again. */
  report(): void {
    this.#book.lost()
    this.#tell()
  }

  override async alarm(): Promise<void> {
    // First, because whatever happens below must not lose the change.
    await this.ctx.storage.setAlarm(Date.now() + againMs)
    const { after, rows } = this.#book.untold(most)
    const last = rows.at(-1)
    if (last) {
      try {
        await writeSubscriptions(this.env.DB, rows, Date.now())
      } catch (error) {
        console.error(JSON.stringify({ level: 'error', what: 'support subscriptions not reported', error: String(error).slice(0, 200) }))
        return
      }
      this.#book.told(after, last.version)
    }
    // Changes may have come in while D1 was asked.
    if (this.#book.untold(1).rows.length > 0) this.#tell()
    else await this.ctx.storage.deleteAlarm()
  }

  /** In the same commit as the change: nothing is awaited in between. */
  #tell(): void {
    void this.ctx.storage.setAlarm(Date.now())
  }
}
