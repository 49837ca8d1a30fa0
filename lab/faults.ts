// The unreliable link in front of a simulator: loses requests, loses answers, delivers late, lets middleboxes speak.
// A plan decides for each request by number, so a run without faults counts the calls and every later run can hit the k-th.
// It never touches what the upstream decided, only whether and when both sides hear of it.
import type { Clock } from './clock.ts'
import { pick, type Random } from './random.ts'

export type Fetch = (request: Request) => Promise<Response>

/**
 * - `before`        reset, never applied            - `after`         applied, answer lost by a reset
 * - `late`          reset (odd requests) or silence (even ones) now, applied 30 s later
 * - `5xx-before`    502/504 of a middlebox           - `5xx-after`     the same, but applied
 * - `429`           not applied, Retry-After         - `refused`       connect refused, not applied
 * - `timeout`       silence, never applied           - `timeout-after` applied, then silence
 * - `garble`        applied, 200 with half a body    - `login`         200 with a log-in page, not applied
 */
export const FAULTS = ['before', 'after', 'late', '5xx-before', '5xx-after', '429', 'refused', 'timeout', 'timeout-after', 'garble', 'login'] as const
export type Fault = (typeof FAULTS)[number]

/** Data-centre milliseconds until a `late` request lands. */
export const LATE_MS = 30_000
/** How long silence lasts when nobody aborts it; then the connection breaks. */
export const SILENCE_MS = 900_000

export interface Seen { /** From 1, over all links that share the plan. */ count: number; at: number; method: string; url: string }
export type Rule = (seen: Seen) => Fault | undefined

export interface Plan {
  readonly clock: Clock
  /** Every request so far. */
  readonly seen: Seen[]
  /** What was done to which of them. */
  readonly injected: (Seen & { fault: Fault })[]
  decide(request: Request): (Seen & { fault?: Fault }) | undefined
}

/** A plan of rules: the first that names a fault wins; without rules it only counts. `matches` says which requests count at all. */
export function plan(clock: Clock, rules: readonly Rule[] = [], matches: (request: Request) => boolean = () => true): Plan {
  const seen: Seen[] = []
  const injected: (Seen & { fault: Fault })[] = []
  return {
    clock,
    seen,
    injected,
    decide(request) {
      if (!matches(request)) return undefined
      const one: Seen = { count: seen.length + 1, at: clock.now(), method: request.method, url: request.url }
      seen.push(one)
      for (const rule of rules) {
        const fault = rule(one)
        if (fault === undefined) continue
        const hit = { ...one, fault }
        injected.push(hit)
        return hit
      }
      return one
    },
  }
}

/** The k-th request, from 1. */
export const nth = (k: number, fault: Fault): Rule => (seen) => (seen.count === k ? fault : undefined)

/** Each request with probability `rate` (0–1), one of `faults`. */
export const random = (draw: Random, rate: number, faults: readonly Fault[]): Rule => () => (draw() < rate ? pick(draw, faults) : undefined)

/** Everything from one moment (epoch ms) up to, not including, another. */
export const outage = (from: number, to: number, fault: Fault = 'refused'): Rule => (seen) => (seen.at >= from && seen.at < to ? fault : undefined)

/** `fetch` behind a link that does what the plan says. */
export function faulty(fetch: Fetch, plan: Plan): Fetch {
  return async (request) => {
    const decision = plan.decide(request)
    switch (decision?.fault) {
      case undefined:
        return fetch(request)
      case 'refused':
        throw broken('ECONNREFUSED')
      case 'before':
        throw broken('ECONNRESET')
      case 'after':
        await fetch(await detached(request))
        throw broken('ECONNRESET')
      case 'late': {
        const copy = await detached(request)
        // Nobody waits for the answer any more; an upstream that is gone by then has simply lost the request.
        plan.clock.after(LATE_MS, () => void fetch(copy).catch(() => undefined))
        if (decision.count % 2 === 1) throw broken('ECONNRESET')
        return silence(plan.clock, request)
      }
      case 'timeout':
        return silence(plan.clock, request)
      case 'timeout-after':
        await fetch(await detached(request))
        return silence(plan.clock, request)
      case '5xx-before':
        return middlebox(decision.count)
      case '5xx-after':
        await fetch(await detached(request))
        return middlebox(decision.count)
      case '429':
        return html(429, 'Too Many Requests', { 'retry-after': '30' })
      case 'login':
        return html(200, 'Sign in ・ Cloudflare Access')
      case 'garble':
        return garbled(await fetch(request))
    }
  }
}

/** What fetch throws when the connection fails: the code is on the cause. */
function broken(code: 'ECONNREFUSED' | 'ECONNRESET'): TypeError {
  const words = code === 'ECONNREFUSED' ? 'connect ECONNREFUSED' : 'read ECONNRESET'
  return new TypeError('fetch failed', { cause: Object.assign(new Error(words), { code }) })
}

/** The same request, deaf to its client's going away. */
async function detached(request: Request): Promise<Request> {
  const { url, method, headers } = request
  return new Request(url, { method, headers, ...(request.body ? { body: await request.arrayBuffer() } : {}) })
}

/** No answer until the client gives up (its own reason) or the connection breaks of age. */
function silence(clock: Clock, request: Request): Promise<Response> {
  return new Promise((_, reject) => {
    const { signal } = request
    if (signal.aborted) return reject(signal.reason as Error)
    const cancel = clock.after(SILENCE_MS, () => reject(broken('ECONNRESET')))
    signal.addEventListener(
      'abort',
      () => {
        cancel()
        reject(signal.reason as Error)
      },
      { once: true },
    )
  })
}

const middlebox = (count: number): Response => (count % 2 === 1 ? html(502, 'Bad Gateway') : html(504, 'Gateway Time-out'))

const html = (status: number, title: string, headers: Record<string, string> = {}): Response =>
  new Response(`<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`, {
    status,
    headers: { 'content-type': 'text/html; charset=UTF-8', ...headers },
  })

/** The first half of the body under 200, never valid JSON. */
async function garbled(answer: Response): Promise<Response> {
  const text = await answer.text()
  const half = text.slice(0, Math.floor(text.length / 2))
  return new Response(isJson(half) ? `${half}{"` : half, { status: 200, headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json' } })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
