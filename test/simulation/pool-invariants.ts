// What must hold of sites built ahead for nobody: no visitor gets in before one is somebody's, nobody gets what another has, and
// what is still nobody's is finished, generic, or gone without a trace.
import type { Thing } from '../../lab/everything.ts'
import { npmState } from '../../lab/npm/rows.ts'
import { containers } from '../../lab/proxmox/app.ts'
import { admits } from '../../lab/proxmox/observers.ts'
import { contentOf } from '../../lab/wordpress/inside.ts'
import { spareName } from '../../src/domain/names.ts'
import type { Identity } from '../../src/domain/order.ts'
import type { JournalLine } from '../../src/engine/row-store.ts'
import type { TenantState } from '../../src/tenant/state.ts'
import type { Platform } from './platform.ts'
import { recordAtRest } from './platform-zone.ts'

interface Listed { key: string; state: string; tenant: string | null; identity: Identity }

const spares = (platform: Platform): Listed[] =>
  platform.allocatorDisk.read('SELECT key, state, tenant, body FROM spare').map((row) => ({
    key: String(row['key']), state: String(row['state']), tenant: typeof row['tenant'] === 'string' ? row['tenant'] : null,
    identity: (JSON.parse(String(row['body'])) as { identity: Identity }).identity,
  }))

/** True when the site has gone to a tenant: then it is looked at there. */
export const isClaimed = (platform: Platform, key: string): boolean => spares(platform).some((one) => one.key === key && one.state === 'claimed')

/** Looked at all the time: a door that leads to a site that is nobody's. */
export function openToVisitors(platform: Platform): string[] {
  const { world } = platform.dc
  const nobodys = spares(platform).filter(({ state }) => state !== 'claimed')
  if (nobodys.length === 0) return []
  const running = new Set(containers(world).filter(({ status }) => status === 'running').map(({ vmid }) => vmid))
  return nobodys.filter(({ identity: { vmid, ip } }) => running.has(vmid) && admits(world, vmid, platform.cluster.proxy.privateIp, 80) && npmState(world).hosts.some((host) => host.enabled && host.forward_host === ip))
    .map(({ key }) => `visitors get into ${key}, which is nobody's`)
}

/** A site that is nobody's, at rest. */
export function spareAtRest(state: TenantState, mine: readonly Thing[], platform: Platform, lines: readonly JournalLine[]): string[] {
  const { world } = platform.dc
  const { vmid } = state.identity
  const wrong: string[] = []
  if (state.outcome === 'terminated' || state.outcome === 'undone') {
    if (spares(platform).some(({ key }) => key === state.key)) wrong.push('the pool still counts on it')
    for (const thing of mine) wrong.push(`${thing.kind} is still there (${thing.what})`)
    return wrong
  }
  const doors = state.identity.label === spareName(vmid) ? 0 : 1
  const expected: Partial<Record<Thing['kind'], number>> = {
    container: 1, volume: 1, firewall: 1, site: 1, 'ha resource': 1, 'ha rule': platform.dc.major === 9 ? 1 : 0, 'proxy host': doors, snapshot: 0, ...(doors === 0 ? { 'dns record': 0, 'panel record': 0 } : {}),
  }
  for (const [kind, wanted] of Object.entries(expected)) {
    const count = mine.filter((thing) => thing.kind === kind).length
    if (count !== wanted) wrong.push(`${count} × ${kind}, wanted ${wanted}`)
  }
  if (doors > 0) wrong.push(...recordAtRest(platform, state, mine, lines))
  if (spares(platform).find(({ key }) => key === state.key)?.state !== 'ready') wrong.push('it stands, and the pool does not know it')
  if (contentOf(world, vmid)?.url !== `http://${spareName(vmid)}.invalid`) wrong.push('its WordPress is not generic')
  return wrong
}

/** No site was given to two, and whoever got one has it personalised. */
export function claims(platform: Platform): string[] {
  const wrong: string[] = []
  const records = platform.allocatorDisk.read('SELECT body FROM service').map((row) => JSON.parse(String(row['body'])) as { tenant: string; target: string; identity: Identity })
  const numbers = records.map(({ identity }) => identity.vmid)
  if (new Set(numbers).size !== numbers.length) wrong.push('two services have one container')
  for (const { tenant, target, identity } of records) {
    if (!identity.ahead) continue
    const from = spares(platform).filter((one) => one.identity.vmid === identity.vmid)
    if (from.length !== 1 || from[0]?.state !== 'claimed' || from[0].tenant !== tenant) wrong.push(`${tenant} has a site that the pool gave to ${from.map((one) => one.tenant).join()}`)
    const inside = contentOf(platform.dc.world, identity.vmid)
    if (target === 'live' && inside && inside.url !== platform.cluster.siteUrl.replace('*', identity.label)) wrong.push(`${tenant} was given a WordPress that says ${inside.url}`)
    const notes = containers(platform.dc.world).find(({ vmid }) => vmid === identity.vmid)
    if (target === 'live' && notes && (notes.hostname !== identity.label || !notes.description.includes(tenant))) wrong.push(`the container of ${tenant} is called ${notes.hostname}`)
  }
  return wrong
}
