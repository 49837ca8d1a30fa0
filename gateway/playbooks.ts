// Named playbooks with checked parameters, never a free command. A run has an id of its caller's choosing and happens once:
// the same id again is the same run. Runs live in memory, so after a restart an id is unknown and the caller must look.
import * as z from 'zod'
import type { Rim } from './upstream.ts'
import { maskedOutput } from './mask.ts'
import { Refusal } from './refusal.ts'
import { within, type TaskEnd } from './tasks.ts'

/** Carries a playbook out on a container. `exit` 0 is success; a rejection means that nobody knows how far it came. */
export interface Driver {
  run(request: { playbook: string; node: string; vmid: number; parameters: Record<string, unknown> }): Promise<{ exit: number; output: string; result?: unknown }>
}

const parameters = {
  'install-wordpress': z.strictObject({
    hostname: z.hostname().max(253),
    url: z.url({ protocol: /^https?$/ }).max(300),
    title: z.string().regex(/^[^\p{Cc}]{1,200}$/u, 'must be 1 to 200 printable characters'),
    adminEmail: z.email().max(254),
  }),
  'wordpress-state': z.strictObject({}),
} as const

const request = z.strictObject({
  run: z.string().regex(/^[A-Za-z0-9._~@:/-]{1,160}$/, 'must be 1 to 160 letters, digits or ._~@:/-'),
  node: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'must be the name of a node'),
  vmid: z.int().min(100).max(999_999_999),
  parameters: z.record(z.string(), z.unknown()),
})

interface Run { order: string; at: number; last: TaskEnd; ended: Promise<void> }

const runsMax = 2_000
const runsKeptMs = 24 * 3_600_000
const outputMax = 4_096
const resultMax = 16_384

export class Playbooks {
  readonly #rim: Rim
  readonly #driver: Driver | undefined
  readonly #secrets: () => string[]
  readonly #runs = new Map<string, Run>()

  constructor(rim: Rim, driver: Driver | undefined, secrets: () => string[]) {
    this.#rim = rim
    this.#driver = driver
    this.#secrets = secrets
  }

  /** Starts a run, or finds the one that has this id; a Refusal names the field that is wrong. */
  start(playbook: string, body: string | undefined): { run: string; state: TaskEnd['state'] } {
    if (!Object.hasOwn(parameters, playbook)) throw new Refusal(404, 'refused', 'playbook', `there is no playbook "${playbook.slice(0, 60)}"`)
    const asked = checked(request, decoded(body), '')
    const given = checked<Record<string, unknown>>(parameters[playbook as keyof typeof parameters], asked.parameters, 'parameters.')
    const order = JSON.stringify([playbook, asked.node, asked.vmid, given])
    const known = this.#runs.get(asked.run)
    if (known !== undefined && known.order !== order) throw new Refusal(409, 'refused', 'run', 'this run id belongs to another order')
    if (known !== undefined) return { run: asked.run, state: known.last.state }
    if (this.#driver === undefined) throw new Refusal(501, 'refused', 'driver', 'this gateway has no driver for playbooks')
    this.#makeRoom()
    const run: Run = { order, at: this.#rim.now(), last: { id: `run:${asked.run}`, state: 'running' }, ended: Promise.resolve() }
    this.#runs.set(asked.run, run)
    run.ended = this.#carryOut(this.#driver, run, { playbook, node: asked.node, vmid: asked.vmid, parameters: given })
    return { run: asked.run, state: 'running' }
  }

  /** What is known of a run after at most `waitMs`. */
  async wait(run: string, waitMs: number): Promise<TaskEnd> {
    const known = this.#runs.get(run)
    if (known === undefined) return { id: `run:${run}`, state: 'unknown' }
    if (known.last.state === 'running') await within(this.#rim, known.ended, waitMs)
    return known.last
  }

  async #carryOut(driver: Driver, run: Run, order: Parameters<Driver['run']>[0]): Promise<void> {
    const { id } = run.last
    try {
      const { exit, output, result } = await driver.run(order)
      run.last = { id, state: 'ended', ok: exit === 0, exit: String(exit), output: maskedOutput(output, this.#secrets(), outputMax) }
      if (result === undefined) return
      if (JSON.stringify(result).length <= resultMax) run.last.result = result
      else run.last = { id, state: 'unknown', output: 'the result was too large' }
    } catch (error) {
      run.last = { id, state: 'unknown', output: maskedOutput(String(error), this.#secrets(), outputMax) }
    }
  }

  #makeRoom(): void {
    const now = this.#rim.now()
    for (const [id, { at, last }] of this.#runs)
      if (last.state !== 'running' && now - at > runsKeptMs) this.#runs.delete(id)
    if (this.#runs.size >= runsMax) throw new Refusal(503, 'not-sent', 'full', 'too many playbook runs are remembered at the moment')
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
