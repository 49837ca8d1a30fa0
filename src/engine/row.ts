// One resource of one tenant as the engine remembers it, and the notebook that keeps it. The rows are the plan.
import type { Want } from './resource.ts'

/**
 * idle    nothing is under way
 * calling the intent is written, the outcome is not: after a crash this is what is left
 * waiting accepted upstream; it ends by itself and can be looked at
 * unknown look before the next touch
 * settled as wanted, seen with our own eyes
 * stuck   a person is needed; visible, alerted, resumable
 */
export type Phase = 'idle' | 'calling' | 'waiting' | 'unknown' | 'settled' | 'stuck'

export interface Row {
  readonly name: string
  want: Want
  wish: unknown
  after: readonly string[]
  phase: Phase
  /** Number of the last attempt that was sent; 0 means nothing was ever sent, so nothing can exist. Never goes back. */
  attempt: number
  /** Failed attempts towards the present wish. */
  fails: number
  /** Looks in a row that got no answer: paces the next look, never exhausts. */
  blind: number
  /** Crashes or bugs in a row: poison is set aside. */
  poison: number
  /** Not to be driven before this time (epoch ms). */
  notBefore: number
  /** When the last call of unproven fate was sent or given up; 0 when no call is in doubt. */
  doubtSince: number
  /** What that call was for (`desire` of the row then): a different desire must wait it out. */
  doubtFor: string
  handle: string | null
  /** The last call for the present wish ended well, its task included. */
  proved?: boolean
  /** Whoever was making it is gone: not taken for good before it was seen absent. */
  unfinished?: boolean
  out: unknown
  /** It was once seen bearing our mark, or we were told that it was made. */
  owned: boolean
  /** A person has said that what stands there without our mark is this tenant's: it is marked; what holds a customer's work is never made instead. */
  adopt?: boolean
  /** The last definite "no" of an upstream, believed only after one more look. */
  refusal: string | null
  /** Waiting for the gate: may be woken early. */
  parked: boolean
  /** Why it stands where it stands, in plain words: what it waits for, or what is wrong. */
  why: string | null
  /** Since when in this phase (epoch ms). */
  since: number
  busySince: number
  /** What it is busy with may take hours. */
  long?: boolean
  startedAt: number
  settledAt: number
  /** Grows with each change of the wish, so that a drive that was waiting meanwhile notices. */
  version: number
}

export const freshRow = (name: string, now: number): Row => ({
  name, want: 'present', wish: null, after: [], phase: 'idle', attempt: 0, fails: 0, blind: 0, poison: 0, notBefore: 0,
  doubtSince: 0, doubtFor: '', handle: null, out: null, owned: false, refusal: null, parked: false, why: null,
  since: now, busySince: 0, startedAt: 0, settledAt: 0, version: 1,
})

/** The resource that a row is an instance of: `backup` of `backup:BAK01012026-1`. */
export const kindOf = (name: string): string => name.split(':', 1)[0]!

/** Which instance: what stands behind the colon; empty when the resource has no instances. */
export const instanceOf = (name: string): string => name.slice(kindOf(name).length + 1)

/** What the row is wanted to be, as one comparable text. */
export const desire = (row: Pick<Row, 'want' | 'wish'>): string =>
  row.want === 'absent' ? 'absent' : `present ${JSON.stringify(row.wish)}`

/** What the journal may say. `detail` is plain data without secrets. */
export type JournalEvent =
  | 'command' | 'ignored' | 'planned' | 'turned' | 'call' | 'outcome' | 'observed' | 'recovered' | 'settled' | 'dissolved'
  | 'parked' | 'stuck' | 'retried' | 'bug' | 'rest' | 'action' | 'forgotten' | 'held' | 'released' | 'aborted' | 'adopted'

/** The tenant's rows and journal. Every method is synchronous; `transaction` is all or nothing. */
export interface Notebook {
  rows(): Row[]
  row(name: string): Row | undefined
  put(row: Row): void
  journal(event: JournalEvent, step: string | null, attempt: number, detail: unknown): void
  transaction<T>(run: () => T): T
}
