// Whole backups and restores as the cluster does them: one at a time, under a lock, and never over what runs.
import { describe, expect, it } from 'vitest'
import { linstorState } from '../../lab/linstor/state.ts'
import { archives, containers, failNode, restoreNode } from '../../lab/proxmox/app.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { Cluster, fine } from './cluster.ts'

const dump = { storage: 'backup', mode: 'snapshot', compress: 'zstd', 'notes-template': 'berth-t1-e1 {{vmid}}', remove: 0 }
const content = async (cluster: Cluster, vmid = 101) =>
  (await cluster.pve<Record<string, unknown>[]>('GET', '/nodes/node1/storage/backup/content', { content: 'backup', vmid })).data

describe('vzdump', () => {
  it('writes an archive under the lock, leaves no snapshot, and lists it with its notes', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    const { data: upid } = await cluster.pve('POST', '/nodes/node1/vzdump', { vmid: 101, ...dump })
    await cluster.pass(8_000)
    expect((await cluster.config(101))['lock']).toBe('backup')
    expect((await cluster.pve('POST', '/nodes/node1/lxc/101/snapshot', { snapname: 'mine' })).status).toBe(200)
    expect(await cluster.ended(upid)).toBe('OK')
    expect((await cluster.config(101))['lock']).toBeUndefined()
    expect(containers(cluster.world)[0]!.snapshots).toEqual([])
    const [one] = await content(cluster)
    expect(one).toMatchObject({ vmid: 101, content: 'backup', notes: 'berth-t1-e1 101', format: 'tar.zst' })
    expect(Number(one!['size'])).toBeGreaterThan(0)
    expect(await content(cluster, 102)).toEqual([])
    expect(await cluster.done('DELETE', `/nodes/node2/storage/backup/content/${encodeURIComponent(String(one!['volid']))}`)).toBe('OK')
    expect(archives(cluster.world)).toEqual([])
  })

  it('fails as "job errors" under another lock, without space, and for nobody; a guest elsewhere is passed over with OK', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    pve(cluster.world).containers[101]!.config['lock'] = 'snapshot'
    expect(await cluster.done('POST', '/nodes/node1/vzdump', { vmid: 101, ...dump })).toBe('job errors')
    expect(pve(cluster.world).containers[101]!.config['lock']).toBe('snapshot')
    delete pve(cluster.world).containers[101]!.config['lock']
    expect(await cluster.done('POST', '/nodes/node1/vzdump', { vmid: 999, ...dump })).toBe('job errors')
    expect((await cluster.pve('POST', '/nodes/node2/vzdump', { vmid: 101, ...dump })).data).toBe('OK')
    failNode(cluster.world, 'node3')
    expect(await cluster.done('POST', '/nodes/node1/vzdump', { vmid: 101, ...dump })).toBe('job errors')
    restoreNode(cluster.world, 'node3')
    expect(archives(cluster.world)).toEqual([])
  })

  it('runs one at a time on a node', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await cluster.container(102)
    const [first, second] = [await cluster.pve('POST', '/nodes/node1/vzdump', { vmid: 101, ...dump }), await cluster.pve('POST', '/nodes/node1/vzdump', { vmid: 102, ...dump })]
    await cluster.pass(8_000)
    expect(containers(cluster.world).map(({ lock }) => lock)).toEqual(['backup', undefined])
    expect([await cluster.ended(first.data), await cluster.ended(second.data)]).toEqual(['OK', 'OK'])
  })
})

describe('restore', () => {
  it('makes a new container of an archive, smaller if the files fit, and only over one that is stopped', async () => {
    const cluster = new Cluster()
    await cluster.container(101, { start: 1 })
    await cluster.done('POST', '/nodes/node1/vzdump', { vmid: 101, ...dump })
    const volid = archives(cluster.world)[0]!.volid
    const back = { ostemplate: volid, restore: 1, storage: 'global-lvm', unprivileged: 1 }
    expect(fine(await cluster.done('POST', '/nodes/node1/lxc', { vmid: 201, ...back, rootfs: 'global-lvm:10' }))).toBe(true)
    expect((await cluster.config(201))['rootfs']).toMatch(/size=10G$/)
    expect((await cluster.config(201))['tags']).toBe('berth;berth-t1-e1')
    expect((await cluster.pve('POST', '/nodes/node1/lxc', { vmid: 101, ...back })).message).toMatch(/already exists/)
    expect((await cluster.pve('POST', '/nodes/node1/lxc', { vmid: 101, ...back, force: 1 })).message).toMatch(/container is running/)
    await cluster.done('POST', '/nodes/node1/lxc/101/status/stop')
    expect(await cluster.done('POST', '/nodes/node1/lxc', { vmid: 101, ...back, force: 1 })).toBe('OK')
    await cluster.pass(5_000)
    expect(Object.keys(linstorState(cluster.world).definitions)).toHaveLength(2)
  })

  it('that fails over a container leaves it without a disk: what stood there went first', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await cluster.done('POST', '/nodes/node1/vzdump', { vmid: 101, ...dump })
    const volid = archives(cluster.world)[0]!.volid
    expect(await cluster.done('POST', '/nodes/node1/lxc', { vmid: 101, ostemplate: volid, restore: 1, force: 1, storage: 'global-lvm', rootfs: 'global-lvm:1' })).toMatch(/No space left/)
    await cluster.pass(5_000)
    expect(Object.keys(linstorState(cluster.world).definitions)).toEqual([])
    expect((await cluster.config(101))['rootfs']).toBeUndefined()
  })
})
