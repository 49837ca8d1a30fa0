// Storage that survives a node: LINSTOR is asked, not believed. Two replicas up to date, a tie-breaker, and a quorum that
// stops writing rather than splitting. Nothing counts as highly available before this stands.
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { container } from './container.ts'
import type { Reach } from './reach.ts'

export interface ReplicasWish { replicas: number }

/** https://linbit.com/drbd-user-guide/linstor-guide-1_0-en/#s-linstor-auto-quorum */
const wanted = {
  'DrbdOptions/auto-quorum': 'majority',
  'DrbdOptions/Resource/quorum': 'majority',
  'DrbdOptions/Resource/on-no-quorum': 'io-error',
  'DrbdOptions/auto-add-quorum-tiebreaker': 'true',
} as const

const Out = z.object({ resource: z.string(), nodes: z.array(z.string()), tieBreaker: z.string() })

export const replicas: Resource<Reach, ReplicasWish, z.infer<typeof Out>> = {
  name: 'replicas',
  title: 'Replicated storage',
  needs: ['container'],
  inside: 'container',
  given: true,
  system: 'linstor',
  pools: () => [],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 1_500,
  output: Out,

  async observe({ up, wish, output }): Promise<Seen<z.infer<typeof Out>>> {
    const resource = resourceName(output(container).volume)
    const placed = await up.linstor.resources(resource)
    const diskful = placed.filter((one) => !one.flags.includes('DISKLESS') && !one.flags.includes('TIE_BREAKER'))
    const tieBreaker = placed.find((one) => one.flags.includes('TIE_BREAKER'))
    const syncing = diskful.filter((one) => one.disk_state !== 'UpToDate')
    if (placed.length === 0) return { state: 'absent' }
    if (syncing.length > 0) return { state: 'busy', why: `replica on ${syncing.map((one) => one.node_name).join(', ')} is synchronising` }
    const missing: string[] = []
    if (diskful.length < wish.replicas) missing.push(`${diskful.length} of ${wish.replicas} replicas`)
    if (!tieBreaker) missing.push('no tie-breaker')
    const props = (await up.linstor.resourceDefinition(resource))?.props ?? {}
    if (props['DrbdOptions/Resource/quorum'] !== 'majority') missing.push('quorum is not majority')
    if (!['io-error', 'suspend-io'].includes(props['DrbdOptions/Resource/on-no-quorum'] ?? '')) missing.push('writes go on without quorum')
    if (missing.length > 0 || !tieBreaker) return { state: 'present', ok: false, differs: missing.join(', ') }
    return { state: 'present', ok: true, out: { resource, nodes: diskful.map((one) => one.node_name).sort(), tieBreaker: tieBreaker.node_name } }
  },

  async make({ up, output }) {
    await up.linstor.modifyResourceDefinition(resourceName(output(container).volume), { override_props: wanted })
    return undefined
  },

  async unmake() {
    return undefined
  },
}

/** `global-lvm:pm-1a2b3c4d_10001` in Proxmox is the resource `pm-1a2b3c4d` in LINSTOR; old volumes keep one name in both. */
export const resourceName = (volume: string): string => {
  const name = volume.slice(volume.indexOf(':') + 1)
  return name.startsWith('pm-') ? name.replace(/_\d+$/, '') : name
}
