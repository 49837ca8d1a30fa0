// The rows of one custom domain, and what is expected of its DNS. Order up: held, certificate, door; down: door, certificate, let go.
import { certificateAuthority, type Expected } from '../doctor/facts.ts'
import type { Cluster } from '../domain/cluster.ts'
import type { DomainName } from '../domain/domain-name.ts'
import { domainToken } from '../domain/names.ts'
import type { Identity, Spec } from '../domain/order.ts'
import type { Domain } from '../domain/site.ts'
import type { Want, Wanted } from '../engine/resource.ts'
import type { CertificateWish } from './certificate.ts'
import type { DomainHostWish } from './domain-host.ts'
import type { DomainWish } from './domain.ts'
import type { Door } from './door.ts'

/** What public DNS must say of a domain that leads to this site. */
export const expectedOf = (key: string, { publicIp }: Pick<Spec, 'publicIp'>, { hostname }: Pick<Identity, 'hostname'>, cluster: Cluster): DomainWish['expected'] =>
  ({ addresses: [publicIp], siteHost: hostname, token: domainToken(key), nameServers: cluster.ownNameServers, ca: certificateAuthority } satisfies Partial<Expected>)

/** The name as it was judged. */
export const nameOf = ({ name, apex, shown }: Domain): DomainName => ({ name, apex, shown, names: name === apex ? [name, `www.${name}`] : [name] })

/** `door`: where visitors are sent now. `after`: rows that stand first on the way back from a suspension. */
export function domainLines(item: Domain, expected: DomainWish['expected'], door: Door, gone: boolean, after: readonly string[]): Wanted[] {
  const { name, apex, hosts } = item
  const first = `domain:${name}`
  return hosts.flatMap((host): Wanted[] => {
    const present = item.want === 'present' && host.want === 'present' && !gone
    const want = present ? 'present' : 'absent'
    const names = { domain: `domain:${host.name}`, certificate: `certificate:${host.name}`, door: `domain-host:${host.name}` }
    const isFirst = host.name === name
    const others = hosts.filter((one) => one !== host).map((one) => `domain:${one.name}`)
    const line = <W>(resource: string, wish: W, needed: readonly string[], wanted: Want = want): Wanted => ({ resource, want: wanted, wish, after: needed })
    return [
      line<DomainWish>(names.domain, { host: host.name, domain: nameOf(item), expected }, present ? (isFirst ? [] : [first]) : isFirst ? others : []),
      line<CertificateWish>(names.certificate, { host: host.name, apex }, present ? [] : [names.door]),
      // Made after a first try at the certificate: a request takes the doors of its name down.
      line<DomainHostWish>(names.door, { host: host.name, ...door, certificate: host.certificate, round: host.round }, present && host.tried ? after : [], host.tried ? want : 'absent'),
    ]
  })
}
