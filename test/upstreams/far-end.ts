// The other end of a client's requests, written by hand for one test: it answers as told and keeps what it was sent.
// Time stands still unless a test lets it pass.

import type { Call, Endpoint, Rim } from '../../src/upstreams/http.ts'
import { Http } from '../../src/upstreams/http.ts'
import type { UpstreamError } from '../../src/domain/errors.ts'

export interface Sent { method: string; path: string; query: Record<string, string>; headers: Headers; body: string; form: Record<string, string> }

/** An answer: status and body (an object becomes JSON), landed unless told otherwise; or an error that fetch throws. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | Error | 'never'

export const now = Date.UTC(2026, 10, 23)
export const call: Call = { operation: 't1a2b/container', attempt: 3, deadline: now + 60_000 }

/** A rim that answers in turn (the last one again and again), and the list of what it was sent. */
export function farEnd(...answers: Answer[]): { rim: Rim; sent: Sent[]; slept: number[]; aborted: () => boolean } {
  const sent: Sent[] = []
  const slept: number[] = []
  let signal: AbortSignal | undefined
  const rim: Rim = {
    now: () => now,
    // Sleep ends at once when nothing will ever answer, else never: no test waits for real.
    sleep: (ms) => {
      slept.push(ms)
      return answers.includes('never') ? Promise.resolve() : new Promise(() => undefined)
    },
    async fetch(request) {
      signal = request.signal
      const url = new URL(request.url)
      const body = await request.text()
      sent.push({
        method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers: request.headers,
        body, form: Object.fromEntries(new URLSearchParams(body)),
      })
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!
      if (answer === 'never') return new Promise(() => undefined)
      if (answer instanceof Error) throw answer
      const text = typeof answer.body === 'string' ? answer.body : answer.body === undefined ? '' : JSON.stringify(answer.body)
      const headers = { 'content-type': 'application/json', ...answer.headers }
      return new Response(text, { status: answer.status, headers })
    },
  }
  return { rim, sent, slept, aborted: () => signal?.aborted ?? false }
}

/** An answer of the upstream itself, as the gateway passes it on. */
export const landed = (status: number, body?: unknown, headers: Record<string, string> = {}): Answer =>
  ({ status, body, headers: { 'Berth-Landed': '1', ...headers } })

/** An `Http` through the gateway. */
export const through = (rim: Rim, words: Endpoint['words'], baseUrl: string, as: Call = call): Http =>
  new Http({ system: 'proxmox', baseUrl, key: { id: 'worker', secret: 'for tests' }, words }, rim, as)

/** The UpstreamError that a promise rejects with; anything else fails the test. */
export async function refusal(promise: Promise<unknown>): Promise<UpstreamError> {
  const error: unknown = await promise.then((value) => { throw new Error(`answered ${JSON.stringify(value)}`) }, (reason: unknown) => reason)
  if (error instanceof Error && error.name === 'UpstreamError') return error as UpstreamError
  throw error
}
