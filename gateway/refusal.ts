// What the gateway says in its own name. A refusal always tells the fate of the request, in the words of domain/errors.ts;
// it never repeats a header, a body or a secret.
import type { Fate } from '../src/domain/errors.ts'

export class Refusal extends Error {
  readonly status: number
  readonly fate: Fate
  readonly code: string

  constructor(status: number, fate: Fate, code: string, message: string) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.fate = fate
    this.code = code
  }

  /** `{"error":{"code","message"}}` with the header Berth-Fate; whatever was not sent for now may come again in a second. */
  response(): Response {
    const headers = new Headers({ 'berth-fate': this.fate, 'cache-control': 'no-store' })
    if (this.status === 503) headers.set('retry-after', '1')
    return Response.json({ error: { code: this.code, message: this.message } }, { status: this.status, headers })
  }
}

export const pastDeadline = (): Refusal => new Refusal(408, 'not-sent', 'deadline', 'the deadline has passed, nothing was sent')
