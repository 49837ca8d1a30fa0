// Drives every row that is due, side by side, until none is. A finished step may make others due at once; a new wish
// that arrives meanwhile (a nudge) is noticed without waiting for the slowest step.
import { drive } from './drive.ts'
import { moves, ready } from './plan.ts'
import type { Surroundings } from './surroundings.ts'

/** Lets a request that comes in while the alarm runs be noticed: it ends long polls early and wakes the loop. */
export class Nudge {
  #controller = new AbortController()
  #wake: () => void = () => undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves at the next nudge. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  now(): void {
    this.#controller.abort('nudged')
    this.#controller = new AbortController()
    this.#wake()
  }
}

/** Runs until nothing is due or `until` (epoch ms) has passed and what was under way has ended. `stepped` is called whenever a step has ended. */
export async function run<Up>(all: Surroundings<Up>, nudge: Nudge, until: number, stepped = (): void => undefined): Promise<void> {
  const underWay = new Map<string, Promise<void>>()
  for (;;) {
    const now = all.now()
    let nextDue = Infinity
    if (now < until) {
      const rows = new Map(all.book.rows().map((row) => [row.name, row]))
      const held = all.held()
      for (const row of rows.values()) {
        if (underWay.has(row.name) || !moves(row, held) || !ready(row, all.resources, rows)) continue
        if (row.notBefore > now) {
          nextDue = Math.min(nextDue, row.notBefore)
          continue
        }
        underWay.set(row.name, drive(row.name, all, nudge.signal).finally(() => underWay.delete(row.name)))
      }
    }
    if (underWay.size === 0) return
    // A row that comes due while another is in a long poll does not wait for it.
    const stop = new AbortController()
    const due = nextDue < until ? [all.sleep(nextDue - now, stop.signal)] : []
    await Promise.race([...underWay.values(), nudge.next(), ...due])
    stop.abort('no longer wanted')
    stepped()
  }
}
