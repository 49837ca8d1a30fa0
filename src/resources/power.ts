// The container runs, or is shut down with its data kept. Absent means stopped (or no container at all).
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { locked, nodeFor, whereabouts, type Reach } from './reach.ts'

export interface PowerWish { vmid: number; node: string }

export const power: Resource<Reach, PowerWish, null> = {
  name: 'power',
  title: 'Running container',
  needs: ['container', 'firewall'],
  system: 'proxmox',
  pools: (_want, wish) => [`node-tasks:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 900_000,
  pollMs: 1_000,
  output: z.null(),

  async observe({ up, wish }): Promise<Seen<null>> {
    const { status } = await whereabouts(up, wish.vmid, wish.node)
    if (!status) return { state: 'absent' }
    if (status.lock) return locked(status.lock)
    return status.status === 'running' ? { state: 'present', ok: true, out: null } : { state: 'absent' }
  },

  async make({ up, wish }, seen) {
    return { handle: await up.proxmox.start(await nodeFor(up, wish, seen), wish.vmid) }
  },

  async unmake({ up, wish }) {
    const { node } = await whereabouts(up, wish.vmid, wish.node)
    if (node === undefined) return undefined
    // Without forceStop a guest that ignores the signal makes the task fail and stays up.
    return { handle: await up.proxmox.shutdown(node, wish.vmid, { timeout: 60, forceStop: true }) }
  },
}
