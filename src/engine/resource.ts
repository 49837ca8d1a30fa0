// What a tenant can own, as the engine sees it: look, make, unmake. The engine knows nothing of hosting;
// a resource knows nothing of retries, journals or time.
import type * as z from 'zod'
import type { System } from '../domain/errors.ts'

export type Want = 'present' | 'absent'

/**
 * What a look upstream told.
 * - `busy`: it is being worked on (a lock, a running task); `handle` is what may be watched for its end. `long`: by something that may take hours, and wins
 * - `foreign`: something stands there that does not bear our mark; it is never touched
 * - `present`: ours; `ok` when it is as wished, else `differs` says in what. `unfinished`: whoever was making it is gone, so it is never
 *   taken for good, whatever it looks like later, until it was seen absent
 */
export type Seen<Out = unknown> =
  | { state: 'absent' }
  | { state: 'busy'; why: string; handle?: string; long?: true }
  | { state: 'foreign'; why: string }
  | { state: 'present'; ok: true; out: Out }
  | { state: 'present'; ok: false; differs: string; out?: Out; unfinished?: true }

/** What a call started: nothing more to wait for, or a handle (a Proxmox UPID, `run:<id>`) whose end can be watched. */
export type Started = { handle?: string } | undefined

/** What every resource function is given. `up` are the upstream clients, fenced with this operation, attempt and deadline. */
export interface Context<Up, Wish> {
  readonly tenant: string
  readonly epoch: number
  readonly mark: string
  /** Which one, for a resource of which a tenant may have several (`backup:<instance>`); else empty. */
  readonly instance: string
  readonly attempt: number
  /** What the row is wanted to be: a look that serves a removal need not ask what only matters for a making. */
  readonly want: Want
  /** The last call made for the present wish ended well, its task included: all that can be known of an action without a lasting state. */
  readonly proved: boolean
  /** It was once seen as wished. */
  readonly stood: boolean
  /** An earlier look found it `unfinished`, and it was not seen absent since. */
  readonly unfinished: boolean
  /** For how long looks have found it busy (ms), without one that did not. */
  readonly busyForMs: number
  readonly wish: Wish
  readonly up: Up
  /** The parsed output of a resource that this one needs, of the same instance if that has instances. Throws when it has none yet. */
  readonly output: <T>(resource: { name: string; output: z.ZodType<T> }) => T
}

/** `Up` is the bundle of clients, `Wish` the parameters it should have (plain data), `Out` what others may read of it. */
export interface Resource<Up, Wish = unknown, Out = unknown> {
  /** Written in journals: never renamed, never reused. */
  readonly name: string
  /** In the customer's words, for progress pages: "Container", "Web address". */
  readonly title: string
  /** Resources that are settled first; taken down in the reverse order. `name:*` is the same instance of another resource. */
  readonly needs: readonly string[]
  /** It lives inside this resource and ends with it: it is never unmade on its own account when that one goes too. */
  readonly inside?: string
  /** It was given before the first step (chosen at intake), so it is looked at, and taken back, even if nothing was called. */
  readonly given?: boolean
  /** It holds what a customer wrote: once it stood, it is never made a second time by ourselves. A person is called, or it is `given up`. */
  readonly irreplaceable?: true | 'given up'
  /** The system that its calls go to: its breaker guards them. */
  readonly system: System
  /** Leases that a call towards `want` holds until its effect is known, e.g. `storage-alloc`. */
  pools(want: Want, wish: Wish): readonly string[]
  /** How long one make or unmake may take to send all of its requests. */
  readonly callTimeoutMs: number
  /** How long a busy thing may stay busy before a person is called. */
  readonly busyMs: number
  /** Attempts that may fail before it is given up, where that is fewer than usual. */
  readonly triesMax?: number
  /** How often to look while it is busy and nothing can be watched. */
  readonly pollMs: number
  /** Looks become rarer, a tenth of the time waited so far, up to this. Without it they stay as they began. */
  readonly pollMaxMs?: number
  /**
   * It waits for people outside, perhaps for days: the tenant rests meanwhile, and so does whatever needs it. When they take too
   * long it is given up instead of stuck.
   */
  readonly aside?: boolean
  /** Nobody waits for it: the tenant rests while it is still being made, unless it is stuck. */
  readonly trails?: boolean
  /** What one call towards `want` uses up of budgets that only time refills (src/broker/limits.ts). Asked for right before the intent. */
  spends?(want: Want, wish: Wish): readonly string[]
  /** Parsed whenever it is read: a later release may read it. Never holds a secret. */
  readonly output: z.ZodType<Out>
  observe(context: Context<Up, Wish>): Promise<Seen<Out>>
  make(context: Context<Up, Wish>, seen: Seen<Out> | undefined): Promise<Started>
  unmake(context: Context<Up, Wish>, seen: Seen<Out> | undefined): Promise<Started>
  /** Puts our mark on what stands there without one. Only after a person has looked and said that it is this tenant's. */
  adopt?(context: Context<Up, Wish>): Promise<Started>
}

/**
 * One line of the product's table of contents: this resource (`name`, or `name:instance`) is wanted so. `after` names rows that
 * must first stand as they are wanted, whichever way, for this wish only.
 */
export interface Wanted {
  readonly resource: string
  readonly want: Want
  readonly wish: unknown
  readonly after?: readonly string[]
}
