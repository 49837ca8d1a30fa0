// Counts what stands in the whole data centre, so that "a clean slate" means all of it. A new kind of thing is taught here.
import type { DnsRecord } from './cloudflare/records.ts'
import { zonesOf } from './cloudflare/zones.ts'
import type { Row } from './ispconfig/state.ts'
import { linstorDefinitions } from './linstor/state.ts'
import { npmState } from './npm/rows.ts'
import { archives } from './proxmox/archives.ts'
import { containers, firewallConfs, haFacts } from './proxmox/observers.ts'
import type { World } from './world.ts'

/** One thing upstream. `of` is the VMID, host name or domain that tells whose it is. */
export interface Thing { kind: 'container' | 'volume' | 'ha resource' | 'ha rule' | 'firewall' | 'snapshot' | 'archive' | 'proxy host' | 'certificate' | 'dns record' | 'panel record' | 'dns zone' | 'zone record' | 'mail domain' | 'mailbox' | 'forwarding' | 'site'; of: string; what: string }

/** Everything that was made for somebody; the seeded furniture (certificates, groups, templates, somebody else's zones) and the panel's clients do not count. */
export function everything(world: World): Thing[] {
  const guests = containers(world)
  const ha = haFacts(world)
  const { tables: panel, seeded } = slice<{ tables: Record<string, Row[]>; seeded: string[] }>(world, 'ispconfig', { tables: {}, seeded: [] })
  const domainOf = (address = ''): string => address.split('@').at(-1)!
  const zones = new Map((panel['dns_soa'] ?? []).map((zone) => [zone['id']!, zone['origin']!.replace(/\.$/, '')]))
  const made = [...zones].filter(([id]) => !seeded.includes(id))
  return [
    ...guests.map((one): Thing => ({ kind: 'container', of: String(one.vmid), what: `${one.status} on ${one.node}` })),
    ...guests.flatMap((one) => one.snapshots.map((name): Thing => ({ kind: 'snapshot', of: String(one.vmid), what: name }))),
    ...archives(world).map((one): Thing => ({ kind: 'archive', of: String(one.vmid), what: one.volid })),
    ...linstorDefinitions(world).map((one): Thing => ({ kind: 'volume', of: one.props['Aux/pm/vmid'] ?? '?', what: one.name })),
    ...ha.resources.map((sid): Thing => ({ kind: 'ha resource', of: sid.replace('ct:', ''), what: sid })),
    ...ha.rules.map((rule): Thing => ({ kind: 'ha rule', of: rule.replace('berth-', ''), what: rule })),
    ...firewallConfs(world).map((vmid): Thing => ({ kind: 'firewall', of: String(vmid), what: `${vmid}.fw` })),
    ...npmState(world).hosts.flatMap((host) => host.domain_names.map((name): Thing => ({ kind: 'proxy host', of: name, what: `${host.forward_host}:${host.forward_port}` }))),
    ...npmState(world).certificates.flatMap(({ id, provider, domain_names: names, meta }) =>
      (provider === 'letsencrypt' && meta['dns_challenge'] !== true ? names.map((name): Thing => ({ kind: 'certificate', of: name, what: String(id) })) : [])),
    ...slice<{ records: DnsRecord[] }>(world, 'cloudflare', { records: [] }).records.map((record): Thing => ({ kind: 'dns record', of: record.name, what: record.content })),
    ...made.map(([, origin]): Thing => ({ kind: 'dns zone', of: origin, what: origin })),
    // In a zone that was there before, such as the platform's own, each record is a thing by itself.
    ...(panel['dns_rr'] ?? []).map(({ zone = '', type, name = '', data }): Thing => (seeded.includes(zone)
      ? { kind: 'panel record', of: name.endsWith('.') ? name.slice(0, -1) : `${name}.${zones.get(zone)}`, what: `${type} ${data}` }
      : { kind: 'zone record', of: zones.get(zone) ?? '?', what: `${type} ${name}` })),
    ...zonesOf(world).flatMap(({ name, records }): Thing[] => [{ kind: 'dns zone', of: name, what: name }, ...records.map((one): Thing => ({ kind: 'zone record', of: name, what: `${one.type} ${one.name}` }))]),
    ...(panel['mail_domain'] ?? []).map((row): Thing => ({ kind: 'mail domain', of: row['domain']!, what: row['domain']! })),
    ...(panel['mail_user'] ?? []).map((row): Thing => ({ kind: 'mailbox', of: domainOf(row['email']), what: row['email']! })),
    ...(panel['mail_forwarding'] ?? []).map((row): Thing => ({ kind: 'forwarding', of: domainOf(row['source']), what: row['source']! })),
    ...Object.keys(slice<{ containers: object }>(world, 'wordpress', { containers: {} }).containers).map((vmid): Thing => ({ kind: 'site', of: vmid, what: 'WordPress' })),
  ]
}

const slice = <T extends object>(world: World, name: string, none: T): T => world.slice<T>(name, () => none)
