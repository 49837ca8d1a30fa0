// Remembers values for a while and never more than a fixed number of them. Time is handed in.
// When it is full it says so instead of forgetting something that somebody still relies on.

export class Recent<T> {
  readonly #keepMs: number
  readonly #most: number
  /** In the order of their last `set`, so the oldest is always first. */
  readonly #entries = new Map<string, { value: T; at: number }>()

  constructor(keepMs: number, most: number) {
    this.#keepMs = keepMs
    this.#most = most
  }

  get(key: string, now: number): T | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && now - entry.at <= this.#keepMs ? entry.value : undefined
  }

  /** False when there is no room for another key. */
  set(key: string, value: T, now: number): boolean {
    this.#entries.delete(key)
    for (const [old, { at }] of this.#entries) {
      if (now - at <= this.#keepMs) break
      this.#entries.delete(old)
    }
    if (this.#entries.size >= this.#most) return false
    this.#entries.set(key, { value, at: now })
    return true
  }
}
