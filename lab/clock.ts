// Time for the lab. Two clocks: real time in which upstream durations pass `speed` times faster, and virtual time
// that jumps from one event to the next. Simulators never touch Date or setTimeout, only this.

export interface Clock {
  /** Data-centre milliseconds per real millisecond. */
  readonly speed: number
  /** Epoch milliseconds. */
  now(): number
  /** Runs `run` after `ms` milliseconds of data-centre time; the answer cancels it. */
  after(ms: number, run: () => void): () => void
  /** Resolves after `ms` milliseconds of data-centre time. */
  sleep(ms: number): Promise<void>
}

/** Wall clock is true, durations shrink: a 45 s task takes 45/speed seconds. */
export function realClock(speed = 1): Clock {
  const after = (ms: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, Math.max(0, ms / speed))
    return () => clearTimeout(timer)
  }
  return {
    speed,
    now: () => Date.now(),
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
  }
}

interface Timer { at: number; order: number; run: () => void; gone: boolean }

/** Virtual time: nothing happens until `advance` is called; events run in order of time, then of scheduling. */
export class VirtualClock implements Clock {
  readonly speed = 1
  #now: number
  #order = 0
  #heap: Timer[] = []
  /** How many events have run; a guard against endless histories. */
  events = 0

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run, gone: false }
    this.#push(timer)
    return () => {
      timer.gone = true
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** The clock jumps without anything being due: used to test clock skew. */
  jump(ms: number): void {
    this.#now += ms
  }

  /** When the next event is due, or undefined when nothing is scheduled. */
  next(): number | undefined {
    while (this.#heap[0]?.gone) this.#pop()
    return this.#heap[0]?.at
  }

  /** Runs the next event, if it is due at or before `until`, and lets every promise it wakes come to rest. */
  async step(until = Infinity): Promise<boolean> {
    const at = this.next()
    if (at === undefined || at > until) return false
    const timer = this.#pop()
    this.#now = Math.max(this.#now, at)
    this.events++
    timer.run()
    await settle()
    return true
  }

  /** Runs everything due up to `until`, then stands exactly there. */
  async advance(until: number): Promise<void> {
    await settle()
    while (await this.step(until)) { /* next */ }
    this.#now = Math.max(this.#now, until)
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    heap.push(timer)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!before(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #pop(): Timer {
    const heap = this.#heap
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return top
    heap[0] = last
    for (let i = 0; ;) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child
      if (least === i) return top
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** One turn of the event loop: every microtask that can run has run. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
