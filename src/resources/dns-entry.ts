// One record of a customer's zone. Its content is its identity, so it is looked for by content and never written twice; a
// change of another content is another record. Only zones of the customer's own client are ever looked into.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { identityOf, type DnsRecord } from '../domain/dns/record.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { rrTypeOf, type RrType } from '../upstreams/ispconfig/dns.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { Rr } from '../upstreams/ispconfig/wire.ts'
import { fromRow, ownZone, toRow, type Place } from './dns-rows.ts'
import { inPanel } from './panel.ts'

/** `at` is when it was asked for (epoch ms); it stays the same while the record does. */
export interface DnsEntryWish extends Place { record: DnsRecord; at: number }

const Out = z.object({ id: z.int() })

export const dnsEntry: Resource<Upstreams, DnsEntryWish, z.infer<typeof Out>> = {
  name: 'dns-entry',
  title: 'DNS record',
  needs: ['dns-client'],
  ...inPanel,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { rows } = await matching(up, wish)
    const [first] = rows
    if (!first) return { state: 'absent' }
    const ok = first.ttl === wish.record.ttl && first.active
    return ok ? { state: 'present', ok, out: { id: first.id } } : { state: 'present', ok: false, differs: first.active ? 'TTL' : 'not active' }
  },

  async make({ up, wish }) {
    const { clientId, zone, rows } = await matching(up, wish)
    if (clientId === undefined || zone === undefined) throw new UpstreamError('ispconfig', 'refused', `the zone ${wish.origin} is not there`, { landed: true })
    const row = toRow(wish.record, wish.origin, { zone, server: wish.dnsServer, at: wish.at })
    const [first] = rows
    if (first) await up.ispconfig.dns.rrUpdate(typeOf(wish.record), clientId, first.id, row)
    else await up.ispconfig.dns.rrAdd(typeOf(wish.record), clientId, row)
    return undefined
  },

  async unmake({ up, wish }) {
    const { rows } = await matching(up, wish)
    for (const row of rows) await up.ispconfig.dns.rrDelete(typeOf(wish.record), row.id)
    return undefined
  },
}

/** The zone's id, and the rows that say what the record says, whatever their TTL. */
async function matching(up: Upstreams, { record, ...place }: DnsEntryWish): Promise<{ clientId?: number; zone?: number; rows: Rr[] }> {
  const { clientId, zone } = await ownZone(up, place)
  if (clientId === undefined || !zone) return { rows: [] }
  const identity = identityOf(record)
  const rows = await up.ispconfig.dns.rrGetAllByZone(zone.id)
  return { clientId, zone: zone.id, rows: rows.filter((row) => {
    const read = fromRow(row, place.origin)
    return read !== undefined && identityOf(read) === identity
  }).toSorted((a, b) => a.id - b.id) }
}

function typeOf(record: DnsRecord): RrType {
  const type = rrTypeOf(record.type)
  if (!type) throw new Error(`ISPConfig has no functions for ${record.type}`)
  return type
}
