// A customer's zone at Cloudflare. Zones there have no owner but the account, so ours say by a record whose they are: a TXT whose
// comment is the customer's mark. A zone without it is somebody else's, unless we have just made it and it is still empty.
import * as z from 'zod'
import { zoneMarkName } from '../domain/dns/home.ts'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { UpstreamError } from '../domain/errors.ts'
import type { DnsRecord as Row, Zone } from '../upstreams/cloudflare/wire.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { fromCloudflare, toCloudflare } from './cloudflare-rows.ts'
import type { Held, Open, OpenZone } from './zone-home.ts'

/** `account` is Cloudflare's id of the account in which zones are made. */
export interface CloudflareZoneWish { origin: string; account: string }

const Out = z.object({ zoneId: z.string(), nameServers: z.array(z.string()) })

/** What every row at Cloudflare has in common; a person may have made it in the dashboard, so it is looked at before the first call. */
export const atCloudflare = { given: true, system: 'cloudflare', pools: () => ['cloudflare'], callTimeoutMs: 15_000, busyMs: 300_000, pollMs: 1_000 } as const

const bare = (origin: string): string => origin.replace(/\.$/, '')
const foreign = 'the domain has a zone at Cloudflare that is not ours'

export const cloudflareZone: Resource<Upstreams, CloudflareZoneWish, z.infer<typeof Out>> = {
  name: 'cloudflare-zone',
  title: 'DNS zone',
  needs: [],
  ...atCloudflare,
  output: Out,

  async observe({ up, wish, mark, attempt }): Promise<Seen<z.infer<typeof Out>>> {
    const found = await look(up, wish.origin, mark, attempt)
    if (!found) return { state: 'absent' }
    const { zone, whose } = found
    const out = { zoneId: zone.id, nameServers: zone.name_servers }
    if (whose === 'foreign') return { state: 'foreign', why: foreign }
    return whose === 'ours' ? { state: 'present', ok: true, out } : { state: 'present', ok: false, differs: 'not marked', out }
  },

  async make({ up, wish, mark, attempt }) {
    const found = await look(up, wish.origin, mark, attempt)
    if (found?.whose === 'foreign') throw new UpstreamError('cloudflare', 'refused', foreign, { landed: true })
    if (found?.whose === 'ours') return undefined
    const zone = found?.zone ?? (await up.cloudflare.createZone(bare(wish.origin), wish.account))
    await up.cloudflare.inZone(zone.id).createDnsRecord({ type: 'TXT', name: bare(zoneMarkName(wish.origin)), content: '"v=berth1"', ttl: 3_600, proxied: false, comment: mark })
    return undefined
  },

  async unmake({ up, wish, mark, attempt }) {
    const found = await look(up, wish.origin, mark, attempt)
    if (found && found.whose !== 'foreign') await up.cloudflare.deleteZone(found.zone.id)
    return undefined
  },
}

/** The zone of this name in the account, and whether it is this customer's; `new` when only we can have made it. */
async function look(up: Upstreams, origin: string, mark: string, attempt: number): Promise<{ zone: Zone; whose: 'ours' | 'new' | 'foreign' } | undefined> {
  const zone = await up.cloudflare.zoneByName(bare(origin))
  if (!zone) return undefined
  const at = up.cloudflare.inZone(zone.id)
  const marks = await at.dnsRecords({ name: bare(zoneMarkName(origin)), type: 'TXT' })
  if (marks.some(({ comment }) => bears(comment ?? undefined, mark))) return { zone, whose: 'ours' }
  return { zone, whose: attempt > 0 && marks.length === 0 && (await at.allDnsRecords()).length === 0 ? 'new' : 'foreign' }
}

/** With what the registrar must be told, and whether the registry names those servers already. */
export interface OpenCloudflareZone extends OpenZone { nameServers: string[]; delegated: boolean }

export const openCloudflareZone = (async (up, { origin }, mark): Promise<OpenCloudflareZone | undefined> => {
  const zone = await up.cloudflare.zoneByName(bare(origin))
  if (!zone) return undefined
  const at = up.cloudflare.inZone(zone.id)
  const rows = (await at.allDnsRecords()).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const isMark = (row: Row): boolean => row.name === bare(zoneMarkName(origin))
  if (!rows.some((row) => isMark(row) && bears(row.comment ?? undefined, mark))) return undefined
  return {
    id: zone.id,
    nameServers: zone.name_servers.map((host) => `${host}.`),
    delegated: zone.status === 'active',
    records: rows.filter((row) => !isMark(row)).map((row): Held => {
      const record = fromCloudflare(row, origin)
      return { id: row.id, record, name: row.name, type: row.type, data: record?.data ?? row.content ?? '', ttl: row.ttl ?? 1, priority: row.priority ?? 0, active: true }
    }),
    add: async (record) => void (await at.createDnsRecord(toCloudflare(record, mark))),
    change: async (held, record) => void (await at.updateDnsRecord(held.id, toCloudflare(record, mark))),
    remove: (held) => at.deleteDnsRecord(held.id),
  }
}) satisfies Open
