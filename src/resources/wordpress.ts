// WordPress inside the container, installed by a named playbook of the gateway, or made the customer's by another when it was
// installed ahead for nobody. Passwords are made inside the container and sent to the customer by WordPress itself: Berth never sees one.
import * as z from 'zod'
import type { Resource, Seen } from '../engine/resource.ts'
import { nodeFor, whereabouts, type Reach } from './reach.ts'

export interface WordPressWish { vmid: number; node: string; hostname: string; url: string; title: string; adminEmail: string; personalise?: Personalise }

/** It was installed ahead under the address `from`: as long as it tells that one, or is not told to be finished, it is nobody's. `address`: the container's, private. */
interface Personalise { from: string; address: string }

const Out = z.object({ url: z.string(), version: z.string() })

export const wordpress: Resource<Reach, WordPressWish, z.infer<typeof Out>> = {
  name: 'wordpress',
  title: 'WordPress',
  needs: ['power'],
  inside: 'container',
  // Where the container is comes first, and the gateway's own silence shows there too.
  system: 'proxmox',
  pools: (_want, wish) => [`${wish.personalise ? 'personalise' : 'playbooks'}:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 2_000,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { node } = await whereabouts(up, wish.vmid, wish.node)
    if (node === undefined) return { state: 'absent' }
    const state = await up.gateway.wordpressState({ node, vmid: wish.vmid })
    if (state.busy) return { state: 'busy', why: 'WordPress is being installed' }
    if (!state.installed) return { state: 'absent' }
    if (wish.personalise && (state.url === undefined || state.url === wish.personalise.from)) return { state: 'present', ok: false, differs: 'it is still nobody’s' }
    return { state: 'present', ok: true, out: { url: state.url ?? wish.url, version: state.version ?? 'unknown' } }
  },

  async make({ up, wish, tenant, epoch, attempt }, seen) {
    const node = await nodeFor(up, wish, seen)
    const { vmid, hostname, url, title, adminEmail, personalise } = wish
    const run = `${tenant}-e${epoch}-wordpress-${attempt}`
    // Also when none is seen: one that was cut off in the middle shows itself as none until this has come to its end.
    if (personalise) {
      await up.gateway.startPlaybook('personalise-wordpress', { run, node, vmid, parameters: { hostname, url, title, adminEmail, address: personalise.address } })
      return { handle: `run:${run}` }
    }
    await up.gateway.startPlaybook('install-wordpress', { run, node, vmid, parameters: { hostname, url, title, adminEmail } })
    return { handle: `run:${run}` }
  },

  async unmake() {
    return undefined
  },
}
