// What a Proxmox VE cluster knows, as plain data, and the few rules about it that every part needs. Times in epoch ms.
// Nothing here speaks HTTP.
import { hash } from 'node:crypto'
import { between } from '../random.ts'
import { nodes, template } from '../topology.ts'
import type { World } from '../world.ts'
import { PveError } from './protocol.ts'

export type Config = Record<string, string | number>

export interface SnapshotRow { name: string; snaptime: number; description: string; parent: string | undefined; state: 'prepare' | 'delete' | undefined; config: Config }

export interface Container {
  vmid: number
  node: string
  config: Config
  running: boolean
  startedAt: number
  /** Newest snapshot the current state descends from. */
  parent: string | undefined
  snapshots: Record<string, SnapshotRow>
  /** Set by tests: a guest that ignores shutdown signals. */
  ignoresShutdown: boolean
  changedTick: number
  /** What was unpacked into its first disk. */
  template?: string
  /** The figures as pvestatd last published them before this tick's changes. */
  shown: { status: string; name?: string; maxmem?: number; maxdisk?: number; startedAt?: number }
}

export interface Task {
  upid: string
  node: string
  pid: number
  pstart: number
  /** Epoch seconds, as in the UPID. */
  starttime: number
  type: string
  id: string
  user: string
  endtime?: number
  /** When it ended, epoch ms. */
  endedAt?: number
  exit?: string
  log: string[]
  /** What the worker must remember between its steps. */
  memory: Record<string, string | number | boolean>
}

export interface FirewallConf {
  options: Record<string, string | number>
  rules: Record<string, string | number>[]
  ipsets: Record<string, { comment?: string; members: { cidr: string; comment?: string; nomatch?: number }[] }>
}

export interface HaResource { sid: string; type: string; state: string; max_restart?: number; max_relocate?: number; failback?: number; group?: string; comment?: string }
export interface HaService { node: string; state: string; tries: number; relocations: number }
export interface HaRule { rule: string; type: string; resources: string; nodes?: string; strict?: number; affinity?: string; disable?: number; comment?: string; order: number }
export interface HaGroup { group: string; nodes: string; restricted?: number; nofailback?: number; comment?: string }

export interface NodeState { online: boolean; bootedAt: number; failures: number; pid: number }

export interface ProxmoxState {
  major: 8 | 9
  nodes: Record<string, NodeState>
  containers: Record<string, Container>
  tasks: Record<string, Task>
  firewalls: Record<string, FirewallConf>
  /** /run/lock/lxc: the worker that holds a guest's file lock. */
  guestLocks: Record<string, string>
  storageLock: { holder: string | undefined; waiters: string[] }
  ha: { resources: Record<string, HaResource>; services: Record<string, HaService>; rules: Record<string, HaRule>; groups: Record<string,
    HaGroup>; master: string; roundPlanned: boolean; order: number }
}

export const pve = (world: World): ProxmoxState =>
  world.slice('proxmox', () => ({
    major: 9,
    nodes: Object.fromEntries(nodes.map((node) =>
      [node.name, { online: true, bootedAt: world.clock.now() - (between(world.random, 5, 60) * 86_400_000) / world.clock.speed, failures: 0,
      pid: between(world.random, 2000, 90_000) }])),
    containers: {},
    tasks: {},
    firewalls: {},
    guestLocks: {},
    storageLock: { holder: undefined, waiters: [] },
    ha: { resources: {}, services: {}, rules: {}, groups: {}, master: 'node3', roundPlanned: false, order: 1 },
  }))

/** Data-centre milliseconds since a moment. */
export const elapsed = (world: World, since: number): number => (world.clock.now() - since) * world.clock.speed

export const digest = (value: unknown): string => hash('sha1', JSON.stringify(value))

/** The container as seen from `node`, or Proxmox's way of saying that there is none. */
export function containerOn(world: World, node: string, vmid: number): Container {
  const found = pve(world).containers[vmid]
  if (!found || found.node !== node) throw new PveError(500, `Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist\n`)
  return found
}

export function checkLock(container: Container): void {
  const lock = container.config['lock']
  if (lock !== undefined) throw new PveError(500, `CT is locked (${lock})\n`)
}

const statTickMs = 10_000
const tick = (world: World): number => Math.floor((world.clock.now() * world.clock.speed) / statTickMs)

const figures = (container: Container): Container['shown'] => ({
  status: container.running ? 'running' : 'stopped',
  name: String(container.config['hostname'] ?? `CT${container.vmid}`),
  maxmem: Number(container.config['memory'] ?? 512) * 1_048_576,
  maxdisk: diskGb(container) * 1_073_741_824,
  startedAt: container.startedAt,
})

/** Call before changing what pvestatd reports: keeps the published figures up to 10 s behind. */
export function touch(world: World, container: Container): void {
  const now = tick(world)
  if (container.changedTick === now) return
  container.shown = figures(container)
  container.changedTick = now
}

/** Status and figures as /cluster/resources knows them, up to 10 s stale. */
export const published = (world: World, container: Container): Container['shown'] =>
  (container.changedTick === tick(world) ? container.shown : figures(container))

/** A container just written to /etc/pve: in the vmlist at once, without figures until pvestatd has seen it. */
export function newContainer(world: World, node: string, vmid: number): Container {
  const container: Container = {
    vmid, node, config: { lock: 'create' }, running: false, startedAt: 0, parent: undefined, snapshots: {}, ignoresShutdown: false,
    changedTick: tick(world), shown: { status: 'unknown' },
  }
  pve(world).containers[vmid] = container
  return container
}

/** Splits `a=1,b=2` (net0, rootfs, features); a first part without `=` gets the key `main`. */
export function parts(text: string | number | undefined, main: string): Record<string, string> {
  const out: Record<string, string> = {}
  for (const part of String(text ?? '').split(',')) {
    const at = part.indexOf('=')
    if (at > 0) out[part.slice(0, at)] = part.slice(at + 1)
    else if (part !== '') out[main] = part
  }
  return out
}

export const units: Record<string, number> = { K: 1 / 1_048_576, M: 1 / 1024, G: 1, T: 1024 }

/** `20G` → 20; a bare number is bytes. */
export function sizeGb(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT])?/.exec(text) ?? []
  return Number(digits ?? 0) * (unit ? units[unit]! : 1 / 1_073_741_824)
}

export const diskGb = (container: Container): number => sizeGb(parts(container.config['rootfs'], 'volume')['size'] ?? '0')

/** The LINSTOR resource behind a container's root disk, if it has one yet. */
export function volumeName(config: Config): string | undefined {
  const volume = parts(config['rootfs'], 'volume')['volume']
  return volume === undefined ? undefined : /:(pm-[0-9a-f]{8})_/.exec(volume)?.[1]
}

/** Volume ids of the templates that lie in `local` on every node. A test may add to them, or take them away. */
export const templates = (world: World): string[] => world.slice('templates', () => ({ list: [template] })).list
