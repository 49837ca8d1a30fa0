// A zone in ISPConfig, opened: looked for among those of the customer's own client, and nowhere else.
import type { DnsRecord } from '../domain/dns/record.ts'
import { rrTypeOf, type RrType } from '../upstreams/ispconfig/dns.ts'
import { fromRow, ownZone, plainText, toRow } from './dns-rows.ts'
import type { Held, Open } from './zone-home.ts'

export const openPanelZone: Open = async (up, place) => {
  const { clientId, zone } = await ownZone(up, place)
  if (clientId === undefined || !zone) return undefined
  const { dns } = up.ispconfig
  const { origin, dnsServer } = place
  const row = (record: DnsRecord, at: number) => toRow(record, origin, { zone: zone.id, server: dnsServer, at })
  const rows = (await dns.rrGetAllByZone(zone.id)).toSorted((a, b) => a.id - b.id)
  return {
    id: String(zone.id),
    records: rows.map((one): Held => {
      const record = fromRow(one, origin)
      return { id: String(one.id), record, name: one.name, type: one.type, data: record?.data ?? plainText(one), ttl: one.ttl, priority: one.aux, active: one.active }
    }),
    add: async (record, at) => void (await dns.rrAdd(typeOf(record), clientId, row(record, at))),
    change: async (held, record, at) => void (await dns.rrUpdate(typeOf(record), clientId, Number(held.id), row(record, at))),
    remove: (held) => dns.rrDelete(rrTypeOf(held.type) ?? 'txt', Number(held.id)),
  }
}

function typeOf(record: DnsRecord): RrType {
  const type = rrTypeOf(record.type)
  if (!type) throw new Error(`ISPConfig has no functions for ${record.type}`)
  return type
}
