// The Proxmox client and its simulator understand each other through a container's whole life, on both majors.

import { afterEach, describe, expect, it } from 'vitest'
import { proxmox } from '../../lab/proxmox/app.ts'
import { nodes, template } from '../../lab/topology.ts'
import { refusal } from './far-end.ts'
import { labEnd } from './lab-end.ts'

let strays = (): string[] => []
afterEach(() => expect(strays()).toEqual([]))

const token = 'berth@pve!worker=00000000-0000-4000-8000-000000000000'
const node = nodes[0]!.name
const wanted = {
  vmid: 101, ostemplate: template, rootfs: 'global-lvm:8', unprivileged: true, hostname: 'a', description: 'berth:t1a2b', tags: 'berth;t1a2b',
  cores: 1, memory: 1024, swap: 512, net0: 'name=eth0,bridge=vmbr1,ip=192.168.1.101/24,gw=192.168.1.1,firewall=1', features: 'nesting=1',
}

const start = (major: 8 | 9) => {
  const end = labEnd((world) => ({ proxmox: proxmox(world, { major, token }) }), { proxmox: token })
  strays = end.strays
  /** Lets the task end and says how. */
  const ended = async (upid: string | undefined): Promise<string | undefined> => {
    for (;;) {
      const task = await end.run(end.up().proxmox.taskStatus(upid!))
      if (task?.status !== 'running') return task?.exitstatus
      await end.clock.advance(end.clock.now() + 1000)
    }
  }
  return { ...end, ended, pve: () => end.up().proxmox }
}

