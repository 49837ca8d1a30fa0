// Nginx Proxy Manager through one account: logs in, keeps the token fresh, lets one write through at a time. NPM never answers
// 401 and its 500 does not mean "nothing happened", so a read is repeated once after a new log-in and a write never is.
import * as z from 'zod'
import type { Memory } from './memory.ts'
import { Refusal } from './refusal.ts'
import { WriteTurns } from './turns.ts'
import { NotConnected, send, unreachable } from './upstream.ts'
import type { Answer, Exchange, Order, Rim } from './upstream.ts'

export interface NpmAccount { url: string; identity: string; secret: string }

const logInTimeoutMs = 15_000
const tokenLifeMaxMs = 12 * 3_600_000
const tokenMarginMs = 300_000
/** A token this young has not expired: when NPM refuses it, the account lacks the right. */
const tokenYoungMs = 60_000
/** A write whose answer is late keeps its turn this long, because NPM finishes it even when its client has gone. */
const turnMaxMs = 20_000
const turnsWaitingMax = 200

interface Token { value: string; since: number; until: number }

const logInAnswer = z.union([
  z.object({ token: z.string().min(1), expires: z.string() }),
  z.object({ requires_2fa: z.literal(true) }),
])

export class Npm {
  readonly #rim: Rim
  readonly #account: NpmAccount
  #token: Token | undefined
  #loggingIn: Promise<Token> | undefined
  readonly #turns: WriteTurns

  constructor(rim: Rim, account: NpmAccount, memory: Memory) {
    this.#rim = rim
    this.#account = account
    this.#turns = new WriteTurns(rim, memory, 'npm', turnsWaitingMax, () => new Refusal(503, 'not-sent', 'npm-queue', 'too many changes wait for nginx proxy manager'))
  }

  /** What must never be seen outside. */
  secrets(): string[] {
    return [this.#account.secret, ...(this.#token ? [this.#token.value] : [])]
  }

  /** `check` is asked again when a write's turn comes; it throws when the write has become too late meanwhile. */
  async ask(order: Order, deadline: number, check: () => void): Promise<Answer> {
    const answer = order.method === 'GET' ? await this.#read(order, deadline) : await this.#write(order, deadline, check)
    return order.path.startsWith('/api/nginx/certificates') && answer.status === 200 ? withoutPrivateKeys(answer) : answer
  }

  async #read(order: Order, deadline: number): Promise<Answer> {
    const token = await this.#fresh()
    const first = await this.#send(order, token, deadline).answer.catch(refusal)
    if (!tokenRefused(first) && first.status !== 500) return first
    this.#forget(token)
    const second = await this.#send(order, await this.#fresh(), deadline).answer.catch(refusal)
    // Passed on, a 404 for want of a right would read as "there is no such host".
    if (tokenRefused(second)) throw noRight()
    return second
  }

  async #write(order: Order, deadline: number, check: () => void): Promise<Answer> {
    const turn = await this.#turns.take(deadline)
    let exchange: Exchange
    let token: Token
    try {
      token = await this.#fresh()
      check()
      const abortAt = Math.max(deadline, this.#rim.now() + turnMaxMs)
      turn.keep(abortAt)
      exchange = this.#send(order, token, deadline, abortAt)
    } catch (error) {
      turn.end()
      throw error
    }
    void exchange.over.then(() => turn.end())
    const answer = await exchange.answer.catch(refusal)
    const refused = tokenRefused(answer)
    if (refused || answer.status === 500) this.#forget(token)
    // A 500 may be half done; that the token is not accepted is said before NPM touches anything.
    if (!refused) return answer
    if (this.#rim.now() - token.since < tokenYoungMs) throw noRight()
    throw new Refusal(503, 'not-sent', 'npm-token', 'nginx proxy manager no longer accepts the token, a new log-in follows')
  }

  #send(order: Order, token: Token, deadline: number, abortAt?: number): Exchange {
    const headers: Record<string, string> = { ...order.headers, authorization: `Bearer ${token.value}` }
    // Its own reload closes idle connections: a write on a reused one is lost about once in 400.
    if (order.method !== 'GET') headers['connection'] = 'close'
    return send(this.#rim, 'npm', this.#account.url, { ...order, headers }, deadline, abortAt)
  }

  async #fresh(): Promise<Token> {
    if (this.#token && this.#rim.now() < this.#token.until) return this.#token
    this.#loggingIn ??= this.#logIn().finally(() => {
      this.#loggingIn = undefined
    })
    return this.#loggingIn
  }

  #forget(token: Token): void {
    if (this.#token === token) this.#token = undefined
  }

  /** POST /api/tokens. Whatever goes wrong here, the request that waits for it was not sent. */
  async #logIn(): Promise<Token> {
    const { url, identity, secret } = this.#account
    const order = { method: 'POST', path: '/api/tokens', headers: json, body: JSON.stringify({ identity, secret }) }
    const failed = new Refusal(503, 'not-sent', 'npm-log-in', 'nginx proxy manager did not answer the log-in')
    const now = this.#rim.now()
    const answer = await send(this.#rim, 'npm', url, order, now + logInTimeoutMs).answer.catch(() => Promise.reject(failed))
    if (answer.status >= 500) throw failed
    const parsed = logInAnswer.safeParse(decoded(answer.body))
    if (!parsed.success) throw new Refusal(502, 'credentials', 'npm-log-in', 'nginx proxy manager refused the account of the gateway')
    if ('requires_2fa' in parsed.data)
      throw new Refusal(502, 'credentials', 'npm-log-in', 'the account of the gateway has two-factor authentication on; nginx proxy manager needs one without')
    const { token, expires } = parsed.data
    const life = Math.min(Date.parse(expires) - now || 0, tokenLifeMaxMs)
    this.#token = { value: token, since: this.#rim.now(), until: now + life - tokenMarginMs }
    return this.#token
  }
}

const errorAnswer = z.object({ error: z.object({ message: z.string() }) })

const json = { 'content-type': 'application/json', accept: 'application/json' }

function refusal(error: unknown): never {
  throw error instanceof NotConnected ? unreachable('npm', [error.code]) : error
}

const noRight = (): Refusal => new Refusal(502, 'credentials', 'npm-right', 'nginx proxy manager does not let the account of the gateway do this')

/** An expired token is a 400, a missing right a 404 that names a path (a missing object is named by its number); up to 2.12 it was 401 and 403. */
function tokenRefused({ status, body }: Answer): boolean {
  if (status === 401 || status === 403) return true
  if (status !== 400 && status !== 404) return false
  const message = errorAnswer.safeParse(decoded(body)).data?.error.message ?? ''
  return status === 400 ? message === 'Token has expired' : message.startsWith('Not Found - /')
}

/** NPM answers certificates with the private key in `meta`, which it empties itself where certificates are expanded. The Worker's mark stays. */
function withoutPrivateKeys(answer: Answer): Answer {
  const value = decoded(answer.body)
  const bare = (one: unknown): unknown => {
    if (typeof one !== 'object' || one === null) return one
    const { propagation_seconds: mark } = ('meta' in one && typeof one.meta === 'object' && one.meta !== null ? one.meta : {}) as { propagation_seconds?: unknown }
    return { ...one, meta: typeof mark === 'number' ? { propagation_seconds: mark } : {} }
  }
  return { ...answer, body: JSON.stringify(Array.isArray(value) ? value.map(bare) : bare(value) ?? null) }
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
