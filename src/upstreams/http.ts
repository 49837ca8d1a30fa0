// One request to a system that we do not own: time-out, encode, sign for the gateway, decode, classify.
// The fate of a failed call is decided here, once. Answers that the vendor itself worded (JSON, 4xx and 5xx too) go
// back to the client, which reads the words. Never retries, never logs, never puts a request's body into an error.

import type * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Fate, System } from '../domain/errors.ts'
import { edgeSays, neverThroughTunnel } from './edge.ts'
import { signed } from './signature.ts'

/** The outside world as the Worker (or a test) hands it in. Time-outs race against `sleep`, never against real timers. */
export interface Rim {
  fetch(request: Request): Promise<Response>
  /** Epoch ms. */
  readonly now: () => number
  /** Ends after `ms`; when `signal` aborts it may end or reject at once. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** On whose behalf a call is made: one attempt of one step of one tenant. `deadline` is epoch ms. */
export interface Call { operation: string; attempt: number; deadline: number; signal?: AbortSignal }

/** `key` present: the other end is our gateway, so requests are fenced and signed and its `Berth-` answers are believed. */
export interface Endpoint {
  system: System
  baseUrl: string
  headers?: Record<string, string>
  key?: { id: string; secret: string }
  /** Finds the vendor's own words in an error body. */
  words(json: unknown): string | undefined
}

type Value = string | number | boolean | undefined
/** Parameters of a query or a form; undefined is left out, booleans become 1 and 0, a list repeats its name. */
export type Fields = Record<string, Value | readonly Value[]>

/** What goes with a request besides its method and path; at most one of form and json. */
export interface Ask { query?: Fields; form?: Fields; json?: unknown; timeoutMs?: number }

/** A JSON (or empty) answer of any status that http.ts did not classify. `text` is raw: LINSTOR has 64-bit numbers. */
export interface Reply { line: string; status: number; json: unknown; text: string; landed: boolean; retryAfterMs: number | undefined }

const timeoutDefaultMs = 15_000
/** The gateway answers 408 at the deadline; leave it the time to say so. */
const deadlineMarginMs = 1_000
const wordsMax = 400

/** Requests of one call to one endpoint. */
export class Http {
  readonly endpoint: Endpoint
  readonly #rim: Rim
  readonly #call: Call

  constructor(endpoint: Endpoint, rim: Rim, call: Call) {
    this.endpoint = endpoint
    this.#rim = rim
    this.#call = call
  }

  /** Sends one request; throws UpstreamError unless the answer is JSON (or empty) whose meaning only the client knows. */
  async send(method: string, path: string, ask: Ask = {}): Promise<Reply> {
    const line = `${method} ${path}`
    const { response, body } = await this.#asked(line, method, path, ask, (from) => from.text())
    return this.#classify(line, response, body)
  }

