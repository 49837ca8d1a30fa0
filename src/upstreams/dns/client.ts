// DNS look-ups: several resolvers over HTTPS (RFC 8484), and any one name server through the gateway (docs/gateway.md).
// Nothing is ever changed by a look-up, so no error leaves a doubt: what failed was not sent. Never retries, never caches.
import { UpstreamError } from '../../domain/errors.ts'
import type { DnsAnswer, QueryType } from '../../domain/dns/answer.ts'
import type { Fields, Http } from '../http.ts'
import * as wire from './wire.ts'

/** One resolver as it is asked: its host, and where its answers come from. */
export interface Resolver { name: string; http: Http }

/** `unchecked`: answer even when signatures are wrong (CD). */
export interface Asking { unchecked?: boolean }

const media = 'application/dns-message'
const timeoutMs = 5_000
/** The gateway gives a name server two tries of two seconds. */
const serverTimeoutMs = 8_000

/** The verbs over one `Http` per resolver and one whose base URL is the gateway's. All throw UpstreamError of system `dns` and nothing else. */
export class Dns {
  readonly #resolvers: readonly Resolver[]
  readonly #gateway: Http
  /** Those that have failed within this call: nobody waits for them again. */
  readonly #away = new Set<Resolver>()

  constructor(resolvers: readonly Resolver[], gateway: Http) {
    this.#resolvers = resolvers
    this.#gateway = gateway
  }

  /** What each resolver says, side by side; those that failed are left out. Throws when none answered. */
  async resolve(name: string, type: QueryType, asking: Asking = {}): Promise<DnsAnswer[]> {
    const all = await Promise.allSettled(this.#resolvers.map((one) => this.#over(one, name, type, asking)))
    const answers = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    if (answers.length === 0) throw all.find((one) => one.status === 'rejected')?.reason ?? new UpstreamError('dns', 'refused', 'no resolver is configured')
    return answers
  }

  /** What the first resolver says that answers; those that failed before are asked last. Throws when none did. */
  async first(name: string, type: QueryType, asking: Asking = {}): Promise<DnsAnswer> {
    let failed: unknown = new UpstreamError('dns', 'refused', 'no resolver is configured')
    for (const one of [...this.#resolvers].sort((a, b) => Number(this.#away.has(a)) - Number(this.#away.has(b)))) {
      try {
        return await this.#over(one, name, type, asking)
      } catch (error) {
        failed = error
      }
    }
    throw failed
  }

  /** GET {gateway}/dns?name=&type=&server= (docs/gateway.md): what the name server at this address says. */
  async at(server: string, name: string, type: QueryType): Promise<DnsAnswer> {
    return this.#ask(this.#gateway, '/dns', { name, type, server }, name, type, server, serverTimeoutMs)
  }

  /** GET {resolver}?dns= (RFC 8484, 4.1) */
  async #over(one: Resolver, name: string, type: QueryType, { unchecked = false }: Asking): Promise<DnsAnswer> {
    try {
      return await this.#ask(one.http, '', { dns: wire.question(name, type, unchecked) }, name, type, one.name, timeoutMs)
    } catch (error) {
      this.#away.add(one)
      throw error
    }
  }

  async #ask(http: Http, path: string, query: Fields, name: string, type: QueryType, from: string, ms: number): Promise<DnsAnswer> {
    try {
      return wire.answer(await http.bytes(path, query, media, ms), name, type, from)
    } catch (error) {
      throw settled(error, `${type} ${name} at ${from}`, http === this.#gateway)
    }
  }
}

/** A look-up that failed has done nothing. Only the gateway can refuse us for good: a resolver that does is one that is away. */
function settled(error: unknown, what: string, gateway: boolean): UpstreamError {
  if (!(error instanceof UpstreamError)) return new UpstreamError('dns', 'not-sent', `${what}: an answer that is not DNS`, { cause: error })
  const fate = gateway && (error.fate === 'refused' || error.fate === 'credentials') ? error.fate : 'not-sent'
  const { landed, status, retryAfterMs } = error
  return new UpstreamError('dns', fate, `${what}: ${error.message}`, {
    landed, cause: error, ...(status === undefined ? {} : { status }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}
