// What the Proxmox plugin asks of LINSTOR, and what a failing node does to replicas. Throws LinstorFailure with LINSTOR's own code and text.
// Not simulated: split brain, resync after a short outage as a bitmap, external snapshots, over-provisioning of thin pools.
// https://github.com/LINBIT/linstor-proxmox
import { between, hex, pick } from '../random.ts'
import { customerNodes, storage, witness } from '../topology.ts'
import type { World } from '../world.ts'
import { codes } from './answers.ts'
import { type Definition, type Replica, freeKib, hasQuorum, inTime, linstorState, online, synced, uuid } from './state.ts'

export class LinstorFailure extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.name = 'LinstorFailure'
    this.code = code
  }
}

const never = Number.MAX_SAFE_INTEGER

/** Registers what LINSTOR does later; every simulator that uses volumes calls it. */
export function linstorHappenings(world: World): void {
  world.on('linstor.purge', (args: { name: string }) => purge(world, args.name))
}

/** Definition, volume and replicas in one step, the first copy on `node`; the vmid property is a second call. Answers the name. */
export function allocate(world: World, node: string, sizeKib: number): string {
  const state = linstorState(world)
  const up = customerNodes.filter((name) => online(state, name))
  if (up.length < storage.replicas)
    throw new LinstorFailure(codes.FAIL_NOT_ENOUGH_NODES,
      `Not enough available nodes\nNot enough nodes fulfilling the following auto-place criteria: place count ${storage.replicas}`)
  if (up.some((name) => freeKib(state, name) < sizeKib))
    throw new LinstorFailure(codes.FAIL_NOT_ENOUGH_FREE_SPACE,
      `Not enough free space in storage pool '${storage.pool}' for a volume of ${sizeKib} KiB`)
  let name: string
  do name = `pm-${hex(world.random, 8)}`
  while (state.definitions[name])
  state.nextPort += between(world.random, 1, 3)
  const definition: Definition = {
    name, uuid: uuid(world), sizeKib: Math.max(sizeKib, 3072), port: state.nextPort, minor: state.nextMinor++, createdAt: world.clock.now(),
    props: { 'DrbdOptions/Net/allow-two-primaries': 'yes', 'DrbdOptions/Resource/on-no-quorum': 'suspend-io',
      'DrbdOptions/auto-verify-alg': 'crct10dif-pclmul' },
    deleting: false, replicas: {}, snapshots: {},
  }
  state.definitions[name] = definition
  for (const peer of [node, ...up.filter((other) => other !== node)])
    addReplica(world, definition, peer, { diskful: true, syncMs: peer === node ? 0 : between(world.random, 2000, 6000) })
  if (!state.tieBreakerMissing) addTieBreaker(world, definition)
  settleQuorum(definition)
  world.changed()
  return name
}

/** The plugin's second call: until then no query by vmid finds the resource. */
export function setVmid(world: World, name: string, vmid: number): void {
  find(world, name).props['Aux/pm/vmid'] = String(vmid)
  world.changed()
}

export function addReplica(world: World, definition: Definition, node: string,
  more: { diskful: boolean; tieBreaker?: boolean; syncMs?: number }): Replica {
  const now = world.clock.now()
  const replica: Replica = {
    node, uuid: uuid(world), nodeId: Object.keys(definition.replicas).length, diskful: more.diskful, tieBreaker: more.tieBreaker ?? false,
    createdAt: now, syncFrom: now, syncUntil: inTime(world, more.syncMs ?? 0), inUse: false, deleting: false,
  }
  definition.replicas[node] = replica
  settleQuorum(definition)
  return replica
}

/** LINSTOR's auto-add-quorum-tiebreaker: only for two diskful replicas and nobody else. */
export function addTieBreaker(world: World, definition: Definition): void {
  if (definition.replicas[witness] || Object.keys(definition.replicas).length !== 2) return
  addReplica(world, definition, witness, { diskful: false, tieBreaker: true })
}

/** auto-quorum switches majority on from three voters and off below; a value set by hand stays. */
export function settleQuorum(definition: Definition): void {
  const { props } = definition
  if (props['DrbdOptions/auto-quorum'] === 'disabled') return
  props['DrbdOptions/Resource/quorum'] = Object.keys(definition.replicas).length >= 3 ? 'majority' : 'off'
}

/** Deletes a definition; it is gone once every node that holds a replica has done so, and stays DELETE while one is offline. */
export function free(world: World, name: string): void {
  const definition = find(world, name)
  if (Object.keys(definition.snapshots).length > 0)
    throw new LinstorFailure(codes.FAIL_EXISTS_SNAPSHOT_DFN, `Cannot delete resource definition '${name}' because it has snapshots.`)
  const user = Object.values(definition.replicas).find((replica) => replica.inUse)
  if (user) throw new LinstorFailure(codes.FAIL_IN_USE, `Resource '${name}' on node '${user.node}' is still in use.`)
  definition.deleting = true
  for (const replica of Object.values(definition.replicas)) replica.deleting = true
  world.later(between(world.random, 300, 1500), 'linstor.purge', { name })
}

function purge(world: World, name: string): void {
  const state = linstorState(world)
  const definition = state.definitions[name]
  if (!definition?.deleting) return
  for (const replica of Object.values(definition.replicas)) if (online(state, replica.node)) delete definition.replicas[replica.node]
  if (Object.keys(definition.replicas).length === 0) delete state.definitions[name]
}