describe.each([8, 9] as const)('the Proxmox %i client and its simulator', (major) => {
  it('create, find, start, snapshot, stop and destroy a container', async () => {
    const { pve, run, ended } = start(major)
    expect((await run(pve().version())).major).toBe(major)
    expect(await run(pve().containerConfig(node, 101))).toBeUndefined()
    expect(await run(pve().locate(101))).toBeUndefined()
    const upid = await run(pve().createContainer(node, wanted))
    expect(await run(pve().locate(101))).toBe(node)
    expect((await run(pve().containerConfig(node, 101)))!.lock).toBe('create')
    expect((await run(pve().tasks(node, { vmid: 101, source: 'all', typefilter: 'vzcreate' }))).map((task) => task.upid)).toEqual([upid])
    expect(await refusal(run(pve().createContainer(node, wanted)))).toMatchObject({ fate: 'unknown', landed: true, status: 500 })
    expect(await ended(upid)).toMatch(/^(OK|WARNINGS: \d+)$/)
    expect(await run(pve().containerConfig(node, 101))).toMatchObject({ hostname: 'a', description: 'berth:t1a2b', memory: 1024, unprivileged: true, cores: 1 })
    expect(await run(pve().status(node, 101))).toMatchObject({ status: 'stopped' })

    expect(await ended(await run(pve().start(node, 101)))).toMatch(/^(OK|WARNINGS: \d+)$/)
    expect(await run(pve().status(node, 101))).toMatchObject({ status: 'running', ha: { managed: false } })
    expect(await ended(await run(pve().createSnapshot(node, 101, { snapname: 'initial', description: 'berth:t1a2b' })))).toMatch(/^(OK|WARNINGS: \d+)$/)
    expect(await run(pve().snapshots(node, 101))).toMatchObject([{ name: 'initial', description: 'berth:t1a2b' }])
    expect(await ended(await run(pve().deleteSnapshot(node, 101, 'initial')))).toMatch(/^(OK|WARNINGS: \d+)$/)
    expect(await run(pve().snapshots(node, 101))).toEqual([])

    expect(await ended(await run(pve().dump(node, { vmid: 101, storage: 'backup', notes: 'berth-t1a2b-e1 copy' })))).toBe('OK')
    expect(await run(pve().dump(nodes[1]!.name, { vmid: 101, storage: 'backup', notes: 'x' }))).toBeUndefined()
    const [archive] = await run(pve().archives(node, 'backup', 101))
    expect(archive).toMatchObject({ notes: 'berth-t1a2b-e1 copy' })
    expect(await ended(await run(pve().restoreContainer(node, { vmid: 102, ostemplate: archive!.volid, storage: 'global-lvm', unprivileged: true })))).toBe('OK')
    expect(await ended(await run(pve().destroyContainer(node, 102)))).toBe('OK')
    expect(await ended(await run(pve().deleteArchive(node, 'backup', archive!.volid)))).toBe('OK')
    expect(await run(pve().archives(node, 'backup', 101))).toEqual([])

    await run(pve().setConfig(node, 101, { description: 'berth:t1a2b again' }))
    expect((await run(pve().containerConfig(node, 101)))!.description).toBe('berth:t1a2b again')
    expect(await ended(await run(pve().shutdown(node, 101, { timeout: 30, forceStop: true })))).toMatch(/^(OK|WARNINGS: \d+)$/)
    expect(await ended(await run(pve().destroyContainer(node, 101, { purge: true, 'destroy-unreferenced-disks': true })))).toMatch(/^(OK|WARNINGS: \d+)$/)
    expect(await run(pve().locate(101))).toBeUndefined()
    expect(await run(pve().destroyContainer(node, 101, { purge: true }))).toBeUndefined()
    expect(await run(pve().status(node, 101))).toBeUndefined()
    expect(await run(pve().snapshots(node, 101))).toBeUndefined()
  })

  it('agree on high availability, there or not', async () => {
    const { pve, run, ended } = start(major)
    await ended(await run(pve().createContainer(node, wanted)))
    expect(await run(pve().haResource('ct:101'))).toBeUndefined()
    if (major === 8) await run(pve().createHaGroup({ group: 'berth', nodes: 'node1:2,node2', restricted: true }))
    await run(pve().createHaResource({ sid: 'ct:101', state: 'stopped', max_restart: 1, max_relocate: 1, comment: 'berth:t1a2b', ...(major === 8 ? { group: 'berth' } : {}) }))
    expect(await run(pve().haResource('ct:101'))).toMatchObject({ sid: 'ct:101', state: 'stopped', comment: 'berth:t1a2b' })
    await run(pve().updateHaResource('ct:101', { state: 'started' }))
    if (major === 9) {
      expect(await run(pve().haRule('berth-101'))).toBeUndefined()
      await run(pve().createHaRule({ rule: 'berth-101', type: 'node-affinity', nodes: 'node1:2,node2', resources: 'ct:101', comment: 'berth:t1a2b' }))
      expect(await run(pve().haRule('berth-101'))).toMatchObject({ rule: 'berth-101', resources: 'ct:101' })
      for (const _ of [1, 2]) await run(pve().deleteHaRule('berth-101'))
      expect(await refusal(run(pve().haGroup('berth')))).toMatchObject({ fate: 'unknown' })
    }
    expect((await run(pve().haStatus())).some((row) => row.sid === 'ct:101')).toBe(true)
    for (const _ of [1, 2]) await run(pve().deleteHaResource('ct:101'))
    expect(await run(pve().haResource('ct:101'))).toBeUndefined()
    if (major === 8) {
      expect(await run(pve().haGroup('berth'))).toMatchObject({ nodes: expect.stringContaining('node1') as string })
    }
  })

  it('agree on the firewall', async () => {
    const { pve, run, ended } = start(major)
    await ended(await run(pve().createContainer(node, wanted)))
    await run(pve().setFirewallOptions(node, 101, { enable: true, ipfilter: true, policy_in: 'DROP' }))
    expect(await run(pve().firewallOptions(node, 101))).toMatchObject({ enable: true, ipfilter: true, policy_in: 'DROP' })
    await run(pve().addFirewallRule(node, 101, { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '80', source: '203.0.113.10', enable: true }))
    const [rule] = await run(pve().firewallRules(node, 101))
    expect(rule).toMatchObject({ pos: 0, type: 'in', action: 'ACCEPT', dport: '80', enable: true })
    await run(pve().deleteFirewallRule(node, 101, 0, rule!.digest))
    expect(await refusal(run(pve().deleteFirewallRule(node, 101, 0, rule!.digest)))).toMatchObject({ fate: 'unknown' })
    await run(pve().deleteFirewallRule(node, 101, 0))
    expect(await run(pve().firewallRules(node, 101))).toEqual([])
  })

  it('agree on what is refused', async () => {
    const { pve, run } = start(major)
    const error = await refusal(run(pve().createContainer(node, { ...wanted, vmid: 5 })))
    expect(error).toMatchObject({ fate: 'refused', status: 400 })
    expect(error.message).toContain('vmid')
    expect(await refusal(run(pve().setConfig(node, 999, { memory: 512 })))).toMatchObject({ fate: 'unknown', status: 500 })
  })
})
