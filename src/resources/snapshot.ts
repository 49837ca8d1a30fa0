// Snapshots of the container: the first one, `initial`, to which a customer's "reset" goes back, and the customer's backups.
import * as z from 'zod'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { nodeFor, whereabouts, type Reach } from './reach.ts'

export interface SnapshotWish { vmid: number; node: string; snapname: string }

/** A volume that has snapshots cannot be deleted, so all of them go before their container, whatever else is down already. */
export const snapshot = snapshotAs({ name: 'snapshot', title: 'First snapshot', needs: ['container', 'wordpress'], trails: true })

/** Asked for when the site stands, running or not. */
export const backup = snapshotAs({ name: 'backup', title: 'Backup', needs: ['container', 'snapshot'] })

function snapshotAs(which: Pick<Resource<Reach>, 'name' | 'title' | 'needs' | 'trails'>): Resource<Reach, SnapshotWish, null> {
  return {
    ...which,
    system: 'proxmox',
    pools: (want, wish) => (want === 'present' ? [`node-tasks:${wish.node}`] : ['storage-free', `node-tasks:${wish.node}`]),
    callTimeoutMs: 20_000,
    busyMs: 1_800_000,
    pollMs: 2_000,
    output: z.null(),

    async observe({ up, wish, mark }): Promise<Seen<null>> {
      const { node } = await whereabouts(up, wish.vmid, wish.node)
      const all = node === undefined ? undefined : await up.proxmox.snapshots(node, wish.vmid)
      const found = all?.find((one) => one.name === wish.snapname)
      if (!found) return { state: 'absent' }
      if (found.snapstate) return { state: 'busy', why: `Proxmox is busy with the snapshot (${found.snapstate})` }
      if (!bears(found.description, mark)) return { state: 'foreign', why: `a snapshot ${wish.snapname} exists without our mark` }
      return { state: 'present', ok: true, out: null }
    },

    async make({ up, wish, mark }, seen) {
      const node = await nodeFor(up, wish, seen)
      return { handle: await up.proxmox.createSnapshot(node, wish.vmid, { snapname: wish.snapname, description: mark }) }
    },

    async unmake({ up, wish }) {
      const { node } = await whereabouts(up, wish.vmid, wish.node)
      const handle = node === undefined ? undefined : await up.proxmox.deleteSnapshot(node, wish.vmid, wish.snapname)
      return handle === undefined ? undefined : { handle }
    },
  }
}
