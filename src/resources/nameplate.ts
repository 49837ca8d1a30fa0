// What a container that was built ahead for nobody says of its owner in Proxmox, for people: host name and notes. Its tags, by which
// it is known to be ours, stay as they are. Nobody waits for it.
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { atItsNode, locked, type Reach } from './reach.ts'

export interface NameplateWish { vmid: number; node: string; hostname: string; tenant: string }

const Out = z.object({ node: z.string() })

export const nameplate: Resource<Reach, NameplateWish, z.infer<typeof Out>> = {
  name: 'nameplate',
  title: 'Name of the container',
  needs: ['container', 'wordpress'],
  inside: 'container',
  // The container bears one already.
  given: true,
  trails: true,
  system: 'proxmox',
  pools: () => [],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 2_000,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { node, found: config } = await atItsNode(up, wish.vmid, wish.node, (at) => up.proxmox.containerConfig(at, wish.vmid))
    if (node === undefined) return { state: 'absent' }
    if (!config) return { state: 'busy', why: 'the container is moving' }
    if (config.lock) return locked(config.lock)
    const out = { node }
    const differs = [...(config.hostname === wish.hostname ? [] : ['host name']), ...(config.description?.trimEnd() === notesOf(wish) ? [] : ['notes'])]
    return differs.length === 0 ? { state: 'present', ok: true, out } : { state: 'present', ok: false, differs: differs.join(', '), out }
  },

  async make({ up, wish }, seen) {
    const node = (seen?.state === 'present' ? seen.out?.node : undefined) ?? wish.node
    await up.proxmox.setConfig(node, wish.vmid, { hostname: wish.hostname, description: notesOf(wish) })
    return undefined
  },

  async unmake() {
    return undefined
  },
}

const notesOf = ({ hostname, tenant }: NameplateWish): string => `Berth site ${hostname}\ntenant ${tenant}`
