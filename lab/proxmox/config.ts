// Reading and changing containers: lists, config, status, resize. Config writes are synchronous, wait for the guest's file lock and respect its config lock.
// Not simulated: pending changes of running guests (everything applies hot), figures of real load.
import { grow } from '../linstor/volumes.ts'
import { between, shuffled } from '../random.ts'
import type { World } from '../world.ts'
import { checkTokenLimits, written } from './create.ts'
import { isManaged } from './ha-state.ts'
import { checkDigest, deleteKeys } from './ha.ts'
import { PveError, type Register } from './protocol.ts'
import { onContainer, snapshotName, update } from './schemas.ts'
import { type Config, type Container, type Task, checkLock, containerOn, digest, diskGb, elapsed, parts, pve, sizeGb, touch,
  volumeName } from './state.ts'
import { end, fork, holdGuest, next, worker } from './tasks.ts'

const list = (text: string | number | undefined): string[] => String(text ?? '').split(/[,;\s]+/).filter(Boolean)
const protectedKeys = ['rootfs', 'arch', 'ostype', 'memory', 'unprivileged', 'node', 'vmid'] as const
const lockWaitMs = 10_000

/** What status/current and the container list say, up to date. */
function status(world: World, container: Container): Record<string, unknown> {
  const { config, running } = container
  const uptime = running ? Math.floor(elapsed(world, container.startedAt) / 1000) : 0
  const maxmem = Number(config['memory'] ?? 512) * 1_048_576
  return {
    vmid: container.vmid, type: 'lxc', status: running ? 'running' : 'stopped', name: String(config['hostname'] ?? `CT${container.vmid}`),
    cpus: Number(config['cores'] ?? 56),
    maxmem, maxswap: Number(config['swap'] ?? 512) * 1_048_576, maxdisk: Math.round(diskGb(container) * 1_073_741_824), uptime,
    cpu: running ? 0.005 : 0, mem: running ? Math.floor(maxmem * 0.25) : 0, swap: 0, disk: running ? 1_288_490_188 : 0, diskread: 0,
    diskwrite: 0, netin: uptime * 120, netout: uptime * 60,
    ...(config['lock'] === undefined ? {} : { lock: config['lock'] }), ...(config['tags'] === undefined ? {} : { tags: config['tags'] }),
    ...(running ? { pid: 10_000 + container.vmid } : {}),
    ...(pve(world).major === 9 && running
      ? { pressurecpusome: 0, pressureiofull: 0, pressureiosome: 0, pressurememoryfull: 0, pressurememorysome: 0 } : {}),
  }
}

