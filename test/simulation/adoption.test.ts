// A site that somebody else has made becomes a tenant: looked at first, marked and never made anew, through any failure; or it stays
// wholly as it was.
import { describe, expect, it } from 'vitest'
import { record, register, setRecords } from '../../lab/dns/internet.ts'
import { everything } from '../../lab/everything.ts'
import { FAULTS, random, type Rule } from '../../lab/faults.ts'
import { npmState } from '../../lab/npm/rows.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { seeded } from '../../lab/random.ts'
import type { DnsRecord } from '../../lab/cloudflare/records.ts'
import { replay } from '../../operator/replay.ts'
import { readSaved } from '../../operator/saved.ts'
import type { Identity, Verb } from '../../src/domain/order.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { resources } from '../../src/resources/plans.ts'
import type { Reach } from '../../src/resources/reach.ts'
import type { Found } from '../../src/tenant/adoption.ts'
import { exported } from '../../src/tenant/export.ts'
import { lookAtSite, lookAtStep } from '../../src/tenant/look.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { cluster } from './cluster.ts'
import { dataCentre, settings, type DataCentre } from './data-centre.ts'
import { violationsAtRest } from './invariants.ts'
import type { Misfortune } from './misfortune.ts'
import { Platform } from './platform.ts'

const minute = 60_000

/** A data centre with one finished site in it that bears no mark of anybody, as the system before would have made it. */
async function withSeed(seed: number, weather?: Rule, suspended = false): Promise<{ dc: DataCentre; site: Identity; storm: (on: boolean) => void }> {
  let stormy = false
  const rules: Rule[] = weather ? [(seen) => (stormy ? weather(seen) : undefined)] : []
  const dc = dataCentre(seed, { edge: rules, inside: rules })
  const maker = new Platform(dc, seed, {}, {}, { ...cluster, vmids: { first: 105, last: 200 } })
  maker.order('old', 'create')
  maker.onCreate = undefined
  await dc.clock.advance(dc.clock.now() + 5 * minute)
  maker.act('old', { do: 'make-backup' })
  await dc.clock.advance(dc.clock.now() + 2 * minute)
  const site = maker.state(maker.tenant('old')!)!.identity
  expect(maker.state(maker.tenant('old')!)?.outcome).toBe('live')
  const { world } = dc
  if (suspended) {
    maker.order('old', 'suspend')
    await dc.clock.advance(dc.clock.now() + 2 * minute)
    expect(maker.state(maker.tenant('old')!)?.outcome).toBe('suspended')
    // The old system stops the container, and has no page for its visitors.
    for (const host of npmState(world).hosts) Object.assign(host, { forward_host: site.ip, forward_port: 80 })
  }
  const container = pve(world).containers[String(site.vmid)]!
  container.config = { ...container.config, tags: 'customer', description: 'made by hand', net0: String(container.config['net0']).replace(',firewall=1', ''), memory: 4096 }
  for (const snapshot of Object.values(container.snapshots)) snapshot.description = ''
  delete pve(world).firewalls[String(site.vmid)]
  delete pve(world).ha.resources[`ct:${site.vmid}`]?.comment
  delete pve(world).ha.rules[`berth-${site.vmid}`]
  for (const host of npmState(world).hosts) delete host.meta['berth']
  for (const record of world.slice<{ records: DnsRecord[] }>('cloudflare', () => ({ records: [] })).records) record.comment = ''
  return { dc, site, storm: (on) => void (stormy = on) }
}

