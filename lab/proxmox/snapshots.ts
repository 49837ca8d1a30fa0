// Snapshots: names are checked by the worker, not by the call, so a duplicate is a failed task. Each phase holds its config lock.
// pve-guest-common, PVE/AbstractConfig.pm: https://git.proxmox.com/?p=pve-guest-common.git
import { deleteSnapshot, isNewest, rollback, snapshot } from '../linstor/volumes.ts'
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { tellDisk } from './observers.ts'
import { powerOff, startNow } from './power.ts'
import { PveError, type Register } from './protocol.ts'
import { onContainer, snapshotName } from './schemas.ts'
import { type Container, type SnapshotRow, type Task, checkLock, containerOn, digest, pve, volumeName } from './state.ts'
import { configFile } from './config.ts'
import { end, fork, holdGuest, next, worker } from './tasks.ts'

const path = '/nodes/:node/lxc/:vmid/snapshot'

export function snapshotRoutes(world: World, on: Register): void {
  const named = { ...onContainer, snapname: snapshotName }
  const found = (container: Container, name: unknown): SnapshotRow => {
    const row = container.snapshots[String(name)]
    if (!row) throw new PveError(500, `snapshot '${String(name)}' does not exist\n`)
    return row
  }

  on('GET', path, onContainer, ({ node, vmid }) => {
    const container = containerOn(world, node, vmid)
    const rows = Object.values(container.snapshots).map((row) => ({
      name: row.name, description: row.description, snaptime: row.snaptime, ...(row.parent === undefined ? {} : { parent: row.parent }),
      ...(row.state === undefined ? {} : { snapstate: row.state }),
    }))
    const current = { name: 'current', description: 'You are here!', digest: digest(configFile(container)), running: container.running ? 1
      : 0, ...(container.parent === undefined ? {} : { parent: container.parent }) }
    return [...rows, current]
  })
  on('POST', path, { ...named, description: { type: 'string' } }, ({ values, node, vmid, user }) => {
    containerOn(world, node, vmid)
    const name = String(values['snapname'])
    if (name === 'current') throw new PveError(500, "unable to use snapshot name 'current' (reserved name)\n")
    if (name === 'vzdump') throw new PveError(500, "unable to use snapshot name 'vzdump' (reserved name)\n")
    return fork(world, node, 'vzsnapshot', String(vmid), user, { name, description: values['description'] ?? '' }).upid
  })
  on('GET', `${path}/:snapname`, named, ({ values, node, vmid }) => {
    found(containerOn(world, node, vmid), values['snapname'])
    return [{ cmd: 'rollback' }, { cmd: 'config' }]
  })
  on('DELETE', `${path}/:snapname`, { ...named, force: { type: 'boolean' } }, ({ values, node, vmid, user }) => {
    containerOn(world, node, vmid)
    return fork(world, node, 'vzdelsnapshot', String(vmid), user, { name: String(values['snapname']), force: values['force'] ?? 0 }).upid
  })
  on('GET', `${path}/:snapname/config`, named, ({ values, node, vmid }) => {
    const row = found(containerOn(world, node, vmid), values['snapname'])
    return { ...row.config, snaptime: row.snaptime, description: row.description, ...(row.parent === undefined ? {} : { parent: row.parent }) }
  })
  on('PUT', `${path}/:snapname/config`, { ...named, description: { type: 'string' } }, ({ values, node, vmid }) => {
    const container = containerOn(world, node, vmid)
    checkLock(container)
    found(container, values['snapname']).description = String(values['description'] ?? '')
    world.changed()
    return null
  })
  on('POST', `${path}/:snapname/rollback`, { ...named, start: { type: 'boolean' } }, ({ values, node, vmid, user }) => {
    containerOn(world, node, vmid)
    return fork(world, node, 'vzrollback', String(vmid), user, { name: String(values['snapname']), start: values['start'] ?? 0 }).upid
  })
  on('GET', '/nodes/:node/lxc/:vmid/feature',
    { ...onContainer, feature: { type: 'string', required: true, enum: ['snapshot', 'clone', 'copy'] },
    snapname: { type: 'string', maxLength: 40, format: 'pve-configid' } }, ({ values, node, vmid }) => {
    const container = containerOn(world, node, vmid)
    if (values['snapname'] !== undefined) found(container, values['snapname'])
    // LINSTOR volumes have no linked clones: https://github.com/LINBIT/linstor-proxmox
    return { hasFeature: values['feature'] !== 'clone' && values['snapname'] === undefined ? 1 : 0 }
  })

  worker(world, 'vzsnapshot', snapshotStep, (_, task) => undo(world, task, (container) => delete container.snapshots[String(task.memory['name'])]))
  worker(world, 'vzdelsnapshot', deleteStep, (_, task) => undo(world, task, () => undefined))
  // A rollback that fails under way leaves its lock: what the disk then holds is for a person to see.
  worker(world, 'vzrollback', rollbackStep)
}

