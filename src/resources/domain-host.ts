// The door of one name of a custom domain: its own proxy host, so that the site's own address is never in danger. It is made after
// a first try at the certificate, and is served without one until there is one. After every request for a certificate it is written
// again, because NPM takes hosts of that name down meanwhile and says that they are online when they are not.
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { differences, hostOf, writeDoor, type Door } from './door.ts'
import type { Reach } from './reach.ts'

/** `round`: how many certificates have been asked for; a new one makes it another wish. */
export interface DomainHostWish extends Door { host: string; certificate: number | null; round: number }

const Out = z.object({ id: z.number() })

export const domainHost: Resource<Reach, DomainHostWish, z.infer<typeof Out>> = {
  name: 'domain-host',
  title: 'Web address',
  needs: ['domain:*'],
  system: 'npm',
  pools: () => ['npm'],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 2_000,
  output: Out,

  async observe({ up, wish, want, mark, proved }): Promise<Seen<z.infer<typeof Out>>> {
    const host = await hostOf(up, wish.host)
    if (!host) return { state: 'absent' }
    if (host.meta['berth'] !== mark) {
      if (want === 'present' && String(host.meta['berth']).startsWith('berth-')) return { state: 'busy', why: `another site here still has ${wish.host}` }
      return { state: 'foreign', why: `${wish.host} is a proxy host of somebody else` }
    }
    const out = { id: host.id }
    const differs = differences(host, wish, ({ certificate_id, ssl_forced }) => (wish.certificate === null ? !certificate_id : certificate_id === wish.certificate && ssl_forced))
    if (!proved) differs.push('to be written')
    return differs.length === 0 ? { state: 'present', ok: true, out } : { state: 'present', ok: false, differs: differs.join(', '), out }
  },

  async make({ up, wish, mark }, seen) {
    await writeDoor(up, seen, wish.host, wish, { certificate_id: wish.certificate ?? 0, ssl_forced: wish.certificate !== null, meta: { berth: mark } })
    return undefined
  },

  async unmake({ up, wish, mark }) {
    const host = await hostOf(up, wish.host)
    if (host && host.meta['berth'] === mark) await up.npm.deleteProxyHost(host.id)
    return undefined
  },

  async adopt({ up, wish, mark }) {
    const host = await hostOf(up, wish.host)
    if (host) await up.npm.updateProxyHost(host.id, { meta: { berth: mark } })
    return undefined
  },
}
