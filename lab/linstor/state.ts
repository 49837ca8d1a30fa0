// What LINSTOR knows: definitions, their replicas and snapshots, which satellites are online. Plain data, times in epoch ms.
// Disk states are computed from times, so that a sync needs no events.
import { hex } from '../random.ts'
import { customerNodes, nodes, storage } from '../topology.ts'
import type { World } from '../world.ts'

export interface Replica {
  node: string
  uuid: string
  nodeId: number
  diskful: boolean
  /** Diskless replicas made by LINSTOR for quorum carry the flag TIE_BREAKER; those made by hand do not. */
  tieBreaker: boolean
  createdAt: number
  /** Inconsistent (SyncTarget) from `syncFrom` until this moment. */
  syncFrom: number
  syncUntil: number
  /** Opened, i.e. DRBD Primary, here. */
  inUse: boolean
  deleting: boolean
}

export interface Snapshot { name: string; uuid: string; nodes: string[]; createdAt: number; sizeKib: number }

export interface Definition {
  name: string
  uuid: string
  sizeKib: number
  port: number
  minor: number
  createdAt: number
  props: Record<string, string>
  deleting: boolean
  replicas: Record<string, Replica>
  snapshots: Record<string, Snapshot>
}

export interface LinstorState {
  offline: string[]
  /** Of each storing node; the seed's cluster holds some eighty sites of 20 GB. */
  capacityKib: number
  definitions: Record<string, Definition>
  nextPort: number
  nextMinor: number
  /** Models the known defect that LINSTOR adds no tie-breaker to new resources (LINBIT/linstor-proxmox#45). */
  tieBreakerMissing: boolean
  uuids: Record<string, string>
}

export const linstorState = (world: World): LinstorState =>
  world.slice('linstor', () => ({
    offline: [],
    capacityKib: storage.capacityKib,
    definitions: {},
    nextPort: 7000,
    nextMinor: 1000,
    tieBreakerMissing: false,
    uuids: Object.fromEntries([...nodes.map((node) => node.name), storage.pool, storage.resourceGroup].map((name) => [name, uuid(world)])),
  }))

export function uuid(world: World): string {
  const digits = hex(world.random, 32)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
}

export const online = (state: LinstorState, node: string): boolean => !state.offline.includes(node)

/** The moment `ms` of data-centre time from now. */
export const inTime = (world: World, ms: number): number => world.clock.now() + ms / world.clock.speed

export const synced = (world: World, replica: Replica): boolean => replica.diskful && replica.syncUntil <= world.clock.now()

export const diskState = (world: World, replica: Replica): string =>
  !replica.diskful ? 'Diskless' : synced(world, replica) ? 'UpToDate' : 'Inconsistent'

/** Majority of the replicas (tie-breaker included) connected, or quorum switched off. */
export function hasQuorum(state: LinstorState, definition: Definition): boolean {
  if (definition.props['DrbdOptions/Resource/quorum'] === 'off') return true
  const voters = Object.values(definition.replicas)
  return voters.filter((replica) => online(state, replica.node)).length * 2 > voters.length
}

/** Free space of one node's pool in KiB: volumes are accounted at full size. */
export function freeKib(state: LinstorState, node: string): number {
  if (!customerNodes.includes(node)) return 0
  let free = state.capacityKib
  for (const definition of Object.values(state.definitions)) if (definition.replicas[node]?.diskful) free -= definition.sizeKib
  return free
}

/** Every resource definition, for those who count what is left. */
export const linstorDefinitions = (world: World): Definition[] => Object.values(linstorState(world).definitions)
