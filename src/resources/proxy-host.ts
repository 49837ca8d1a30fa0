// The public door: one host in Nginx Proxy Manager, with the platform's wildcard certificate (looked up, never one per
// site), pointing to the site or to the suspension page. A 201 there proves nothing: it is read back until nginx has it.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { differences, hostOf, writeDoor, type Door } from './door.ts'
import type { Reach } from './reach.ts'

export interface ProxyHostWish extends Door { hostname: string; zone: string }

const Out = z.object({ id: z.number() })

export const proxyHost: Resource<Reach, ProxyHostWish, z.infer<typeof Out>> = {
  name: 'proxy-host',
  title: 'Web address',
  needs: ['address'],
  system: 'npm',
  pools: () => ['npm'],
  callTimeoutMs: 20_000,
  busyMs: 300_000,
  pollMs: 1_000,
  output: Out,

  async observe({ up, wish, mark }): Promise<Seen<z.infer<typeof Out>>> {
    const host = await hostOf(up, wish.hostname)
    if (!host) return { state: 'absent' }
    if (host.meta['berth'] !== mark) return { state: 'foreign', why: `${wish.hostname} is a proxy host of somebody else` }
    const out = { id: host.id }
    const differs = differences(host, wish, ({ certificate_id, ssl_forced, http2_support }) => Boolean(certificate_id) && ssl_forced && http2_support)
    return differs.length === 0 ? { state: 'present', ok: true, out } : { state: 'present', ok: false, differs: differs.join(', '), out }
  },

  async make({ up, wish, mark }, seen) {
    // An expired one of the same name may stand beside it.
    const certificate = (await up.npm.certificates()).filter((one) => one.domain_names.includes(`*.${wish.zone}`))
      .sort((a, b) => String(b.expires_on).localeCompare(String(a.expires_on)))[0]
    // Nothing is wrong with the order: a person has to put the certificate there.
    if (!certificate) throw new UpstreamError('npm', 'credentials', `no certificate for *.${wish.zone} in Nginx Proxy Manager`, { landed: true })
    await writeDoor(up, seen, wish.hostname, wish, { certificate_id: certificate.id, ssl_forced: true, meta: { berth: mark } })
    return undefined
  },

  async unmake({ up, wish, mark }) {
    const host = await hostOf(up, wish.hostname)
    if (host && host.meta['berth'] === mark) await up.npm.deleteProxyHost(host.id)
    return undefined
  },

  async adopt({ up, wish, mark }) {
    const host = await hostOf(up, wish.hostname)
    if (host) await up.npm.updateProxyHost(host.id, { meta: { berth: mark } })
    return undefined
  },
}
