// Cloudflare's API v4 for the DNS records of a zone and for zones, in its own words; deleting the absent is success.
// There is no upsert and no idempotency key: whoever creates has looked before and looks again after any doubt.
// Pages: https://developers.cloudflare.com/api/resources/dns/subresources/records/

import type * as z from 'zod'
import type { UpstreamError } from '../../domain/errors.ts'
import type { Ask, Http, Reply } from '../http.ts'
import { path } from '../http.ts'
import * as wire from './wire.ts'

/**
 * A whole record: PUT drops what is left out. `ttl` in seconds, 1 is automatic; `comment` at most 100 characters, no line end. SRV, CAA
 * and TLSA have `data` in parts instead of `content`, MX a `priority`.
 */
export interface DnsRecordSettings {
  type: 'A' | 'AAAA' | 'CAA' | 'CNAME' | 'MX' | 'NS' | 'PTR' | 'SRV' | 'TLSA' | 'TXT'
  name: string
  content?: string
  data?: Record<string, string | number>
  priority?: number
  ttl: number
  proxied: boolean
  comment?: string
}

const notPermitted = [9109, 10_000]
const notFound = 81_044
/** Not a missing record but a path that leads nowhere, such as a wrong zone. */
const noRoute = [7000, 7003]
/** The zone is not there (any more). */
const noZone = 1001
/** A zone of this name exists: perhaps ours, from an answer that was lost. */
const zoneExists = 1061
/** Same host (CNAME), same name or identical record: perhaps ours, from an answer that was lost. Only reading back tells. */
const exists = [81_053, 81_057, 81_058]

/** Records of one page. */
const perPage = 500

/** The verbs over one `Http` whose base URL ends in /client/v4. All throw UpstreamError and nothing else. */
export class Cloudflare {
  readonly #http: Http
  readonly #records: string

  constructor(http: Http, zoneId: string) {
    this.#http = http
    this.#records = path`/zones/${zoneId}/dns_records`
  }

  /** The same verbs for the records of another zone. */
  inZone(zoneId: string): Cloudflare {
    return new Cloudflare(this.#http, zoneId)
  }

  /** GET /zones?name= (https://developers.cloudflare.com/api/resources/zones/methods/list/): the zone of exactly this name, no dot at its end. */
  async zoneByName(name: string): Promise<wire.Zone | undefined> {
    const zones = this.#result(wire.zones, await this.#http.send('GET', '/zones', { query: { name } }))
    return zones.find((zone) => zone.name === name)
  }

  /** POST /zones (methods/create). Its name servers are chosen by Cloudflare; it is empty, and pending until the registry names them. */
  async createZone(name: string, accountId: string): Promise<wire.Zone> {
    return this.#result(wire.zone, await this.#http.send('POST', '/zones', { json: { name, account: { id: accountId }, type: 'full' } }))
  }

  /** DELETE /zones/{zone_id} (methods/delete). Its records go with it. */
  async deleteZone(id: string): Promise<void> {
    const reply = await this.#http.send('DELETE', path`/zones/${id}`)
    if (reply.status >= 300 && !(reply.landed && codesOf(reply.json).includes(noZone))) throw this.#failure(reply)
  }

  /** GET /zones/{zone_id}/dns_records, all pages. */
  async allDnsRecords(): Promise<wire.DnsRecord[]> {
    const all: wire.DnsRecord[] = []
    for (let page = 1; ; page++) {
      const some = this.#result(wire.dnsRecords, await this.#http.send('GET', this.#records, { query: { order: 'name', page, per_page: perPage } }))
      all.push(...some)
      if (some.length < perPage) return all
    }
  }

  /** GET /zones/{zone_id}/dns_records?name.exact=&type= (methods/list) */
  async dnsRecords(filter: { name: string; type?: string }): Promise<wire.DnsRecord[]> {
    const query = { 'name.exact': filter.name, type: filter.type, per_page: 100 }
    return this.#result(wire.dnsRecords, await this.#http.send('GET', this.#records, { query }))
  }

  /** POST /zones/{zone_id}/dns_records (methods/create). Same name and type with another content is one more record. */
  async createDnsRecord(parameters: DnsRecordSettings): Promise<wire.DnsRecord> {
    return this.#write('POST', this.#records, parameters)
  }

  /** PUT /zones/{zone_id}/dns_records/{dns_record_id} (methods/update) */
  async updateDnsRecord(id: string, parameters: DnsRecordSettings): Promise<wire.DnsRecord> {
    return this.#write('PUT', `${this.#records}${path`/${id}`}`, parameters)
  }

  /** DELETE /zones/{zone_id}/dns_records/{dns_record_id} (methods/delete) */
  async deleteDnsRecord(id: string): Promise<void> {
    const reply = await this.#http.send('DELETE', `${this.#records}${path`/${id}`}`)
    const codes = reply.landed ? codesOf(reply.json) : []
    const absent = codes.includes(notFound) || (reply.status === 404 && codes.length > 0 && !noRoute.some((code) => codes.includes(code)))
    if (reply.status >= 300 && !absent) throw this.#failure(reply)
  }

  async #write(method: string, where: string, json: Ask['json']): Promise<wire.DnsRecord> {
    return this.#result(wire.dnsRecord, await this.#http.send(method, where, { json }))
  }

  #result<T>(schema: z.ZodType<T>, reply: Reply): T {
    if (reply.status >= 300) throw this.#failure(reply)
    const { success, result } = this.#http.parse(wire.envelope, reply)
    if (!success) throw this.#http.failure(reply, 'unknown')
    return this.#http.parse(schema, reply, result)
  }

  #failure(reply: Reply): UpstreamError {
    const codes = codesOf(reply.json)
    if (codes.some((code) => notPermitted.includes(code))) return this.#http.failure(reply, 'credentials')
    // The record went away or came into being between looking and writing: look again.
    if (codes.some((code) => code === notFound || code === zoneExists || exists.includes(code))) return this.#http.failure(reply, 'unknown')
    return this.#http.failure(reply)
  }
}

const errorsOf = (json: unknown): { code: number; message: string }[] => wire.envelope.safeParse(json).data?.errors ?? []

const codesOf = (json: unknown): number[] => errorsOf(json).map((error) => error.code)

/** The errors of an envelope, each with its code. */
export function words(json: unknown): string | undefined {
  const errors = errorsOf(json)
  return errors.length === 0 ? undefined : errors.map(({ code, message }) => `${message} (${code})`).join('; ')
}
