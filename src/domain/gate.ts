// What the engine asks of the cluster's gate before it goes out, and what it tells it afterwards.

import type { System } from './errors.ts'

/** `parked` costs no attempt: the row waits until it is woken or for `waitMs`: a span, because two objects' clocks differ. */
export type Grant =
  | { granted: true; probe: boolean }
  | { granted: false; waitMs: number; why: string }

/** `why` is fit for the customer. */
export type Spent = { granted: true } | { granted: false; waitMs: number; why: string }

/**
 * - `ok`        the system answered
 * - `down`      it did not: counts towards its breaker
 * - `config`    it refused our credentials: a person has to look; one probe a minute shows when it is mended
 * - `congested` it is overloaded: fewer at once
 * - `none`      nothing was learned about it
 */
export type Verdict = 'ok' | 'down' | 'config' | 'congested' | 'none'

/** A tenant's place in the line: changes of a served site are short and go first, then whoever was wanted first (epoch ms); what is built for nobody comes last. */
export interface Turn { building: boolean; since: number; spare?: boolean }

export interface Gate {
  /** All pools or none; idempotent per step, so that a restart or a second look gets the same lease back. */
  acquire(request: { step: string; system: System; pools: readonly string[] }): Promise<Grant>
  /** `unspent`: budgets that the last call was given and has proven not to have used. `why`: what was heard instead of an answer. */
  report(report: { step: string; system: System; verdict: Verdict; release: boolean; unspent?: readonly string[]; why?: string }): Promise<void>
  /** Uses up one of each of these budgets, all or none. */
  spend(request: { step: string; budgets: readonly string[] }): Promise<Spent>
}

/** How a watched task ended; `unknown` when its record is gone and only a look can tell. */
export type TaskEnd = { state: 'running' } | { state: 'unknown' } | { state: 'ended'; ok: boolean; exit: string }