/** What the route does: looks, and when nothing blocks takes it. */
async function adopt(platform: Platform, site: Identity, go = true, domains: string[] = [], suspended = false): Promise<{ findings: Found[]; done: boolean }> {
  const { dc } = platform
  const clients = upstreams(settings, dc.rim)
  const lent = {
    now: () => dc.clock.now(), cluster, resources,
    clients: (call: Parameters<typeof clients>[0]) => ({ ...clients(call), allocator: { claimOf: async () => undefined } as unknown as Reach['allocator'] }),
  }
  const wish = { connection: 'sim', service: 'new', actor: 'somebody', order: { email: 'a@example.com', plan: 'basic' as const, publicIp: cluster.proxy.publicIp }, place: { vmid: site.vmid, ip: site.ip, label: site.label, node: 'node1' }, suspended }
  const asked = platform.allocator.adopt(wish, dc.clock.now())
  if (asked.answer !== 'taken') throw new Error(asked.answer)
  let looked: Awaited<ReturnType<typeof lookAtSite>> | undefined
  void lookAtSite(lent, asked.command, domains.map((name) => ({ name, apex: name, names: [name], shown: name })), 25_000).then((found) => (looked = found))
  while (!looked && (await dc.clock.step())) { /* on */ }
  const { findings, adoption } = looked!
  if (!adoption || !go) return { findings, done: false }
  expect(platform.allocator.adopt({ ...wish, place: { ...wish.place, node: adoption.container.node }, adoption }, dc.clock.now()).answer).toBe('taken')
  return { findings, done: true }
}

const standing = ({ world }: DataCentre): unknown => structuredClone([pve(world).containers, pve(world).ha.resources, pve(world).firewalls, npmState(world).hosts, world.slice('cloudflare', () => ({}))])

const rest = (dc: DataCentre, minutes: number): Promise<void> => dc.clock.advance(dc.clock.now() + minutes * minute)

async function adopted(seed: number, misfortune: Misfortune, weather?: Rule): Promise<{ violations: string[]; calls: string[]; kept: unknown[]; before: unknown[] }> {
  const { dc, site, storm } = await withSeed(seed, weather)
  const kept = (): unknown[] => [everything(dc.world).filter(({ kind }) => ['container', 'volume', 'site', 'snapshot'].includes(kind)), pve(dc.world).containers[String(site.vmid)]!.startedAt]
  const before = kept()
  const platform = new Platform(dc, seed, misfortune)
  expect((await adopt(platform, site)).done).toBe(true)
  storm(true)
  await rest(dc, 15)
  storm(false)
  platform.calm = true
  for (let help = 0; help < 4; help++) {
    await rest(dc, 20)
    if (platform.state(platform.tenant('new')!)?.outcome === 'stuck') platform.tenant('new')!.actor.override({ do: 'retry', actor: 'operator' })
  }
  const lines = platform.tenant('new')!.actor.store.linesAfter(0, 10_000)
  return { violations: violationsAtRest(platform), calls: lines.filter(({ event }) => event === 'call').map(({ step }) => step!), kept: kept(), before }
}

