// What must hold of custom domains at rest: held by one tenant, served by one door with the one certificate that its row says, and
// nothing left of those that were taken away. Let's Encrypt never had to say that it was too much.
import type { Thing } from '../../lab/everything.ts'
import { authority } from '../../lab/npm/certbot.ts'
import { npmState } from '../../lab/npm/rows.ts'
import { mark } from '../../src/domain/names.ts'
import { domainsOf } from '../../src/domain/site.ts'
import type { TenantState } from '../../src/tenant/state.ts'
import type { Platform } from './platform.ts'

type Host = Platform['tenants'] extends Map<string, infer T> ? T : never

/** Things that belong to the custom domains of this tenant. */
export const ofDomains = (state: TenantState, all: readonly Thing[]): Thing[] => {
  const names = new Set(domainsOf(state.site).flatMap(({ hosts }) => hosts.map(({ name }) => name)))
  return all.filter(({ kind, of }) => (kind === 'proxy host' || kind === 'certificate') && names.has(of))
}

/** What is wrong with one tenant's domains. */
export function domainsAtRest(platform: Platform, host: Host, state: TenantState): string[] {
  const { hosts, certificates, served, pems } = npmState(platform.dc.world)
  const wrong: string[] = []
  if (state.outcome !== 'live' && state.outcome !== 'suspended') return wrong
  const target = state.outcome === 'live' ? `${state.identity.ip}:80` : `${platform.cluster.suspendedPage.host}:${platform.cluster.suspendedPage.port}`
  for (const item of domainsOf(state.site)) {
    if (item.want === 'absent') wrong.push(`${item.name} is never gone`)
    const claim = platform.claims.of(item.name)
    for (const { name, want } of item.hosts) {
      if (want === 'absent') wrong.push(`${name} is never gone`)
      const settled = (kind: string): boolean => host.actor.store.row(`${kind}:${name}`)?.phase === 'settled'
      if (!settled('domain')) continue
      if (claim?.tenant !== state.key) wrong.push(`${name} is served, but held by ${claim?.tenant}`)
      const doors = hosts.filter((one) => one.domain_names.includes(name))
      const door = doors[0]
      if (doors.length !== 1 || !door) wrong.push(`${doors.length} doors of ${name}`)
      else if (door.meta['berth'] !== mark(state.key, state.identity.epoch)) wrong.push(`the door of ${name} is another tenant's`)
      else if (door.enabled !== state.site.published) wrong.push(`the door of ${name} is ${door.enabled ? 'open' : 'shut'}`)
      if (!door?.enabled) continue
      if (`${door.forward_host}:${door.forward_port}` !== target) wrong.push(`${name} leads to ${door.forward_host}:${door.forward_port}, wanted ${target}`)
      const mine = certificates.filter((one) => one.domain_names.includes(name))
      const wanted = settled('certificate') ? mine[0]?.id : 0
      if (mine.length > 1) wrong.push(`${mine.length} certificates of ${name}`)
      if (wanted === undefined || door.certificate_id !== wanted) wrong.push(`the door of ${name} has certificate ${door.certificate_id}, wanted ${wanted}`)
      if (served[door.id]?.certificateId !== door.certificate_id) wrong.push(`nginx does not serve ${name} as its row says`)
      if (door.certificate_id && !pems[door.certificate_id]) wrong.push(`the certificate of ${name} is gone`)
    }
  }
  return wrong
}

/** What is wrong for all of them together. */
export function domainsTogether(platform: Platform): string[] {
  const { limited } = authority(platform.dc.world)
  const states = [...platform.tenants.values()].flatMap((host) => platform.state(host) ?? [])
  const held = platform.allocatorDisk.read('SELECT name, tenant FROM claim').filter(({ name, tenant }) => !states.some((state) => state.key === tenant && domainsOf(state.site).some((item) => item.name === name && item.want === 'present')))
  return [
    ...(limited > 0 ? [`Let's Encrypt was asked too often: ${limited}`] : []),
    ...held.map(({ name, tenant }) => `${String(name)} is still held by ${String(tenant)}`),
  ]
}
