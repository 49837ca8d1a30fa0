// Named playbooks with checked parameters, never a free command. A run has an id of its caller's choosing and happens once:
// the same id again is the same run, after a restart too. A run that was cut off by one ends unknown, and the caller must look.
import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Memory, RunRecord } from './memory.ts'
import type { Rim } from './upstream.ts'
import { maskedOutput } from './mask.ts'
import { playbooks } from './playbook-list.ts'
import { Refusal } from './refusal.ts'
import { within, type TaskEnd } from './tasks.ts'

type Order = Parameters<Driver['run']>[0]

/** Why a playbook must not be carried out now; undefined when nothing stands against it. Rejects when that cannot be told. */
export type Hindrance = (order: Order) => Promise<string | undefined>

/** Carries a playbook out on a container. `exit` 0 is success; a Refusal means that it provably did nothing, another rejection that nobody knows how far it came. */
export interface Driver {
  run(request: { playbook: string; run: string; node: string; vmid: number; parameters: Record<string, unknown> }): Promise<{ exit: number; output: string; result?: unknown }>
}

const request = z.strictObject({
  run: z.string().regex(/^[A-Za-z0-9._~@:/-]{1,160}$/, 'must be 1 to 160 letters, digits or ._~@:/-'),
  node: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'must be the name of a node'),
  vmid: z.int().min(100).max(999_999_999),
  parameters: z.record(z.string(), z.unknown()),
})

/** EX_TEMPFAIL: nothing was done. */
const hindered = 75
const outputMax = 4_096
const resultMax = 16_384
const secretKeptMs = 60_000

export class Playbooks {
  readonly #rim: Rim
  readonly #driver: Driver | undefined
  readonly #secrets: () => string[]
  readonly #memory: Memory
  readonly #pollMs: number
  readonly #hindrances: Readonly<Record<string, Hindrance>>
  /** Those that this process carries out. */
  readonly #running = new Map<string, Promise<void>>()
  /** Results that are never written down. */
  readonly #once = new Map<string, unknown>()

  constructor(rim: Rim, memory: Memory, driver: Driver | undefined, secrets: () => string[], pollMs: number, hindrances: Readonly<Record<string, Hindrance>> = {}) {
    this.#rim = rim
    this.#memory = memory
    this.#pollMs = pollMs
    this.#driver = driver
    this.#secrets = secrets
    this.#hindrances = hindrances
  }

  /** Starts a run, or finds the one that has this id; a Refusal names the field that is wrong. */
  start(playbook: string, body: string | undefined): { run: string; state: TaskEnd['state'] } {
    if (!Object.hasOwn(playbooks, playbook)) throw new Refusal(404, 'refused', 'playbook', `there is no playbook "${playbook.slice(0, 60)}"`)
    const asked = checked(request, decoded(body), '')
    const given = checked(playbooks[playbook]!.parameters, asked.parameters, 'parameters.')
    // Its parameters are personal data, its digest is not.
    const order = createHash('sha256').update(JSON.stringify([playbook, asked.node, asked.vmid, given])).digest('base64')
    const known = this.#known(asked.run)
    if (known === undefined && this.#driver === undefined) throw new Refusal(501, 'refused', 'driver', 'this gateway has no driver for playbooks')
    if (known === undefined && this.#driver !== undefined && this.#memory.begin(asked.run, order, this.#rim.now())) {
      const ended = this.#carryOut(this.#driver, { playbook, run: asked.run, node: asked.node, vmid: asked.vmid, parameters: given })
      this.#running.set(asked.run, ended.finally(() => this.#running.delete(asked.run)))
      return { run: asked.run, state: 'running' }
    }
    // Perhaps another gateway with the same memory has just begun it.
    const { order: first, last } = known ?? this.#known(asked.run)!
    if (first !== order) throw new Refusal(409, 'refused', 'run', 'this run id belongs to another order')
    return { run: asked.run, state: last.state }
  }

  /** What is known of a run after at most `waitMs`, whichever gateway carries it out. */
  async wait(run: string, waitMs: number): Promise<TaskEnd> {
    const until = this.#rim.now() + waitMs
    const own = this.#running.get(run)
    if (own !== undefined) await within(this.#rim, own, waitMs)
    for (;;) {
      const now = this.#rim.now()
      const last = this.#known(run)?.last ?? { id: `run:${run}`, state: 'unknown' }
      if (last.state !== 'running' || now >= until) return this.#withSecret(run, last)
      await this.#rim.sleep(Math.min(this.#pollMs, until - now))
    }
  }

  /** A secret result goes to whoever asks first, if they ask soon. */
  #withSecret(run: string, last: TaskEnd): TaskEnd {
    if (!this.#once.has(run)) return last
    const result = this.#once.get(run)
    this.#once.delete(run)
    return { ...last, result }
  }

  #known(run: string): RunRecord | undefined {
    return this.#memory.run(run, this.#running.has(run), this.#rim.now())
  }

  async #carryOut(driver: Driver, order: Order): Promise<void> {
    const id = `run:${order.run}`
    let last: TaskEnd
    try {
      const hindrance = await this.#hindrances[order.playbook]?.(order)
      const { exit, output, result } = hindrance === undefined ? await driver.run(order) : { exit: hindered, output: hindrance, result: undefined }
      last = { id, state: 'ended', ok: exit === 0, exit: String(exit), output: maskedOutput(output, this.#secrets(), outputMax) }
      if (result !== undefined && JSON.stringify(result).length > resultMax) last = { id, state: 'unknown', output: 'the result was too large' }
      else if (playbooks[order.playbook]!.secret) this.#keepSecret(order.run, result)
      else if (result !== undefined) last.result = result
    } catch (error) {
      const output = maskedOutput(error instanceof Error ? error.message : String(error), this.#secrets(), outputMax)
      last = error instanceof Refusal ? { id, state: 'ended', ok: false, exit: error.code, fate: error.fate, output } : { id, state: 'unknown', output }
    }
    try {
      this.#memory.end(order.run, last)
    } catch { /* nobody is carrying it out any more and no end is written: unknown */ }
  }

  #keepSecret(run: string, result: unknown): void {
    this.#once.set(run, result)
    void this.#rim.sleep(secretKeptMs).then(() => this.#once.delete(run))
  }
}

function decoded(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? '')
  } catch {
    throw new Refusal(400, 'refused', 'body', 'the body must be JSON')
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, prefix: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const field = prefix + [...issue.path, ...unknown].map((part) => String(part).slice(0, 60)).join('.')
  throw new Refusal(400, 'refused', 'parameters', `${field || 'body'}: ${issue.message}`)
}
