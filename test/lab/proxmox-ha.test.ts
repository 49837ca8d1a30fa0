// Laws of the simulated HA manager and of failing nodes.
import { describe, expect, it } from 'vitest'
import { linstorDefinitions } from '../../lab/linstor/app.ts'
import { containers, failNode, haFacts, restoreNode } from '../../lab/proxmox/app.ts'
import { Cluster, fine, type Row } from './cluster.ts'

const resource = async (cluster: Cluster, vmid: number, state = 'started'): Promise<void> => {
  const answer = await cluster.pve('POST', '/cluster/ha/resources', { sid: `ct:${vmid}`, state, max_restart: 3, max_relocate: 2 })
  if (answer.status !== 200) throw new Error(answer.text)
}
const service = async (cluster: Cluster, vmid: number): Promise<Row> =>
  (await cluster.pve<Row[]>('GET', '/cluster/ha/status/current')).data.find((row) => row['sid'] === `ct:${vmid}`)!

describe('HA requests', () => {
  it('starts what is to be started within one round', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await resource(cluster, 101)
    expect((await service(cluster, 101))['state']).toBe('queued')
    expect((await cluster.status(101))['status']).toBe('stopped')
    await cluster.pass(20_000)
    expect((await cluster.status(101))['status']).toBe('running')
    expect((await service(cluster, 101))['state']).toBe('started')
  })

  it('ends hastop and hastart long before anything happens', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await resource(cluster, 101)
    await cluster.pass(20_000)
    const { data } = await cluster.pve('POST', '/nodes/node1/lxc/101/status/shutdown', { forceStop: 1 })
    expect(data).toContain(':hastop:101:')
    expect(await cluster.ended(data)).toBe('OK')
    expect((await cluster.status(101))['status']).toBe('running')
    await cluster.pass(30_000)
    expect((await cluster.status(101))['status']).toBe('stopped')
    expect((await cluster.pve<Row>('GET', '/cluster/ha/resources/ct:101')).data['state']).toBe('stopped')
    expect(await cluster.done('POST', '/nodes/node1/lxc/101/status/start')).toBe('OK')
    await cluster.pass(30_000)
    expect((await cluster.status(101))['status']).toBe('running')
  })

  it('starts again what stopped by another hand', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await cluster.done('POST', '/nodes/node1/lxc/101/snapshot', { snapname: 'initial' })
    await resource(cluster, 101)
    await cluster.pass(20_000)
    await cluster.done('POST', '/nodes/node1/lxc/101/snapshot/initial/rollback')
    await cluster.pass(40_000)
    expect((await cluster.status(101))['status']).toBe('running')
  })

  it('gives up on a guest that it cannot stop until a person disables it', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await resource(cluster, 101)
    await cluster.pass(20_000)
    await cluster.pve('POST', '/nodes/node1/lxc/101/snapshot', { snapname: 'initial' })
    const { data } = (await cluster.pve<Row[]>('GET', '/nodes/node1/tasks', { source: 'active', typefilter: 'vzsnapshot' }))
    await cluster.pass(3000)
    await cluster.pve('DELETE', `/nodes/node1/tasks/${encodeURIComponent(String(data[0]!['upid']))}`)
    await cluster.pve('PUT', '/cluster/ha/resources/ct:101', { state: 'stopped' })
    await cluster.pass(30_000)
    expect((await service(cluster, 101))['state']).toBe('error')
    expect((await cluster.pve('PUT', '/cluster/ha/resources/ct:101', { state: 'started' })).message).toContain('in error state')
    expect((await cluster.pve('PUT', '/cluster/ha/resources/ct:101', { state: 'disabled' })).status).toBe(200)
  })

  it('refuses to destroy a resource without purge; purge takes rule and resource along', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await resource(cluster, 101, 'stopped')
    await cluster.pve('POST', '/cluster/ha/rules', { rule: 'berth-101', type: 'node-affinity', nodes: 'node1:2,node2:1', resources: 'ct:101' })
    expect((await cluster.pve('DELETE', '/nodes/node1/lxc/101')).message).toBe('unable to remove CT 101 - used in HA resources and purge parameter not set.\n')
    expect(await cluster.done('DELETE', '/nodes/node1/lxc/101', { purge: 1 })).toBe('OK')
    expect(haFacts(cluster.world)).toEqual({ resources: [], rules: [], groups: [] })
  })

  it('knows rules on 9 and groups on 8, each refusing the other', async () => {
    const nine = new Cluster()
    await nine.container(101)
    expect((await nine.pve('POST', '/cluster/ha/groups', { group: 'pair',
      nodes: 'node1,node2' })).message).toContain('ha groups have been migrated to rules')
    expect((await nine.pve('POST', '/cluster/ha/rules', { rule: 'early', type: 'node-affinity', nodes: 'node1',
      resources: 'ct:101' })).message).toContain('unmanaged')
    const eight = new Cluster({ major: 8 })
    await eight.container(101)
    expect((await eight.pve('GET', '/cluster/ha/rules')).status).toBe(501)
    expect((await eight.pve('POST', '/cluster/ha/groups', { group: 'pair', nodes: 'node1:2,node2' })).status).toBe(200)
    expect((await eight.pve('POST', '/cluster/ha/resources', { sid: 'ct:101', group: 'pair' })).status).toBe(200)
    expect((await eight.pve('DELETE', '/cluster/ha/groups/pair')).message).toContain('is used by service')
    expect((await eight.pve('DELETE', '/cluster/ha/resources/ct:101', { purge: 1 })).status).toBe(400)
  })

  it('puts a resource into one node-affinity rule only', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await resource(cluster, 101)
    const rule = (name: string): Promise<{ status: number; message: string }> => cluster.pve('POST', '/cluster/ha/rules', { rule: name,
      type: 'node-affinity', nodes: 'node1,node2', resources: 'ct:101' })
    expect((await rule('one')).status).toBe(200)
    expect(await rule('two')).toMatchObject({ status: 400, message: "Rule 'two' is invalid.\n" })
    expect((await rule('one')).message).toContain('already defined')
  })
})

