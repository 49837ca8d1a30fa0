// The defects of the system that Berth replaces, each as a law of this one (those that concern an order's life).
import { afterEach, describe, expect, it } from 'vitest'
import { everything } from '../../lab/everything.ts'
import { outage } from '../../lab/faults.ts'
import { linstorState } from '../../lab/linstor/state.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { dataCentre, type DataCentre, type Weather } from './data-centre.ts'
import { live } from './history.ts'
import { plantHost } from './foreign.ts'
import { Platform } from './platform.ts'

const minutes = 60_000
const start = Date.UTC(2026, 0, 1)
const open: Platform[] = []

function begin(weather: Weather = {}): { dc: DataCentre; platform: Platform } {
  const dc = dataCentre(3, weather)
  const platform = new Platform(dc, 3)
  open.push(platform)
  return { dc, platform }
}

afterEach(() => open.splice(0).forEach((platform) => platform.close()))

const outcome = (platform: Platform, service: string): string | null | undefined => {
  const host = platform.tenant(service)
  return host && platform.state(host)?.outcome
}

describe('unlike the seed', () => {
  it('answers an order before anything is called, and builds it behind the answer (S1)', () => {
    const { dc, platform } = begin()
    const { edge, inside } = dc
    expect(platform.order('one', 'create').answer).toBe('taken')
    expect([edge.seen.length, inside.seen.length]).toEqual([0, 0])
  })

  it('loses no suspension and no termination while the whole cluster is away (S2)', async () => {
    const { dc, platform } = begin({ edge: [outage(start + 5 * minutes, start + 60 * minutes)] })
    platform.order('one', 'create')
    platform.order('two', 'create')
    await dc.clock.advance(start + 5 * minutes + 1)
    platform.order('one', 'suspend')
    platform.order('two', 'terminate')
    await dc.clock.advance(start + 50 * minutes)
    expect([outcome(platform, 'one'), outcome(platform, 'two')]).toEqual([null, null])
    await dc.clock.advance(start + 75 * minutes)
    expect([outcome(platform, 'one'), outcome(platform, 'two')]).toEqual(['suspended', 'terminated'])
  })

  it('takes a failed order back completely, wherever the power is cut meanwhile (S3)', async () => {
    const events = [{ atMs: 0, service: 'one', verb: 'create' as const }]
    const calm = await live({ seed: 3, events, onCreate: plantHost })
    expect(calm.outcomes).toEqual({ one: 'undone' })
    for (let commit = 1; commit <= calm.commits; commit++) {
      const { violations, outcomes } = await live({ seed: 3, events, onCreate: plantHost, misfortune: { crashAtCommits: [commit] } })
      expect({ commit, violations, outcomes }).toEqual({ commit, violations: [], outcomes: { one: 'undone' } })
    }
  })

  it('never scans for a free number, address or name, and never gives one to two (S4)', async () => {
    const { dc, platform } = begin()
    const identities = Array.from({ length: 40 }, (_, i) => platform.order(`s${i}`, 'create')).map((intake) => {
      if (intake.answer !== 'taken') throw new Error(intake.answer)
      return intake.record.identity
    })
    for (const key of ['vmid', 'ip', 'hostname'] as const) expect(new Set(identities.map((one) => one[key])).size).toBe(40)
    await dc.clock.advance(start + 1 * minutes)
    expect(dc.edge.seen.filter((request) => /nextid|\/lxc$/.test(request.url) && request.method === 'GET')).toEqual([])
  })

  it('fences every container from its neighbours before it first starts (S9)', async () => {
    const { dc, platform } = begin()
    platform.order('one', 'create')
    await dc.clock.advance(start + 4 * minutes)
    const vmid = String(platform.state(platform.tenant('one')!)!.identity.vmid)
    const { options, rules } = pve(dc.world).firewalls[vmid]!
    expect(options).toMatchObject({ enable: 1, ipfilter: 1, macfilter: 1, policy_in: 'DROP' })
    expect(rules.map(({ type, action, source, dest, proto, dport }) => [type, action, source ?? dest, proto, dport])).toEqual([
      ['in', 'ACCEPT', '192.168.1.10', 'tcp', '80'], ['out', 'ACCEPT', '192.168.1.1', 'udp', '53'], ['out', 'DROP', '192.168.1.0/24', undefined, undefined],
    ])
    expect(String(pve(dc.world).containers[vmid]!.config['net0'])).toContain('firewall=1')
    const lines = platform.tenant('one')!.actor.store.linesAfter(0, 1_000)
    const settled = lines.findIndex((line) => line.step === 'firewall' && line.event === 'settled')
    expect(lines.findIndex((line) => line.step === 'power' && line.event === 'call')).toBeGreaterThan(settled)
  })

  it('goes on looking when one look gets no answer (S13)', async () => {
    const { violations, outcomes } = await live({
      seed: 3, events: [{ atMs: 0, service: 'one', verb: 'create' }],
      weather: () => ({ edge: [(seen) => (seen.method === 'GET' && seen.count % 3 === 0 ? 'timeout' : undefined)] }),
    })
    expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'live' } })
  })

  it('calls nothing highly available without two replicas, a tie-breaker and a quorum (S15)', async () => {
    const { dc, platform } = begin()
    linstorState(dc.world).tieBreakerMissing = true
    platform.order('one', 'create')
    await dc.clock.advance(start + 6 * minutes)
    expect(outcome(platform, 'one')).toBe('live')
    const [definition] = Object.values(linstorState(dc.world).definitions)
    const replicas = Object.values(definition!.replicas)
    expect(replicas.filter((replica) => replica.diskful)).toHaveLength(2)
    expect(replicas.filter((replica) => replica.tieBreaker)).toHaveLength(1)
    expect(definition!.props).toMatchObject({ 'DrbdOptions/Resource/quorum': 'majority', 'DrbdOptions/Resource/on-no-quorum': 'io-error' })
    const lines = platform.tenant('one')!.actor.store.linesAfter(0, 1_000)
    const asserted = lines.findIndex((line) => line.step === 'replicas' && line.event === 'settled')
    expect(lines.findIndex((line) => line.step === 'failover' && line.event === 'call')).toBeGreaterThan(asserted)
  })

  it('makes every plan highly available, not only the dearest (S10)', async () => {
    const { dc, platform } = begin()
    platform.order('one', 'create', 'basic')
    platform.order('two', 'create', 'premium')
    await dc.clock.advance(start + 6 * minutes)
    expect(everything(dc.world).filter(({ kind }) => kind === 'ha resource')).toHaveLength(2)
  })

  it('goes back under high availability with newer backups there, losing none unsaid, never half (S18)', async () => {
    const { dc, platform } = begin()
    platform.order('one', 'create')
    await dc.clock.advance(start + 5 * minutes)
    platform.act('one', { do: 'make-backup' })
    await dc.clock.advance(start + 8 * minutes)
    platform.act('one', { do: 'reset', loseNewer: false })
    await dc.clock.advance(start + 9 * minutes)
    const vmid = String(platform.state(platform.tenant('one')!)!.identity.vmid)
    const snapshots = (): string[] => everything(dc.world).filter(({ kind }) => kind === 'snapshot').map(({ what }) => what).sort()
    expect([outcome(platform, 'one'), snapshots(), pve(dc.world).containers[vmid]!.parent]).toEqual(['live', ['BAK01012026-1', 'initial'], 'BAK01012026-1'])
    platform.act('one', { do: 'reset', loseNewer: true })
    let ran = 0
    while (outcome(platform, 'one') !== 'live') {
      await dc.clock.advance(dc.clock.now() + 250)
      const { config, running } = pve(dc.world).containers[vmid]!
      // Nobody starts it in the middle, high availability least of all.
      if (config['lock'] === 'rollback') ran += running ? 1 : 0
    }
    expect([ran, snapshots(), pve(dc.world).containers[vmid]!.parent, pve(dc.world).containers[vmid]!.config['lock']]).toEqual([0, ['initial'], 'initial', undefined])
    expect(everything(dc.world).filter(({ kind }) => kind === 'ha resource')).toHaveLength(1)
  })

  it("publishes nothing of the customer's address in a name (S17)", async () => {
    const { dc, platform } = begin()
    platform.order('jane.doe', 'create')
    await dc.clock.advance(start + 4 * minutes)
    const names = everything(dc.world).filter((thing) => thing.kind === 'dns record' || thing.kind === 'proxy host').map((thing) => thing.of)
    expect(names).toHaveLength(2)
    for (const name of names) expect(name).not.toMatch(/jane|doe/)
  })
})