describe('a site that was there before', () => {
  it('is compared, marked and fenced, keeps its disk, its backups and its running, and nothing is made twice', async () => {
    const { violations, calls, kept, before } = await adopted(1, {})
    expect([violations, kept]).toEqual([[], before])
    expect(new Set(calls)).toEqual(new Set(['container', 'dns-record', 'proxy-host', 'firewall', 'failover', 'snapshot', 'backup:BAK01012026-1']))
  })

  it.each([2, 3, 4])('comes in whole when calls fail and the power is cut (seed %i)', async (seed) => {
    const { violations, kept, before } = await adopted(seed, { crashAtCommits: [seed, seed * 3, seed * 7], zombies: seed % 2 === 0, gateLoss: 0.1, allocatorLoss: 0.1 }, random(seeded(seed), 0.15, [...FAULTS]))
    expect([violations, kept]).toEqual([[], before])
  })

  it('brings its custom domain along: the proxy host that is there is marked, and gets a certificate of its own', async () => {
    const { dc, site } = await withSeed(11)
    register(dc.world, 'shop.com')
    setRecords(dc.world, 'shop.com', [record('shop.com', 'A', cluster.proxy.publicIp)])
    const { hosts } = npmState(dc.world)
    hosts.push({ ...structuredClone(hosts[0]!), id: 77, domain_names: ['shop.com'], certificate_id: 0, ssl_forced: false })
    const platform = new Platform(dc, 11)
    expect((await adopt(platform, site, true, ['shop.com'])).done).toBe(true)
    await rest(dc, 30)
    platform.calm = true
    expect([violationsAtRest(platform), hosts.filter((host) => host.domain_names.includes('shop.com')).map(({ id, ssl_forced: forced }) => [id, forced])]).toEqual([[], [[77, true]]])
  })

  it('keeps the door of a domain whose DNS leads elsewhere, and takes it down with the site', async () => {
    const { dc, site } = await withSeed(12)
    register(dc.world, 'shop.com')
    setRecords(dc.world, 'shop.com', [record('shop.com', 'A', '198.51.100.9')])
    const { hosts } = npmState(dc.world)
    hosts.push({ ...structuredClone(hosts[0]!), id: 77, domain_names: ['shop.com'], certificate_id: 0, ssl_forced: false })
    const platform = new Platform(dc, 12)
    await adopt(platform, site, true, ['shop.com'])
    await rest(dc, 10)
    expect(npmState(dc.world).hosts.map(({ id }) => id)).toContain(77)
    platform.order('new', 'terminate')
    await rest(dc, 10)
    platform.calm = true
    expect([platform.state(platform.tenant('new')!)?.outcome, violationsAtRest(platform), npmState(dc.world).hosts.map(({ id }) => id)]).toEqual(['terminated', [], []])
  })

  it('says everything in which it differs before anything is written', async () => {
    const { dc, site } = await withSeed(7)
    const before = standing(dc)
    const platform = new Platform(dc, 7)
    const { findings, done } = await adopt(platform, site, false)
    expect([done, findings.filter(({ blocks }) => blocks)]).toEqual([false, []])
    expect(findings.map(({ step, says }) => `${step}: ${says}`)).toEqual(expect.arrayContaining(['container: memory is 4096, becomes 2048', expect.stringMatching(/^firewall: only the reverse proxy/)]))
    expect([standing(dc), platform.allocator.tenants('', 10)]).toEqual([before, []])
  })

  it.each<[string, (dc: DataCentre, site: Identity) => void, RegExp]>([
    ['its name has two records', ({ world }, { hostname }) => {
      const { records } = world.slice<{ records: DnsRecord[] }>('cloudflare', () => ({ records: [] }))
      records.push({ ...records.find(({ name }) => name === hostname)!, id: 'f'.repeat(32), content: '203.0.113.29' })
    }, /dns-record: .* has 2 records: leave one/],
    ['its proxy host serves another name too', ({ world }, { hostname }) => void npmState(world).hosts.find((host) => host.domain_names.includes(hostname))!.domain_names.push('other.example.com'), /proxy-host: its proxy host serves other.example.com as well/],
    ['it has another address', ({ world }, { vmid }) => void (pve(world).containers[String(vmid)]!.config['net0'] = 'name=eth0,bridge=vmbr1,ip=192.168.1.250/24'), /container: its address is 192.168.1.250/],
    ['it stands in an HA rule of somebody', ({ world }, { vmid }) => void (pve(world).ha.rules['theirs'] = { rule: 'theirs', type: 'node-affinity', resources: `ct:${vmid}`, nodes: 'node1', order: 1 }), /failover: ct:\d+ stands in the HA rule theirs/],
    ['somebody has taken a snapshot of his own', ({ world }, { vmid }) => {
      const { snapshots } = pve(world).containers[String(vmid)]!
      snapshots['before-update'] = { ...snapshots['initial']!, name: 'before-update' }
    }, /snapshot: before-update is neither/],
  ])('stays wholly as it was when %s', async (_why, change, says) => {
    const { dc, site } = await withSeed(8)
    change(dc, site)
    const before = standing(dc)
    const platform = new Platform(dc, 8)
    const { findings, done } = await adopt(platform, site)
    expect([done, findings.filter(({ blocks }) => blocks).map(({ step, says: what }) => `${step}: ${what}`)]).toEqual([false, [expect.stringMatching(says)]])
    await rest(dc, 3)
    expect([standing(dc), platform.allocator.tenants('', 10), platform.tenants.size]).toEqual([before, [], 0])
  })

  it('waits for a person, and is not made anew, when its container goes between the look and the mark', async () => {
    const { dc, site } = await withSeed(9)
    const platform = new Platform(dc, 9)
    await adopt(platform, site)
    delete pve(dc.world).containers[String(site.vmid)]
    await rest(dc, 5)
    const host = platform.tenant('new')!
    expect([platform.state(host)?.outcome, host.actor.store.row('container')?.why]).toEqual(['stuck', 'it was to be adopted, and is not there'])
    expect(host.actor.store.linesAfter(0, 10_000).some(({ event, step }) => event === 'call' && step === 'container')).toBe(false)
  })
})

