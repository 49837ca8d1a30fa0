// Laws of the Proxmox simulator: what its API promises and, above all, what it refuses. Virtual time only.
import { describe, expect, it } from 'vitest'
import { linstorDefinitions } from '../../lab/linstor/app.ts'
import { containers, firewallConfs, onPower } from '../../lab/proxmox/app.ts'
import { Cluster, fine, type Row } from './cluster.ts'

const at = (vmid: number, more = '', node = 'node1'): string => `/nodes/${node}/lxc/${vmid}${more}`

describe('requests', () => {
  it('answers a wrong token with 401, an empty body and three seconds of waiting', async () => {
    const cluster = new Cluster()
    const before = cluster.clock.now()
    const answer = await cluster.pve('GET', '/version', {}, { authorization: 'PVEAPIToken=berth@pve!worker=wrong' })
    expect([answer.status, answer.text, cluster.clock.now() - before]).toEqual([401, '', 3000])
  })

  it('refuses unknown, missing and malformed parameters with one text each', async () => {
    const cluster = new Cluster()
    const answer = await cluster.pve('POST', '/nodes/node1/lxc', { vmid: 'x', memory: 8, hostname: '-bad-', net0: 'name=eth0,color=red',
      colour: 'red' })
    expect(answer.status).toBe(400)
    expect(answer.message).toBe('Parameter verification failed.\n')
    expect(Object.keys(answer.errors).sort()).toEqual(['colour', 'hostname', 'memory', 'net0', 'ostemplate', 'vmid'])
    expect(answer.errors['vmid']).toBe("type check ('integer') failed - got 'x'")
  })

  it('takes forms and JSON alike, other content types not at all', async () => {
    const cluster = new Cluster()
    expect((await cluster.create(101)).status).toBe(200)
    const json = await cluster.pve('PUT', at(101, '/firewall/options'), { enable: true, ipfilter: 1 }, { json: true })
    expect(json.status).toBe(200)
    expect((await cluster.pve('PUT', at(101, '/firewall/options'), {}, { body: '<a/>', type: 'text/xml' })).status).toBe(506)
  })

  it('refuses a body on DELETE and a chunked body', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    expect((await cluster.pve('DELETE', at(101), {}, { body: 'purge=1' })).status).toBe(501)
    const chunked = await cluster.proxmox.request('/api2/json/nodes/node1/lxc', { method: 'POST',
      headers: { authorization: 'PVEAPIToken=berth@pve!worker=1ab00000-0000-4000-8000-000000000001', 'transfer-encoding': 'chunked' },
      body: 'vmid=1' })
    expect(chunked.status).toBe(501)
  })

  it('counts a route it does not know', async () => {
    const cluster = new Cluster()
    expect((await cluster.pve('POST', '/nodes/node1/qemu', {})).status).toBe(501)
    expect(cluster.world.slice('strays', () => ({ list: [] as string[] })).list).toEqual(['POST /api2/json/nodes/node1/qemu'])
  })

  it('refuses a token what only root may do', async () => {
    const cluster = new Cluster()
    expect((await cluster.create(101, { features: 'nesting=1,keyctl=1' })).status).toBe(403)
    expect((await cluster.create(101, { mp0: '/srv,mp=/srv' })).status).toBe(403)
    await cluster.container(101)
    expect((await cluster.pve('POST', at(101, '/status/start'), { skiplock: 1 })).errors['skiplock']).toBe('Only root may use this option.')
  })
})

