// What every resource can reach: the upstream clients, fenced for one call, and the allocator's record of identities.
import type { Identity } from '../domain/order.ts'
import type { Seen } from '../engine/resource.ts'
import type { ContainerStatus } from '../upstreams/proxmox/wire.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

export interface Reach extends Upstreams {
  readonly allocator: {
    /** The identities held for this tenant and epoch, or undefined when they were released. */
    held(tenant: string, epoch: number): Promise<Identity | undefined>
    /** Gives them back: the address goes into quarantine, the name becomes a tombstone, the VMID is never used again. */
    release(tenant: string, epoch: number): Promise<void>
  }
}

/** Where the container is now and how it does: at `hint` when it is still there, else wherever HA has moved it; empty when it is gone. */
export async function whereabouts(up: Reach, vmid: number, hint: string): Promise<{ node?: string; status?: ContainerStatus }> {
  const here = await up.proxmox.status(hint, vmid)
  if (here) return { node: hint, status: here }
  const node = await up.proxmox.locate(vmid)
  const status = node === undefined || node === hint ? undefined : await up.proxmox.status(node, vmid)
  return { ...(node === undefined ? {} : { node }), ...(status ? { status } : {}) }
}

/** The node to send a first call to: where the container was made. Once there was a doubt, it is looked for. */
export async function nodeFor(up: Reach, wish: { vmid: number; node: string }, seen: Seen | undefined): Promise<string> {
  return seen === undefined ? wish.node : ((await whereabouts(up, wish.vmid, wish.node)).node ?? wish.node)
}