  /** Gets an answer of one media type as bytes; throws UpstreamError for any other answer. */
  async bytes(path: string, query: Fields, media: string, timeoutMs: number): Promise<Uint8Array> {
    const line = `GET ${path || '/'}`
    const { response, body } = await this.#asked(line, 'GET', path, { query, timeoutMs, accept: media }, (from) => from.arrayBuffer())
    const bytes = new Uint8Array(body)
    if (response.status === 200 && response.headers.get('content-type')?.split(';')[0] === media) return bytes
    throw this.failure(this.#classify(line, response, new TextDecoder().decode(bytes)), 'unknown')
  }

  /** The error for an answer that the client has read: 4xx of the system itself is refused, the rest unknown, unless the client knows better. */
  failure(reply: Reply, fate: Fate = reply.landed && reply.status < 500 ? 'refused' : 'unknown', words = this.endpoint.words(reply.json)): UpstreamError {
    return this.error(fate, `${reply.line}: ${reply.status} ${clip(words ?? 'without a word')}`, reply)
  }

  /** What we read of an answer; an answer of another shape leaves the fate of the call unknown. */
  parse<T>(schema: z.ZodType<T>, reply: Reply, value: unknown = reply.json): T {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    const where = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.message}`).join('; ')
    throw this.error('unknown', `${reply.line}: ${reply.status} in an unexpected shape (${clip(where)})`, reply)
  }

  /** An UpstreamError of this endpoint's system. */
  error(fate: Fate, message: string, more: { landed?: boolean; status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {}): UpstreamError {
    const { retryAfterMs, ...rest } = more
    return new UpstreamError(this.endpoint.system, fate, message, retryAfterMs === undefined ? rest : { ...rest, retryAfterMs })
  }

  async #asked<T>(line: string, method: string, path: string, ask: Ask & { accept?: string }, read: (response: Response) => Promise<T>): Promise<{ response: Response; body: T }> {
    const leftMs = this.#call.deadline - this.#rim.now()
    if (leftMs <= 0) throw this.error('not-sent', `${line}: the deadline has passed`)
    if (this.#call.signal?.aborted) throw this.error('not-sent', `${line}: cancelled`)
    const controller = new AbortController()
    const request = await this.#request(method, path, ask, controller.signal)
    return this.#exchange(line, request, Math.min(ask.timeoutMs ?? timeoutDefaultMs, leftMs + deadlineMarginMs), controller, read)
  }

  async #request(method: string, path: string, ask: Ask & { accept?: string }, signal: AbortSignal): Promise<Request> {
    const query = ask.query === undefined ? '' : encode(ask.query)
    const url = `${this.endpoint.baseUrl}${path}${query && `?${query}`}`
    const headers = new Headers({ accept: ask.accept ?? 'application/json', ...this.endpoint.headers })
    let body: string | undefined
    if (ask.form !== undefined) {
      body = encode(ask.form)
      headers.set('content-type', 'application/x-www-form-urlencoded')
    } else if (ask.json !== undefined) {
      body = JSON.stringify(ask.json)
      headers.set('content-type', 'application/json')
    }
    if (this.endpoint.key !== undefined) {
      headers.set('Berth-Operation', this.#call.operation)
      headers.set('Berth-Attempt', String(this.#call.attempt))
      headers.set('Berth-Deadline', String(this.#call.deadline))
      const content = body === undefined ? {} : { body }
      await signed({ method, url, headers, ...content }, this.endpoint.key, this.#rim.now(), crypto.randomUUID())
    }
    return new Request(url, { method, headers, redirect: 'manual', signal, ...(body === undefined ? {} : { body }) })
  }

  async #exchange<T>(line: string, request: Request, timeoutMs: number, controller: AbortController, read: (response: Response) => Promise<T>): Promise<{ response: Response; body: T }> {
    const awake = new AbortController()
    const cancel = (): void => controller.abort()
    this.#call.signal?.addEventListener('abort', cancel)
    const answer = (async () => {
      const response = await this.#rim.fetch(request)
      return { response, body: await read(response) }
    })()
    const timeOut = this.#rim.sleep(timeoutMs, awake.signal).then(() => 'late' as const, () => 'late' as const)
    let cancelledNow = (): void => undefined
    const cancelled = new Promise<'cancelled'>((resolve) => {
      cancelledNow = () => resolve('cancelled')
    })
    controller.signal.addEventListener('abort', cancelledNow)
    try {
      const first = await Promise.race([answer, timeOut, cancelled])
      if (typeof first === 'object') return first
      // The race is lost, the answer no longer matters; without this its rejection would be nobody's.
      answer.catch(() => undefined)
      controller.abort()
      throw this.error('unknown', first === 'late' ? `${line}: no answer within ${timeoutMs} ms` : `${line}: cancelled while it was under way`)
    } catch (error) {
      if (error instanceof UpstreamError) throw error
      throw this.error(neverLeft(error) ? 'not-sent' : 'unknown', `${line}: ${reason(error)}`, { cause: error })
    } finally {
      this.#call.signal?.removeEventListener('abort', cancel)
      // A listener left behind would keep this whole call alive as long as its request's signal.
      controller.signal.removeEventListener('abort', cancelledNow)
      awake.abort('no longer wanted')
    }
  }

  #classify(line: string, response: Response, text: string): Reply {
    const { status, headers } = response
    const trusted = this.endpoint.key !== undefined
    const json = decode(text)
    const words = this.endpoint.words(json)
    const retryAfterMs = retryAfter(headers.get('retry-after'), this.#rim.now())
    // The gateway cannot tell the upstream from a middlebox before it, but no upstream answers in HTML or cuts its JSON.
    // Directly asked, an error of the system's edge may look like its own.
    const landed = json !== notJson && (trusted
      ? headers.get('Berth-Landed') === '1' && (status < 500 || json !== undefined)
      : status < 500 && json !== undefined)
    const fail = (fate: Fate, why: string): UpstreamError =>
      this.error(fate, `${line}: ${status} ${clip(why)}`, { landed, status, retryAfterMs })

    const said = trusted ? headers.get('Berth-Fate') : null
    if (said !== null) throw fail(isFate(said) ? said : 'unknown', `the gateway: ${gatewayWords(json) ?? 'no reason given'}`)
    const edge = trusted && headers.get('Berth-Landed') === null ? edgeSays(response, text) : undefined
    if (edge !== undefined) throw fail(edge.fate, edge.why)
    if (status === 401 || status === 403) throw fail('credentials', words ?? 'not permitted')
    if (status >= 300 && status < 400) throw fail('credentials', 'redirects instead of answering')
    if (status === 429) throw fail('not-sent', words ?? 'too many requests')
    if (isHtml(headers, text)) {
      if (status < 300 && isLogInPage(text)) throw fail('credentials', 'a log-in page instead of an answer')
      throw fail('unknown', 'a web page instead of an answer')
    }
    if (json === notJson) throw fail('unknown', 'an answer that is not JSON')
    return { line, status, json, text, landed, retryAfterMs }
  }
}

/** A path whose values are encoded: path`/nodes/${node}/lxc`. An empty or dotted value would name something else. */
export function path(texts: TemplateStringsArray, ...values: (string | number)[]): string {
  return texts.reduce((whole, text, at) => {
    const value = String(values[at - 1])
    if (value === '' || value === '.' || value === '..') throw new TypeError(`"${value}" cannot be part of a path`)
    return whole + encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`) + text
  })
}

