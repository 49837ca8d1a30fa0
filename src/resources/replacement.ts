// The container's disk out of an off-site copy, once. The old disk goes before the copy is unpacked, so nothing is asked before the
// copy was seen whole, all snapshots are gone and the container is at rest. Proven by the end of its own task.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { archivesOf } from './copy.ts'
import { sizeOf } from './disk.ts'
import { atItsNode, locked, nodeFor, whereabouts, type Reach } from './reach.ts'

/** `root` is the storage of the disk; `name` and `storage` are the copy's; `gb` is the size of the new disk, else the copy's own. */
export interface ReplacementWish { vmid: number; node: string; root: string; n: number; name: string; storage: string; gb?: number }

export const replacement: Resource<Reach, ReplacementWish, null> = {
  name: 'replacement',
  title: 'Disk out of its copy',
  needs: ['container'],
  inside: 'container',
  system: 'proxmox',
  pools: (_want, wish) => ['storage-alloc', `node-tasks:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 21_600_000,
  pollMs: 2_000,
  output: z.null(),

  async observe({ up, wish, proved }): Promise<Seen<null>> {
    const { found: config } = await atItsNode(up, wish.vmid, wish.node, (node) => up.proxmox.containerConfig(node, wish.vmid))
    if (config?.lock) return locked(config.lock)
    return proved && config?.rootfs !== undefined && (wish.gb === undefined || sizeOf(config.rootfs) === wish.gb) ? { state: 'present', ok: true, out: null } : { state: 'absent' }
  },

  async make({ up, wish, mark }, seen) {
    const node = await nodeFor(up, wish, seen)
    const [archive] = await archivesOf(up, node, wish, mark)
    if (!archive || archive.size <= 0) throw new UpstreamError('proxmox', 'refused', `there is no backup ${wish.name}`, { landed: true })
    const { status } = await whereabouts(up, wish.vmid, wish.node)
    if (status?.status === 'running') throw new UpstreamError('proxmox', 'unknown', 'the container runs again', { landed: true })
    return { handle: await up.proxmox.restoreContainer(node, { vmid: wish.vmid, ostemplate: archive.volid, storage: wish.root, unprivileged: true, force: true, ...(wish.gb === undefined ? {} : { rootfs: `${wish.root}:${wish.gb}` }) }) }
  },

  async unmake() {
    return undefined
  },
}
