// POST /nodes/{node}/lxc and its worker: reserve the vmid with a config that holds only `lock: create`, fork, allocate under the storage lock,
// unpack, and only then write description, tags and network. A failed create removes config and disk; a killed one leaves both.
// pve-container, PVE/API2/LXC.pm: https://git.proxmox.com/?p=pve-container.git
import { allocate, free, setVmid } from '../linstor/volumes.ts'
import { between, hex } from '../random.ts'
import { customerNodes, storage } from '../topology.ts'
import type { World } from '../world.ts'
import { removeContainer } from './destroy.ts'
import type { Values } from './parameters.ts'
import { startNow } from './power.ts'
import { PveError, type Register } from './protocol.ts'
import { restoreFailed, restoreFrom, restoreStep } from './restore.ts'
import { create } from './schemas.ts'
import { type Config, type Task, newContainer, parts, pve, templates } from './state.ts'
import { lockStorage, releaseStorage } from './storage-lock.ts'
import { end, fork, next, worker } from './tasks.ts'

const notConfig = new Set(['node', 'vmid', 'ostemplate', 'password', 'ssh-public-keys', 'start', 'storage', 'pool', 'force', 'restore',
  'unique', 'bwlimit', 'ignore-unpack-errors', 'ha-managed', 'rootfs'])

/** Options that compare with the literal user root@pam and so never work with a token. */
export function checkTokenLimits(values: Values, unprivileged: boolean): void {
  const denied = (what: string): never => {
    throw new PveError(403, `Permission check failed (${what})\n`)
  }
  for (const [name, value] of Object.entries(values)) {
    if (/^dev\d+$/.test(name)) denied('configuring device passthrough is only allowed for root@pam')
    if (name === 'hookscript') denied('only root can set hookscript')
    if (/^mp\d+$/.test(name) && parts(value, 'volume')['volume']?.startsWith('/')) denied('mount point type bind is only allowed for root@pam')
    if (name !== 'features') continue
    if (!unprivileged) denied('changing feature flags for privileged container is only allowed for root@pam')
    if (Object.keys(parts(value, '')).some((key) => key !== 'nesting')) denied('changing feature flags (except nesting) is only allowed for root@pam')
  }
}

/** net0 as it is written: name first, the rest in order, with the address that Proxmox makes up. */
export function printNet(world: World, text: string, known?: string): string {
  const { name = 'eth0', ...rest } = parts(text, 'name')
  const mac = rest['hwaddr'] ?? known ?? `BC:24:11:${hex(world.random, 6).toUpperCase().match(/../g)!.join(':')}`
  const all: Record<string, string> = { ...rest, hwaddr: mac.toUpperCase(), type: 'veth' }
  return [`name=${name}`, ...Object.keys(all).sort().map((key) => `${key}=${all[key]}`)].join(',')
}

/** Tags are lower-cased, made unique and sorted on every write. */
export const printTags = (text: string): string => [...new Set(text.toLowerCase().split(/[,;\0\s]+/).filter(Boolean))].sort().join(';')

/** Options as they stand in the config file. */
export function written(world: World, name: string, value: string | number, previous?: string | number): string | number {
  if (name === 'tags') return printTags(String(value))
  // The description lives in comment lines, so it always comes back with a newline at its end.
  if (name === 'description') return `${String(value).replace(/\n+$/, '')}\n`
  return /^net\d+$/.test(name) ? printNet(world, String(value), parts(previous, 'name')['hwaddr']) : value
}

export function createRoutes(world: World, on: Register): void {
  const state = pve(world)
  on('POST', '/nodes/:node/lxc', create(state.major), ({ values, node, vmid, user }) => {
    const defaultUnprivileged = state.major === 9
    checkTokenLimits(values, values['unprivileged'] === undefined ? defaultUnprivileged : values['unprivileged'] === 1)
    if (values['restore'] === 1) return restoreFrom(world, values, node, user)
    const taken = state.containers[vmid]
    if (taken) throw new PveError(500, `CT ${vmid} already exists on node '${taken.node}'\n`)
    if (!templates(world).includes(String(values['ostemplate']))) throw new PveError(500, `volume '${values['ostemplate']}' does not exist\n`)
    const { store, sizeGb } = wantedRoot(values, node)
    if (values['net0'] !== undefined && parts(values['net0'], 'name')['bridge'] === undefined) throw new PveError(500, 'net0: no bridge given\n')

    newContainer(world, node, vmid).template = String(values['ostemplate'])
    const options: Config = {}
    for (const [name, value] of Object.entries(values)) if (value !== undefined && !notConfig.has(name)) options[name] = value
    const task = fork(world, node, 'vzcreate', String(vmid), user, {
      options: JSON.stringify(options), template: String(values['ostemplate']), store, sizeGb, start: values['start'] ?? 0, haManaged: values['ha-managed'] ?? 0,
      totalMs: between(world.random, 30_000, 60_000), lockedMs: between(world.random, 1000, 3000),
      unprivileged: values['unprivileged'] === undefined ? defaultUnprivileged : values['unprivileged'] === 1,
    })
    return task.upid
  })

  worker(world, 'vzcreate', createStep, cleanUp)
  worker(world, 'vzrestore', restoreStep, restoreFailed)
}

