// The public door: one host in Nginx Proxy Manager, with the platform's wildcard certificate (looked up, never one per
// site), pointing to the site or to the suspension page. A 201 there proves nothing: it is read back until nginx has it.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Reach } from './reach.ts'

/** Not `enabled`: the host stays, nobody reaches it; what else it says does not matter then. */
export interface ProxyHostWish { hostname: string; zone: string; forwardHost: string; forwardPort: number; enabled: boolean }

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
    const host = await find(up, wish.hostname)
    if (!host) return { state: 'absent' }
    if (host.meta['berth'] !== mark) return { state: 'foreign', why: `${wish.hostname} is a proxy host of somebody else` }
    if (!wish.enabled) return host.enabled ? { state: 'present', ok: false, differs: 'enabled', out: { id: host.id } } : { state: 'present', ok: true, out: { id: host.id } }
    const differs: string[] = []
    if (host.forward_host !== wish.forwardHost || host.forward_port !== wish.forwardPort) differs.push('target')
    if (!host.enabled) differs.push('disabled')
    if (!host.certificate_id || !host.ssl_forced || !host.http2_support) differs.push('certificate')
    if (!host.allow_websocket_upgrade) differs.push('websockets')
    if (host.meta['nginx_online'] !== true) differs.push(`nginx: ${typeof host.meta['nginx_err'] === 'string' ? host.meta['nginx_err'] : 'not online'}`.slice(0, 200))
    return differs.length === 0 ? { state: 'present', ok: true, out: { id: host.id } } : { state: 'present', ok: false, differs: differs.join(', '), out: { id: host.id } }
  },

  async make({ up, wish, mark }, seen) {
    // An expired one of the same name may stand beside it.
    const certificate = (await up.npm.certificates()).filter((one) => one.domain_names.includes(`*.${wish.zone}`))
      .sort((a, b) => String(b.expires_on).localeCompare(String(a.expires_on)))[0]
    // Nothing is wrong with the order: a person has to put the certificate there.
    if (!certificate) throw new UpstreamError('npm', 'credentials', `no certificate for *.${wish.zone} in Nginx Proxy Manager`, { landed: true })
    const settings = {
      domain_names: [wish.hostname], forward_scheme: 'http', forward_host: wish.forwardHost, forward_port: wish.forwardPort,
      certificate_id: certificate.id, ssl_forced: true, http2_support: true, allow_websocket_upgrade: true, block_exploits: true, meta: { berth: mark },
    } satisfies Parameters<Reach['npm']['createProxyHost']>[0]
    if (seen?.state !== 'present') {
      await up.npm.createProxyHost(settings)
      return undefined
    }
    const id = seen.out?.id ?? (await find(up, wish.hostname))?.id
    if (id === undefined) return undefined
    // Setting `enabled` through PUT would change the row only and leave nginx as it was.
    if (!wish.enabled) {
      await up.npm.disableProxyHost(id)
      return undefined
    }
    if (seen.ok === false && seen.differs.includes('disabled')) await up.npm.enableProxyHost(id)
    await up.npm.updateProxyHost(id, settings)
    return undefined
  },

  async unmake({ up, wish, mark }) {
    const host = await find(up, wish.hostname)
    if (host && host.meta['berth'] === mark) await up.npm.deleteProxyHost(host.id)
    return undefined
  },
}

/** The list's filter is a substring match: compared exactly here. */
const find = async (up: Reach, hostname: string) =>
  (await up.npm.proxyHosts(hostname)).find((host) => host.domain_names.some((name) => name.toLowerCase() === hostname))
