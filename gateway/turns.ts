// Turns for a system that must not hear too much at once: so many at a time, in the order they asked, and a bounded queue.
import { Refusal } from './refusal.ts'

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