describe('a site that is suspended where it was', () => {
  async function asleep(seed: number): Promise<{ dc: DataCentre; site: Identity; platform: Platform; host: NonNullable<ReturnType<Platform['tenant']>>; says: string[] }> {
    const { dc, site } = await withSeed(seed, undefined, true)
    const platform = new Platform(dc, seed)
    const { done, findings } = await adopt(platform, site, true, [], true)
    expect(done).toBe(true)
    await rest(dc, 5)
    return { dc, site, platform, host: platform.tenant('new')!, says: findings.map(({ step, says }) => `${step}: ${says}`) }
  }

  it('comes in suspended: marked, behind the suspension page, with nothing started; a resumption looks at the rest', async () => {
    const { dc, platform, host, says } = await asleep(40)
    const guest = Object.values(pve(dc.world).containers)[0]!
    const started = guest.startedAt
    expect([platform.state(host)?.outcome, violationsAtRest(platform), guest.running, guest.config['tags']]).toEqual(['suspended', [], false, expect.stringMatching(/berth-t.*customer/)])
    expect(says).toEqual(expect.arrayContaining(['power: it is at rest, and stays so until its service is resumed', 'wordpress: it is looked at when the service is resumed', expect.stringMatching(/^proxy-host: it leads to .* becomes /)]))
    expect(host.actor.store.row('wordpress')).toMatchObject({ phase: 'idle', attempt: 0 })
    platform.order('new', 'unsuspend')
    await rest(dc, 5)
    platform.calm = true
    expect([platform.state(host)?.outcome, violationsAtRest(platform), guest.startedAt > started, guest.snapshots['initial']!.description]).toEqual(['live', [], true, expect.stringContaining('berth-t')])
    expect(host.actor.store.row('wordpress')).toMatchObject({ phase: 'settled', attempt: 0 })
    const [saved] = readSaved(exported(host.actor.store, platform.cluster, 0, 10_000, dc.clock.now()).lines.join('\n'))
    expect([saved!.lines.length > 40, (await replay(saved!)).differences]).toEqual([true, []])
  })

  it('can be terminated as it is', async () => {
    const { dc, site, platform, host } = await asleep(41)
    platform.order('new', 'terminate')
    await rest(dc, 5)
    expect([platform.state(host)?.outcome, violationsAtRest(platform), everything(dc.world).filter(({ of }) => of === String(site.vmid) || of === site.hostname)]).toEqual(['terminated', [], []])
  })

  it('waits for a person when it is resumed and has no WordPress', async () => {
    const { dc, site, platform, host } = await asleep(42)
    delete dc.world.slice<{ containers: Record<string, object> }>('wordpress', () => ({ containers: {} })).containers[String(site.vmid)]
    platform.order('new', 'unsuspend')
    await rest(dc, 5)
    expect([platform.state(host)?.outcome, host.actor.store.row('wordpress')?.why]).toEqual(['stuck', 'it was to be adopted, and is not there'])
  })

  it('stays where it is when it is said to run', async () => {
    const { dc, site } = await withSeed(43, undefined, true)
    const { done, findings } = await adopt(new Platform(dc, 43), site)
    expect([done, findings.filter(({ blocks }) => blocks).map(({ step }) => step)]).toEqual([false, ['power']])
  })
})

