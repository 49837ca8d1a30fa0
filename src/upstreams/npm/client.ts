// Nginx Proxy Manager's API in its own words; absence is undefined, deleting the absent and repeating a switch is success.
// It never says 401: what a lost right looks like is in one table below. A 500 to a write may well have been carried out.
// Pages: https://github.com/NginxProxyManager/nginx-proxy-manager/tree/v2.15.1/backend/schema/paths (path in brackets).

import type { Ask, Http, Reply } from '../http.ts'
import { path } from '../http.ts'
import * as wire from './wire.ts'

/** The only keys that a PUT takes: what a GET returns besides them is refused. `certificate_id` 0 is none. */
export interface ProxyHostSettings {
  domain_names?: string[]
  forward_scheme?: 'http' | 'https'
  forward_host?: string
  forward_port?: number
  certificate_id?: number
  access_list_id?: number
  ssl_forced?: boolean
  http2_support?: boolean
  hsts_enabled?: boolean
  hsts_subdomains?: boolean
  allow_websocket_upgrade?: boolean
  block_exploits?: boolean
  caching_enabled?: boolean
  advanced_config?: string
  meta?: Record<string, unknown>
}

export type NewProxyHost = ProxyHostSettings & Required<Pick<ProxyHostSettings, 'domain_names' | 'forward_scheme' | 'forward_host' | 'forward_port'>>

/** The verbs over one `Http` whose base URL ends in /api. All throw UpstreamError and nothing else. */
export class Npm {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** GET /nginx/proxy-hosts?query={query} (nginx/proxy-hosts/get). The query is a part of a domain: compare exactly. */
  async proxyHosts(query?: string): Promise<wire.ProxyHost[]> {
    return this.#http.parse(wire.proxyHosts, this.#good(await this.#read('/nginx/proxy-hosts', { query: { query } })))
  }

  /** GET /nginx/proxy-hosts/{hostID} (nginx/proxy-hosts/hostID/get) */
  async proxyHost(id: number): Promise<wire.ProxyHost | undefined> {
    const reply = await this.#read(path`/nginx/proxy-hosts/${id}`)
    return isMissing(reply) ? undefined : this.#http.parse(wire.proxyHost, this.#good(reply))
  }

  /**
   * POST /nginx/proxy-hosts (nginx/proxy-hosts/post). The row answered has the `meta` from before nginx was asked:
   * read it again and require nginx_online. A domain in use is refused.
   */
  async createProxyHost(parameters: NewProxyHost): Promise<wire.ProxyHost> {
    return this.#http.parse(wire.proxyHost, this.#good(await this.#http.send('POST', '/nginx/proxy-hosts', { json: parameters })))
  }

  /** PUT /nginx/proxy-hosts/{hostID} (nginx/proxy-hosts/hostID/put). Any subset; `enabled` is not among it, it would not reach nginx. */
  async updateProxyHost(id: number, parameters: ProxyHostSettings): Promise<wire.ProxyHost> {
    return this.#http.parse(wire.proxyHost, this.#good(await this.#http.send('PUT', path`/nginx/proxy-hosts/${id}`, { json: parameters })))
  }

  /** DELETE /nginx/proxy-hosts/{hostID} (nginx/proxy-hosts/hostID/delete) */
  async deleteProxyHost(id: number): Promise<void> {
    const reply = await this.#http.send('DELETE', path`/nginx/proxy-hosts/${id}`)
    if (!isMissing(reply)) this.#good(reply)
  }

  /** POST /nginx/proxy-hosts/{hostID}/enable (nginx/proxy-hosts/hostID/enable/post). The second time is a 400. */
  async enableProxyHost(id: number): Promise<void> {
    this.#goodOr(/already enabled/i, await this.#http.send('POST', path`/nginx/proxy-hosts/${id}/enable`))
  }

  /** POST /nginx/proxy-hosts/{hostID}/disable (nginx/proxy-hosts/hostID/disable/post). The second time is a 400. */
  async disableProxyHost(id: number): Promise<void> {
    this.#goodOr(/already disabled/i, await this.#http.send('POST', path`/nginx/proxy-hosts/${id}/disable`))
  }

  /** GET /nginx/certificates (nginx/certificates/get) */
  async certificates(): Promise<wire.Certificate[]> {
    return this.#http.parse(wire.certificates, this.#good(await this.#read('/nginx/certificates')))
  }

  /**
   * POST /nginx/certificates (nginx/certificates/post), over HTTP-01. Blocks until certbot has ended, which may be long after our
   * time is over; meanwhile the row stands in the list. When certbot has failed the row is gone again, and the error, which is then
   * `not-sent`, holds its words. `number` is kept in the row.
   */
  async requestCertificate(name: string, number: number): Promise<void> {
    const meta = { dns_challenge: false, key_type: 'ecdsa', propagation_seconds: number }
    const reply = await this.#http.send('POST', '/nginx/certificates', { json: { provider: 'letsencrypt', domain_names: [name], meta }, timeoutMs: 20_000 })
    const said = certbotSaid(reply.json)
    if (reply.landed && reply.status >= 500 && said !== undefined) throw this.#http.failure(reply, 'not-sent', said)
    this.#good(reply)
  }

  /** DELETE /nginx/certificates/{certID} (nginx/certificates/certID/delete). Revoked at the authority; whoever still uses it is not asked. */
  async deleteCertificate(id: number): Promise<void> {
    const reply = await this.#http.send('DELETE', path`/nginx/certificates/${id}`)
    if (!isMissing(reply)) this.#good(reply)
  }

  /** Only a token that the server cannot verify makes a read end so; to a write it may be nginx that failed, after the row was changed. */
  async #read(where: string, ask?: Ask): Promise<Reply> {
    const reply = await this.#http.send('GET', where, ask)
    if (reply.landed && reply.status === 500 && words(reply.json) === 'Internal Error') throw this.#http.failure(reply, 'credentials')
    return reply
  }

  #goodOr(already: RegExp, reply: Reply): void {
    if (!(reply.status === 400 && reply.landed && already.test(words(reply.json) ?? ''))) this.#good(reply)
  }

  #good(reply: Reply): Reply {
    if (reply.status < 300) return reply
    const said = words(reply.json) ?? ''
    if (reply.status === 404 && said.startsWith('Not Found - /')) throw this.#http.failure(reply, 'credentials')
    if (reply.status === 400 && /^(Token has expired|Invalid email or password)/.test(said)) throw this.#http.failure(reply, 'credentials')
    // The row went away between looking and writing: look again rather than give up.
    if (isMissing(reply)) throw this.#http.failure(reply, 'unknown')
    throw this.#http.failure(reply)
  }
}

/** A missing object is named by number (2.12: "Item Not Found"); without the right to see it, by path. */
const isMissing = (reply: Reply): boolean => reply.status === 404 && reply.landed && /Not Found - \d+$/.test(words(reply.json) ?? '')

/** What a command that NPM ran has said: it is nowhere else, and only there when one was run. */
function certbotSaid(json: unknown): string | undefined {
  const { debug } = (typeof json === 'object' && json !== null ? json : {}) as { debug?: { stack?: unknown; previous?: unknown } | null }
  if (typeof debug?.previous !== 'object' || debug.previous === null || !Array.isArray(debug.stack)) return undefined
  return debug.stack.join(' ')
}

/** The text of an error body; some have a plain text instead of an object. */
export function words(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { error } = json as { error?: unknown }
  if (typeof error === 'string') return error
  const { message } = (typeof error === 'object' && error !== null ? error : {}) as { message?: unknown }
  return typeof message === 'string' ? message : undefined
}