const own = (world: World, task: Task): Container => containerOn(world, task.node, Number(task.id))
const volumeOf = (container: Container): string => {
  const volume = volumeName(container.config)
  if (volume === undefined) throw new PveError(500, "snapshot feature is not available")
  return volume
}
const snapName = (volume: string, task: Task): string => `snap_${volume}_${task.memory['name']}`

/** A failed worker takes its own lock away again; somebody else's stays. */
function undo(world: World, task: Task, more: (container: Container) => void): void {
  if (task.memory['locked'] !== true) return
  const container = own(world, task)
  delete container.config['lock']
  more(container)
}

/** The config lock stands for the whole operation; the file lock is held only while it is written. */
function lock(world: World, container: Container, task: Task, name: string): void {
  checkLock(container)
  container.config['lock'] = name
  task.memory['locked'] = true
  delete pve(world).guestLocks[task.id]
}

function snapshotStep(world: World, task: Task, step: number): void {
  const container = own(world, task)
  const name = String(task.memory['name'])
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    checkLock(container)
    if (container.snapshots[name]) throw new PveError(500, `snapshot name '${name}' already used`)
    const { lock: _lock, ...config } = container.config
    lock(world, container, task, 'snapshot')
    container.snapshots[name] = { name, snaptime: Math.floor(world.clock.now() / 1000), description: String(task.memory['description']),
      parent: container.parent, state: 'prepare', config }
    return next(world, task, between(world.random, 6000, 12_000), 1)
  }
  if (step === 1) {
    snapshot(world, volumeOf(container), snapName(volumeOf(container), task))
    tellDisk(world, { event: 'kept', vmid: container.vmid, name })
    return next(world, task, between(world.random, 4000, 8000), 2)
  }
  container.snapshots[name]!.state = undefined
  container.parent = name
  delete container.config['lock']
  end(world, task, 'OK')
}

function deleteStep(world: World, task: Task, step: number): void {
  const container = own(world, task)
  const name = String(task.memory['name'])
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    const row = container.snapshots[name]
    if (!row) throw new PveError(500, `snapshot '${name}' does not exist`)
    lock(world, container, task, 'snapshot-delete')
    row.state = 'delete'
    return next(world, task, between(world.random, 3000, 6000), 1)
  }
  const volume = volumeName(container.config)
  if (volume !== undefined) deleteSnapshot(world, volume, snapName(volume, task))
  tellDisk(world, { event: 'dropped', vmid: container.vmid, name })
  const parent = container.snapshots[name]?.parent
  for (const row of Object.values(container.snapshots)) if (row.parent === name) row.parent = parent
  if (container.parent === name) container.parent = parent
  delete container.snapshots[name]
  delete container.config['lock']
  end(world, task, 'OK')
}

function rollbackStep(world: World, task: Task, step: number): void {
  const container = own(world, task)
  const name = String(task.memory['name'])
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    const row = container.snapshots[name]
    if (!row) throw new PveError(500, `snapshot '${name}' does not exist`)
    if (row.state !== undefined) throw new PveError(500, `unable to rollback to incomplete snapshot (snapstate = ${row.state})`)
    const volume = volumeOf(container)
    if (!isNewest(world, volume, snapName(volume, task))) throw new PveError(500, `can't rollback, '${name}' is not most recent snapshot on '${volume}'`)
    lock(world, container, task, 'rollback')
    powerOff(world, container)
    return next(world, task, between(world.random, 5000, 10_000), 1)
  }
  if (step === 1) {
    rollback(world, volumeOf(container), snapName(volumeOf(container), task))
    tellDisk(world, { event: 'brought back', vmid: container.vmid, name })
    container.config = { ...container.snapshots[name]!.config }
    container.parent = name
    world.changed()
    if (task.memory['start'] === 1) return next(world, task, between(world.random, 3000, 8000), 2)
  } else startNow(world, container)
  end(world, task, 'OK')
}
