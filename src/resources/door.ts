// What all proxy hosts of Nginx Proxy Manager have in common: finding one, comparing it with the wish, writing it in the order
// that reaches nginx. A 201 there proves nothing, and `enabled` set by PUT would change the row only.
import type { Seen } from '../engine/resource.ts'
import type { NewProxyHost } from '../upstreams/npm/client.ts'
import type { ProxyHost } from '../upstreams/npm/wire.ts'
import type { Reach } from './reach.ts'

/** Not `enabled`: the host stays, nobody reaches it; what else it says does not matter then. */
export interface Door { forwardHost: string; forwardPort: number; enabled: boolean }

/** The list's filter is a substring match: compared exactly here. */
export const hostOf = async (up: Reach, name: string): Promise<ProxyHost | undefined> =>
  (await up.npm.proxyHosts(name)).find((host) => host.domain_names.some((one) => one.toLowerCase() === name))

/** In what the host is not as wished; empty when it is. `secured` judges its certificate. */
export function differences(host: ProxyHost, door: Door, secured: (host: ProxyHost) => boolean): string[] {
  if (!door.enabled) return host.enabled ? ['enabled'] : []
  const nginx = typeof host.meta['nginx_err'] === 'string' ? host.meta['nginx_err'] : 'not online'
  return [
    ...(host.forward_host !== door.forwardHost || host.forward_port !== door.forwardPort ? ['target'] : []),
    ...(host.enabled ? [] : ['disabled']),
    ...(secured(host) ? [] : ['certificate']),
    ...(host.allow_websocket_upgrade ? [] : ['websockets']),
    ...(host.meta['nginx_online'] === true ? [] : [`nginx: ${nginx}`.slice(0, 200)]),
  ]
}

/** Writes the host as wished: made unless it was seen to be ours, else switched and changed by id. */
export async function writeDoor(up: Reach, seen: Seen<{ id: number }> | undefined, name: string, door: Door, settings: Omit<NewProxyHost, 'domain_names' | 'forward_scheme' | 'forward_host' | 'forward_port'>): Promise<void> {
  const whole: NewProxyHost = {
    domain_names: [name], forward_scheme: 'http', forward_host: door.forwardHost, forward_port: door.forwardPort, http2_support: true, allow_websocket_upgrade: true, block_exploits: true, ...settings,
  }
  const id = seen?.state === 'present' ? seen.out?.id : undefined
  // A name that somebody else has taken meanwhile is refused.
  if (id === undefined || seen?.state !== 'present') return void (await up.npm.createProxyHost(whole))
  if (!door.enabled) return up.npm.disableProxyHost(id)
  if (!seen.ok && seen.differs.includes('disabled')) await up.npm.enableProxyHost(id)
  await up.npm.updateProxyHost(id, whole)
}
