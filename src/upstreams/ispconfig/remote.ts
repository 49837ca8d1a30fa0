// One function of ISPConfig's JSON remote API: named arguments in, `response` out. Every error comes under status 200, most of
// them as bare words: what they prove is decided here, once. The gateway logs in and adds the session.
// Page: https://git.ispconfig.org/ispconfig/ispconfig3/-/tree/develop/remoting_client/API-docs (a page per function)

import * as z from 'zod'
import { UpstreamError } from '../../domain/errors.ts'
import type { Fate } from '../../domain/errors.ts'
import type { Http, Reply } from '../http.ts'
import { path } from '../http.ts'
import * as wire from './wire.ts'

/** What a text of a fault proves; the code of a fault does not reach us. The first match counts. */
const faults: readonly (readonly [RegExp, Fate])[] = [
  [/do not have the permissions|login failed|login is not allowed|may not use api/i, 'credentials'],
  // Said before anything else is looked at; the gateway logs in anew.
  [/session is expired|sessionid is empty|login failure limit|too many failed/i, 'not-sent'],
  [/^(?:invalid client_id|invalid reseller|reseller cannot|there is (?:no|already) |invalid domain name|the id )|mail ?domain.*does not exist|already exists|duplicate/i, 'refused'],
]

/** Untranslated keys of the validators, such as `origin_error_unique`, alone or several with a line break between. */
const key = /^[a-z][a-z0-9_]*$/

/** Calls functions over one `Http` whose base URL ends in /ispconfig. */
export class Remote {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** POST /remote/json.php?{name}. The row ids in `response` are text; see `wire.ts`. */
  async call<T>(name: string, parameters: Record<string, unknown>, schema: z.ZodType<T>): Promise<T> {
    const reply = await this.#http.send('POST', path`/${name}`, { json: parameters })
    return this.#http.parse(schema, reply, this.#response(reply))
  }

  /** Like `call` where finding nothing is no failure: `false`, an empty list, nothing at all, or a fault that says so. */
  async find<T>(name: string, parameters: Record<string, unknown>, schema: z.ZodType<T>): Promise<T | undefined> {
    const reply = await this.#http.send('POST', path`/${name}`, { json: parameters })
    const said = wire.envelope.safeParse(reply.json).data
    if (reply.landed && said?.code === 'remote_fault' && /^there is no /i.test(said.message ?? '')) return undefined
    const response = this.#response(reply)
    return isNothing(response) ? undefined : this.#http.parse(schema, reply, response)
  }

  /** Like `find` for lists. */
  async list<T>(name: string, parameters: Record<string, unknown>, schema: z.ZodType<T>): Promise<T[]> {
    return (await this.find(name, parameters, z.array(schema))) ?? []
  }

  /** Deletes; no row affected is success, because then it is absent. */
  async remove(name: string, parameters: Record<string, unknown>): Promise<void> {
    const absent = z.union([wire.count, z.literal(false), z.null()])
    await this.call(name, parameters, absent)
  }

  #response(reply: Reply): unknown {
    if (reply.status >= 300 || !reply.landed) throw this.#http.failure(reply, reply.status >= 400 && reply.status < 500 ? 'refused' : 'unknown')
    const { code, message, response } = this.#http.parse(wire.envelope, reply)
    if (code === 'ok') return response
    throw this.#fault(reply, code, (message ?? '').trim())
  }

  #fault(reply: Reply, code: string, message: string): UpstreamError {
    // An older release that lacks the function, or a body that it could not read: it will say so again.
    if (code !== 'remote_fault') return this.#http.failure(reply, 'refused', `${message} (${code})`)
    const keys = message.split(/<br ?\/?>/i).map((part) => part.trim()).filter((part) => part !== '')
    const fate = faults.find(([pattern]) => pattern.test(message))?.[1]
    if (fate === undefined && keys.length > 0 && keys.every((one) => key.test(one))) return this.#http.failure(reply, 'refused', keys.map(readable).join('; '))
    // A failed statement of its database is quoted whole, passwords included.
    if (fate === undefined) return this.#http.failure(reply, 'unknown', /\b(?:INSERT|UPDATE|SELECT|DELETE)\b/.test(message) ? 'its database failed' : message)
    return this.#http.failure(reply, fate, message)
  }
}

const isNothing = (response: unknown): boolean =>
  response === undefined || response === null || response === false || response === '' || (Array.isArray(response) && response.length === 0)

const wrongs: readonly (readonly [RegExp, string])[] = [
  [/unique|duplicate|collision/, 'is already taken'],
  [/empty|notempty/, 'must not be empty'],
  [/range/, 'is out of range'],
  [/notint|isint/, 'must be a whole number'],
  [/isemail/, 'is not an e-mail address'],
  [/weak_password/, 'is too weak'],
  [/regex|wrong|isip|value|error/, 'is not valid'],
]

/** `origin_error_unique` -> `origin is already taken (origin_error_unique)`. */
function readable(word: string): string {
  const field = word.replace(/_(?:error|range|notempty|isemail|is_no|txt)(?:_.*)?$/, '').replace(/^weak_/, '')
  const wrong = wrongs.find(([pattern]) => pattern.test(word))?.[1]
  return wrong === undefined ? `it says ${word}` : `${field} ${wrong} (${word})`
}

/** The fault's own text. */
export function words(json: unknown): string | undefined {
  const said = wire.envelope.safeParse(json).data
  return said?.message ?? undefined
}
