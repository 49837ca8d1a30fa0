// Snapshots of the container: the first one, `initial`, to which a customer's "reset" goes back, and the customer's backups.
import * as z from 'zod'
import { bears } from '../domain/names.ts'
import type { Resource, Seen, Started } from '../engine/resource.ts'
import { locked, nodeFor, whereabouts, type Reach } from './reach.ts'

export interface SnapshotWish { vmid: number; node: string; snapname: string }

/** A volume that has snapshots cannot be deleted, so all of them go before their container, whatever else is down already. */
export const snapshot = snapshotAs({ name: 'snapshot', title: 'First snapshot', needs: ['container', 'wordpress'], trails: true })

/** Asked for when the site stands, running or not. */
export const backup = snapshotAs({ name: 'backup', title: 'Backup', needs: ['container', 'snapshot'], irreplaceable: true })

function snapshotAs(which: Pick<Resource<Reach>, 'name' | 'title' | 'needs' | 'trails' | 'irreplaceable'>): Resource<Reach, SnapshotWish, null> {
  return {
    ...which,
    system: 'proxmox',
    pools: (want, wish) => (want === 'present' ? [`node-tasks:${wish.node}`] : ['storage-free', `node-tasks:${wish.node}`]),
    callTimeoutMs: 20_000,
    busyMs: 1_800_000,
    pollMs: 2_000,
    output: z.null(),

    async observe({ up, wish, want, mark, unfinished }): Promise<Seen<null>> {
      const { node, status } = await whereabouts(up, wish.vmid, wish.node)
      const all = node === undefined ? undefined : await up.proxmox.snapshots(node, wish.vmid)
      const found = all?.find((one) => one.name === wish.snapname)
      // The task would only fail.
      if (status?.lock === 'backup' && (found !== undefined) !== (want === 'present')) return locked(status.lock)
      if (!found || node === undefined) return { state: 'absent' }
      if (found.snapstate) {
        const running = (await up.proxmox.tasks(node, { vmid: wish.vmid, source: 'active' })).some((task) => task.status === undefined || task.status === 'RUNNING')
        // High availability takes the lock of a node that died away; the snapshot that it was making or removing stays as it was.
        if (running || status?.lock) return { state: 'busy', why: `Proxmox is busy with the snapshot (${found.snapstate})` }
        return { state: 'present', ok: false, differs: `left in ${found.snapstate}`, unfinished: true }
      }
      if (unfinished) return { state: 'present', ok: false, differs: 'never finished' }
      if (!bears(found.description, mark)) return { state: 'foreign', why: `a snapshot ${wish.snapname} exists without our mark` }
      return { state: 'present', ok: true, out: null }
    },

    async make({ up, wish, mark, unfinished }, seen) {
      const node = await nodeFor(up, wish, seen)
      if (unfinished && seen?.state === 'present') return removed(await up.proxmox.deleteSnapshot(node, wish.vmid, wish.snapname, { force: true }))
      return { handle: await up.proxmox.createSnapshot(node, wish.vmid, { snapname: wish.snapname, description: mark }) }
    },

    async unmake({ up, wish, unfinished }) {
      const { node } = await whereabouts(up, wish.vmid, wish.node)
      return node === undefined ? undefined : removed(await up.proxmox.deleteSnapshot(node, wish.vmid, wish.snapname, unfinished ? { force: true } : {}))
    },

    async adopt({ up, wish, mark }) {
      const { node } = await whereabouts(up, wish.vmid, wish.node)
      if (node !== undefined) await up.proxmox.describeSnapshot(node, wish.vmid, wish.snapname, mark)
      return undefined
    },
  }
}

const removed = (handle: string | undefined): Started => (handle === undefined ? undefined : { handle })
