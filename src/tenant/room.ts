// How much storage is left where a site's disk lies, asked of LINSTOR within the caller's patience. Unknown is no answer.
import type { Call } from '../upstreams/http.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { patiently, type Patient } from './figures.ts'

/** Whole gigabytes by which the disk may grow on every node that holds a replica; undefined when LINSTOR does not say. */
export function roomGb(lent: Patient<(call: Call) => Pick<Upstreams, 'linstor'>>, resource: string, waitMs: number): Promise<number | undefined> {
  return patiently(lent, 'room', waitMs, async ({ linstor }) => {
    const [replicas, pools] = await Promise.all([linstor.resources(resource), linstor.storagePools()])
    const free = replicas.flatMap(({ node_name, pool }) => pools.filter((one) => one.node_name === node_name && one.storage_pool_name === pool && one.provider_kind !== 'DISKLESS').map((one) => one.free_capacity))
    if (free.length === 0 || free.includes(undefined)) return undefined
    return Math.floor(Math.min(...free.map((kib) => kib ?? 0)) / 1_048_576)
  })
}