describe('creating', () => {
  it('writes the lock first and the mark late', async () => {
    const cluster = new Cluster()
    const { data } = await cluster.create(101)
    expect(data).toMatch(/^UPID:node1:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:vzcreate:101:berth@pve!worker:$/)
    expect(Object.keys(await cluster.config(101)).sort()).toEqual(['digest', 'lock'])
    await cluster.pass(12_000)
    expect((await cluster.config(101))['description']).toBeUndefined()
    expect(linstorDefinitions(cluster.world)).toHaveLength(1)
    expect(fine(await cluster.ended(data))).toBe(true)
    const config = await cluster.config(101)
    expect(config).toMatchObject({ hostname: 'site-101', memory: 2048, tags: 'berth;berth-t1-e1', description: 'berth-t1-e1\n', unprivileged: 1 })
    expect(config['lock']).toBeUndefined()
    expect(config['rootfs']).toMatch(/^global-lvm:pm-[0-9a-f]{8}_101,size=20G$/)
    expect(config['net0']).toMatch(/^name=eth0,bridge=vmbr1,firewall=1,gw=192\.168\.1\.1,hwaddr=BC:24:11:[0-9A-F:]{8},ip=192\.168\.1\.101\/24,type=veth$/)
  })

  it('takes 30 to 60 seconds', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const cluster = new Cluster({ seed })
      const before = cluster.clock.now()
      await cluster.container(101)
      expect(cluster.clock.now() - before).toBeGreaterThanOrEqual(30_000)
      expect(cluster.clock.now() - before).toBeLessThan(62_000)
    }
  })

  it('refuses a vmid that any node has, touching nothing', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    const answer = await cluster.create(101, {}, 'node2')
    expect([answer.status, answer.message]).toEqual([500, "CT 101 already exists on node 'node1'\n"])
    expect(containers(cluster.world)).toHaveLength(1)
  })

  it('gives up on the storage lock after ten seconds, leaving nothing behind', async () => {
    const cluster = new Cluster()
    const upids = []
    for (let vmid = 101; vmid < 121; vmid++) upids.push((await cluster.create(vmid)).data)
    const exits = []
    for (const upid of upids) exits.push(await cluster.ended(upid))
    const lost = exits.filter((exit) => exit === "cfs-lock 'storage-global-lvm' error: got lock request timeout")
    expect(lost.length).toBeGreaterThan(5)
    expect(exits.filter(fine).length).toBe(20 - lost.length)
    expect(containers(cluster.world)).toHaveLength(20 - lost.length)
    expect(linstorDefinitions(cluster.world)).toHaveLength(20 - lost.length)
  })

  it('holds the storage lock for one allocation at a time', async () => {
    const cluster = new Cluster()
    for (let vmid = 101; vmid < 105; vmid++) await cluster.create(vmid)
    const born: number[] = []
    for (let i = 0; i < 150; i++) {
      await cluster.pass(100)
      while (born.length < linstorDefinitions(cluster.world).length) born.push(cluster.clock.now())
    }
    expect(born.length).toBe(4)
    for (let i = 1; i < born.length; i++) expect(born[i]! - born[i - 1]!).toBeGreaterThanOrEqual(900)
  })

  it('removes config and disk of a create that fails', async () => {
    const cluster = new Cluster()
    const exit = await cluster.ended((await cluster.create(101, { rootfs: 'global-lvm:5000' })).data)
    expect(exit).toContain('Not enough free space')
    await cluster.pass(5000)
    expect([containers(cluster.world), linstorDefinitions(cluster.world)]).toEqual([[], []])
  })

  it('leaves lock and disk of a create that is killed', async () => {
    const cluster = new Cluster()
    const { data } = await cluster.create(101)
    await cluster.pass(8000)
    await cluster.pve('DELETE', `/nodes/node1/tasks/${encodeURIComponent(data)}`)
    await cluster.pass(120_000)
    expect((await cluster.config(101))['lock']).toBe('create')
    expect((await cluster.pve('DELETE', at(101), { purge: 1 })).message).toBe('CT is locked (create)\n')
    expect((await cluster.pve('PUT', at(101, '/config'), { memory: 4096 })).message).toBe('CT is locked (create)\n')
  })

  it('sometimes succeeds with warnings', async () => {
    const exits = new Set<string>()
    for (let seed = 1; seed <= 40; seed++) {
      const cluster = new Cluster({ seed })
      exits.add(await cluster.ended((await cluster.create(101)).data))
    }
    expect([...exits].sort()).toEqual(['OK', 'WARNINGS: 1'])
  })
})

