// The product's table of contents: which resources are wanted in which target, and with which parameters.
// To add a resource: its file, its line in `resources`, its line in `wanted`.
import type { Cluster } from '../domain/cluster.ts'
import { poolConnection, spareName } from '../domain/names.ts'
import type { Identity, Spec } from '../domain/order.ts'
import { plans } from '../domain/plan.ts'
import { errandsOf, isReplaced, rowsOf, runs, type Domain, type Site } from '../domain/site.ts'
import type { Resource, Want, Wanted } from '../engine/resource.ts'
import { address } from './address.ts'
import { certificate } from './certificate.ts'
import { check } from './check.ts'
import { container, type ContainerWish } from './container.ts'
import { copy } from './copy.ts'
import { disk, type DiskWish } from './disk.ts'
import { dnsRecord, type DnsRecordWish } from './dns-record.ts'
import { domain } from './domain.ts'
import { domainHost } from './domain-host.ts'
import { domainLines, expectedOf } from './domain-lines.ts'
import { failover, type FailoverWish } from './failover.ts'
import { firewall, type FirewallWish } from './firewall.ts'
import { linesOf } from './items.ts'
import { job } from './job.ts'
import { nameplate, type NameplateWish } from './nameplate.ts'
import { panelRecord, type PanelRecordWish } from './panel-record.ts'
import { power, type PowerWish } from './power.ts'
import { proxyHost, type ProxyHostWish } from './proxy-host.ts'
import type { Reach } from './reach.ts'
import { replacement } from './replacement.ts'
import { replicas, type ReplicasWish } from './replicas.ts'
import { restore } from './restore.ts'
import { backup, snapshot, type SnapshotWish } from './snapshot.ts'
import { wordpress, type WordPressWish } from './wordpress.ts'

/** In the order in which a person would tell it; the engine goes by `needs`. */
const all = [address, container, firewall, replicas, disk, power, failover, dnsRecord, panelRecord, proxyHost, wordpress, nameplate, snapshot, backup, copy, restore, replacement, check, job, domain, certificate, domainHost]

export const resources: ReadonlyMap<string, Resource<Reach>> = new Map(all.map((one) => [one.name, one as Resource<Reach>]))

/** What decides: the newest wish, whether the site was ever served, whether a failed order is being taken back. */
export interface Standing { key: string; spec: Spec; identity: Identity; target: 'live' | 'suspended' | 'terminated'; served: boolean; undoing: boolean; site: Site }

/**
 * |              | live    | suspended       | terminated, undone |
 * |--------------|---------|-----------------|--------------------|
 * | address      | present | present         | absent             |
 * | container    | present | present         | absent             |
 * | power        | present | absent          | absent             |
 * | failover     | present | absent          | absent             |
 * | proxy-host   | site    | suspension page | absent             |
 * | all others   | present | present         | absent             |
 *
 * The record of a site (`dns-record` at Cloudflare, `panel-record` in ISPConfig) is absent where the platform's zone is not kept.
 *
 * Power and failover are absent as well while the customer has the site switched off, restarts it or goes back to a backup; the first
 * snapshot is absent while an off-site copy replaces the disk, or the site moves to a smaller one.
 * What he has asked for beyond the order (`Item`) adds rows of its own: items.ts.
 *
 * A site built ahead for nobody has its door already, when its name is not made of the customer's, but its fence lets nobody in; its
 * WordPress is generic, and it has no first snapshot. Its tenant's wishes are those of any other: what stands is as wished already.
 *
 * A suspension that arrives while the site is still being built lets the building end first, behind the suspension page.
 */
