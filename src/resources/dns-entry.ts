// One record of a customer's zone, in either home. Its content is its identity, so it is looked for by content and never written
// twice; a change of another content is another record. Only the customer's own zone is ever looked into.
import * as z from 'zod'
import { UpstreamError, type System } from '../domain/errors.ts'
import { identityOf, type DnsRecord } from '../domain/dns/record.ts'
import type { Resource } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { atCloudflare, openCloudflareZone } from './cloudflare-zone.ts'
import { openPanelZone } from './panel-zone.ts'
import { inPanel } from './panel.ts'
import type { Held, Open, Place } from './zone-home.ts'

/** `at` is when it was asked for (epoch ms); it stays the same while the record does. */
export interface DnsEntryWish extends Place { record: DnsRecord; at: number }

const Out = z.object({ id: z.coerce.string() })
type Entry = Resource<Upstreams, DnsEntryWish, z.infer<typeof Out>>

function entry(open: Open, how: Pick<Entry, 'name' | 'needs' | 'given' | 'pools' | 'callTimeoutMs' | 'busyMs' | 'pollMs'> & { system: System }): Entry {
  return {
    ...how,
    title: 'DNS record',
    output: Out,

    async observe({ up, wish, mark }) {
      const [first] = matching(await open(up, wish, mark), wish.record)
      if (!first) return { state: 'absent' }
      const ok = first.ttl === wish.record.ttl && first.active
      return ok ? { state: 'present', ok, out: { id: first.id } } : { state: 'present', ok: false, differs: first.active ? 'TTL' : 'not active' }
    },

    async make({ up, wish, mark }) {
      const zone = await open(up, wish, mark)
      if (!zone) throw new UpstreamError(how.system, 'refused', `the zone ${wish.origin} is not there`, { landed: true })
      const [first] = matching(zone, wish.record)
      await (first ? zone.change(first, wish.record, wish.at) : zone.add(wish.record, wish.at))
      return undefined
    },

    async unmake({ up, wish, mark }) {
      const zone = await open(up, wish, mark)
      for (const held of matching(zone, wish.record)) await zone!.remove(held)
      return undefined
    },
  }
}

/** What says what the record says, whatever its TTL. */
const matching = (zone: { records: readonly Held[] } | undefined, record: DnsRecord): Held[] =>
  (zone?.records ?? []).filter((held) => held.record !== undefined && identityOf(held.record) === identityOf(record))

export const dnsEntry = entry(openPanelZone, { name: 'dns-entry', needs: ['dns-client'], ...inPanel })
export const cloudflareEntry = entry(openCloudflareZone, { name: 'cloudflare-entry', needs: [], ...atCloudflare })
