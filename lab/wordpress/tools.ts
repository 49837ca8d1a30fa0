// The playbooks of a site that stands – a log-in link, disk use, WP-CLI, PHP, dumps – in the lab's containers: their locks and their
// data-centre time, and what they do: on the real WordPress where there is a host for it, else on what stand.ts remembers.
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { pve } from '../proxmox/state.ts'
import { cutOff, exit, refused, siteOf, slice, type ContainerOf, type Host, type Order, type Ran } from './inside.ts'
import { onSite } from './site-tools.ts'
import { simulated } from './stand.ts'

/** Playbook, or action of `wp`, -> how long it takes in data-centre ms, at least and at most. */
const durations: Record<string, readonly [number, number]> = {
  'login-link': [1_000, 3_000], 'disk-use': [500, 2_000], 'php-version': [20_000, 60_000], dump: [15_000, 60_000],
  'core-version': [1_000, 2_000], 'plugin-list': [1_000, 3_000], 'theme-list': [1_000, 3_000], 'cron-list': [1_000, 2_000],
  'core-update': [15_000, 40_000], 'plugin-update': [5_000, 20_000], 'theme-update': [5_000, 20_000], 'search-replace': [3_000, 15_000],
  'cache-flush': [1_000, 3_000], maintenance: [1_000, 3_000], 'cron-run': [2_000, 10_000],
}
const looks = 5
/** A playbook waits so long for another to let go of the container. */
const patienceMs = 5_000
const gb = 1_073_741_824

export const tools: readonly string[] = ['login-link', 'disk-use', 'wp', 'php-version', 'dump']

/** Carries one out. Rejects when the container goes from under it: nobody knows how far it came. */
export async function tool(world: World, host: Host | undefined, container: ContainerOf, order: Order): Promise<Ran> {
  const { playbook, node, vmid, parameters } = order
  const refusal = refused(container, node, vmid)
  if (refusal) return refusal
  const inside = slice(world).containers[vmid]
  if (!inside?.installed) return { exit: exit.failed, output: 'the database holds no site\n' }
  const locks = playbook !== 'disk-use'
  if (locks && (inside.installing || inside.doing !== undefined)) await world.clock.sleep(patienceMs)
  if (locks && (inside.installing || inside.doing !== undefined)) return { exit: exit.busy, output: `another playbook is under way: ${inside.doing ?? 'install-wordpress'}\n` }
  const { epoch } = inside
  const what = playbook === 'wp' ? String(parameters['action']) : playbook
  const cut = (): boolean => cutOff(world, container, node, vmid, epoch) !== undefined
  if (locks) inside.doing = playbook === 'wp' ? `wp ${what}` : what
  world.changed()
  try {
    const real = host ? onSite(host, siteOf(vmid), order, diskOf(world, vmid).total).catch((error: unknown): Ran => ({ exit: exit.failed, output: `${error instanceof Error ? error.message : String(error)}\n` })) : undefined
    const durationMs = between(world.random, ...(durations[what] ?? [1_000, 1_000]))
    for (let i = 0; i < looks; i++) {
      await world.clock.sleep(durationMs / looks)
      if (cut()) break
    }
    const ran = await real
    if (cut()) throw new Error(`container ${vmid} was stopped while ${what} ran`)
    return ran ?? simulated(inside, order, world.clock.now(), diskOf(world, vmid))
  } finally {
    if (locks && inside.epoch === epoch) delete inside.doing
    world.changed()
  }
}

function diskOf(world: World, vmid: number): { total: number; used: number } {
  const size = /size=(\d+)G/.exec(String(pve(world).containers[String(vmid)]?.config['rootfs']))?.[1]
  return { total: Number(size ?? 20) * gb, used: 2 * gb }
}
