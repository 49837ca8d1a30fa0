// Back to a snapshot, once. The container is at rest and out of high availability while it happens, so a second run after a
// lost answer changes nothing that anybody has written since. Proven by the end of its own task.
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { UpstreamError } from '../domain/errors.ts'
import { bears } from '../domain/names.ts'
import { locked, nodeFor, whereabouts, type Reach } from './reach.ts'

export interface RestoreWish { vmid: number; node: string; n: number; snapname: string }

export const restore: Resource<Reach, RestoreWish, null> = {
  name: 'restore',
  title: 'Going back',
  needs: ['container'],
  inside: 'container',
  system: 'proxmox',
  pools: (_want, wish) => ['storage-alloc', `node-tasks:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 2_000,
  output: z.null(),

  async observe({ up, wish, proved }): Promise<Seen<null>> {
    const { node, status } = await whereabouts(up, wish.vmid, wish.node)
    if (status?.lock) return locked(status.lock)
    const from = node === undefined ? undefined : await up.proxmox.presentSnapshot(node, wish.vmid)
    return proved && from === wish.snapname ? { state: 'present', ok: true, out: null } : { state: 'absent' }
  },

  async make({ up, wish, mark }, seen) {
    const node = await nodeFor(up, wish, seen)
    const snapshots = await up.proxmox.snapshots(node, wish.vmid) ?? []
    const wanted = snapshots.find((one) => one.name === wish.snapname)
    if (!wanted || !bears(wanted.description, mark)) throw new UpstreamError('proxmox', 'refused', `there is no snapshot ${wish.snapname}`, { landed: true })
    // The worker would stop a container that runs: whoever started it did so against our wish.
    const { status } = await whereabouts(up, wish.vmid, wish.node)
    if (status?.status === 'running') throw new UpstreamError('proxmox', 'unknown', 'the container runs again', { landed: true })
    return { handle: await up.proxmox.rollback(node, wish.vmid, wish.snapname) }
  },

  async unmake() {
    return undefined
  },
}