describe('what overtakes an import, or follows it', () => {
  /** Taken, and before its own command has reached the tenant (or right after) something else is wanted. */
  async function overtaken(seed: number, events: readonly (readonly [afterMs: number, verb: Verb, plan?: PlanName])[], misfortune: Misfortune = {}, suspended = false): Promise<{ platform: Platform; left: string[]; host: NonNullable<ReturnType<Platform['tenant']>> }> {
    const { dc, site } = await withSeed(seed, undefined, suspended)
    const platform = new Platform(dc, seed, misfortune)
    expect((await adopt(platform, site, true, [], suspended)).done).toBe(true)
    for (const [afterMs, verb, plan] of events) dc.clock.after(afterMs, () => void platform.order('new', verb, plan))
    await rest(dc, 15)
    platform.calm = true
    const host = platform.tenant('new')!
    for (let help = 0; help < 4; help++) {
      await rest(dc, 15)
      if (platform.state(host)?.outcome === 'stuck') host.actor.override({ do: 'retry', actor: 'operator' })
    }
    const left = everything(dc.world).filter(({ of }) => of === String(site.vmid) || of === site.hostname).map(({ kind }) => kind)
    return { platform, left, host }
  }

  it.each([[20, 0], [21, 43_800], [22, 44_200], [23, 44_600], [24, 5 * minute]])('a termination takes down all that stood, marked or not (seed %i, after %i ms)', async (seed, afterMs) => {
    const { platform, left, host } = await overtaken(seed, [[afterMs, 'terminate']])
    expect([platform.state(host)?.outcome, left, violationsAtRest(platform)]).toEqual(['terminated', [], []])
  })

  it.each([[25, 0], [26, 5 * minute]])('a suspension stops what runs, and a resumption has it as it was (seed %i, after %i ms)', async (seed, afterMs) => {
    const { platform, host } = await overtaken(seed, [[afterMs, 'suspend']])
    expect([platform.state(host)?.outcome, violationsAtRest(platform)]).toEqual(['suspended', []])
    platform.order('new', 'unsuspend')
    await rest(platform.dc, 10)
    expect([platform.state(host)?.outcome, violationsAtRest(platform)]).toEqual(['live', []])
  })

  it.each([30, 31, 32, 33])('any wishes, repeated and out of order, end as the last one says (seed %i)', async (seed) => {
    const chance = seeded(seed)
    const verbs = ['suspend', 'unsuspend', 'upgrade', 'suspend', 'unsuspend', 'terminate'] as const
    const events = Array.from({ length: 2 + Math.floor(chance() * 4) }, () => [chance() * 90_000, verbs[Math.floor(chance() * verbs.length)]!, 'standard'] as const)
    const { platform, host } = await overtaken(seed, events, { queueRepeat: 0.5, queueLoss: 0.2, gateLoss: 0.1, allocatorLoss: 0.1, crashAtCommits: [seed, seed + 20] }, seed % 2 === 0)
    expect([violationsAtRest(platform), platform.state(host)?.outcome]).toEqual([[], platform.allocator.service(host.key)?.target])
  })
})

it('what has lost its mark stops its tenant, and goes on when a person says whose it is', async () => {
  const dc = dataCentre(10)
  const platform = new Platform(dc, 10)
  platform.order('one', 'create')
  await rest(dc, 5)
  const host = platform.tenant('one')!
  for (const one of npmState(dc.world).hosts) delete one.meta['berth']
  platform.order('one', 'suspend')
  await rest(dc, 3)
  expect([platform.state(host)?.outcome, host.actor.store.row('proxy-host')?.why]).toEqual(['stuck', expect.stringContaining('no longer bears our mark')])
  const clients = upstreams(settings, dc.rim)
  let seen: Awaited<ReturnType<typeof lookAtStep>>
  void lookAtStep(host.actor.store, { now: () => dc.clock.now(), cluster, resources, clients: (call) => ({ ...clients(call), allocator: undefined as unknown as Reach['allocator'] }) }, 'proxy-host', 10_000).then((found) => (seen = found))
  await rest(dc, 1)
  expect(seen!).toMatchObject({ adoptable: true, says: expect.stringContaining('is a proxy host of somebody else') })
  host.actor.override({ do: 'adopt', actor: 'somebody', step: 'proxy-host', seen: seen!.says })
  await rest(dc, 5)
  platform.calm = true
  expect([platform.state(host)?.outcome, violationsAtRest(platform)]).toEqual(['suspended', []])
})
