// What the doctor says of a cluster: nothing of a sound one, and each defect as what it is.
import { describe, expect, it } from 'vitest'
import { linstor } from '../../lab/linstor/app.ts'
import { linstorState } from '../../lab/linstor/state.ts'
import { allocate, satelliteLost, setVmid } from '../../lab/linstor/volumes.ts'
import { proxmox } from '../../lab/proxmox/app.ts'
import { proxmoxToken } from '../../lab/topology.ts'
import { examineCluster, type ClusterFinding } from '../../src/doctor/cluster.ts'
import { cluster } from '../simulation/cluster.ts'
import { labEnd } from '../upstreams/lab-end.ts'

type World = Parameters<typeof allocate>[0]

/** A cluster with two disks of ours and one of somebody else, with `spoil` done to it; `aheadMs` is how far the gateway's clock is. */
async function examined(spoil: (world: World, disks: string[]) => void = () => undefined, more: { aheadMs?: number; template?: string } = {}): Promise<{ findings: ClusterFinding[]; disks: string[] }> {
  const { world, clock, up, run, strays } = labEnd((world) => ({ proxmox: proxmox(world, { token: proxmoxToken }), linstor: linstor(world) }), { proxmox: proxmoxToken })
  const disks = [10_001, 10_002, 555].map((vmid) => {
    const name = allocate(world, 'node1', 20 * 1_048_576)
    setVmid(world, name, vmid)
    return name
  })
  for (const name of disks) Object.assign(linstorState(world).definitions[name]!.props, { 'DrbdOptions/Resource/quorum': 'majority', 'DrbdOptions/Resource/on-no-quorum': 'io-error' })
  await clock.advance(clock.now() + 60_000)
  spoil(world, disks)
  const gateway = { clock: () => Promise.resolve(clock.now() + (more.aheadMs ?? 0)) }
  const clients = { ...up(), gateway } as unknown as Parameters<typeof examineCluster>[0]
  const findings = await run(examineCluster(clients, { ...cluster, ...(more.template === undefined ? {} : { template: more.template }) }, () => clock.now()))
  expect(strays()).toEqual([])
  return { findings, disks }
}

const of = (world: World, name: string) => linstorState(world).definitions[name]!

describe('the doctor', () => {
  it('says nothing of a cluster that is sound', async () => {
    expect((await examined()).findings).toEqual([])
  })

  const defects: [string, (world: World, disks: string[]) => void, [string, boolean, RegExp][]][] = [
    ['a disk without a tie-breaker', (world, [disk]) => {
      for (const [node, replica] of Object.entries(of(world, disk!).replicas)) if (replica.tieBreaker) delete of(world, disk!).replicas[node]
    }, [['tie-breaker', true, /container 10001 .* no tie-breaker/]]],
    ['a disk with one replica', (world, [disk]) => void delete of(world, disk!).replicas['node2'], [['replicas', true, /has 1 of 2 replicas/]]],
    ['a quorum that is off', (world, [, disk]) => void delete of(world, disk!).props['DrbdOptions/Resource/quorum'], [['quorum', true, /container 10002 .*"off"/]]],
    ['writing without a quorum', (world, [disk]) => void (of(world, disk!).props['DrbdOptions/Resource/on-no-quorum'] = 'continue'), [['quorum', true, /goes on writing/]]],
    ['a node that is away', (world) => satelliteLost(world, 'node2'), [['replicas', false, /10001 .* not up to date on node2 \(away\)/], ['replicas', false, /10002/], ['room', false, /thinpool on node2.*away/]]],
    ['a pool that is nearly full', (world) => void (linstorState(world).capacityKib = 62 * 1_048_576), [['room', true, /2 GB are left in thinpool on node1/], ['room', true, /node2/]]],
    ['nothing of somebody else\'s disk', (world, [, , disk]) => void (of(world, disk!).props['DrbdOptions/Resource/quorum'] = 'off'), []],
  ]
  it.each(defects)('sees %s', async (_, spoil, expected) => {
    const findings = (await examined(spoil)).findings.sort((a, b) => a.says.localeCompare(b.says) || 0)
    expect(findings.map(({ kind, grave }) => `${kind} ${grave}`).sort()).toEqual(expected.map(([kind, grave]) => `${kind} ${grave}`).sort())
    for (const [kind, , says] of expected) expect(findings.some((one) => one.kind === kind && says.test(one.says)), String(says)).toBe(true)
  })

  it('misses the template on each node by its name', async () => {
    const { findings } = await examined(undefined, { template: 'local:vztmpl/berth-wordpress_7.tar.zst' })
    expect(findings).toMatchObject([{ kind: 'template', subject: 'node1', grave: true }, { kind: 'template', subject: 'node2', grave: true }])
  })

  it.each([[1_500, undefined], [-3_000, false], [-7_000, true], [7_000, false], [16_000, true], [300_000, true]])('takes a gateway whose clock is %i ms ahead as grave: %s', async (aheadMs, grave) => {
    const { findings } = await examined(undefined, { aheadMs })
    expect(findings.map((one) => [one.kind, one.grave])).toEqual(grave === undefined ? [] : [['gateway-clock', grave]])
  })

  it('says what it could not ask, and goes on', async () => {
    const { world, run, up, clock } = labEnd((world) => ({ proxmox: proxmox(world, { token: proxmoxToken }), linstor: linstor(world) }), { proxmox: 'berth@pve!x=00000000-0000-4000-8000-000000000000' })
    const gateway = { clock: () => Promise.reject(new Error('no answer')) }
    const findings = await run(examineCluster({ ...up(), gateway } as unknown as Parameters<typeof examineCluster>[0], cluster, () => clock.now()))
    expect(findings.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual(['unasked proxmox', 'unasked gateway', 'unasked proxmox node1', 'unasked proxmox node2'])
    expect(linstorState(world).offline).toEqual([])
  })

  it('counts what is wrong with many, and shows some', async () => {
    const { findings } = await examined((world) => {
      for (let vmid = 20_000; vmid < 20_030; vmid++) setVmid(world, allocate(world, 'node1', 4_096), vmid)
      for (const definition of Object.values(linstorState(world).definitions)) definition.props['DrbdOptions/Resource/quorum'] = 'off'
    })
    const quorum = findings.filter(({ kind }) => kind === 'quorum')
    expect([quorum.length, quorum.at(-1)!.says]).toEqual([21, '12 more of this kind'])
  })
})
