// Waits for the end of Proxmox tasks on the Worker's behalf: one poll per task however many wait for it, none when nobody does.
// A task whose end cannot be known is "unknown"; the caller must then look at the object itself.
import * as z from 'zod'
import type { Fate } from '../src/domain/errors.ts'
import type { Answer, Rim } from './upstream.ts'

/** `ok` and `exit` are there once ended; `result` and `output` only for playbook runs; `fate` when one provably came to nothing. */
export interface TaskEnd {
  id: string
  state: 'running' | 'ended' | 'unknown'
  ok?: boolean
  exit?: string
  result?: unknown
  output?: string
  fate?: Fate
}

interface Watch { waiters: number; last: TaskEnd; looked: Promise<void>; ended: Promise<void> }

export const waitMaxMs = 25_000

/** As Proxmox itself takes it apart; the first group is the node that knows the task. */
export const upidPattern =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/

const statusAnswer = z.object({ data: z.object({ status: z.string(), exitstatus: z.string().optional() }) })

export class Tasks {
  readonly #rim: Rim
  readonly #ask: (path: string) => Promise<Answer>
  readonly #pollMs: number
  readonly #watches = new Map<string, Watch>()

  /** `ask` is a GET to Proxmox. */
  constructor(rim: Rim, ask: (path: string) => Promise<Answer>, pollMs: number) {
    this.#rim = rim
    this.#ask = ask
    this.#pollMs = pollMs
  }

  /** What is known of the task after at most `waitMs`. Never throws. */
  async wait(upid: string, waitMs: number): Promise<TaskEnd> {
    const since = this.#rim.now()
    let watch = this.#watches.get(upid)
    if (watch === undefined) {
      const { promise: looked, resolve } = Promise.withResolvers<void>()
      watch = { waiters: 0, last: { id: upid, state: 'unknown' }, looked, ended: Promise.resolve() }
      this.#watches.set(upid, watch)
      watch.ended = this.#follow(upid, watch, resolve)
    }
    watch.waiters++
    await watch.looked
    await within(this.#rim, watch.ended, waitMs - (this.#rim.now() - since))
    watch.waiters--
    return watch.last
  }

  async #follow(upid: string, watch: Watch, looked: () => void): Promise<void> {
    do {
      const { end, over } = await this.#look(upid)
      watch.last = end
      looked()
      if (over) break
      await this.#rim.sleep(this.#pollMs)
    } while (watch.waiters > 0)
    this.#watches.delete(upid)
  }

  /** GET /nodes/{node}/tasks/{upid}/status, on the node inside the UPID. `over`: asking again will not say more. */
  async #look(upid: string): Promise<{ end: TaskEnd; over: boolean }> {
    const unknown: TaskEnd = { id: upid, state: 'unknown' }
    const node = upidPattern.exec(upid)![1]!
    let answer: Answer
    try {
      answer = await this.#ask(`/api2/json/nodes/${node}/tasks/${encodeURIComponent(upid).replaceAll('!', '%21')}/status`)
    } catch {
      return { end: unknown, over: false }
    }
    if (answer.status !== 200) return { end: unknown, over: answer.status < 500 || answer.body.includes('no such task') }
    const parsed = statusAnswer.safeParse(decoded(answer.body))
    if (!parsed.success) return { end: unknown, over: false }
    const { status, exitstatus } = parsed.data.data
    if (status !== 'stopped') return { end: { id: upid, state: 'running' }, over: false }
    // The worker process vanished without writing its end, e.g. its node lost power.
    if (exitstatus === undefined || exitstatus === 'unexpected status') return { end: unknown, over: true }
    return { end: { id: upid, state: 'ended', ok: exitstatus === 'OK' || /^WARNINGS: \d+$/.test(exitstatus), exit: exitstatus }, over: true }
  }
}

/** Resolves when `done` does, or after `ms`. */
export async function within(rim: Pick<Rim, 'sleep'>, done: Promise<void>, ms: number): Promise<void> {
  if (ms <= 0) return
  const awake = new AbortController()
  await Promise.race([done, rim.sleep(ms, awake.signal).catch(() => undefined)])
  awake.abort('no longer wanted')
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
