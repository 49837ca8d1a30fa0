// LINSTOR's JSON for the objects it keeps. An offline satellite makes states missing, not false.
// https://github.com/LINBIT/linstor-server/blob/master/docs/rest_v1_openapi.yaml
import { customerNodes, nodes, storage, witness } from '../topology.ts'
import type { World } from '../world.ts'
import { type Definition, type LinstorState, type Replica, type Snapshot, diskState, freeKib, hasQuorum, online, synced } from './state.ts'

type Json = Record<string, unknown>

export const nodeView = (state: LinstorState, name: string): Json => {
  const facts = nodes.find((node) => node.name === name)!
  return {
    name, type: name === witness ? 'Combined' : 'Satellite', flags: [], props: { CurStltConnName: 'default', NodeUname: name },
    net_interfaces: [{ name: 'default', address: facts.address, satellite_port: 3366, satellite_encryption_type: 'PLAIN', is_active: true,
      uuid: state.uuids[name] }],
    connection_status: online(state, name) ? 'ONLINE' : 'OFFLINE', uuid: state.uuids[name],
    storage_providers: ['DISKLESS', 'LVM', 'LVM_THIN'], resource_layers: ['DRBD', 'STORAGE'], platform: 'LINUX',
  }
}

export function poolViews(state: LinstorState, node: string): Json[] {
  const diskless = { storage_pool_name: 'DfltDisklessStorPool', node_name: node, provider_kind: 'DISKLESS', props: {}, static_traits: {},
    uuid: state.uuids[node], supports_snapshots: false, external_locking: false }
  if (!customerNodes.includes(node)) return [diskless]
  const up = online(state, node)
  return [diskless, {
    storage_pool_name: storage.pool, node_name: node, provider_kind: 'LVM_THIN', uuid: state.uuids[storage.pool], external_locking: false,
    props: { 'StorDriver/LvmVg': 'drbdpool', 'StorDriver/StorPoolName': 'drbdpool/thinpool', 'StorDriver/ThinPool': 'thinpool' },
    static_traits: { Provisioning: 'Thin', SupportsSnapshots: 'true' }, supports_snapshots: true, free_space_mgr_name: `${node};${storage.pool}`,
    ...(up ? { free_capacity: freeKib(state, node), total_capacity: state.capacityKib } : {}),
    ...(up ? {} : { reports: [{ ret_code: -(2 ** 62), message: `No active connection to satellite '${node}'` }] }),
  }]
}

export const groupView = (state: LinstorState): Json => ({
  name: storage.resourceGroup, description: 'two copies, tie-breaker on the router', props: { 'DrbdOptions/auto-quorum': 'suspend-io' },
  select_filter: { place_count: storage.replicas, storage_pool: storage.pool, storage_pool_list: [storage.pool] },
  uuid: state.uuids[storage.resourceGroup],
})

export const volumeDefinitionView = (definition: Definition): Json => ({
  volume_number: 0, size_kib: definition.sizeKib, props: { DrbdCurrentGi: definition.uuid.replaceAll('-', '').slice(0, 16).toUpperCase() },
  flags: [], uuid: definition.uuid,
  layer_data: [{ type: 'DRBD', data: { resource_name_suffix: '', volume_number: 0, minor_number: definition.minor } }, { type: 'STORAGE' }],
})

export const definitionView = (definition: Definition, withVolumes = false): Json => ({
  name: definition.name, external_name: '', props: definition.props, flags: definition.deleting ? ['DELETE'] : [], uuid: definition.uuid,
  resource_group_name: storage.resourceGroup,
  layer_data: [{ type: 'DRBD', data: { resource_name_suffix: '', peer_slots: 7, al_stripes: 1, al_stripe_size_kib: 32, port: definition.port,
    transport_type: 'IP', down: false } }, { type: 'STORAGE' }],
  ...(withVolumes ? { volume_definitions: [volumeDefinitionView(definition)] } : {}),
})