describe('a failing node', () => {
  it('answers 595, and its HA containers run on the survivor after about two minutes', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await cluster.container(102, { start: 1 })
    await resource(cluster, 101)
    await cluster.pass(30_000)
    failNode(cluster.world, 'node1')
    expect((await cluster.pve('GET', '/nodes/node1/lxc/101/status/current')).status).toBe(595)
    await cluster.pass(100_000)
    expect(containers(cluster.world).find((one) => one.vmid === 101)!.node).toBe('node1')
    await cluster.pass(40_000)
    expect(containers(cluster.world).find((one) => one.vmid === 101)).toMatchObject({ node: 'node2', status: 'running' })
    expect(containers(cluster.world).find((one) => one.vmid === 102)).toMatchObject({ node: 'node1', status: 'stopped' })
    restoreNode(cluster.world, 'node1')
    await cluster.pass(60_000)
    expect((await cluster.status(102))['status']).toBe('running')
  })

  it('leaves a half-made container with its lock for good', async () => {
    const cluster = new Cluster()
    const { data } = await cluster.create(101)
    await cluster.pass(10_000)
    failNode(cluster.world, 'node1')
    await cluster.pass(20_000)
    restoreNode(cluster.world, 'node1')
    await cluster.pass(300_000)
    expect((await cluster.config(101))['lock']).toBe('create')
    expect((await cluster.pve<Row>('GET', `/nodes/node1/tasks/${encodeURIComponent(data)}/status`)).data['exitstatus']).toBe('unexpected status')
  })

  it('can leave a disk that no query by vmid finds', async () => {
    let orphans = 0
    for (let ms = 400; ms < 4000; ms += 100) {
      const cluster = new Cluster()
      await cluster.create(101)
      await cluster.pass(ms)
      failNode(cluster.world, 'node1')
      orphans += linstorDefinitions(cluster.world).filter((definition) => definition.props['Aux/pm/vmid'] === undefined).length
    }
    expect(orphans).toBeGreaterThan(0)
  })

  it('keeps the storage lock of a dead holder for two minutes', async () => {
    const cluster = new Cluster()
    await cluster.create(101, {}, 'node2')
    await cluster.pass(700)
    failNode(cluster.world, 'node2')
    restoreNode(cluster.world, 'node2')
    expect(await cluster.ended((await cluster.create(102)).data)).toContain('got lock request timeout')
    await cluster.pass(120_000)
    expect(fine(await cluster.ended((await cluster.create(103)).data))).toBe(true)
  })

  it('does not start a container whose good data is out of reach', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    failNode(cluster.world, 'node2')
    failNode(cluster.world, 'node3')
    expect(await cluster.done('POST', '/nodes/node1/lxc/101/status/start')).toContain('has no quorum')
    restoreNode(cluster.world, 'node3')
    expect(fine(await cluster.done('POST', '/nodes/node1/lxc/101/status/start'))).toBe(true)
  })

  it('is not fenced when it comes back in time', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await resource(cluster, 101)
    await cluster.pass(30_000)
    failNode(cluster.world, 'node1')
    await cluster.pass(80_000)
    expect((await service(cluster, 101))['state']).toBe('fence')
    restoreNode(cluster.world, 'node1')
    await cluster.pass(120_000)
    expect(containers(cluster.world)[0]).toMatchObject({ node: 'node1', status: 'running' })
  })
})