/** Makes the device Primary on a node, as a starting container does. Throws when no good data can be reached from there. */
export function open(world: World, name: string, node: string): void {
  const state = linstorState(world)
  const definition = find(world, name)
  const reachable = Object.values(definition.replicas).some((replica) => online(state, replica.node) && synced(world, replica))
  if (definition.deleting || !reachable) throw new LinstorFailure(codes.FAIL_NOT_ALL_UPTODATE, `no UpToDate disk of resource '${name}' available`)
  if (!hasQuorum(state, definition)) throw new LinstorFailure(codes.FAIL_NOT_CONNECTED, `resource '${name}' has no quorum`)
  const replica = definition.replicas[node] ?? addReplica(world, definition, node, { diskful: false })
  replica.tieBreaker = false
  replica.inUse = true
  world.changed()
}

export function close(world: World, name: string, node: string): void {
  const replica = linstorState(world).definitions[name]?.replicas[node]
  if (replica) replica.inUse = false
  world.changed()
}

export function snapshot(world: World, name: string, snapName: string): void {
  const state = linstorState(world)
  const definition = find(world, name)
  const diskful = Object.values(definition.replicas).filter((replica) => replica.diskful).map((replica) => replica.node)
  if (definition.snapshots[snapName]) throw new LinstorFailure(codes.FAIL_EXISTS_SNAPSHOT_DFN,
    `A snapshot '${snapName}' of '${name}' already exists.`)
  const lost = diskful.find((node) => !online(state, node))
  if (lost) throw new LinstorFailure(codes.FAIL_NOT_CONNECTED, `No active connection to satellite '${lost}'.`)
  definition.snapshots[snapName] = { name: snapName, uuid: uuid(world), nodes: diskful, createdAt: world.clock.now(), sizeKib: definition.sizeKib }
  world.changed()
}

export function deleteSnapshot(world: World, name: string, snapName: string): void {
  delete find(world, name).snapshots[snapName]
  world.changed()
}

/** The plugin goes back to the newest snapshot only, and says so before anything is touched. */
export function isNewest(world: World, name: string, snapName: string): boolean {
  const { snapshots } = find(world, name)
  return Object.values(snapshots).every((other) => other.createdAt <= (snapshots[snapName]?.createdAt ?? Infinity))
}

export function rollback(world: World, name: string, snapName: string): void {
  const state = linstorState(world)
  const definition = find(world, name)
  const found = definition.snapshots[snapName]
  if (!found) throw new LinstorFailure(codes.FAIL_NOT_FOUND_SNAPSHOT_DFN, `Snapshot '${snapName}' of resource '${name}' not found.`)
  const bad = Object.values(definition.replicas).find((replica) => replica.inUse || !online(state, replica.node))
  if (bad) throw new LinstorFailure(codes.FAIL_IN_USE, `Resource '${name}' on node '${bad.node}' is in use or offline.`)
  definition.sizeKib = found.sizeKib
  world.changed()
}

/** Grows to `sizeKib`, snapshots or not; the new part syncs within the same second. A replica that is behind or away forbids it. */
export function grow(world: World, name: string, sizeKib: number): void {
  const state = linstorState(world)
  const definition = find(world, name)
  const diskful = Object.values(definition.replicas).filter((replica) => replica.diskful)
  const more = sizeKib - definition.sizeKib
  const full = diskful.filter(({ node }) => freeKib(state, node) < more).map(({ node }) => `Node: ${node}, StorPool: ${storage.pool}`)
  if (full.length > 0)
    throw new LinstorFailure(codes.FAIL_NOT_ENOUGH_FREE_SPACE, `Cannot grow the volume definition by ${more}KiB, as the following storage pool do not have enough free space:\n${full.join('\n')}`)
  if (diskful.some((replica) => !online(state, replica.node) || !synced(world, replica)))
    throw new LinstorFailure(codes.FAIL_NOT_ALL_UPTODATE, 'Cannot resize volume, because we have a non-UpToDate DRBD device.')
  definition.sizeKib = sizeKib
  world.changed()
}

/** A node lost power: its satellite is offline, its devices closed, syncs that read from it stand still. */
export function satelliteLost(world: World, node: string): void {
  const state = linstorState(world)
  if (!state.offline.includes(node)) state.offline.push(node)
  for (const definition of Object.values(state.definitions)) {
    const lost = definition.replicas[node]
    if (lost) lost.inUse = false
    const source = Object.values(definition.replicas).some((replica) => online(state, replica.node) && synced(world, replica))
    for (const replica of Object.values(definition.replicas)) if (!source && replica.diskful && !synced(world, replica)) replica.syncUntil = never
  }
  world.changed()
}

/** The node is back: what it missed is synced to it in a few seconds, what was to be deleted there goes. */
export function satelliteBack(world: World, node: string): void {
  const state = linstorState(world)
  state.offline = state.offline.filter((name) => name !== node)
  for (const definition of Object.values(state.definitions)) {
    if (definition.deleting) world.later(between(world.random, 500, 2000), 'linstor.purge', { name: definition.name })
    const others = Object.values(definition.replicas).filter((replica) => replica.node !== node && online(state, replica.node))
    const mine = definition.replicas[node]
    const source = others.some((replica) => synced(world, replica))
    for (const replica of mine && source ? [mine] : others)
      if (replica.diskful && (replica === mine || replica.syncUntil === never)) {
        replica.syncFrom = world.clock.now()
        replica.syncUntil = inTime(world, pick(world.random, [2000, 4000, 7000]))
      }
  }
  world.changed()
}

function find(world: World, name: string): Definition {
  const definition = linstorState(world).definitions[name]
  if (!definition) throw new LinstorFailure(codes.FAIL_NOT_FOUND_RSC_DFN, `Resource definition '${name}' not found.`)
  return definition
}
