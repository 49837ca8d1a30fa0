// Laws of the Proxmox simulator, second part: snapshots, tasks, config and firewall of a container that stands. Virtual time only.
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { linstorDefinitions } from '../../lab/linstor/app.ts'
import { containers, proxmox } from '../../lab/proxmox/app.ts'
import { World } from '../../lab/world.ts'
import { Cluster, type Row } from './cluster.ts'

const at = (vmid: number, more = ''): string => `/nodes/node1/lxc/${vmid}${more}`

describe('snapshots', () => {
  it('hold the lock, list the pseudo entry current, and refuse a used name in the task', async () => {
    const cluster = new Cluster()
    await cluster.container(101, { start: 1 })
    const { data } = await cluster.pve('POST', at(101, '/snapshot'), { snapname: 'initial', description: 'first' })
    await cluster.pass(1000)
    expect((await cluster.status(101))['lock']).toBe('snapshot')
    expect((await cluster.pve('PUT', at(101, '/config'), { memory: 512 })).message).toBe('CT is locked (snapshot)\n')
    expect(await cluster.ended(data)).toBe('OK')
    const list = (await cluster.pve<Row[]>('GET', at(101, '/snapshot'))).data
    expect(list.map((row) => row['name'])).toEqual(['initial', 'current'])
    expect(list[1]).toMatchObject({ parent: 'initial', running: 1 })
    expect(await cluster.done('POST', at(101, '/snapshot'), { snapname: 'initial' })).toBe("snapshot name 'initial' already used")
  })

  it('roll the config back and start on request', async () => {
    const cluster = new Cluster()
    await cluster.container(101, { start: 1 })
    await cluster.done('POST', at(101, '/snapshot'), { snapname: 'initial' })
    await cluster.pve('PUT', at(101, '/config'), { memory: 8192 })
    expect(await cluster.done('POST', at(101, '/snapshot/initial/rollback'), { start: 1 })).toBe('OK')
    expect(await cluster.config(101)).toMatchObject({ memory: 2048, parent: 'initial' })
    expect((await cluster.status(101))['status']).toBe('running')
  })
})

describe('tasks and config', () => {
  it('hides running tasks from the archive and shows them as active', async () => {
    const cluster = new Cluster()
    const { data } = await cluster.create(101)
    const list = async (source: string): Promise<unknown[]> => (await cluster.pve<Row[]>('GET', '/nodes/node1/tasks', { source, vmid: 101,
      typefilter: 'vzcreate' })).data.map((row) => row['upid'])
    expect([await list('archive'), await list('active'), await list('all')]).toEqual([[], [data], [data]])
    await cluster.ended(data)
    await cluster.pass(10_000)
    expect([await list('archive'), await list('active')]).toEqual([[data], []])
  })

  it('refuses a config change based on an old digest', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    const { digest } = await cluster.config(101)
    expect((await cluster.pve('PUT', at(101, '/config'), { memory: 4096, digest })).status).toBe(200)
    expect((await cluster.pve('PUT', at(101, '/config'), { memory: 8192, digest })).message).toContain('detected modified configuration')
    expect((await cluster.config(101))['memory']).toBe(4096)
  })

  it('grows a disk once: shrinking and repeating are errors', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    expect(await cluster.done('PUT', at(101, '/resize'), { disk: 'rootfs', size: '40G' })).toBe('OK')
    expect(containers(cluster.world)[0]!.rootfsGb).toBe(40)
    expect(linstorDefinitions(cluster.world)[0]!.sizeKib).toBe(40 * 1_048_576)
    expect((await cluster.pve('PUT', at(101, '/resize'), { disk: 'rootfs', size: '40G' })).message).toBe('disk is already at specified size\n')
    expect((await cluster.pve('PUT', at(101, '/resize'), { disk: 'rootfs', size: '20G' })).message).toBe('unable to shrink disk size\n')
  })

  it('goes on after a restart of the lab', async () => {
    const cluster = new Cluster()
    const { data } = await cluster.create(101, { start: 1 })
    await cluster.pass(5000)
    const clock = new VirtualClock(cluster.clock.now())
    const world = new World(clock, { saved: cluster.world.save() })
    proxmox(world)
    world.start()
    await clock.advance(clock.now() + 120_000)
    expect(containers(world)).toMatchObject([{ vmid: 101, status: 'running' }])
    expect(data).toContain('vzcreate')
  })
})

describe('firewall', () => {
  it('inserts new rules at the top and refuses an old digest', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    const rules = at(101, '/firewall/rules')
    await cluster.pve('POST', rules, { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '80', enable: 1 })
    await cluster.pve('POST', rules, { type: 'in', action: 'DROP', enable: 1 })
    const list = (await cluster.pve<Row[]>('GET', rules)).data
    expect(list.map((row) => [row['pos'], row['action']])).toEqual([[0, 'DROP'], [1, 'ACCEPT']])
    await cluster.pve('DELETE', `${rules}/0`)
    expect((await cluster.pve('DELETE', `${rules}/0`, { digest: list[0]!['digest'] })).message).toContain('detected modified')
  })

  it('keeps IP sets by name', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    const sets = at(101, '/firewall/ipset')
    expect((await cluster.pve('POST', sets, { name: 'ipfilter-net0' })).status).toBe(200)
    expect((await cluster.pve('POST', sets, { name: 'ipfilter-net0' })).message).toBe("IPSet 'ipfilter-net0' already exists\n")
    await cluster.pve('POST', `${sets}/ipfilter-net0`, { cidr: '192.168.1.101' })
    expect((await cluster.pve<Row[]>('GET', `${sets}/ipfilter-net0`)).data).toMatchObject([{ cidr: '192.168.1.101' }])
    expect((await cluster.pve('DELETE', `${sets}/ipfilter-net0`)).status).toBe(500)
    expect((await cluster.pve('DELETE', `${sets}/ipfilter-net0/192.168.1.101`)).status).toBe(200)
    expect((await cluster.pve('DELETE', `${sets}/ipfilter-net0`)).status).toBe(200)
  })
})
