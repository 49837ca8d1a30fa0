// The site's A record in Cloudflare. Same name with another content is legal there and would split the traffic, so it is
// observed by name and converged by record id, never appended.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Reach } from './reach.ts'

/** `wildcard`: a record of this name may make one of the site's own needless. */
export interface DnsRecordWish { hostname: string; ip: string; ttl: number; wildcard?: string }

const Out = z.object({ id: z.string() })

export const dnsRecord: Resource<Reach, DnsRecordWish, z.infer<typeof Out>> = {
  name: 'dns-record',
  title: 'DNS record',
  needs: ['address'],
  system: 'cloudflare',
  pools: () => ['cloudflare'],
  callTimeoutMs: 15_000,
  busyMs: 300_000,
  pollMs: 1_000,
  output: Out,

  async observe({ up, wish, mark, want }): Promise<Seen<z.infer<typeof Out>>> {
    const records = await up.cloudflare.dnsRecords({ name: wish.hostname })
    const ours = records.filter((record) => bears(record.comment ?? undefined, mark))
    const first = ours[0]
    if (!first && records.length > 0) return { state: 'foreign', why: taken(wish) }
    if (!first) {
      const wildcard = want === 'present' ? await covering(up, wish) : undefined
      return wildcard === undefined ? { state: 'absent' } : { state: 'present', ok: true, out: { id: wildcard } }
    }
    if (records.length > ours.length) return { state: 'present', ok: false, differs: taken(wish) }
    if (ours.length > 1) return { state: 'present', ok: false, differs: `${ours.length} records` }
    if (first.type !== 'A' || first.content !== wish.ip || first.ttl !== wish.ttl) return { state: 'present', ok: false, differs: 'content' }
    return { state: 'present', ok: true, out: { id: first.id } }
  },

  async make({ up, wish, mark }) {
    const record = { type: 'A', name: wish.hostname, content: wish.ip, ttl: wish.ttl, proxied: false, comment: mark } as const
    const records = await up.cloudflare.dnsRecords({ name: wish.hostname })
    const [first, ...more] = records.filter((one) => bears(one.comment ?? undefined, mark))
    // A second answer under this name would split somebody else's traffic.
    if (records.some((one) => !bears(one.comment ?? undefined, mark))) throw new UpstreamError('cloudflare', 'refused', taken(wish), { landed: true })
    if (!first) {
      if ((await covering(up, wish)) === undefined) await up.cloudflare.createDnsRecord(record)
      return undefined
    }
    for (const extra of more) await up.cloudflare.deleteDnsRecord(extra.id)
    await up.cloudflare.updateDnsRecord(first.id, record)
    return undefined
  },

  async unmake({ up, wish, mark }) {
    for (const record of await up.cloudflare.dnsRecords({ name: wish.hostname }))
      if (bears(record.comment ?? undefined, mark)) await up.cloudflare.deleteDnsRecord(record.id)
    return undefined
  },

  async adopt({ up, wish, mark }) {
    const [first, ...more] = await up.cloudflare.dnsRecords({ name: wish.hostname })
    if (more.length > 0) throw new UpstreamError('cloudflare', 'refused', `${wish.hostname} has ${more.length + 1} records`, { landed: true })
    if (first) await up.cloudflare.updateDnsRecord(first.id, { type: 'A', name: wish.hostname, content: wish.ip, ttl: wish.ttl, proxied: false, comment: mark })
    return undefined
  },
}

/** The wildcard record that leads this name where it is wanted, as it stands now. Any record of the very name, of whatever type, would end it there. */
async function covering(up: Reach, wish: DnsRecordWish): Promise<string | undefined> {
  if (wish.wildcard === undefined) return undefined
  const records = (await up.cloudflare.dnsRecords({ name: wish.wildcard })).filter(({ type }) => type === 'A' || type === 'AAAA' || type === 'CNAME')
  return records.length === 1 && records[0]!.type === 'A' && records[0]!.content === wish.ip ? records[0]!.id : undefined
}

const taken = (wish: DnsRecordWish): string => `${wish.hostname} has a record that is not ours`
