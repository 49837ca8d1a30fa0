// ISPConfig through one remote user: logs in, renews the session before it ends, adds it to each call. Ten failures in five minutes
// (a bad log-in or a dead session, it is all the same) lock our address out, so refusals are remembered and failures are counted.
// Writes go one at a time: each reads the zone's serial, adds one and writes it back, and two at once would make one of it.
import * as z from 'zod'
import type { Memory } from './memory.ts'
import { Refusal } from './refusal.ts'
import { Turns, WriteTurns } from './turns.ts'
import { NotConnected, send, unreachable } from './upstream.ts'
import type { Answer, Order, Rim } from './upstream.ts'

export interface IspconfigAccount { url: string; username: string; password: string }

const logInTimeoutMs = 15_000
/** A session lives 30 minutes from its log-in, used or not. */
const sessionLifeMs = 25 * 60_000
/** One this young has not expired: when it is refused, another log-in would not help. */
const sessionYoungMs = 60_000
const failuresWindowMs = 5 * 60_000
/** Four, heard by whichever gateway of this memory, and the five that two of them may have under way then (two reads each, one write), stay below ten. */
const failuresMax = 4
/** How long a refused log-in is not repeated. */
const refusedMs = 2 * 60_000
const lockedMs = failuresWindowMs + 10_000
/** A write whose answer is late keeps its turn this long: PHP finishes it even when its client has gone. */
const turnMaxMs = 20_000
const readsMost = 2
const waitingMax = 200

interface Session { id: string; since: number }

/** Whether a function changes something; all of them are POST. */
export const changing = (name: string): boolean => /_(?:add|update|delete)$/.test(name)

export class Ispconfig {
  readonly #rim: Rim
  readonly #account: IspconfigAccount
  readonly #reads = new Turns(readsMost, waitingMax, full)
  readonly #writes: WriteTurns
  readonly #memory: Memory
  #session: Session | undefined
  #loggingIn: Promise<Session> | undefined
  #refused: { refusal: Refusal; until: number } | undefined

  constructor(rim: Rim, account: IspconfigAccount, memory: Memory) {
    this.#rim = rim
    this.#account = account
    this.#memory = memory
    this.#writes = new WriteTurns(rim, memory, 'ispconfig', waitingMax, full)
  }