/** One resource, as `GET …/resources/{node}` shows it. */
export function resourceView(world: World, state: LinstorState, definition: Definition, replica: Replica): Json {
  const here = online(state, replica.node)
  const flags = [
    ...(replica.diskful ? [] : ['DISKLESS', 'DRBD_DISKLESS']), ...(replica.tieBreaker ? ['TIE_BREAKER'] : []),
    ...(replica.deleting ? ['DELETE'] : []),
  ]
  const connections: Json = {}
  const reaches = Object.values(definition.replicas).some((other) => online(state, other.node) && synced(world, other))
  for (const peer of Object.values(definition.replicas))
    if (peer !== replica && here) connections[peer.node] = online(state, peer.node) ? { connected: true, message: 'Connected' }
      : { connected: false, message: 'Connecting' }
  const otherPrimary = Object.values(definition.replicas).some((other) => other !== replica && other.inUse)
  return {
    name: definition.name, node_name: replica.node, props: replica.diskful ? { StorPoolName: storage.pool }
      : { StorPoolName: 'DfltDisklessStorPool' }, flags,
    layer_object: {
      type: 'DRBD', resource_name_suffix: '', children: [{ type: 'STORAGE', resource_name_suffix: '', storage: { storage_volumes: [] } }],
      drbd: {
        drbd_resource_definition: { resource_name_suffix: '', peer_slots: 7, al_stripes: 1, al_stripe_size_kib: 32, port: definition.port,
          transport_type: 'IP', down: false },
        node_id: replica.nodeId, peer_slots: 7, al_stripes: 1, al_size: 32, flags: replica.diskful ? [] : ['DISKLESS'], connections,
        ...(here ? { promotion_score: synced(world, replica) ? 10101 : 1, may_promote: reaches && !otherPrimary && !replica.inUse
          && hasQuorum(state, definition) } : {}),
      },
    },
    ...(here ? { state: { in_use: replica.inUse } } : {}),
    uuid: replica.uuid, create_timestamp: Math.floor(replica.createdAt),
  }
}

/** One resource with its volume and DRBD state, as `GET /v1/view/resources` shows it. */
export function resourceWithVolumes(world: World, state: LinstorState, definition: Definition, replica: Replica): Json {
  const here = online(state, replica.node)
  const volume: Json = {
    volume_number: 0, storage_pool_name: replica.diskful ? storage.pool : 'DfltDisklessStorPool', provider_kind: replica.diskful ? 'LVM_THIN'
      : 'DISKLESS',
    device_path: `/dev/drbd${definition.minor}`, usable_size_kib: definition.sizeKib, props: {}, flags: [], uuid: replica.uuid,
    ...(replica.diskful ? { allocated_size_kib: definition.sizeKib } : {}),
  }
  if (here) volume['state'] = { disk_state: diskState(world, replica), replication_states: replicationStates(world, state, definition, replica) }
  return { ...resourceView(world, state, definition, replica), volumes: [volume] }
}

function replicationStates(world: World, state: LinstorState, definition: Definition, replica: Replica): Json {
  const states: Json = {}
  for (const peer of Object.values(definition.replicas)) {
    if (peer === replica || !online(state, peer.node)) continue
    const target = [replica, peer].find((one) => one.diskful && !synced(world, one))
    const syncing = target && replica.diskful && peer.diskful
    if (!syncing) states[peer.node] = { replication_state: 'Established' }
    else {
      const done = Math.min(99.9, Math.max(0, ((world.clock.now() - target.syncFrom) / (target.syncUntil - target.syncFrom)) * 100))
      states[peer.node] = { replication_state: target === replica ? 'SyncTarget' : 'SyncSource', done_percentage: done }
    }
  }
  return states
}

export const snapshotView = (definition: Definition, snapshot: Snapshot): Json => ({
  name: snapshot.name, resource_name: definition.name, nodes: snapshot.nodes, props: {}, flags: ['SUCCESSFUL'], uuid: snapshot.uuid,
  volume_definitions: [{ volume_number: 0, size_kib: snapshot.sizeKib }],
  snapshots: snapshot.nodes.map((node) =>
    ({ snapshot_name: snapshot.name, node_name: node, create_timestamp: Math.floor(snapshot.createdAt), flags: [], uuid: snapshot.uuid,
    snapshot_volumes: [{ vlm_nr: 0, uuid: snapshot.uuid }] })),
})
