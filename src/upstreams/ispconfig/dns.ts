// ISPConfig's DNS: zones (dns_soa) and their records (dns_rr). A change raises the zone's serial always, or the second name
// server would never hear of it, and it is live only after the servers' cron, about a minute later.
// dns_zone_get_id is not used: it looks names up as prefixes and knows no top-level domain longer than four letters.

import * as z from 'zod'
import { UpstreamError } from '../../domain/errors.ts'
import type { Remote } from './remote.ts'
import * as wire from './wire.ts'

export const rrTypes = ['a', 'aaaa', 'cname', 'mx', 'ns', 'txt', 'srv', 'caa', 'tlsa', 'ptr', 'alias'] as const
export type RrType = (typeof rrTypes)[number]

/** Names with the dot at their end, `mbox` with a dot for the @; times in seconds, none below 60. */
export interface ZoneSettings {
  server_id: number
  origin: string
  ns: string
  mbox: string
  serial: number
  refresh: number
  retry: number
  expire: number
  minimum: number
  ttl: number
  active: boolean
  /** Addresses that may transfer the zone and that are told of changes, with commas between. */
  xfer: string
  also_notify: string
}

/**
 * A whole record. `name` relative, empty (the apex) or with a dot at its end; host names in `data` with a dot at their end; `aux` is
 * the priority of MX and SRV, 0 elsewhere; `stamp` is when, in epoch ms.
 */
export interface RrSettings { server_id: number; zone: number; name: string; data: string; aux: number; ttl: number; active: boolean; stamp: number }

export class Dns {
  readonly #remote: Remote

  constructor(remote: Remote) {
    this.#remote = remote
  }

  /** dns_zone_get by id */
  async zoneGet(id: number): Promise<wire.Zone | undefined> {
    return this.#remote.find('dns_zone_get', { primary_id: id }, wire.zone)
  }

  /** dns_zone_get by name, whoever owns it and however it was entered: "example.com" finds `example.com.` and nothing longer. */
  async zoneByOrigin(origin: string): Promise<wire.Zone | undefined> {
    const wanted = bare(origin)
    if (/[%_]/.test(wanted) || wanted === '') return undefined
    const similar = await this.#remote.list('dns_zone_get', { primary_id: { origin: `${wanted}%` } }, wire.zone)
    return similar.find((zone) => bare(zone.origin) === wanted)
  }

  /** dns_zone_get_by_user: the zones of one client on one server, id and origin only. */
  async zoneGetByUser(clientId: number, serverId: number): Promise<wire.ZoneName[]> {
    return this.#remote.list('dns_zone_get_by_user', { client_id: clientId, server_id: serverId }, wire.zoneName)
  }

  /** dns_zone_add. An origin that exists, whoever has it, is refused. */
  async zoneAdd(clientId: number, zone: ZoneSettings): Promise<number> {
    return this.#remote.call('dns_zone_add', { client_id: clientId, params: { ...soa(zone), update_acl: '', dnssec_wanted: 'N', dnssec_info: '' } }, wire.count)
  }

  /** dns_zone_delete. Its records stay behind in the database: delete them first. */
  async zoneDelete(id: number): Promise<void> {
    await this.#remote.remove('dns_zone_delete', { primary_id: id })
  }

  /** dns_rr_get_all_by_zone */
  async rrGetAllByZone(zoneId: number): Promise<wire.Rr[]> {
    return this.#remote.list('dns_rr_get_all_by_zone', { zone_id: zoneId }, wire.rr)
  }

  /** dns_{type}_add. The serial rises before the record is judged. */
  async rrAdd(type: RrType, clientId: number, rr: RrSettings): Promise<number> {
    return this.#remote.call(`dns_${type}_add`, { client_id: clientId, params: record(type, rr), update_serial: true }, wire.count)
  }

  /** dns_{type}_update; answers the rows affected. A record cannot change its type. */
  async rrUpdate(type: RrType, clientId: number, id: number, rr: RrSettings): Promise<number> {
    return this.#remote.call(`dns_${type}_update`, { client_id: clientId, primary_id: id, params: record(type, rr), update_serial: true }, wire.count)
  }

  /**
   * dns_{type}_delete. It raises the serial first, for which it takes the zone from the record: of a record that is gone it takes
   * none, and complains of a zone without a name.
   */
  async rrDelete(type: RrType, id: number): Promise<void> {
    try {
      await this.#remote.remove(`dns_${type}_delete`, { primary_id: id, update_serial: true })
    } catch (error) {
      if (!(error instanceof UpstreamError && error.landed && (error.fate === 'refused' || error.fate === 'unknown'))) throw error
      if ((await this.#remote.find(`dns_${type}_get`, { primary_id: id }, wire.rr)) !== undefined) throw error
    }
  }
}

const bare = (origin: string): string => origin.toLowerCase().replace(/\.$/, '')

const yes = (flag: boolean): 'Y' | 'N' => (flag ? 'Y' : 'N')

function soa({ active, ...zone }: ZoneSettings): Record<string, string> {
  const texts = Object.fromEntries(Object.entries(zone).map(([name, value]) => [name, String(value)]))
  return { ...texts, active: yes(active) }
}

function record(type: RrType, { active, aux, stamp, ...rr }: RrSettings): Record<string, string> {
  const priority: Record<string, string> = type === 'mx' || type === 'srv' ? { aux: String(aux) } : {}
  return {
    server_id: String(rr.server_id), zone: String(rr.zone), name: rr.name, type: type.toUpperCase(), data: rr.data, ttl: String(rr.ttl), ...priority,
    active: yes(active), stamp: new Date(stamp).toISOString().slice(0, 19).replace('T', ' '),
    // Of the record, not of the zone; nothing reads it.
    serial: '1',
  }
}

/** The type of a row as the functions are called, or undefined when Berth has no functions for it. */
export const rrTypeOf = (type: string): RrType | undefined => z.enum(rrTypes).safeParse(type.toLowerCase()).data
