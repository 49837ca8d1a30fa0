// Carries the gateway's playbooks out inside the lab's containers: data-centre time, plus the real installation when there
// is a host for it. Refuses what `pct exec` would refuse, and a container that is stopped in the middle leaves nothing
// installed. Not simulated: what a half-run playbook leaves on the container's disk.
import type { Driver } from '../../gateway/playbooks.ts'
import { between } from '../random.ts'
import { unlock } from '../proxmox/unlock.ts'
import type { World } from '../world.ts'
import { cutOff, exit, nothingRuns, refused, siteOf, slice, type ContainerOf, type Host, type Inside, type Order, type Ran } from './inside.ts'
import { tool, tools } from './tools.ts'

const looksPerInstall = 5
/** How long an installation takes, in data-centre ms, at least and at most. */
const [bare, golden] = [[60_000, 90_000], [6_000, 12_000]] as const
const simulatedVersion = '7.1.1'

/** The playbooks of docs/gateway.md. Without a host an installation is state and time only. */
export function labDriver(world: World, host: Host | undefined, container: ContainerOf): Driver {
  // A driver that starts anew has no runs: what an earlier one was doing died with it.
  nothingRuns(world)
  return {
    run: (order) => {
      const { playbook, node, vmid, parameters } = order
      if (playbook === 'install-wordpress') return install(world, host, container, order)
      if (playbook === 'personalise-wordpress') return personalise(world, host, container, order)
      if (playbook === 'wordpress-state') return look(world, container, node, vmid)
      if (playbook === 'unlock-container') return Promise.resolve(unlock(world, node, vmid, String(parameters['lock'])))
      if (tools.includes(playbook)) return tool(world, host, container, order)
      return Promise.resolve({ exit: exit.usage, output: `no playbook ${playbook}\n` })
    },
  }
}

async function install(
  world: World,
  host: Host | undefined,
  container: ContainerOf,
  { node, vmid, parameters }: Order,
): Promise<Ran> {
  const { url, title, adminEmail } = parameters
  if (typeof url !== 'string' || typeof title !== 'string' || typeof adminEmail !== 'string')
    return { exit: exit.usage, output: 'url, title and adminEmail are needed\n' }
  const refusal = refused(container, node, vmid)
  if (refusal) return refusal
  const inside = (slice(world).containers[vmid] ??= { installed: false, installing: false, epoch: ++slice(world).epochs })
  if (inside.installing || inside.doing) return { exit: exit.busy, output: 'busy: another run is installing WordPress in this container\n' }
  if (inside.installed) {
    await world.clock.sleep(between(world.random, 1_000, 2_000))
    return cutOff(world, container, node, vmid, inside.epoch) ?? { exit: exit.ok, output: 'WordPress is already installed.\n', result: shown(inside) }
  }

  const { epoch } = inside
  inside.installing = true
  world.changed()
  const real = host ? host.install({ id: siteOf(vmid), url, title, adminEmail }).then(() => undefined, reason) : undefined
  // On a golden image (docs/golden-image.md) no package is installed and nothing fetched.
  const [leastMs, mostMs] = container(vmid)?.template?.includes('/berth-wordpress_') ? golden : bare
  const durationMs = between(world.random, leastMs, mostMs)
  for (let i = 0; i < looksPerInstall; i++) {
    await world.clock.sleep(durationMs / looksPerInstall)
    const cut = cutOff(world, container, node, vmid, epoch)
    if (cut) return cut
  }
  const failure = await real
  const cut = cutOff(world, container, node, vmid, epoch)
  if (cut) return cut
  inside.installing = false
  if (failure === undefined) {
    const version = host?.state(siteOf(vmid)).version ?? simulatedVersion
    Object.assign(inside, { installed: true, url, title, adminEmail, version })
  }
  world.changed()
  return failure === undefined
    ? { exit: exit.ok, output: 'Success: WordPress installed successfully.\n', result: shown(inside) }
    : { exit: exit.failed, output: `Error: ${failure}\n` }
}

/** Makes what was installed for nobody somebody's; the address under which it answers changes last, with everything else. */
async function personalise(
  world: World,
  host: Host | undefined,
  container: ContainerOf,
  { node, vmid, parameters }: Order,
): Promise<Ran> {
  const { url, title, adminEmail, address } = parameters
  if (typeof url !== 'string' || typeof title !== 'string' || typeof adminEmail !== 'string' || typeof address !== 'string')
    return { exit: exit.usage, output: 'url, title, adminEmail and address are needed\n' }
  const refusal = refused(container, node, vmid)
  if (refusal) return refusal
  const { ip = address } = container(vmid) ?? {}
  if (ip !== address) return { exit: exit.failed, output: `Error: this container has the address ${ip}, not ${address}\n` }
  const inside = slice(world).containers[vmid]
  if (inside?.installing || inside?.doing) return { exit: exit.busy, output: 'busy: another run is at work on WordPress in this container\n' }
  if (!inside?.installed) return { exit: exit.failed, output: 'Error: WordPress is not installed here\n' }
  const { epoch } = inside
  inside.installing = true
  world.changed()
  const real = host ? host.personalise({ id: siteOf(vmid), url, title, adminEmail }).then(() => undefined, reason) : undefined
  await world.clock.sleep(between(world.random, 1_500, 3_000))
  const failure = await real
  const cut = cutOff(world, container, node, vmid, epoch)
  if (cut) return cut
  inside.installing = false
  if (failure === undefined) Object.assign(inside, { url, title, adminEmail })
  world.changed()
  return failure === undefined ? { exit: exit.ok, output: 'Success: this site is personal now.\n', result: shown(inside) } : { exit: exit.failed, output: `Error: ${failure}\n` }
}

async function look(world: World, container: ContainerOf, node: string, vmid: number): Promise<Ran> {
  const refusal = refused(container, node, vmid)
  if (refusal) return refusal
  await world.clock.sleep(between(world.random, 1_000, 2_000))
  const inside = slice(world).containers[vmid]
  return refused(container, node, vmid) ?? { exit: exit.ok, output: '', result: inside ? shown(inside) : { installed: false, busy: false } }
}

const shown = ({ installed, installing, url, title, version }: Inside): Record<string, unknown> =>
  installed ? { installed, busy: installing, url, title, version } : { installed, busy: installing }

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
