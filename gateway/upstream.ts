// One request from the gateway to an upstream: time-out, and the proof whether it was sent at all. What an upstream hears is
// built from nothing: of the Worker's headers only the two that describe the body go along. Never retries what was sent.
import type { Vendor } from './allow-list.ts'
import { pastDeadline, Refusal } from './refusal.ts'

/** Whom the gateway sends something to: its upstreams, and those who keep Cloudflare Access's keys. */
export type Peer = Vendor | 'access'

/** The outside world as server.ts or a test hands it in. `now` is epoch ms; `sleep` may end or reject when aborted. */
export interface Rim {
  fetch(request: Request): Promise<Response>
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export interface Order { method: string; path: string; headers: Record<string, string>; body?: string | undefined }

/** `contentType`, `retryAfter` and `date` as the upstream wrote them. */
export interface Answer { status: number; body: string; contentType: string | null; retryAfter: string | null; date: string | null }

/** `answer` rejects with a Refusal (504 unknown at the deadline) or NotConnected; `over` resolves when nothing is under way any more. */
export interface Exchange { answer: Promise<Answer>; over: Promise<void> }

/** A reason of our own spares an exception with its stack for every request. */
const noLonger = 'no longer wanted'

/** Far more than a cluster of thousands has to say; what is larger is no answer. */
const answerMaxBytes = 16 * 1024 * 1024

/** Proven: no byte of the request was sent. `code` as the system or TLS calls it. */
export class NotConnected extends Error {
  readonly code: string

  constructor(vendor: Peer, code: string) {
    super(`${vendor} cannot be reached`)
    this.code = code
  }
}

/** Sends to one address. Answers at `deadline` at the latest; the request itself is given up at `abortAt`. Both epoch ms. */
export function send(rim: Rim, vendor: Peer, url: string, order: Order, deadline: number, abortAt = deadline): Exchange {
  const now = rim.now()
  if (now >= deadline) throw pastDeadline()
  const given = new AbortController()
  const ended = new AbortController()
  const after = (ms: number): Promise<void> => rim.sleep(ms, ended.signal).catch(() => undefined)

  const exchange = (async (): Promise<Answer> => {
    const { method, headers, body } = order
    const request = new Request(url + order.path, { method, headers, redirect: 'manual', signal: given.signal, ...(body ? { body } : {}) })
    const response = await rim.fetch(request)
    const { status, headers: said } = response
    return { status, body: await textOf(response, vendor), contentType: said.get('content-type'), retryAfter: said.get('retry-after'), date: said.get('date') }
  })()

  const late = after(deadline - now).then(() => 'late' as const)
  const abandoned = abortAt > deadline ? after(abortAt - now) : late
  const done = exchange.then(() => 'done' as const, () => 'done' as const)
  const over = Promise.race([done, abandoned]).then((first) => {
    if (first !== 'done') given.abort(noLonger)
    ended.abort(noLonger)
  })
  const answer = (async () => {
    try {
      const first = await Promise.race([exchange, late])
      if (first === 'late') throw new Refusal(504, 'unknown', 'time-out', `${vendor} did not answer in time`)
      return first
    } catch (error) {
      if (error instanceof Refusal) throw error
      const code = neverConnected(error)
      if (code !== undefined) throw new NotConnected(vendor, code)
      throw new Refusal(504, 'unknown', 'connection-lost', `the connection to ${vendor} was lost`)
    }
  })()
  return { answer, over }
}

/** Addresses of one upstream that answer for each other: the next is tried only when a connect was refused. */
export class Servers {
  readonly #rim: Rim
  readonly #vendor: Vendor
  readonly #urls: string[]
  #last = 0

  constructor(rim: Rim, vendor: Vendor, urls: string[]) {
    this.#rim = rim
    this.#vendor = vendor
    this.#urls = urls
  }

  async ask(order: Order, deadline: number): Promise<Answer> {
    const codes: string[] = []
    for (let tried = 0; tried < this.#urls.length; tried++) {
      const at = (this.#last + tried) % this.#urls.length
      try {
        const answer = await send(this.#rim, this.#vendor, this.#urls[at]!, order, deadline).answer
        this.#last = at
        return answer
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error
        codes.push(error.code)
      }
    }
    throw unreachable(this.#vendor, codes)
  }
}

/** `codes`: why each of its addresses could not be connected to. Somebody who answers with a certificate that is not believed is told from nobody. */
export const unreachable = (vendor: Vendor, codes: readonly string[]): Refusal => (codes.some(isUntrusted)
  ? new Refusal(503, 'not-sent', 'certificate', `the certificate of ${vendor} is not believed`)
  : new Refusal(503, 'not-sent', 'unreachable', `no connection to ${vendor}`))

const connectCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])
/** The kernel reports these for an established connection too, so the system call decides. */
const connectCodesOfConnect = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'])
const untrusted = /^(?:ERR_TLS_CERT_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/

/** Whether a code of NotConnected says that somebody answered whose certificate is not believed. */
export const isUntrusted = (code: string): boolean => untrusted.test(code)

/** Why no connection came about, undefined when one may have. Node wraps the system's error in `cause`, and several of them (one per address) in `errors`. */
function neverConnected(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall, errors } = error as { code?: unknown; syscall?: unknown; errors?: unknown }
  if (Array.isArray(errors) && errors.length > 0) {
    const codes = errors.map(neverConnected)
    return codes.includes(undefined) ? undefined : codes[0]
  }
  if (typeof code !== 'string') return neverConnected(error.cause)
  return connectCodes.has(code) || (connectCodesOfConnect.has(code) && syscall === 'connect') || untrusted.test(code) ? code : undefined
}

/** The body as text. An upstream that does not stop talking is cut off; whatever it did, it did. */
async function textOf(response: Response, vendor: Peer): Promise<string> {
  const tooLong = (): Refusal => new Refusal(502, 'unknown', 'answer-too-large', `the answer of ${vendor} is larger than 16 MiB`)
  if (Number(response.headers.get('content-length') ?? 0) > answerMaxBytes) {
    await response.body?.cancel()
    throw tooLong()
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > answerMaxBytes) throw tooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
