// The size of the container's disk: it grows while the site runs and never shrinks here. LINSTOR grows a volume only while all
// of its replicas are up to date, snapshots or not, so until then nothing is asked for.
// https://github.com/LINBIT/linstor-server, CtrlVlmDfnModifyApiCallHandler
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { atItsNode, locked, type Reach } from './reach.ts'
import { resourceName } from './replicas.ts'

export interface DiskWish { vmid: number; node: string; gb: number }

export const DiskOut = z.object({ node: z.string(), gb: z.number() })
export type DiskOut = z.infer<typeof DiskOut>

export const disk: Resource<Reach, DiskWish, DiskOut> = {
  name: 'disk',
  title: 'Disk',
  needs: ['container', 'replicas'],
  inside: 'container',
  // The container brings it along.
  given: true,
  system: 'proxmox',
  pools: (_want, wish) => [`node-tasks:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 2_000,
  output: DiskOut,

  async observe({ up, wish }): Promise<Seen<DiskOut>> {
    const { node, found: config } = await atItsNode(up, wish.vmid, wish.node, (at) => up.proxmox.containerConfig(at, wish.vmid))
    if (node === undefined) return { state: 'absent' }
    if (!config) return { state: 'busy', why: 'the container is moving' }
    if (config.lock) return locked(config.lock)
    const out = { node, gb: sizeOf(config.rootfs) }
    if (out.gb >= wish.gb) return { state: 'present', ok: true, out }
    const [volume = ''] = (config.rootfs ?? '').split(',')
    const behind = (await up.linstor.resources(resourceName(volume))).filter((one) => !one.flags.includes('DISKLESS') && !one.flags.includes('TIE_BREAKER') && one.disk_state !== 'UpToDate')
    if (behind.length > 0) return { state: 'busy', why: `the replica on ${behind.map((one) => one.node_name).join(', ')} is not up to date` }
    return { state: 'present', ok: false, differs: `${out.gb} of ${wish.gb} GB`, out }
  },

  async make({ up, wish }, seen) {
    const node = (seen?.state === 'present' ? seen.out?.node : undefined) ?? wish.node
    // Absolute, so that a repeat changes nothing: Proxmox refuses the size that it has already.
    return { handle: await up.proxmox.resize(node, wish.vmid, { disk: 'rootfs', size: `${wish.gb}G` }) }
  },

  async unmake() {
    return undefined
  },
}

/** Of `global-lvm:pm-1a2b3c4d_10001,size=20G`, in gigabytes; Proxmox writes K, M, G or T. */
export function sizeOf(rootfs: string | undefined): number {
  const [, amount = '0', unit = 'G'] = /(?:^|,)size=(\d+(?:\.\d+)?)([KMGT])/.exec(rootfs ?? '') ?? []
  return Number(amount) * { K: 2 ** -20, M: 2 ** -10, G: 1, T: 2 ** 10 }[unit as 'K' | 'M' | 'G' | 'T']
}
