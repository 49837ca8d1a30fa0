// The laws of the Proxmox client: what goes over the wire, and what its many 500s prove.

import { describe, expect, it } from 'vitest'
import type { Answer } from './far-end.ts'
import { words } from '../../src/upstreams/proxmox/api.ts'
import { proxmox } from '../../src/upstreams/proxmox/client.ts'
import { farEnd, landed, refusal, through } from './far-end.ts'

const client = (...answers: Answer[]) => {
  const end = farEnd(...answers)
  return { ...end, pve: proxmox(through(end.rim, words, 'https://gate.test/proxmox/api2/json')) }
}
const failure = (message: string, status = 500): Answer => landed(status, { data: null, message: `${message}\n` })
const upid = 'UPID:node1:0000A1B2:00C3D4E5:67890ABC:vzcreate:101:berth@pve!worker:'
const noConfig = "Configuration file 'nodes/node1/lxc/101.conf' does not exist"

describe('the Proxmox client', () => {
  it('creates a container with exactly the vendor keys, booleans as 1 and 0', async () => {
    const { pve, sent } = client(landed(200, { data: upid }))
    expect(await pve.createContainer('node1', {
      vmid: 101, ostemplate: 'local:vztmpl/ubuntu.tar.zst', rootfs: 'global-lvm:8', unprivileged: true, onboot: false,
      net0: 'name=eth0,bridge=vmbr1', tags: 'berth;t1a2b', 'ssh-public-keys': 'ssh-ed25519 AAAA+x=',
    })).toBe(upid)
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/proxmox/api2/json/nodes/node1/lxc', query: {} })
    expect(sent[0]!.body).toBe('vmid=101&ostemplate=local%3Avztmpl%2Fubuntu.tar.zst&rootfs=global-lvm%3A8&unprivileged=1&onboot=0'
      + '&net0=name%3Deth0%2Cbridge%3Dvmbr1&tags=berth%3Bt1a2b&ssh-public-keys=ssh-ed25519+AAAA%2Bx%3D')
  })

  it('sends the parameters of a DELETE in the query, never in a body', async () => {
    const { pve, sent } = client(landed(200, { data: upid }))
    expect(await pve.destroyContainer('node1', 101, { purge: true, 'destroy-unreferenced-disks': true, force: false })).toBe(upid)
    expect(sent[0]).toMatchObject({
      method: 'DELETE', path: '/proxmox/api2/json/nodes/node1/lxc/101', query: { purge: '1', 'destroy-unreferenced-disks': '1', force: '0' }, body: '',
    })
  })

  it('reads a config whatever the type of its numbers, without the line end that Proxmox adds', async () => {
    const { pve } = client(landed(200, { data: { digest: 'd', cores: '2', memory: 1024, unprivileged: 1, description: 'berth:t1a2b\n', mp0: 'x', hostname: 'a' } }))
    expect(await pve.containerConfig('node1', 101)).toEqual({ digest: 'd', cores: 2, memory: 1024, unprivileged: true, description: 'berth:t1a2b', hostname: 'a' })
  })

  it('says undefined for a container that Proxmox itself says is not there', async () => {
    expect(await client(failure(noConfig)).pve.containerConfig('node1', 101)).toBeUndefined()
    expect(await client(failure(noConfig)).pve.status('node1', 101)).toBeUndefined()
    expect(await client(failure(noConfig)).pve.snapshots('node1', 101)).toBeUndefined()
  })

  it('succeeds in destroying what is absent', async () => {
    expect(await client(failure(noConfig)).pve.destroyContainer('node1', 101)).toBeUndefined()
    expect(await client(failure("snapshot 'initial' does not exist")).pve.deleteSnapshot('node1', 101, 'initial')).toBeUndefined()
    await client(failure("cannot delete service 'ct:101', not HA managed!")).pve.deleteHaResource('ct:101')
    await client(failure("no such ha rule 'berth-101'")).pve.deleteHaRule('berth-101')
    await client(failure('no rule at position 3')).pve.deleteFirewallRule('node1', 101, 3)
    const verification = { data: null, message: 'Parameter verification failed.\n', errors: { pos: 'no rule at position 3' } }
    await client(landed(400, verification)).pve.deleteFirewallRule('node1', 101, 3)
  })

  it('does not believe an absence that did not come from Proxmox itself', async () => {
    const body = { data: null, message: noConfig }
    expect(await refusal(client({ status: 500, body }).pve.containerConfig('node1', 101))).toMatchObject({ fate: 'unknown', landed: false })
    expect(await refusal(client({ status: 500, body }).pve.destroyContainer('node1', 101))).toMatchObject({ fate: 'unknown' })
  })

  it('does not take the absence of something else for the absence of the snapshot', async () => {
    expect(await refusal(client(failure("storage 'global-lvm' does not exist")).pve.deleteSnapshot('node1', 101, 'initial'))).toMatchObject({ fate: 'unknown' })
  })

  it.each([
    'CT is locked (create)', "CT 101 already exists on node 'node2'", 'cluster not ready - no quorum?', "can't lock file '/run/lock/x' - got timeout",
    "cfs-lock 'storage-global-lvm' error: got lock request timeout", "hostname lookup 'node9' failed - does not exist here",
  ])('takes a 500 for unknown whatever it says, and keeps the words: %s', async (text) => {
    const error = await refusal(client(failure(text)).pve.createContainer('node1', { vmid: 101, ostemplate: 't', rootfs: 'r', unprivileged: true }))
    expect(error).toMatchObject({ fate: 'unknown', landed: true, status: 500, system: 'proxmox' })
    expect(error.message).toContain(text)
    await refusal(client(failure(text)).pve.containerConfig('node1', 101))
  })

  it('takes a 500 without a word (older servers) for unknown, not for absent', async () => {
    expect(await refusal(client(landed(500, { data: null })).pve.containerConfig('node1', 101))).toMatchObject({ fate: 'unknown' })
  })

  it('refuses on a 400 and names the parameters', async () => {
    const body = { data: null, errors: { vmid: 'value must have a minimum value of 100', cores: 'type check' }, message: 'Parameter verification failed.\n' }
    const error = await refusal(client(landed(400, body)).pve.setConfig('node1', 101, { cores: 0 }))
    expect(error).toMatchObject({ fate: 'refused', landed: true })
    expect(error.message).toContain('vmid: value must have a minimum value of 100')
    expect(error.message).toContain('cores: type check')
  })

  it('takes a node that pveproxy cannot reach for not sent, and a hop that broke for one that may still land', async () => {
    expect(await refusal(client(landed(595, { data: null, message: 'No route to host' })).pve.start('node2', 101))).toMatchObject({ fate: 'not-sent' })
    expect(await refusal(client(landed(596, { data: null })).pve.start('node2', 101))).toMatchObject({ fate: 'unknown', landed: false })
  })

  it('takes what this version does not have for refused', async () => {
    expect(await refusal(client(failure("Method 'POST /cluster/ha/rules' not implemented", 501)).pve.createHaRule({
      rule: 'r', type: 'node-affinity', nodes: 'node1', resources: 'ct:101',
    }))).toMatchObject({ fate: 'refused' })
  })

  it('takes an answer without a task handle for unknown', async () => {
    expect(await refusal(client(landed(200, { data: null })).pve.start('node1', 101))).toMatchObject({ fate: 'unknown', landed: true, status: 200 })
    expect(await refusal(client(landed(200, {})).pve.version())).toMatchObject({ fate: 'unknown' })
  })

  it('locates a guest by its number, written as number or as text', async () => {
    const rows = { data: [{ id: 'qemu/100', vmid: 100, node: 'node1', type: 'qemu' }, { id: 'lxc/101', vmid: '101', node: 'node2', type: 'lxc' }] }
    const { pve, sent } = client(landed(200, rows))
    expect(await pve.locate(101)).toBe('node2')
    expect(await pve.locate(102)).toBeUndefined()
    expect(sent[0]).toMatchObject({ path: '/proxmox/api2/json/cluster/resources', query: { type: 'vm' } })
  })

  it('asks for a task on its own node, and says undefined when its log is gone', async () => {
    const { pve, sent } = client(landed(200, { data: { status: 'stopped', exitstatus: 'WARNINGS: 2', upid } }), failure('no such task'))
    expect(await pve.taskStatus(upid)).toEqual({ status: 'stopped', exitstatus: 'WARNINGS: 2' })
    expect(sent[0]!.path).toBe(`/proxmox/api2/json/nodes/node1/tasks/${encodeURIComponent(upid).replace('!', '%21')}/status`)
    expect(await pve.taskStatus(upid)).toBeUndefined()
  })

  it('lists tasks with the filters given and no others', async () => {
    const row = { upid, type: 'vzcreate', id: '101', user: 'berth@pve!worker', starttime: 1, node: 'node1', pid: 2, pstart: 3 }
    const { pve, sent } = client(landed(200, { data: [row] }))
    expect(await pve.tasks('node1', { vmid: 101, source: 'all', typefilter: 'vzcreate', since: 5 })).toEqual([{ upid, type: 'vzcreate', id: '101', user: row.user, starttime: 1 }])
    expect(sent[0]!.query).toEqual({ vmid: '101', source: 'all', typefilter: 'vzcreate', since: '5' })
  })

  it('does not take the pseudo entry for a snapshot', async () => {
    const data = [{ name: 'initial', description: 'berth:t1a2b\n', snaptime: 5 }, { name: 'current', description: 'You are here!', digest: 'd', running: 1 }]
    expect(await client(landed(200, { data })).pve.snapshots('node1', 101)).toEqual([{ name: 'initial', description: 'berth:t1a2b', snaptime: 5 }])
  })

  it('speaks of HA resources, rules and groups in the vendor keys', async () => {
    const { pve, sent } = client(landed(200, { data: null }))
    await pve.createHaResource({ sid: 'ct:101', state: 'started', max_restart: 1, max_relocate: 1, comment: 'berth:t1a2b' })
    await pve.createHaRule({ rule: 'berth-101', type: 'node-affinity', nodes: 'node1:2,node2:1', resources: 'ct:101', strict: true })
    await pve.updateHaResource('ct:101', { state: 'stopped' })
    await pve.createHaGroup({ group: 'berth', nodes: 'node1:2,node2', restricted: true })
    await pve.deleteHaResource('ct:101')
    expect(sent.map((one) => `${one.method} ${one.path.replace('/proxmox/api2/json/cluster/ha', '')} ${one.body}`)).toEqual([
      'POST /resources sid=ct%3A101&state=started&max_restart=1&max_relocate=1&comment=berth%3At1a2b',
      'POST /rules rule=berth-101&type=node-affinity&nodes=node1%3A2%2Cnode2%3A1&resources=ct%3A101&strict=1',
      'PUT /resources/ct%3A101 state=stopped',
      'POST /groups group=berth&nodes=node1%3A2%2Cnode2&restricted=1',
      'DELETE /resources/ct%3A101 ',
    ])
    expect(sent[4]!.query).toEqual({})
  })

  it('says undefined for HA things that are not there, and nothing of the sort for groups that became rules', async () => {
    expect(await client(failure("no such resource 'ct:101'")).pve.haResource('ct:101')).toBeUndefined()
    expect(await client(failure("no such ha rule 'r'")).pve.haRule('r')).toBeUndefined()
    expect(await client(failure("no such ha group 'g'")).pve.haGroup('g')).toBeUndefined()
    expect(await refusal(client(failure('cannot read group: ha groups have been migrated to rules')).pve.haGroup('g'))).toMatchObject({ fate: 'unknown' })
  })

  it('sends the digest with the position of a firewall rule', async () => {
    const { pve, sent } = client(landed(200, { data: null }))
    await pve.setFirewallOptions('node1', 101, { enable: true, ipfilter: true, dhcp: false, policy_in: 'DROP' })
    await pve.addFirewallRule('node1', 101, { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '80', enable: true })
    await pve.deleteFirewallRule('node1', 101, 2, 'abc')
    expect(sent.map((one) => one.body)).toEqual(['enable=1&ipfilter=1&dhcp=0&policy_in=DROP', 'type=in&action=ACCEPT&proto=tcp&dport=80&enable=1', ''])
    expect(sent[2]).toMatchObject({ path: '/proxmox/api2/json/nodes/node1/lxc/101/firewall/rules/2', query: { digest: 'abc' } })
  })
})
