// DELETE /nodes/{node}/lxc/{vmid} and its worker: the volume goes under the storage lock, the config goes last, with `lock: destroyed` until then.
// pve-container, PVE/API2/LXC.pm (destroy_vm): https://git.proxmox.com/?p=pve-container.git
import { close, free } from '../linstor/volumes.ts'
import { linstorDefinitions } from '../linstor/state.ts'
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { dropFromHa, isManaged } from './ha-state.ts'
import { tell } from './observers.ts'
import { powerOff } from './power.ts'
import { PveError, type Register } from './protocol.ts'
import { onContainer } from './schemas.ts'
import { type Container, type Task, checkLock, containerOn, pve, volumeName } from './state.ts'
import { lockStorage, releaseStorage } from './storage-lock.ts'
import { end, fork, holdGuest, next, running, worker } from './tasks.ts'

export function destroyRoutes(world: World, on: Register): void {
  const schema = { ...onContainer, 'destroy-unreferenced-disks': { type: 'boolean' }, force: { type: 'boolean' },
    purge: { type: 'boolean' } } as const
  on('DELETE', '/nodes/:node/lxc/:vmid', schema, ({ values, node, vmid, user }) => {
    const container = containerOn(world, node, vmid)
    if (container.config['protection'] === 1) throw new PveError(500, `can't remove CT ${vmid} - protection mode enabled\n`)
    checkDestroyable(world, container)
    if (isManaged(world, vmid) && values['purge'] !== 1) throw new PveError(500,
      `unable to remove CT ${vmid} - used in HA resources and purge parameter not set.\n`)
    if (container.running && values['force'] !== 1) throw new PveError(500, `unable to destroy CT ${vmid} - container is running\n`)
    return fork(world, node, 'vzdestroy', String(vmid), user, {
      purge: values['purge'] ?? 0, force: values['force'] ?? 0, unreferenced: values['destroy-unreferenced-disks'] ?? 0,
      lockedMs: between(world.random, 1000, 3000), restMs: between(world.random, 3000, 7000),
    }).upid
  })
  worker(world, 'vzdestroy', destroyStep, (_, task) => {
    const container = pve(world).containers[task.id]
    if (container?.config['rootfs'] !== undefined && container.config['lock'] === 'destroyed') delete container.config['lock']
  })
}

/** A zombie of a killed destroy (`lock: destroyed`, nobody at work) may be destroyed again; every other lock refuses. */
function checkDestroyable(world: World, container: Container): void {
  if (container.config['lock'] !== 'destroyed' || running(world, container.vmid, 'vzdestroy')) checkLock(container)
}

function destroyStep(world: World, task: Task, step: number): void {
  const container = containerOn(world, task.node, Number(task.id))
  const { memory } = task
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    if (container.config['lock'] !== 'destroyed') checkLock(container)
    if (container.running && memory['force'] !== 1) throw new PveError(500, `unable to destroy CT ${task.id} - container is running`)
    if (container.running) powerOff(world, container)
    container.config['lock'] = 'destroyed'
    lockStorage(world, task, 1)
  } else if (step === 1) next(world, task, Number(memory['lockedMs']), 2)
  else if (step === 2) {
    for (const name of volumesOf(world, container, memory['unreferenced'] === 1)) free(world, name)
    container.config = { lock: 'destroyed' }
    releaseStorage(world, task.upid)
    next(world, task, Number(memory['restMs']), 3)
  } else {
    if (memory['purge'] === 1) dropFromHa(world, `ct:${task.id}`)
    removeContainer(world, container)
    end(world, task, 'OK')
  }
}

function volumesOf(world: World, container: Container, unreferenced: boolean): string[] {
  const own = volumeName(container.config)
  const definitions = linstorDefinitions(world).filter((definition) => !definition.deleting)
  return definitions.filter((definition) => definition.name === own
    || (unreferenced && definition.props['Aux/pm/vmid'] === String(container.vmid))).map((definition) => definition.name)
}

/** The config file and the firewall file are gone; whoever watches is told. */
export function removeContainer(world: World, container: Container): void {
  const state = pve(world)
  const volume = volumeName(container.config)
  if (container.running && volume !== undefined) close(world, volume, container.node)
  delete state.firewalls[container.vmid]
  delete state.containers[container.vmid]
  world.changed()
  tell(world, { event: 'destroyed', vmid: container.vmid, node: container.node })
}
