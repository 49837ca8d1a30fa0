// Whole backups of containers (vzdump) and the removal of their archives: one at a time per node, under the lock `backup`, from a
// snapshot named `vzdump` that is gone afterwards. Not simulated: virtual machines, jobs, pruning, hooks, bandwidth, suspend mode.
// https://pve.proxmox.com/pve-docs/chapter-vzdump.html · PVE/API2/VZDump.pm, PVE/VZDump/LXC.pm
import { deleteSnapshot, snapshot } from '../linstor/volumes.ts'
import { between } from '../random.ts'
import { backupStorage } from '../topology.ts'
import type { World } from '../world.ts'
import { archiveNamed, backupKind, bytesUsed, discard, keep, reachable } from './archives.ts'
import type { Schema } from './parameters.ts'
import { tellDisk } from './observers.ts'
import { powerOff, startNow } from './power.ts'
import { PveError, type Register } from './protocol.ts'
import { node } from './schemas.ts'
import { type Container, type Task, checkLock, pve, volumeName } from './state.ts'
import { end, fork, holdGuest, next, worker } from './tasks.ts'

const flag = { type: 'boolean' } as const
const storageId = { type: 'string', format: 'pve-storage-id' } as const
const dump: Schema = {
  node, vmid: { type: 'string' }, all: flag, storage: storageId, mode: { type: 'string', enum: ['snapshot', 'suspend', 'stop'] },
  compress: { type: 'string', enum: ['0', '1', 'gzip', 'lzo', 'zstd'] }, zstd: { type: 'integer', min: 0 }, remove: flag, protected: { type: 'boolean', requires: 'storage' },
  'notes-template': { type: 'string', maxLength: 1024, requires: 'storage' }, 'prune-backups': { type: 'string' }, quiet: flag, lockwait: { type: 'integer', min: 0 },
  'notification-mode': { type: 'string', enum: ['auto', 'legacy-sendmail', 'notification-system'] }, stdexcludes: flag,
}
const oneVolume: Schema = { node, storage: { ...storageId, required: true }, volume: { type: 'string', required: true }, delay: { type: 'integer', min: 1, max: 30 } }
const snapName = 'vzdump'
/** How often a worker that waits for the node's other backup looks again. */
const waitMs = 5_000

export function vzdumpRoutes(world: World, on: Register): void {
  on('POST', '/nodes/:node/vzdump', dump, ({ values, node: where, user }) => {
    if (values['storage'] !== backupStorage.id) throw new PveError(500, `storage '${String(values['storage'] ?? 'local')}' does not exist\n`)
    if (!/^[1-9]\d{2,8}$/.test(String(values['vmid'] ?? ''))) throw new PveError(400, 'Parameter verification failed.\n', { vmid: 'value does not look like a valid VM ID' })
    const vmid = Number(values['vmid'])
    const container = pve(world).containers[vmid]
    // Guests of other nodes are passed over in silence: no task, the word OK instead of its name. One that is nowhere fails in the task.
    if (container && container.node !== where) return 'OK'
    const mode = String(values['mode'] ?? 'snapshot')
    return fork(world, where, 'vzdump', String(vmid), user, { mode, notes: String(values['notes-template'] ?? ''), protected: values['protected'] === 1 }).upid
  })
  on('DELETE', '/nodes/:node/storage/:storage/content/:volume', oneVolume, ({ values, node: where, user }) => {
    if (values['storage'] !== backupStorage.id) throw new PveError(500, `storage '${String(values['storage'])}' does not exist\n`)
    const volume = String(values['volume'])
    const volid = volume.includes(':') ? volume : `${backupStorage.id}:${volume}`
    const pbs = backupKind(world) === 'pbs'
    const vmid = (pbs ? /:backup\/ct\/(\d+)\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ : /vzdump-lxc-(\d+)-/).exec(volid)?.[1]
    if (vmid === undefined) throw new PveError(400, `unable to parse ${pbs ? 'PBS' : 'directory'} volume name '${volid.slice(volid.indexOf(':') + 1)}'\n`)
    if (archiveNamed(world, volid)?.protected) throw new PveError(500, `can't remove protected volume '${volid}'\n`)
    return fork(world, where, 'imgdel', `${vmid}@${backupStorage.id}`, user, { volid }).upid
  })

  worker(world, 'vzdump', dumpStep)
  worker(world, 'imgdel', (_, task) => {
    reachable(world)
    const volid = String(task.memory['volid'])
    if (!archiveNamed(world, volid) && backupKind(world) === 'pbs') throw new PveError(500, `proxmox-backup-client failed: Error: unable to delete snapshot ${volid.slice(volid.indexOf('ct/'))} - no such snapshot`)
    if (!archiveNamed(world, volid)) throw new PveError(500, `unlink '/mnt/pve/${backupStorage.id}/dump/${volid.split('/').at(-1)}' failed - No such file or directory`)
    discard(world, volid)
    tellDisk(world, { event: 'dropped', vmid: Number(task.id.split('@')[0]), name: volid })
    end(world, task, 'OK')
  })
}

const another = (world: World, task: Task): boolean =>
  Object.values(pve(world).tasks).some((other) => other !== task && other.type === 'vzdump' && other.node === task.node && other.endedAt === undefined && other.memory['turn'] === true)

