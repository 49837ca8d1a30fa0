// Looks at the cluster for the operator's doctor: storage that would not survive a node, a template that is not there, room, the lock
// that all nodes share, the gateway's clock. Reads only. A question without an answer is a finding, not the end of the others.
import type { Cluster } from '../domain/cluster.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

/** `subject` is what it is about: a resource, a node, a storage. `grave`: orders fail, or a site would not survive a node. */
export interface ClusterFinding { kind: ClusterKind; subject: string; grave: boolean; says: string }
export type ClusterKind = 'replicas' | 'tie-breaker' | 'quorum' | 'room' | 'template' | 'cluster-lock' | 'gateway-clock' | 'unasked'

type Up = Pick<Upstreams, 'proxmox' | 'linstor' | 'gateway'>

/** Of one kind; the rest is counted. */
const shownMax = 20
const replicasWanted = 2
const gib = 1_048_576
/** A pool with less room than a site takes sells nothing; with less than a tenth it soon will not. */
const room = { graveGb: 30, watchPercent: 10 }
/** What the gateway's fence bears: a signature may be 5 s early; and a clock that is ahead sees deadlines of 20 s pass too soon. */
const clockMs = { watch: 2_000, behind: 5_000, ahead: 15_000 }

/** Everything that is wrong in the cluster as far as its systems say; `now` is the Worker's clock. */
export async function examineCluster(up: Up, cluster: Cluster, now: () => number): Promise<ClusterFinding[]> {
  const looks: Record<string, Promise<ClusterFinding[]>> = {
    linstor: resources(up, cluster),
    'linstor ': pools(up, cluster),
    proxmox: clusterLock(up, cluster),
    gateway: clock(up, now),
    ...Object.fromEntries(cluster.nodes.map(({ name }) => [`proxmox ${name}`, template(up, cluster, name)])),
  }
  const found = await Promise.all(Object.entries(looks).map(async ([system, look]) => look.catch((error: unknown): ClusterFinding[] =>
    [{ kind: 'unasked', subject: system.trim(), grave: false, says: error instanceof Error ? error.message : String(error) }])))
  return abridged(found.flat())
}

/** Every volume of a container of ours: enough replicas, a third voice, and a quorum that stops writing rather than splitting. */
async function resources({ linstor }: Up, { vmids }: Cluster): Promise<ClusterFinding[]> {
  const [definitions, placed] = await Promise.all([linstor.resourceDefinitions(), linstor.resources()])
  const ours = definitions.filter(({ props, flags }) => {
    const vmid = Number(props['Aux/pm/vmid'])
    return vmid >= vmids.first && vmid <= vmids.last && !flags.includes('DELETE')
  })
  return ours.flatMap(({ name, props }) => {
    const all = placed.filter((one) => one.name === name)
    const diskful = all.filter(({ flags }) => !flags.includes('DISKLESS') && !flags.includes('TIE_BREAKER'))
    const behind = diskful.filter(({ disk_state }) => disk_state !== 'UpToDate')
    const of = `the disk of container ${props['Aux/pm/vmid'] ?? ''}`
    const found: ClusterFinding[] = []
    const say = (kind: ClusterKind, grave: boolean, says: string): void => void found.push({ kind, subject: name, grave, says: `${of} (${name}) ${says}` })
    if (diskful.length < replicasWanted) say('replicas', true, `has ${diskful.length} of ${replicasWanted} replicas`)
    if (behind.length > 0) say('replicas', behind.length === diskful.length, `is not up to date on ${behind.map(({ node_name, disk_state }) => `${node_name} (${disk_state ?? 'away'})`).join(', ')}`)
    if (!all.some(({ flags }) => flags.includes('TIE_BREAKER')) && diskful.length <= replicasWanted) say('tie-breaker', true, 'has no tie-breaker: the loss of either node stops it')
    if (props['DrbdOptions/Resource/quorum'] !== 'majority') say('quorum', true, `has the quorum "${props['DrbdOptions/Resource/quorum'] ?? 'off'}" and not "majority": two nodes that do not see each other may both write`)
    else if (!['io-error', 'suspend-io'].includes(props['DrbdOptions/Resource/on-no-quorum'] ?? '')) say('quorum', true, 'goes on writing without a quorum')
    return found
  })
}

async function pools({ linstor }: Up, { nodes }: Cluster): Promise<ClusterFinding[]> {
  const all = (await linstor.storagePools()).filter((pool) => pool.provider_kind !== 'DISKLESS' && nodes.some(({ name }) => name === pool.node_name))
  return all.flatMap(({ storage_pool_name, node_name, free_capacity, total_capacity }): ClusterFinding[] => {
    const subject = `${storage_pool_name} on ${node_name}`
    if (free_capacity === undefined) return [{ kind: 'room', subject, grave: false, says: `LINSTOR cannot say how much is left in ${subject}: its satellite is away` }]
    const percent = total_capacity ? (free_capacity / total_capacity) * 100 : 100
    const gb = Math.floor(free_capacity / gib)
    const grave = gb < room.graveGb
    return grave || percent < room.watchPercent ? [{ kind: 'room', subject, grave, says: `${gb} GB are left in ${subject} (${percent.toFixed(1)} %)` }] : []
  })
}

async function template({ proxmox }: Up, { template: volid }: Cluster, node: string): Promise<ClusterFinding[]> {
  const templates = await proxmox.templates(node, volid.split(':')[0]!)
  return templates.some((one) => one.volid === volid) ? [] : [{ kind: 'template', subject: node, grave: true, says: `${node} does not have the template ${volid}` }]
}

/** One storage lock for all nodes: makings side by side wait for it, and fail when they have waited for too long. */
async function clusterLock({ proxmox }: Up, { storage: id }: Cluster): Promise<ClusterFinding[]> {
  const storage = (await proxmox.storages()).find((one) => one.storage === id)
  if (!storage) return [{ kind: 'cluster-lock', subject: id, grave: true, says: `Proxmox shows no storage ${id} to the gateway's token` }]
  return storage.type === 'drbd' && storage.clusterlocktimeout === undefined
    ? [{ kind: 'cluster-lock', subject: id, grave: false, says: `the storage ${id} names no clusterlocktimeout: orders side by side may end a task with "got lock request timeout", and try again` }]
    : []
}

async function clock({ gateway }: Up, now: () => number): Promise<ClusterFinding[]> {
  const asked = now()
  const theirs = await gateway.clock()
  const took = now() - asked
  // Positive: the gateway is behind, so that our signatures seem to come from the future.
  const behindMs = asked + took / 2 - theirs
  if (Math.abs(behindMs) <= clockMs.watch + took / 2) return []
  const grave = behindMs >= clockMs.behind || -behindMs >= clockMs.ahead
  return [{ kind: 'gateway-clock', subject: 'gateway', grave, says: `the gateway's clock is ${Math.round(Math.abs(behindMs) / 1000)} s ${behindMs > 0 ? 'behind' : 'ahead of'} the Worker's${grave ? ', so it refuses what we ask' : ''}` }]
}

/** The gravest of each kind first, so that a thousand disks with one fault do not hide the others. */
function abridged(findings: ClusterFinding[]): ClusterFinding[] {
  return [...Map.groupBy(findings, ({ kind }) => kind).values()].flatMap((of) => {
    const shown = [...of].sort((a, b) => Number(b.grave) - Number(a.grave)).slice(0, shownMax)
    const left = of.length - shown.length
    return left === 0 ? shown : [...shown, { ...shown.at(-1)!, subject: '', says: `${left} more of this kind` }]
  })
}
