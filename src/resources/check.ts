// The site seen again after its disk was made anew: WordPress answers inside the container. Nothing is made here; it is waited
// for, and given up when it does not come. Until it has been seen, what it was made from is kept.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { whereabouts, type Reach } from './reach.ts'

/** `gb` of the disk that it is seen on: another disk is looked at anew. */
export interface CheckWish { vmid: number; node: string; gb: number }

export const check: Resource<Reach, CheckWish, null> = {
  name: 'check',
  title: 'Site seen again',
  needs: ['power', 'firewall', 'replicas', 'disk'],
  inside: 'power',
  given: true,
  system: 'proxmox',
  pools: (_want, wish) => [`playbooks:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 3_000,
  output: z.null(),

  async observe({ up, wish }): Promise<Seen<null>> {
    const { node, status } = await whereabouts(up, wish.vmid, wish.node)
    if (node === undefined || status?.status !== 'running') return { state: 'absent' }
    const { installed, busy } = await up.gateway.wordpressState({ node, vmid: wish.vmid })
    if (busy) return { state: 'busy', why: 'WordPress is being installed' }
    return installed ? { state: 'present', ok: true, out: null } : { state: 'absent' }
  },

  async make() {
    throw new UpstreamError('proxmox', 'unknown', 'WordPress does not show itself', { landed: true })
  },

  async unmake() {
    return undefined
  },
}