function wantedRoot(values: Values, node: string): { store: string; sizeGb: number } {
  const volume = parts(values['rootfs'], 'volume')['volume'] ?? `${values['storage'] ?? 'local'}:4`
  const [, store = String(values['storage'] ?? 'local'), size = ''] = /^(?:([^:]+):)?(\d+(?:\.\d+)?)$/.exec(volume) ?? []
  if (size === '') throw new PveError(500, `unable to parse volume ID '${volume}'\n`)
  if (store === 'local') throw new PveError(500, "storage 'local' does not support container directories\n")
  if (store !== storage.id) throw new PveError(500, `storage '${store}' does not exist\n`)
  if (!customerNodes.includes(node)) throw new PveError(500, `storage '${store}' is not available on node '${node}'\n`)
  return { store, sizeGb: Number(size) }
}

function createStep(world: World, task: Task, step: number): void {
  const { memory } = task
  const vmid = Number(task.id)
  const container = pve(world).containers[vmid]
  if (!container) throw new PveError(500, 'config disappeared')
  const lockedMs = Number(memory['lockedMs'])
  const restMs = Number(memory['totalMs']) - lockedMs
  if (step === 0) lockStorage(world, task, 1)
  else if (step === 1) next(world, task, lockedMs * 0.6, 2)
  else if (step === 2) {
    try {
      memory['volume'] = allocate(world, task.node, Math.ceil(Number(memory['sizeGb']) * 1_048_576))
    } catch (error) {
      throw new PveError(500, `error during cfs-locked 'storage-${memory['store']}' operation: Could not create resource, because: ${(error as Error).message}`)
    }
    next(world, task, lockedMs * 0.4, 3)
  } else if (step === 3) {
    setVmid(world, String(memory['volume']), vmid)
    releaseStorage(world, task.upid)
    task.log.push(`Creating filesystem on /dev/drbd/by-res/${memory['volume']}/0`,
      `extracting archive '/var/lib/vz/template/cache/${String(memory['template']).split('/')[1]}'`)
    next(world, task, restMs * 0.8, 4)
  } else if (step === 4) {
    container.config = fullConfig(world, task, vmid)
    task.log.push('Detected container architecture: amd64', 'Creating SSH host key \'ssh_host_ed25519_key\' - this may take some time ...')
    next(world, task, restMs * 0.2, 5)
  } else if (step === 5) {
    delete container.config['lock']
    if (memory['start'] === 1) next(world, task, between(world.random, 3000, 8000), 6)
    else finish(world, task)
  } else {
    startNow(world, container)
    finish(world, task)
  }
}

function finish(world: World, task: Task): void {
  if (Number(task.memory['haManaged']) === 1) {
    const sid = `ct:${task.id}`
    pve(world).ha.resources[sid] ??= { sid, type: 'ct', state: task.memory['start'] === 1 ? 'started' : 'stopped' }
  }
  if (world.random() >= 0.1) return end(world, task, 'OK')
  task.log.push('WARN: Systemd 255 detected. You may need to enable nesting.')
  end(world, task, 'WARNINGS: 1')
}

function fullConfig(world: World, task: Task, vmid: number): Config {
  const { memory } = task
  const options = JSON.parse(String(memory['options'])) as Config
  const config: Config = { arch: 'amd64', hostname: `CT${vmid}`, memory: 512, swap: 512, ostype: 'ubuntu' }
  for (const [name, value] of Object.entries(options)) config[name] = written(world, name, value)
  if (memory['unprivileged'] === true) config['unprivileged'] = 1
  else delete config['unprivileged']
  config['rootfs'] = `${memory['store']}:${memory['volume']}_${vmid},size=${memory['sizeGb']}G`
  config['lock'] = 'create'
  return config
}

/** Runs when the worker fails by itself: disk first, config last. A container that only failed to start stays. */
function cleanUp(world: World, task: Task): void {
  const volume = task.memory['volume']
  const container = pve(world).containers[task.id]
  const made = container?.config['lock'] === undefined && task.memory['start'] === 1
  if (made) return
  if (volume !== undefined) {
    try {
      free(world, String(volume))
    } catch (error) {
      task.log.push((error as Error).message)
    }
  }
  if (container) removeContainer(world, container)
}
