// Counts what stands in the whole data centre, so that "a clean slate" means all of it. A new kind of thing is taught here.
import type { DnsRecord } from './cloudflare/records.ts'
import { linstorDefinitions } from './linstor/state.ts'
import { npmState } from './npm/rows.ts'
import { containers, firewallConfs, haFacts } from './proxmox/observers.ts'
import type { World } from './world.ts'

/** One thing upstream. `of` is the VMID or host name that tells whose it is. */
export interface Thing { kind: 'container' | 'volume' | 'ha resource' | 'ha rule' | 'firewall' | 'snapshot' | 'proxy host' | 'dns record' | 'site'; of: string; what: string }

/** Everything that was made for somebody; the seeded furniture (certificates, groups, templates) does not count. */
export function everything(world: World): Thing[] {
  const guests = containers(world)
  const ha = haFacts(world)
  return [
    ...guests.map((one): Thing => ({ kind: 'container', of: String(one.vmid), what: `${one.status} on ${one.node}` })),
    ...guests.flatMap((one) => one.snapshots.map((name): Thing => ({ kind: 'snapshot', of: String(one.vmid), what: name }))),
    ...linstorDefinitions(world).map((one): Thing => ({ kind: 'volume', of: one.props['Aux/pm/vmid'] ?? '?', what: one.name })),
    ...ha.resources.map((sid): Thing => ({ kind: 'ha resource', of: sid.replace('ct:', ''), what: sid })),
    ...ha.rules.map((rule): Thing => ({ kind: 'ha rule', of: rule.replace('berth-', ''), what: rule })),
    ...firewallConfs(world).map((vmid): Thing => ({ kind: 'firewall', of: String(vmid), what: `${vmid}.fw` })),
    ...npmState(world).hosts.flatMap((host) => host.domain_names.map((name): Thing => ({ kind: 'proxy host', of: name, what: `${host.forward_host}:${host.forward_port}` }))),
    ...slice<{ records: DnsRecord[] }>(world, 'cloudflare', { records: [] }).records.map((record): Thing => ({ kind: 'dns record', of: record.name, what: record.content })),
    ...Object.keys(slice<{ containers: object }>(world, 'wordpress', { containers: {} }).containers).map((vmid): Thing => ({ kind: 'site', of: vmid, what: 'WordPress' })),
  ]
}

const slice = <T extends object>(world: World, name: string, none: T): T => world.slice<T>(name, () => none)