export function wanted(state: Standing, cluster: Cluster): Wanted[] {
  const { spec, identity, target, served, site } = state
  const gone = state.undoing || target === 'terminated'
  const running = !(target === 'suspended' && served) && runs(site)
  const { vmid, node, ip, hostname } = identity
  const plan = plans[spec.plan]
  const want = (present: boolean): Want => (present && !gone ? 'present' : 'absent')
  const page = target === 'suspended' ? cluster.suspendedPage : { host: ip, port: 80 }
  const line = <W>(resource: { name: string; make: Resource<Reach, W>['make'] }, present: boolean, wish: W, after?: readonly string[]): Wanted =>
    ({ resource: resource.name, want: want(present), wish, ...(after ? { after } : {}) })
  const place: PowerWish = { vmid, node }
  const spare = spec.connection === poolConnection
  const generic = spareName(vmid)
  const inPanel = cluster.zoneHome === 'ispconfig'
  const nobodys = { hostname: `${generic}.invalid`, url: `http://${generic}.invalid`, title: 'New site', adminEmail: spec.email }
  const theirs = { hostname, url: cluster.siteUrl.replace('*', identity.label), title: titleOf(identity.label), adminEmail: spec.email }
  const door = { forwardHost: page.host, forwardPort: page.port, enabled: site.published }
  // On the way back visitors see the suspension page until the site runs again.
  const back = served && target === 'live' ? ['power'] : []
  const domains = (item: Domain): Wanted[] => domainLines(item, expectedOf(state.key, spec, identity, cluster), door, gone, back)

  return [
    line(address, true, null),
    line<ContainerWish>(container, true, {
      vmid, node, hostname: spare || identity.ahead ? generic : identity.label, ostemplate: cluster.template, storage: cluster.storage, diskGb: site.disk.gb,
      cores: plan.cores, memoryMb: plan.memoryMb, swapMb: plan.swapMb,
      net0: `name=eth0,bridge=${cluster.bridge},ip=${ip}/${cluster.lan.prefix},gw=${cluster.lan.gateway},firewall=1`,
      nameserver: cluster.nameservers.join(' '), searchdomain: cluster.searchdomain,
    }),
    line<FirewallWish>(firewall, true, {
      rules: [
        ...(spare ? [] : [{ type: 'in', action: 'ACCEPT', source: cluster.proxy.privateIp, proto: 'tcp', dport: '80' } as const]),
        { type: 'out', action: 'ACCEPT', dest: cluster.lan.gateway, proto: 'udp', dport: '53' },
        { type: 'out', action: 'DROP', dest: cluster.lan.cidr },
      ],
    }),
    line<ReplicasWish>(replicas, true, { replicas: 2 }),
    line<DiskWish>(disk, true, { ...place, gb: site.disk.gb }),
    line<PowerWish>(power, running, place, running || gone ? [] : errandsOf(site).flatMap(rowsOf)),
    line<FailoverWish>(failover, running, { vmid, nodes: cluster.nodes.map((one) => one.name), group: cluster.haGroup, maxRestart: 3, maxRelocate: 2 }),
    ...(spare && identity.label === generic ? [] : [
      line<DnsRecordWish>(dnsRecord, !inPanel, { hostname, ip: spec.publicIp, ttl: 300, ...(cluster.wildcardDns ? { wildcard: `*.${cluster.zone}` } : {}) }, inPanel && !gone ? [panelRecord.name] : undefined),
      // Once the home was ever set, what stands in the other one goes when it stands in the new one.
      ...(cluster.zoneHome === undefined ? [] : [line<PanelRecordWish>(panelRecord, inPanel, { hostname, ip: spec.publicIp, ttl: 300, zone: cluster.zone, dnsServer: cluster.customers.dnsServer }, inPanel || gone ? undefined : [dnsRecord.name])]),
      line<ProxyHostWish>(proxyHost, true, { hostname, zone: cluster.zone, ...door }, back),
    ]),
    line<WordPressWish>(wordpress, true, { ...place, ...(spare ? nobodys : theirs), ...(identity.ahead ? { personalise: { from: nobodys.url, address: ip } } : {}) }),
    ...(identity.ahead ? [line<NameplateWish>(nameplate, true, { ...place, hostname: identity.label, tenant: state.key })] : []),
    ...(spare ? [] : [line<SnapshotWish>(snapshot, !isReplaced(site), { ...place, snapname: 'initial' }, identity.ahead && !gone ? ['nameplate'] : undefined)]),
    ...site.items.flatMap((item) => linesOf(item, site.items, place, cluster.storage, gone, running, domains)),
  ]
}

/** `quiet-otter-7f3k` becomes "Quiet Otter": a title that gives nothing away. */
const titleOf = (label: string): string =>
  label.split('-').slice(0, 2).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(' ') || 'My site'
