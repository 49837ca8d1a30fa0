// POST /nodes/{node}/lxc with `restore`: a container out of an archive, new or over one that is stopped. With `force` what stood there
// is destroyed before the archive is unpacked, snapshots and all that came after included; a restore that then fails leaves no disk.
// pve-container, PVE/API2/LXC.pm and PVE/LXC/Create.pm: https://git.proxmox.com/?p=pve-container.git
import { allocate, free, setVmid } from '../linstor/volumes.ts'
import { between } from '../random.ts'
import { customerNodes, storage } from '../topology.ts'
import type { World } from '../world.ts'
import { archiveNamed, reachable } from './archives.ts'
import { removeContainer } from './destroy.ts'
import type { Values } from './parameters.ts'
import { tell, tellDisk } from './observers.ts'
import { PveError } from './protocol.ts'
import { type Config, type Task, checkLock, newContainer, parts, pve, sizeGb, volumeName } from './state.ts'
import { lockStorage, releaseStorage } from './storage-lock.ts'
import { end, fork, next } from './tasks.ts'

const notConfig = new Set(['node', 'vmid', 'ostemplate', 'start', 'storage', 'pool', 'force', 'restore', 'unique', 'bwlimit', 'ignore-unpack-errors', 'rootfs'])

/** Checks what the call itself checks, locks the config and starts the worker; answers its UPID. */
export function restoreFrom(world: World, values: Values, node: string, user: string): string {
  const vmid = Number(values['vmid'])
  const volid = String(values['ostemplate'])
  reachable(world)
  const archive = archiveNamed(world, volid)
  if (!archive) throw new PveError(500, `volume '${volid}' does not exist\n`)
  if (!customerNodes.includes(node)) throw new PveError(500, `storage '${storage.id}' is not available on node '${node}'\n`)
  const standing = pve(world).containers[vmid]
  if (standing && (values['force'] !== 1 || standing.node !== node)) throw new PveError(500, `CT ${vmid} already exists on node '${standing.node}'\n`)
  if (standing) {
    checkLock(standing)
    if (standing.config['protection'] === 1) throw new PveError(500, `unable to restore CT ${vmid} - protection mode enabled\n`)
    if (standing.running) throw new PveError(500, `unable to restore CT ${vmid} - container is running\n`)
    standing.config['lock'] = 'create'
  } else newContainer(world, node, vmid)
  const given = /^(?:[^:]+:)?(\d+(?:\.\d+)?)$/.exec(parts(values['rootfs'], 'volume')['volume'] ?? '')?.[1]
  const wantedGb = given === undefined ? sizeGb(parts(archive.config['rootfs'], 'volume')['size'] ?? '0') : Number(given)
  const options: Config = {}
  for (const [name, value] of Object.entries(values)) if (value !== undefined && !notConfig.has(name)) options[name] = value
  world.changed()
  return fork(world, node, 'vzrestore', String(vmid), user, {
    volid, wantedGb, options: JSON.stringify(options), over: standing !== undefined,
    lockedMs: between(world.random, 1000, 3000), unpackMs: between(world.random, 20_000, 60_000),
  }).upid
}

export function restoreStep(world: World, task: Task, step: number): void {
  const { memory } = task
  const vmid = Number(task.id)
  const container = pve(world).containers[vmid]
  if (!container) throw new PveError(500, 'config disappeared')
  if (step === 0) {
    const old = volumeName(container.config)
    if (old !== undefined) free(world, old)
    // From here on there is nothing to go back to but the archive.
    if (memory['over'] === true) tell(world, { event: 'destroyed', vmid, node: container.node })
    container.config = { lock: 'create' }
    container.snapshots = {}
    container.parent = undefined
    lockStorage(world, task, 1)
  } else if (step === 1) next(world, task, Number(memory['lockedMs']), 2)
  else if (step === 2) {
    memory['volume'] = allocate(world, task.node, Math.ceil(Number(memory['wantedGb']) * 1_048_576))
    setVmid(world, String(memory['volume']), vmid)
    releaseStorage(world, task.upid)
    next(world, task, Number(memory['unpackMs']), 3)
  } else {
    reachable(world)
    const archive = archiveNamed(world, String(memory['volid']))
    if (!archive) throw new PveError(500, `unable to open '${String(memory['volid'])}'`)
    if (archive.usedGb > Number(memory['wantedGb'])) throw new PveError(500, "command 'tar xpf - --zstd' failed: exit code 2: No space left on device")
    container.config = { ...archive.config, ...JSON.parse(String(memory['options'])) as Config, rootfs: `${storage.id}:${String(memory['volume'])}_${vmid},size=${String(memory['wantedGb'])}G` }
    world.changed()
    tellDisk(world, { event: 'brought back', vmid, name: archive.volid })
    end(world, task, 'OK')
  }
}

/** A failed restore removes its own disk; a container that was made for it goes too, one that stood there stays without a disk. */
export function restoreFailed(world: World, task: Task): void {
  const volume = task.memory['volume']
  const container = pve(world).containers[task.id]
  if (volume !== undefined) free(world, String(volume))
  if (container && task.memory['over'] !== true) removeContainer(world, container)
  else if (container) delete container.config['lock']
}