export function configRoutes(world: World, on: Register): void {
  const state = pve(world)
  on('GET', '/nodes/:node/lxc', { node: onContainer['node']! }, ({ node }) =>
    shuffled(world.random, Object.values(state.containers).filter((container) => container.node === node)).map((container) =>
      status(world, container)))

  on('GET', '/nodes/:node/lxc/:vmid', onContainer, ({ node, vmid }) => {
    containerOn(world, node, vmid)
    return ['config', 'status', 'firewall', 'snapshot', 'resize', 'feature'].map((subdir) => ({ subdir }))
  })

  on('GET', '/nodes/:node/lxc/:vmid/status/current', onContainer, ({ node, vmid }) => {
    const container = containerOn(world, node, vmid)
    const managed = isManaged(world, vmid)
    const service = state.ha.services[`ct:${vmid}`]
    const resource = state.ha.resources[`ct:${vmid}`]
    return { ...status(world, container),
      ha: { managed: managed ? 1 : 0, ...(managed && service ? { state: service.state } : {}),
      ...(managed && resource?.group ? { group: resource.group } : {}) } }
  })

  const { required: _required, ...optionalSnapshot } = snapshotName
  on('GET', '/nodes/:node/lxc/:vmid/config', { ...onContainer, current: { type: 'boolean' }, snapshot: optionalSnapshot },
    ({ values, node, vmid }) => {
    const container = containerOn(world, node, vmid)
    if (values['snapshot'] !== undefined) {
      const snapshot = container.snapshots[String(values['snapshot'])]
      if (!snapshot) throw new PveError(500, `snapshot '${values['snapshot']}' does not exist\n`)
      return { ...snapshot.config, digest: digestOf(container) }
    }
    return { ...container.config, ...(container.parent === undefined ? {} : { parent: container.parent }), digest: digestOf(container) }
  })

  on('PUT', '/nodes/:node/lxc/:vmid/config', update(state.major), async ({ values, node, vmid }) => {
    const container = containerOn(world, node, vmid)
    const { node: _node, vmid: _vmid, delete: gone, revert: _revert, digest: expected, ...changes } = values
    if (Object.keys(changes).length === 0 && gone === undefined) throw new PveError(500, 'no options specified\n')
    checkTokenLimits(changes, container.config['unprivileged'] === 1)
    for (const key of ['lock', 'unprivileged', 'rootfs']) if (changes[key] !== undefined
      && changes[key] !== container.config[key]) throw new PveError(500, `unable to modify read-only option: '${key}'\n`)
    for (let waitedMs = 0; state.guestLocks[vmid] !== undefined; waitedMs += 500) {
      if (waitedMs >= lockWaitMs) throw new PveError(500, `can't lock file '/run/lock/lxc/pve-config-${vmid}.lock' - got timeout\n`)
      await world.clock.sleep(500)
    }
    const now = containerOn(world, node, vmid)
    checkLock(now)
    checkDigest(expected, configFile(now))
    touch(world, now)
    const config: Config = { ...now.config }
    for (const [name, value] of Object.entries(changes)) if (value !== undefined) config[name] = written(world, name, value, now.config[name])
    deleteKeys(config, list(gone), protectedKeys)
    now.config = config
    world.changed()
    return null
  })

  const resize = { ...onContainer, digest: { type: 'string', maxLength: 40 },
    disk: { type: 'string', required: true, pattern: /^(rootfs|mp([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))$/ },
    size: { type: 'string', required: true, pattern: /^\+?\d+(\.\d+)?[KMGT]?$/ } } as const
  on('PUT', '/nodes/:node/lxc/:vmid/resize', resize, ({ values, node, vmid, user }) => {
    const container = containerOn(world, node, vmid)
    checkLock(container)
    checkDigest(values['digest'], configFile(container))
    if (values['disk'] !== 'rootfs') throw new PveError(500, `no such mount point '${values['disk']}'\n`)
    const text = String(values['size'])
    const has = diskGb(container)
    const wanted = sizeGb(text.replace('+', '')) + (text.startsWith('+') ? has : 0)
    if (wanted < has) throw new PveError(500, 'unable to shrink disk size\n')
    if (wanted === has) throw new PveError(500, 'disk is already at specified size\n')
    return fork(world, node, 'resize', String(vmid), user, { wanted }).upid
  })
  worker(world, 'resize', resizeStep)
}

/** Everything that stands in the config file, which is what its digest is made of. */
export const configFile = (container: Container): unknown => [container.config, container.parent, container.snapshots]
const digestOf = (container: Container): string => digest(configFile(container))

function resizeStep(world: World, task: Task, step: number): void {
  const container = containerOn(world, task.node, Number(task.id))
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    checkLock(container)
    return next(world, task, between(world.random, 1500, 4000), 1)
  }
  const volume = volumeName(container.config)
  if (volume === undefined) throw new PveError(500, 'no rootfs configured')
  const wanted = Number(task.memory['wanted'])
  grow(world, volume, Math.round(wanted * 1_048_576))
  touch(world, container)
  const { size: _size, volume: name, ...rest } = parts(container.config['rootfs'], 'volume')
  container.config['rootfs'] = [name, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`), `size=${wanted}G`].join(',')
  task.log.push(`resize2fs: the filesystem is now ${wanted}G`)
  end(world, task, 'OK')
}
