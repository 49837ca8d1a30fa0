// What the gateway does in its own name: wait for the end of a task, run a named playbook on a container.
// A playbook runs once per run id, so starting it again is harmless; no retries, no clock.

import type { Http, Reply } from '../http.ts'
import { path } from '../http.ts'
import * as wire from './wire.ts'

export interface PlaybookOrder {
  /** Chosen by the caller before the first call: the same run is never carried out twice. */
  run: string
  node: string
  vmid: number
  parameters: Record<string, unknown>
}

/** An answer to a long poll may come this much later than the wait that was asked for. */
const waitMarginMs = 8_000
const stateWaitMs = 10_000

/** How a task ended, in a line: its exit and, where it failed and said why, its last word. */
export function ending({ state, ok, exit = state, output = '' }: wire.TaskEnd): string {
  const last = output.trim().split('\n').at(-1)!
  return ok || last === '' ? exit : `${exit}: ${last}`
}

/** The verbs over one `Http` whose base URL is the gateway's. All throw UpstreamError and nothing else. */
export class Gateway {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** GET /health (docs/gateway.md): the gateway's clock, epoch ms. */
  async clock(): Promise<number> {
    return this.#http.parse(wire.health, this.#good(await this.#http.send('GET', '/health'))).time
  }

  /** GET /tasks/{id}?wait={ms} (docs/gateway.md). `id` is a UPID or `run:` and a run's id; `waitMs` at most 25 000. */
  async waitTask(id: string, waitMs: number): Promise<wire.TaskEnd> {
    const reply = await this.#http.send('GET', path`/tasks/${id}`, { query: { wait: waitMs }, timeoutMs: waitMs + waitMarginMs })
    return this.#http.parse(wire.taskEnd, this.#good(reply))
  }

  /** POST /playbooks/{name} (docs/gateway.md). */
  async startPlaybook(name: string, order: PlaybookOrder): Promise<wire.PlaybookRun> {
    const { run, node, vmid, parameters } = order
    const reply = await this.#http.send('POST', path`/playbooks/${name}`, { json: { run, node, vmid, parameters } })
    return this.#http.parse(wire.playbookRun, this.#good(reply))
  }

  /** Starts a playbook and waits up to `waitMs` (at most 25 000) for its end. */
  async runPlaybook(name: string, order: PlaybookOrder, waitMs: number): Promise<wire.TaskEnd> {
    await this.startPlaybook(name, order)
    return this.waitTask(`run:${order.run}`, waitMs)
  }

  /** What stands in a container, by the playbook `wordpress-state` (docs/gateway.md). Throws when it cannot be told. */
  async wordpressState(at: { node: string; vmid: number }): Promise<wire.WordPressState> {
    const end = await this.runPlaybook('wordpress-state', { run: `state-${crypto.randomUUID()}`, ...at, parameters: {} }, stateWaitMs)
    const state = wire.wordpressState.safeParse(end.result)
    if (end.state === 'ended' && end.ok && state.success) return state.data
    throw this.#http.error(end.fate ?? 'unknown', `wordpress-state: ${ending(end)}`, { landed: end.state === 'ended' })
  }

  #good(reply: Reply): Reply {
    if (reply.status >= 400) throw this.#http.failure(reply)
    return reply
  }
}
