// Decides whether a request may be carried out now: signed by a known key, never seen before, in time, and not older than
// what was already heard for the same operation. It keeps no truth: memory is bounded, and a restart forgets it safely.
import type { Signable } from '../src/upstreams/signature.ts'
import { signatureAgeMaxMs, signatureSkewMs, verified } from '../src/upstreams/signature.ts'
import { Recent } from './recent.ts'
import { pastDeadline, Refusal } from './refusal.ts'

/** On whose behalf a request came, as signed. `deadline` is epoch ms. */
export interface Admitted { operation: string; attempt: number; deadline: number }

const attemptsKeptMs = 3_600_000
const keptMax = 200_000
const operationPattern = /^[\x21-\x7e]{1,200}$/
const noncePattern = /^[\x21-\x7e]{8,100}$/

export class Fence {
  readonly #keys: Record<string, string>
  readonly #now: () => number
  readonly #since: number
  readonly #nonces = new Recent<true>(signatureAgeMaxMs + signatureSkewMs + 1_000, keptMax)
  readonly #attempts = new Recent<number>(attemptsKeptMs, keptMax)

  constructor(keys: Record<string, string>, now: () => number) {
    this.#keys = keys
    this.#now = now
    // Signatures carry whole seconds.
    this.#since = Math.floor(now() / 1000) * 1000
  }

  /** Who asks, or a Refusal: 401 unless signed, fresh and new. */
  async admit(request: Signable): Promise<Admitted> {
    const now = this.#now()
    const verdict = await verified(request, this.#keys, now)
    if (!verdict.ok) throw new Refusal(401, 'credentials', 'signature', verdict.reason)
    if (!noncePattern.test(verdict.nonce)) throw new Refusal(401, 'credentials', 'signature', 'the nonce is not acceptable')
    // What was signed before we started may have been carried out by our predecessor, whose memory is gone.
    if (verdict.created < this.#since) throw new Refusal(503, 'not-sent', 'restarted', 'signed before this gateway started')
    if (this.#nonces.get(verdict.nonce, now)) throw new Refusal(401, 'credentials', 'replayed', 'this request was already heard')
    if (!this.#nonces.set(verdict.nonce, true, now)) throw full()
    const operation = request.headers.get('berth-operation') ?? ''
    if (!operationPattern.test(operation)) throw malformed('berth-operation')
    return { operation, attempt: count(request.headers, 'berth-attempt'), deadline: count(request.headers, 'berth-deadline') }
  }

  /** Asked before anything is sent, and again after waiting: a Refusal when it is too late or, for a change, overtaken. */
  check({ operation, attempt, deadline }: Admitted, changes: boolean): void {
    const now = this.#now()
    if (now >= deadline) throw pastDeadline()
    if (!changes) return
    const highest = this.#attempts.get(operation, now) ?? attempt
    if (attempt < highest) throw new Refusal(409, 'not-sent', 'overtaken', `attempt ${highest} of this operation was already heard`)
    if (!this.#attempts.set(operation, attempt, now)) throw full()
  }
}

function count(headers: Headers, name: string): number {
  const text = headers.get(name) ?? ''
  // A caller on virtual time has fractions of a millisecond.
  if (!/^\d{1,15}(\.\d{1,9})?$/.test(text)) throw malformed(name)
  return Number(text)
}

const malformed = (name: string): Refusal => new Refusal(400, 'refused', 'malformed', `the header ${name} is malformed`)

const full = (): Refusal => new Refusal(503, 'not-sent', 'full', 'too many requests are remembered at the moment')
