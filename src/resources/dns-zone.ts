// A customer's zone in ISPConfig: its SOA only, records are rows of their own. A zone of the same name in another account is
// never touched. Going, it takes all of its records with it first, because ISPConfig would leave them behind.
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { rrTypeOf } from '../upstreams/ispconfig/dns.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { dnsClient } from './dns-client.ts'
import { ownZone } from './dns-rows.ts'
import { inPanel } from './panel.ts'
import type { Place } from './zone-home.ts'

export interface DnsZoneWish extends Place { ns: string }

const Out = z.object({ zoneId: z.int() })

/** Records deleted by one call: well within its time. */
const deletesMax = 30

/** Seconds; the contract's. */
const soa = { refresh: 86_400, retry: 7_200, expire: 3_600_000, minimum: 3_600, ttl: 3_600 }

export const dnsZone: Resource<Upstreams, DnsZoneWish, z.infer<typeof Out>> = {
  name: 'dns-zone',
  title: 'DNS zone',
  needs: ['dns-client'],
  ...inPanel,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { zone } = await ownZone(up, wish)
    if (zone) return { state: 'present', ok: true, out: { zoneId: zone.id } }
    const other = await up.ispconfig.dns.zoneByOrigin(wish.origin)
    return other ? { state: 'foreign', why: 'the domain has a zone in another account on this platform' } : { state: 'absent' }
  },

  async make({ up, wish, output }) {
    const { origin, ns, dnsServer } = wish
    await up.ispconfig.dns.zoneAdd(output(dnsClient).clientId, {
      server_id: dnsServer, origin, ns, mbox: `hostmaster.${origin}`, serial: 1, ...soa, active: true, xfer: '', also_notify: '',
    })
    return undefined
  },

  async unmake({ up, wish }) {
    const { dns } = up.ispconfig
    const { zone } = await ownZone(up, wish)
    if (!zone) return undefined
    const rows = await dns.rrGetAllByZone(zone.id)
    for (const row of rows.slice(0, deletesMax)) {
      // A type that has no functions of its own goes by those of TXT: all of them are rows of one table.
      await dns.rrDelete(rrTypeOf(row.type) ?? 'txt', row.id)
    }
    if (rows.length <= deletesMax) await dns.zoneDelete(zone.id)
    return undefined
  },
}
