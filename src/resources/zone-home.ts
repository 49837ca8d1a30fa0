// A zone opened in its home, so that whoever writes records need not know which home it is. Only the customer's own zone is opened.
import type { DnsRecord } from '../domain/dns/record.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

/** A record as it stands there; `record` is undefined when it holds something that we would not write. */
export interface Held {
  id: string
  record: DnsRecord | undefined
  name: string
  type: string
  data: string
  ttl: number
  priority: number
  active: boolean
}

/** `at` is when a record was asked for (epoch ms). */
export interface OpenZone {
  /** The id that the home gave it. */
  id: string
  records: readonly Held[]
  add(record: DnsRecord, at: number): Promise<void>
  change(held: Held, record: DnsRecord, at: number): Promise<void>
  remove(held: Held): Promise<void>
}

/** What a zone is found by: its client in ISPConfig, or the mark of its customer at Cloudflare. */
export interface Place { customerNo: string; dnsServer: number; origin: string }

/** Opens the customer's own zone, with all of its records; undefined when it is not there. `mark` is the customer's. */
export type Open = (up: Upstreams, place: Place, mark: string) => Promise<OpenZone | undefined>
