// What the rest of the lab may watch and count: power events as they happen, containers and firewall files as they stand.
// Callbacks live in memory only: register them again after a restart.
import { inCidr } from '../../src/domain/cluster.ts'
import type { World } from '../world.ts'
import { type Container, diskGb, parts, pve } from './state.ts'

export interface PowerEvent { event: 'started' | 'stopped' | 'destroyed'; vmid: number; node: string }

/** What became of a container's files: kept under a name, brought back from it, or that name dropped. Names are snapshots and volids. */
export interface DiskEvent { event: 'kept' | 'brought back' | 'dropped'; vmid: number; name: string }

const listeners = new WeakMap<World, ((event: PowerEvent) => void)[]>()

/** Calls back for every start, stop (power loss included) and destruction of a container. */
export function onPower(world: World, run: (event: PowerEvent) => void): void {
  const list = listeners.get(world)
  if (list) list.push(run)
  else listeners.set(world, [run])
}

/** Calls back when a container no longer runs or no longer exists. */
export const onContainerGone = (world: World, run: (vmid: number) => void): void =>
  onPower(world, (event) => {
    if (event.event !== 'started') run(event.vmid)
  })

const diskListeners = new WeakMap<World, ((event: DiskEvent) => void)[]>()

/** Calls back for every snapshot and archive that is made, gone back to or removed. */
export function onDisk(world: World, run: (event: DiskEvent) => void): void {
  diskListeners.set(world, [...(diskListeners.get(world) ?? []), run])
}

export function tellDisk(world: World, event: DiskEvent): void {
  for (const run of diskListeners.get(world) ?? []) run(event)
}

export function tell(world: World, event: PowerEvent): void {
  for (const run of listeners.get(world) ?? []) run(event)
}

export interface ContainerFacts {
  vmid: number
  node: string
  status: 'running' | 'stopped'
  lock: string | undefined
  tags: string[]
  description: string
  hostname: string
  /** Without prefix length; empty until the worker has written the network. */
  ip: string
  rootfsGb: number
  memoryMb: number
  volume: string | undefined
  snapshots: string[]
  /** What it was made of; empty when it was made of a backup. */
  template: string
}

const facts = (container: Container): ContainerFacts => {
  const { config } = container
  return {
    vmid: container.vmid,
    node: container.node,
    status: container.running ? 'running' : 'stopped',
    lock: config['lock'] === undefined ? undefined : String(config['lock']),
    tags: String(config['tags'] ?? '').split(';').filter(Boolean),
    description: String(config['description'] ?? ''),
    hostname: String(config['hostname'] ?? ''),
    ip: parts(config['net0'], 'name')['ip']?.split('/')[0] ?? '',
    rootfsGb: diskGb(container),
    memoryMb: Number(config['memory'] ?? 0),
    volume: /:(pm-[0-9a-f]{8})_/.exec(String(config['rootfs'] ?? ''))?.[1],
    snapshots: Object.keys(container.snapshots),
    template: container.template ?? '',
  }
}

/** Every container config in the cluster, half-made and zombie ones included. */
export const containers = (world: World): ContainerFacts[] => Object.values(pve(world).containers).map(facts)

/** The vmids that have a firewall file, containers or not. */
export const firewallConfs = (world: World): number[] => Object.keys(pve(world).firewalls).map(Number)

/** Whether a container's firewall lets this address in to this port over TCP. Not simulated: aliases, IP sets, macros, security groups. */
export function admits(world: World, vmid: number, source: string, port: number): boolean {
  const { options, rules } = pve(world).firewalls[vmid] ?? {}
  if (!options || !rules || Number(options['enable'] ?? 0) !== 1) return true
  const rule = rules.find((one) => one['type'] === 'in' && Number(one['enable'] ?? 0) === 1 && (one['source'] === undefined || inCidr(source, String(one['source']))) &&
    (one['proto'] === undefined || one['proto'] === 'tcp') && (one['dport'] === undefined || String(one['dport']) === String(port)))
  return (rule?.['action'] ?? options['policy_in'] ?? 'DROP') === 'ACCEPT'
}

/** The sids, rules and groups of the HA manager. */
export const haFacts = (world: World): { resources: string[]; rules: string[]; groups: string[] } => {
  const { ha } = pve(world)
  return { resources: Object.keys(ha.resources), rules: Object.keys(ha.rules), groups: Object.keys(ha.groups) }
}