function dumpStep(world: World, task: Task, step: number): void {
  const { memory } = task
  // One at a time on a node, whoever asked.
  if (memory['turn'] !== true) {
    if (another(world, task)) return next(world, task, waitMs, 0)
    memory['turn'] = true
  }
  try {
    dumping(world, task, step)
  } catch (error) {
    // The reason is in the log only; the task itself says that there were errors.
    task.log.push(`ERROR: Backup of VM ${task.id} failed - ${(error as Error).message.trimEnd()}`)
    const container = pve(world).containers[task.id]
    if (typeof memory['unfinished'] === 'string') discard(world, memory['unfinished'])
    if (container && memory['locked'] === true) tidy(world, container, task)
    end(world, task, 'job errors')
  }
}

function dumping(world: World, task: Task, step: number): void {
  const { memory } = task
  const vmid = Number(task.id)
  const container = pve(world).containers[vmid]
  if (!container || container.node !== task.node) throw new PveError(500, `unable to find VM '${vmid}'`)
  const volume = volumeName(container.config)
  if (step === 0) {
    reachable(world)
    if (!holdGuest(world, task, 0)) return
    checkLock(container)
    if (volume === undefined) throw new PveError(500, 'mode failure - some volumes do not support snapshots')
    container.config['lock'] = 'backup'
    memory['locked'] = true
    memory['began'] = Math.floor(world.clock.now() / 1000)
    memory['up'] = container.running
    delete pve(world).guestLocks[task.id]
    world.changed()
    return next(world, task, between(world.random, 1000, 4000), 1)
  }
  if (step === 1) {
    // What a worker that died has left is in the way.
    if (container.snapshots[snapName]) dropSnapshot(world, container)
    if (memory['mode'] === 'stop' && container.running) powerOff(world, container)
    else {
      const { lock: _lock, ...config } = container.config
      snapshot(world, volume!, `snap_${volume!}_${snapName}`)
      container.snapshots[snapName] = { name: snapName, snaptime: Number(memory['began']), description: 'vzdump backup snapshot', parent: container.parent, state: undefined, config }
    }
    if (backupKind(world) === 'pbs') {
      // A snapshot there is listed from its beginning on; its notes come when it is whole.
      reachable(world)
      const volid = `${backupStorage.id}:backup/ct/${vmid}/${new Date(Number(memory['began']) * 1000).toISOString().slice(0, 19)}Z`
      const { lock: _lock, ...config } = container.config
      keep(world, { volid, vmid, ctime: Number(memory['began']), sizeBytes: 0, usedGb: 3, notes: '', protected: false, config })
      memory['unfinished'] = volid
    }
    return next(world, task, between(world.random, 20_000, 70_000), 2)
  }
  reachable(world)
  const sizeBytes = between(world.random, 600_000_000, 1_200_000_000)
  if (bytesUsed(world) + sizeBytes > backupStorage.capacityBytes) throw new PveError(500, 'zstd: error 70 : Write error : cannot write block : No space left on device')
  const { lock: _lock, ...config } = container.config
  const whole = { notes: filled(world, String(memory['notes']), container), protected: memory['protected'] === true, sizeBytes }
  const unfinished = archiveNamed(world, String(memory['unfinished'] ?? ''))
  if (unfinished) {
    Object.assign(unfinished, whole)
    delete memory['unfinished']
    tellDisk(world, { event: 'kept', vmid, name: unfinished.volid })
    task.log.push(`creating Proxmox Backup Server archive '${unfinished.volid.slice(unfinished.volid.indexOf('ct/'))}'`, `Finished Backup of VM ${vmid}`)
    tidy(world, container, task)
    return end(world, task, 'OK')
  }
  const name = `vzdump-lxc-${vmid}-${stamp(Number(memory['began']))}.tar.zst`
  keep(world, { volid: `${backupStorage.id}:backup/${name}`, vmid, ctime: Number(memory['began']), usedGb: 3, ...whole, config })
  tellDisk(world, { event: 'kept', vmid, name: `${backupStorage.id}:backup/${name}` })
  task.log.push(`creating vzdump archive '/mnt/pve/${backupStorage.id}/dump/${name}'`, `Finished Backup of VM ${vmid}`)
  tidy(world, container, task)
  end(world, task, 'OK')
}

function tidy(world: World, container: Container, task: Task): void {
  if (container.snapshots[snapName]) dropSnapshot(world, container)
  delete container.config['lock']
  if (task.memory['mode'] === 'stop' && task.memory['up'] === true && !container.running) startNow(world, container)
  world.changed()
}

function dropSnapshot(world: World, container: Container): void {
  const volume = volumeName(container.config)
  if (volume !== undefined) deleteSnapshot(world, volume, `snap_${volume}_${snapName}`)
  delete container.snapshots[snapName]
}

/** `2026_01_31-04_05_06`; the simulated nodes live in UTC. */
const stamp = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 19).replaceAll('-', '_').replaceAll(':', '_').replace('T', '-')

const filled = (world: World, template: string, container: Container): string =>
  template.replaceAll('{{vmid}}', String(container.vmid)).replaceAll('{{node}}', container.node).replaceAll('{{cluster}}', 'lab')
    .replaceAll('{{guestname}}', String(container.config['hostname'] ?? '')).replaceAll('\\n', '\n').replaceAll('\\\\', '\\')
