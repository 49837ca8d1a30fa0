// Decides whether a request may be carried out now: signed by a known key, never seen before, in time, and not older than
// what was already heard for the same operation. What was heard is in the memory that it is given.
import type { Signable } from '../src/upstreams/signature.ts'
import { verified } from '../src/upstreams/signature.ts'
import type { Memory } from './memory.ts'
import { pastDeadline, Refusal } from './refusal.ts'

/** On whose behalf a request came, as signed. `deadline` is epoch ms; `nonce` names the request. */
export interface Admitted { operation: string; attempt: number; deadline: number; nonce: string }

const operationPattern = /^[\x21-\x7e]{1,200}$/
const noncePattern = /^[\x21-\x7e]{8,100}$/

export class Fence {
  readonly #keys: Record<string, string>
  readonly #now: () => number
  readonly #memory: Memory

  constructor(keys: Record<string, string>, memory: Memory, now: () => number) {
    this.#keys = keys
    this.#memory = memory
    this.#now = now
  }

  /** Who asks, or a Refusal: 401 unless signed, fresh and new. */
  async admit(request: Signable): Promise<Admitted> {
    const now = this.#now()
    const verdict = await verified(request, this.#keys, now)
    if (!verdict.ok) throw new Refusal(401, 'credentials', 'signature', verdict.reason)
    if (!noncePattern.test(verdict.nonce)) throw new Refusal(401, 'credentials', 'signature', 'the nonce is not acceptable')
    // What was signed before our memory begins may have been carried out already.
    if (verdict.created < this.#memory.since) throw new Refusal(503, 'not-sent', 'restarted', 'signed before the memory of this gateway begins')
    if (!this.#memory.hear(verdict.nonce, now)) throw new Refusal(401, 'credentials', 'replayed', 'this request was already heard')
    const operation = request.headers.get('berth-operation') ?? ''
    if (!operationPattern.test(operation)) throw malformed('berth-operation')
    return { operation, attempt: count(request.headers, 'berth-attempt'), deadline: count(request.headers, 'berth-deadline'), nonce: verdict.nonce }
  }

  /** Asked before anything is sent, and again after waiting: a Refusal when it is too late or, for a change, overtaken. */
  check({ operation, attempt, deadline }: Admitted, changes: boolean): void {
    const now = this.#now()
    if (now >= deadline) throw pastDeadline()
    if (!changes) return
    const highest = this.#memory.raise(operation, attempt, now)
    if (attempt < highest) throw new Refusal(409, 'not-sent', 'overtaken', `attempt ${highest} of this operation was already heard`)
  }
}

function count(headers: Headers, name: string): number {
  const text = headers.get(name) ?? ''
  // A caller on virtual time has fractions of a millisecond.
  if (!/^\d{1,15}(\.\d{1,9})?$/.test(text)) throw malformed(name)
  return Number(text)
}

const malformed = (name: string): Refusal => new Refusal(400, 'refused', 'malformed', `the header ${name} is malformed`)