/** URLSearchParams encodes `;` too, which Proxmox would take for the end of a pair. */
function encode(fields: Fields): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value as readonly Value[] : [value as Value])
      if (one !== undefined) pairs.append(name, typeof one === 'boolean' ? (one ? '1' : '0') : String(one))
  return pairs.toString()
}

const notJson = Symbol('not JSON')

function decode(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return notJson
  }
}

const isFate = (word: string): word is Fate => word === 'not-sent' || word === 'unknown' || word === 'refused' || word === 'credentials'

const isHtml = (headers: Headers, text: string): boolean =>
  (headers.get('content-type') ?? '').includes('text/html') || /^\s*<(!doctype|html)/i.test(text)

const isLogInPage = (text: string): boolean => /type=["']?password|log[ -]?in|sign[ -]?in|cloudflare access/i.test(text)

/** Failures before the first byte left: nothing can have been applied. */
const beforeTheFirstByte = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

const code = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const causeCode = (error: unknown): string | undefined => (error instanceof Error ? code(error.cause) : undefined) ?? code(error)

const neverLeft = (error: unknown): boolean => beforeTheFirstByte.has(causeCode(error) ?? '') || (error instanceof Error && neverThroughTunnel(`${error.name}: ${error.message}`))

const reason = (error: unknown): string => clip(causeCode(error) ?? (error instanceof Error ? error.message : 'failed'))

/** Seconds or an HTTP date, as milliseconds from now. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  const ms = header.trim() !== '' && Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** Our gateway words its own refusals as {"error":{"code","message"}}. */
export function gatewayWords(json: unknown): string | undefined {
  const { error } = (typeof json === 'object' && json !== null ? json : {}) as { error?: { code?: unknown; message?: unknown } | null }
  return error ? `${String(error.message)} (${String(error.code)})` : undefined
}

const clip = (words: string): string => {
  const line = words.trim().replace(/\s+/g, ' ')
  return line.length > wordsMax ? `${line.slice(0, wordsMax)}…` : line
}
