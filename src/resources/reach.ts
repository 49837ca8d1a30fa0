// What every resource can reach: the upstream clients, fenced for one call, and the allocator's record of identities.
import type { Claim, Way, ZoneHere } from '../domain/claim.ts'
import { UpstreamError } from '../domain/errors.ts'
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
    /** Who holds a custom domain. */
    claimOf(name: string): Promise<Claim | undefined>
    /** Takes a custom domain; `contested`: it goes to this tenant when its holder has let go; `lost`: somebody else was faster. */
    claim(wish: { name: string; tenant: string; way: Way; token: string; over: string | null }): Promise<'held' | 'contested' | 'lost'>
    /** The zone that we keep for a domain (with the dot at its end), seen from this tenant. */
    zoneFor(tenant: string, origin: string): Promise<ZoneHere>
    unclaim(name: string, tenant: string): Promise<void>
    /** Tells the holder again that its name is contested. */
    remind(name: string): Promise<void>
  }
}

/** The allocator is an object of ours: when its answer is lost, both questions may simply be asked again. */
export async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw new UpstreamError('allocator', 'unknown', 'the allocator does not answer', { landed: true, cause: error })
  }
}

/**
 * Asks the container's node: `hint` first, then wherever HA has moved it. `node` is missing when the cluster's own list, which
 * every node knows at once, has no such container; `found` when it has one that the node does not know (yet).
 */
export async function atItsNode<T>(up: Reach, vmid: number, hint: string, ask: (node: string) => Promise<T | undefined>): Promise<{ node?: string; found?: T }> {
  let failure: unknown
  const here = await ask(hint).catch((error: unknown) => {
    // A dead node does not answer for a container that has long been started elsewhere.
    failure = error
    return undefined
  })
  if (here !== undefined) return { node: hint, found: here }
  const node = await up.proxmox.locate(vmid)
  if (node === hint && failure !== undefined) throw failure
  if (node === undefined || node === hint) return node === undefined ? {} : { node }
  const found = await ask(node)
  return found === undefined ? { node } : { node, found }
}

/** Where the container is now and how it does; empty when it is gone. */
export async function whereabouts(up: Reach, vmid: number, hint: string): Promise<{ node?: string; status?: ContainerStatus }> {
  const { found, ...at } = await atItsNode(up, vmid, hint, (node) => up.proxmox.status(node, vmid))
  return found === undefined ? at : { ...at, status: found }
}

/** Under a lock Proxmox lets nobody else touch a guest. A backup wins, and may take hours. */
export const locked = (lock: string): Extract<Seen<never>, { state: 'busy' }> => ({ state: 'busy', why: `Proxmox holds the lock "${lock}"`, ...(lock === 'backup' ? { long: true } : {}) })

/** The node to send a first call to: where the container was made. Once there was a doubt, it is looked for. */
export async function nodeFor(up: Reach, wish: { vmid: number; node: string }, seen: Seen | undefined): Promise<string> {
  return seen === undefined ? wish.node : ((await whereabouts(up, wish.vmid, wish.node)).node ?? wish.node)
}
