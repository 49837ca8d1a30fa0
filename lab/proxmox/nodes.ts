// A node loses power, a node comes back. Nothing is undone: workers die where they are, locks stay, HA fences after two minutes.
import { satelliteBack, satelliteLost } from '../linstor/volumes.ts'
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { planFencing } from './crm.ts'
import { isManaged, planRound } from './ha-state.ts'
import { powerOff } from './power.ts'
import { pve } from './state.ts'
import { fork, killSilently } from './tasks.ts'

export function nodeHappenings(world: World): void {
  world.on('proxmox.boot', (args: { node: string }) => {
    const { containers, nodes } = pve(world)
    if (!nodes[args.node]!.online) return
    for (const container of Object.values(containers))
      if (container.node === args.node && container.config['onboot'] === 1 && !container.running
        && !isManaged(world, container.vmid)) fork(world, args.node, 'vzstart', String(container.vmid), 'root@pam')
  })
}

/** Power loss: calls to the node answer 595, its workers and containers are dead at once. */
export function failNode(world: World, name: string): void {
  const { nodes, containers } = pve(world)
  const node = nodes[name]!
  if (!node.online) return
  killSilently(world, name)
  for (const container of Object.values(containers)) if (container.node === name) powerOff(world, container)
  node.online = false
  node.failures++
  satelliteLost(world, name)
  planFencing(world, name)
}

/** Power is back: disks resync, guests with `onboot` start after a while, HA looks at its services again. */
export function restoreNode(world: World, name: string): void {
  const { nodes, ha } = pve(world)
  const node = nodes[name]!
  if (node.online) return
  node.online = true
  node.bootedAt = world.clock.now()
  satelliteBack(world, name)
  for (const service of Object.values(ha.services)) if (service.node === name && service.state === 'fence') service.state = 'queued'
  world.later(between(world.random, 8000, 20_000), 'proxmox.boot', { node: name })
  planRound(world)
}
