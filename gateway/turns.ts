// Turns for a system that must not hear too much at once: so many at a time, in the order they asked, and a bounded queue. The one
// turn to write is shared by all gateways of one memory; whoever dies with it loses it when what it sent can no longer be at work.
import type { Memory } from './memory.ts'
import { pastDeadline, type Refusal } from './refusal.ts'
import type { Rim } from './upstream.ts'

export class Turns {
  readonly #most: number
  readonly #waitingMax: number
  readonly #full: () => Refusal
  readonly #waiting: (() => void)[] = []
  #taken = 0

  /** `full` is thrown to whoever would be one too many in the queue. */
  constructor(most: number, waitingMax: number, full: () => Refusal) {
    this.#most = most
    this.#waitingMax = waitingMax
    this.#full = full
  }

  /** Resolves when it is this caller's turn, with the function that ends it. */
  async take(): Promise<() => void> {
    if (this.#taken >= this.#most) {
      if (this.#waiting.length >= this.#waitingMax) throw this.#full()
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push(resolve)
      await promise
    } else this.#taken++
    return () => {
      // The place goes straight to the next one, so that nobody slips in between.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#taken--
    }
  }
}

/** A turn to write that is held. Neither method throws. */
export interface WriteTurn {
  /** Holds it until then (epoch ms) at most: until what is being sent now has certainly ended. */
  keep(until: number): void
  end(): void
}

/** For a log-in and the call's way to the upstream; from there on the turn is kept as long as the call may take. */
const firstMs = 30_000
/** What another gateway held may be given back at any moment. */
const pollMs = 100

/** One write at a time to `name`, whichever gateway of this memory asks. */
export class WriteTurns {
  readonly #rim: Pick<Rim, 'now' | 'sleep'>
  readonly #memory: Memory
  readonly #name: string
  readonly #own: Turns

  /** `full` is thrown to whoever would be one too many in this gateway's queue. */
  constructor(rim: Pick<Rim, 'now' | 'sleep'>, memory: Memory, name: string, waitingMax: number, full: () => Refusal) {
    this.#rim = rim
    this.#memory = memory
    this.#name = name
    this.#own = new Turns(1, waitingMax, full)
  }

  /** Resolves when it is this caller's turn; a Refusal when that does not come before `deadline`. */
  async take(deadline: number): Promise<WriteTurn> {
    const endOwn = await this.#own.take()
    try {
      for (;;) {
        const now = this.#rim.now()
        if (now >= deadline) throw pastDeadline()
        const turn = this.#memory.takeTurn(this.#name, now, now + firstMs)
        if (turn !== undefined) return { keep: (until) => this.#hold(turn, until), end: () => (this.#hold(turn, 0), endOwn()) }
        await this.#rim.sleep(pollMs)
      }
    } catch (error) {
      endOwn()
      throw error
    }
  }

  #hold(turn: number, until: number): void {
    try {
      this.#memory.holdTurn(this.#name, turn, until)
    } catch { /* it ends by itself */ }
  }
}
