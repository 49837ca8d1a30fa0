// Laws of the LINSTOR simulator: names, replicas, quorum, answers that no double can hold.
import { describe, expect, it } from 'vitest'
import { linstorDefinitions } from '../../lab/linstor/app.ts'
import { linstorState } from '../../lab/linstor/state.ts'
import { failNode, restoreNode } from '../../lab/proxmox/app.ts'
import { Cluster } from './cluster.ts'

interface Resource { name: string; node_name: string; flags: string[]; state?: { in_use: boolean }; layer_object: { drbd: { may_promote?: boolean } }; volumes: { state?: { disk_state: string; replication_states: Record<string, { replication_state: string }> } }[] }
interface Definition { name: string; props: Record<string, string>; flags: string[] }

const view = async (cluster: Cluster): Promise<Record<string, Resource>> =>
  Object.fromEntries((await cluster.lin<Resource[]>('GET', '/v1/view/resources')).data.map((one) => [one.node_name, one]))
const onlyName = (cluster: Cluster): string => linstorDefinitions(cluster.world)[0]!.name

describe('a new volume', () => {
  it('has a random name, and its vmid a moment later', async () => {
    const cluster = new Cluster()
    await cluster.create(101)
    while (linstorDefinitions(cluster.world).length === 0) await cluster.pass(50)
    expect(linstorDefinitions(cluster.world)[0]!.props['Aux/pm/vmid']).toBeUndefined()
    await cluster.pass(1500)
    const [definition] = (await cluster.lin<Definition[]>('GET', '/v1/resource-definitions')).data
    expect(definition!.name).toMatch(/^pm-[0-9a-f]{8}$/)
    expect(definition!.props).toMatchObject({ 'Aux/pm/vmid': '101', 'DrbdOptions/Resource/quorum': 'majority', 'DrbdOptions/Resource/on-no-quorum': 'suspend-io' })
  })

  it('syncs its second replica for a few seconds, beside a tie-breaker', async () => {
    const cluster = new Cluster()
    await cluster.create(101)
    while (linstorDefinitions(cluster.world).length === 0) await cluster.pass(50)
    const early = await view(cluster)
    expect(early['node1']!.volumes[0]!.state!.disk_state).toBe('UpToDate')
    expect(early['node2']!.volumes[0]!.state!.disk_state).toBe('Inconsistent')
    expect(early['node2']!.volumes[0]!.state!.replication_states['node1']!.replication_state).toBe('SyncTarget')
    expect(early['node3']!.flags).toEqual(['DISKLESS', 'DRBD_DISKLESS', 'TIE_BREAKER'])
    await cluster.pass(8000)
    expect((await view(cluster))['node2']!.volumes[0]!.state!.disk_state).toBe('UpToDate')
  })

  it('is in use where the container runs', async () => {
    const cluster = new Cluster()
    await cluster.container(101, { start: 1 })
    const now = await view(cluster)
    expect([now['node1']!.state!.in_use, now['node2']!.state!.in_use]).toEqual([true, false])
    const answer = await cluster.lin('DELETE', `/v1/resource-definitions/${onlyName(cluster)}`)
    expect([answer.status, answer.text.includes('still in use')]).toEqual([500, true])
  })

  it('can lack its tie-breaker, which a property or a diskless resource cures', async () => {
    for (const cure of ['property', 'resource']) {
      const cluster = new Cluster()
      linstorState(cluster.world).tieBreakerMissing = true
      await cluster.container(101)
      const path = `/v1/resource-definitions/${onlyName(cluster)}`
      expect(Object.keys(await view(cluster)).sort()).toEqual(['node1', 'node2'])
      expect((await cluster.lin<Definition>('GET', path)).data.props['DrbdOptions/Resource/quorum']).toBe('off')
      const answer = cure === 'property'
        ? await cluster.lin('PUT', path, { override_props: { 'DrbdOptions/auto-add-quorum-tiebreaker': 'true' } })
        : await cluster.lin('POST', `${path}/resources/node3`, { resource: { flags: ['DRBD_DISKLESS'] } })
      expect(answer.status).toBe(cure === 'property' ? 200 : 201)
      expect(Object.keys(await view(cluster)).sort()).toEqual(['node1', 'node2', 'node3'])
      expect((await cluster.lin<Definition>('GET', path)).data.props['DrbdOptions/Resource/quorum']).toBe('majority')
    }
  })
})

describe('answers', () => {
  it('carry 64-bit codes as they are', async () => {
    const cluster = new Cluster()
    const missing = await cluster.lin('PUT', '/v1/resource-definitions/pm-00000000', { override_props: {} })
    expect(missing.status).toBe(404)
    // MASK_ERROR | MASK_MOD | MASK_RSC_DFN | FAIL_NOT_FOUND_RSC_DFN
    expect(missing.text).toContain('"ret_code":-4611686018390163155,')
  })

  it('treat the deletion of what is gone as a warning', async () => {
    const cluster = new Cluster()
    const answer = await cluster.lin('DELETE', '/v1/resource-definitions/pm-00000000')
    expect([answer.status, answer.text.includes('not found')]).toEqual([200, true])
  })

  it('filter views by node and resource', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await cluster.container(102)
    const name = onlyName(cluster)
    const { data } = await cluster.lin<Resource[]>('GET', `/v1/view/resources?resources=${name}&nodes=node1&nodes=node2`)
    expect(data.map((one) => `${one.name} ${one.node_name}`).sort()).toEqual([`${name} node1`, `${name} node2`])
  })
})

describe('a node that is gone', () => {
  it('makes states missing and keeps deletions pending', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    failNode(cluster.world, 'node2')
    const lost = (await view(cluster))['node2']!
    expect([lost.state, lost.volumes[0]!.state]).toEqual([undefined, undefined])
    expect(await cluster.done('DELETE', '/nodes/node1/lxc/101')).toBe('OK')
    await cluster.pass(60_000)
    expect((await cluster.lin<Definition[]>('GET', '/v1/resource-definitions')).data[0]!.flags).toEqual(['DELETE'])
    restoreNode(cluster.world, 'node2')
    await cluster.pass(5000)
    expect(linstorDefinitions(cluster.world)).toEqual([])
  })

  it('leaves no room for two replicas', async () => {
    const cluster = new Cluster()
    failNode(cluster.world, 'node2')
    expect(await cluster.ended((await cluster.create(101)).data)).toContain('Not enough available nodes')
  })
})