describe('power', () => {
  it('refuses to start the running and to stop the stopped', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    expect((await cluster.pve('POST', at(101, '/status/shutdown'))).message).toBe('CT 101 not running\n')
    expect(fine(await cluster.done('POST', at(101, '/status/start')))).toBe(true)
    expect((await cluster.pve('POST', at(101, '/status/start'))).message).toBe('CT 101 already running\n')
    expect(await cluster.done('POST', at(101, '/status/stop'))).toBe('OK')
  })

  it('fails a shutdown that the guest ignores, unless it may force the stop', async () => {
    const cluster = new Cluster()
    await cluster.container(101, { start: 1 })
    cluster.world.slice<{ containers: Record<string, { ignoresShutdown: boolean }> }>('proxmox',
      () => ({ containers: {} })).containers['101']!.ignoresShutdown = true
    expect(await cluster.done('POST', at(101, '/status/shutdown'), { timeout: 10 })).toContain('failed')
    expect((await cluster.status(101))['status']).toBe('running')
    expect(await cluster.done('POST', at(101, '/status/shutdown'), { timeout: 10, forceStop: 1 })).toBe('OK')
    expect((await cluster.status(101))['status']).toBe('stopped')
  })

  it('tells whoever watches', async () => {
    const cluster = new Cluster()
    const seen: string[] = []
    onPower(cluster.world, (event) => seen.push(`${event.event} ${event.vmid}`))
    await cluster.container(101, { start: 1 })
    await cluster.done('POST', at(101, '/status/shutdown'))
    await cluster.done('DELETE', at(101))
    expect(seen).toEqual(['started 101', 'stopped 101', 'destroyed 101'])
  })

  it('publishes figures up to ten seconds late, existence and lock at once', async () => {
    const cluster = new Cluster()
    await cluster.create(101)
    const rows = async (): Promise<Row> => (await cluster.pve<Row[]>('GET', '/cluster/resources', { type: 'vm' })).data[0]!
    expect(await rows()).toMatchObject({ vmid: 101, node: 'node1', lock: 'create', status: 'unknown' })
    await cluster.pass(90_000)
    const { data } = await cluster.pve('POST', at(101, '/status/start'))
    let stale = 0
    while ((await cluster.status(101))['status'] === 'stopped') await cluster.pass(100)
    for (; (await rows())['status'] === 'stopped'; stale += 100) await cluster.pass(100)
    expect(stale).toBeGreaterThan(0)
    expect(stale).toBeLessThanOrEqual(10_000)
    expect(fine(await cluster.ended(data))).toBe(true)
  })
})

describe('destroying', () => {
  it('refuses while running, and keeps the config with lock destroyed until the end', async () => {
    const cluster = new Cluster()
    await cluster.container(101, { start: 1 })
    await cluster.pve('PUT', at(101, '/firewall/options'), { enable: 1 })
    expect((await cluster.pve('DELETE', at(101))).message).toBe('unable to destroy CT 101 - container is running\n')
    await cluster.done('POST', at(101, '/status/shutdown'))
    const { data } = await cluster.pve('DELETE', at(101), { purge: 1 })
    await cluster.pass(1000)
    expect((await cluster.config(101))['lock']).toBe('destroyed')
    expect((await cluster.create(101)).message).toBe("CT 101 already exists on node 'node1'\n")
    expect(await cluster.ended(data)).toBe('OK')
    await cluster.pass(5000)
    expect([containers(cluster.world), linstorDefinitions(cluster.world), firewallConfs(cluster.world)]).toEqual([[], [], []])
    expect((await cluster.pve('GET', at(101, '/config'))).message).toBe("Configuration file 'nodes/node1/lxc/101.conf' does not exist\n")
  })

  it('may be repeated when the first one was killed', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    const { data } = await cluster.pve('DELETE', at(101))
    await cluster.pass(4000)
    await cluster.pve('DELETE', `/nodes/node1/tasks/${encodeURIComponent(data)}`)
    expect((await cluster.config(101))['lock']).toBe('destroyed')
    expect(await cluster.done('DELETE', at(101))).toBe('OK')
    expect(containers(cluster.world)).toEqual([])
  })

  it('fails while LINSTOR still has snapshots of the disk', async () => {
    const cluster = new Cluster()
    await cluster.container(101)
    await cluster.done('POST', at(101, '/snapshot'), { snapname: 'initial' })
    expect(await cluster.done('DELETE', at(101))).toContain('has snapshots')
    expect(await cluster.done('DELETE', at(101, '/snapshot/initial'))).toBe('OK')
    expect(await cluster.done('DELETE', at(101))).toBe('OK')
  })
})
