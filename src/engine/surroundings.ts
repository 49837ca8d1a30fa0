// Everything the engine needs from outside, handed in: rows, time, randomness, clients, the gate. The engine itself owns none
// of it, so the same code runs in a Durable Object and in virtual time.
import type { System } from '../domain/errors.ts'
import type { Gate, TaskEnd } from '../domain/gate.ts'
import type { Resources } from './plan.ts'
import type { Notebook, Row } from './row.ts'

/** Everything the grammar needs from outside. Nothing here is stored. */
export interface Surroundings<Up> {
  readonly book: Notebook
  readonly resources: Resources<Up>
  readonly gate: Gate
  /** Tenant key, epoch and ownership mark of the rows being driven. */
  readonly identity: { tenant: string; epoch: number; mark: string }
  now(): number
  /** In [0, 1). */
  readonly random: () => number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Clients fenced with this call's operation, attempt and deadline. */
  clients(call: { operation: string; attempt: number; deadline: number; signal?: AbortSignal }): Up
  /** Waits at most `waitMs` for the end of a task; ends early when `signal` is aborted. */
  watch(handle: string, waitMs: number, signal: AbortSignal): Promise<TaskEnd>
  /** A person wants nothing called for now; what is under way is still looked at. */
  held(): boolean
  /** A cheap question that shows whether the system is back. Throws when it is not. */
  probe(system: System): Promise<void>
  /** Making this row has failed for good. Answers true when everything was turned to absent, false when it is to be stuck. */
  giveUp(row: Row, reason: string): boolean
}