  /** What must never be seen outside. */
  secrets(): string[] {
    return [this.#account.password, ...(this.#session ? [this.#session.id] : [])]
  }

  /** `check` is asked again when the call's turn comes; it throws when it has become too late or overtaken meanwhile. */
  async ask(order: Order, deadline: number, check: () => void): Promise<Answer> {
    const name = order.path.slice(1)
    const parameters = record(order.body)
    const first = await this.#once(name, parameters, deadline, check)
    if (!first.dead) return first.answer
    const tired = this.#rim.now() - first.session.since < sessionYoungMs
    if (changing(name) || tired) throw deadSession()
    const second = await this.#once(name, parameters, deadline, check)
    if (second.dead) throw deadSession()
    return second.answer
  }

  /** One call under the session of the moment; `dead` when that was not accepted, which is said before anything is touched. */
  async #once(name: string, parameters: object, deadline: number, check: () => void): Promise<{ answer: Answer; session: Session; dead: boolean }> {
    const changes = changing(name)
    const turn = changes ? await this.#writes.take(deadline) : { keep: () => undefined, end: await this.#reads.take() }
    let over = Promise.resolve()
    try {
      const session = await this.#fresh()
      check()
      const body = JSON.stringify({ ...parameters, session_id: session.id })
      const abortAt = changes ? Math.max(deadline, this.#rim.now() + turnMaxMs) : deadline
      turn.keep(abortAt)
      const exchange = send(this.#rim, 'ispconfig', this.#account.url, call(name, body), deadline, abortAt)
      over = exchange.over
      const answer = await exchange.answer.catch(lost)
      const dead = isDead(answer)
      if (dead) this.#died(session)
      return { answer: withoutSecrets(answer), session, dead }
    } finally {
      void over.then(() => turn.end())
    }
  }

  async #fresh(): Promise<Session> {
    const now = this.#rim.now()
    if (this.#refused && now < this.#refused.until) throw this.#refused.refusal
    if (this.#memory.failures('ispconfig', now, failuresWindowMs) >= failuresMax)
      throw new Refusal(503, 'not-sent', 'ispconfig-pause', 'ispconfig refused several sessions in a row; the next one is tried later, before it locks us out')
    if (this.#session && now - this.#session.since < sessionLifeMs) return this.#session
    this.#loggingIn ??= this.#logIn(now).finally(() => {
      this.#loggingIn = undefined
    })
    return this.#loggingIn
  }

  #died(session: Session): void {
    this.#memory.fail('ispconfig', this.#rim.now(), failuresWindowMs)
    if (this.#session === session) this.#session = undefined
  }

  /** login. Whatever goes wrong here, the call that waits for it was not sent. */
  async #logIn(since: number): Promise<Session> {
    const { url, username, password } = this.#account
    const failed = new Refusal(503, 'not-sent', 'ispconfig-log-in', 'ispconfig did not answer the log-in')
    const order = call('login', JSON.stringify({ username, password }))
    const answer = await send(this.#rim, 'ispconfig', url, order, since + logInTimeoutMs).answer.catch((error: unknown) => {
      throw error instanceof NotConnected ? unreachable('ispconfig', [error.code]) : failed
    })
    const said = answer.status === 200 ? envelope.safeParse(decoded(answer.body)).data : undefined
    if (said === undefined) throw failed
    if (said.code === 'ok' && typeof said.response === 'string' && said.response !== '') {
      this.#session = { id: said.response, since }
      return this.#session
    }
    const message = said.message ?? ''
    if (/failure limit|too many failed/i.test(message)) throw this.#remember(lockedMs, new Refusal(503, 'not-sent', 'ispconfig-locked', 'ispconfig has locked the address of the gateway for some minutes'))
    if (!/login (?:failed|is not allowed)|username is empty|password is empty|may not use api/i.test(message)) throw failed
    this.#memory.fail('ispconfig', this.#rim.now(), failuresWindowMs)
    throw this.#remember(refusedMs, new Refusal(502, 'credentials', 'ispconfig-log-in', 'ispconfig refused the remote user of the gateway'))
  }

  #remember(ms: number, refusal: Refusal): Refusal {
    this.#refused = { refusal, until: this.#rim.now() + ms }
    return refusal
  }
}

const envelope = z.object({ code: z.string(), message: z.string().nullish(), response: z.unknown() })

const call = (name: string, body: string): Order =>
  ({ method: 'POST', path: `/remote/json.php?${name}`, headers: { 'content-type': 'application/json', accept: 'application/json' }, body })

const full = (): Refusal => new Refusal(503, 'not-sent', 'ispconfig-queue', 'too many calls wait for ispconfig')

const deadSession = (): Refusal => new Refusal(503, 'not-sent', 'ispconfig-session', 'ispconfig no longer accepts the session, a new log-in follows')

function lost(error: unknown): never {
  throw error instanceof NotConnected ? unreachable('ispconfig', [error.code]) : error
}

/** The named arguments of a call. */
function record(body: string | undefined): object {
  const value = decoded(body ?? '{}')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal(400, 'refused', 'body', 'the arguments must be a JSON object')
  return value
}

function isDead({ status, body }: Answer): boolean {
  const said = status === 200 ? envelope.safeParse(decoded(body)).data : undefined
  return said?.code === 'remote_fault' && /session (?:is expired|does not exist)|sessionid is empty/i.test(said.message ?? '')
}

const secretFields = ['password', 'passwort', 'dkim_private', 'relay_pass', 'id_rsa', 'otp_data']

/** Rows come with hashes of passwords and with private keys. */
function withoutSecrets(answer: Answer): Answer {
  if (!secretFields.some((name) => answer.body.includes(`"${name}"`))) return answer
  const blank = (key: string, value: unknown): unknown => (secretFields.includes(key) ? '' : value)
  const value = decoded(answer.body)
  return value === undefined ? answer : { ...answer, body: JSON.stringify(value, blank) }
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
