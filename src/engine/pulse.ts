// When an object that drives rows is woken again: a wake that comes in while a turn runs is never forgotten, and turns in which
// nothing is written never become a hot loop.
import { backoffMs, policy } from './policy.ts'
import { Nudge } from './run.ts'

/** `setAlarm` takes epoch ms. */
export interface Alarms { now(): number; random(): number; setAlarm(at: number): void; deleteAlarm(): void }

/** Turns in a row without a journal line that are still taken for chance. */
const idleMax = 3

export class Pulse {
  readonly nudge = new Nudge()
  readonly #alarms: Alarms
  #woken = false
  #idle = 0

  constructor(alarms: Alarms) {
    this.#alarms = alarms
  }

  /** Due now, or as soon as the turn under way has ended. */
  wake(): void {
    this.#woken = true
    this.#alarms.setAlarm(this.#alarms.now())
    this.nudge.now()
  }

  /** A turn begins. The safety alarm comes first: whatever happens in it cannot lose the object. */
  begin(): void {
    this.#alarms.setAlarm(this.#alarms.now() + policy.safetyAlarmMs)
    this.#woken = false
  }

  /** A turn has ended; `wrote` when its journal grew, `dueAt` says when the next is due, undefined for never. */
  end(wrote: boolean, dueAt: () => number | undefined): void {
    this.#idle = wrote ? 0 : this.#idle + 1
    const now = this.#alarms.now()
    const pause = this.#idle < idleMax ? 0 : backoffMs(Math.min(this.#idle, 8), policy.backoffMaxMs, () => this.#alarms.random())
    const due = this.#woken ? now : dueAt()
    if (due === undefined) this.#alarms.deleteAlarm()
    else this.#alarms.setAlarm(Math.max(now + pause, due))
  }
}

/** A tenant that waits for a person is looked at again after this time. */
export const stuckMs = 3_600_000

/** Longest pause between two tries to write the reporting copy. */
const untoldMaxMs = 60_000

/** The pause before the reporting copy is tried again, after so many tries in a row that failed. */
export const untoldMs = (failed: number, random: () => number): number => backoffMs(failed + 3, untoldMaxMs, random)
