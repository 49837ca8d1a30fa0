// What every resource can reach: the upstream clients, fenced for one call, and the allocator's record of identities.
import type { Identity } from '../domain/order.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

export interface Reach extends Upstreams {
  readonly allocator: {
    /** The identities held for this tenant and epoch, or undefined when they were released. */
    held(tenant: string, epoch: number): Promise<Identity | undefined>
    /** Gives them back: the address goes into quarantine, the name becomes a tombstone, the VMID is never used again. */
    release(tenant: string, epoch: number): Promise<void>
  }
}

/** Where the container is now: `hint` when it is still there, else wherever HA has moved it; undefined when it is gone. */
export async function nodeOf(up: Reach, vmid: number, hint: string): Promise<string | undefined> {
  return (await up.proxmox.status(hint, vmid)) ? hint : up.proxmox.locate(vmid)
}
