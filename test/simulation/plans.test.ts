// Another plan for a site that stands, on the simulated cluster: what grows, what cannot, and what is then told.
import { afterEach, expect, it } from 'vitest'
import { everything } from '../../lab/everything.ts'
import { linstorState } from '../../lab/linstor/state.ts'
import { archives, failNode, restoreNode } from '../../lab/proxmox/app.ts'
import { pve } from '../../lab/proxmox/state.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { dataCentre } from './data-centre.ts'
import { Platform } from './platform.ts'

const minutes = 60_000
const start = Date.UTC(2026, 0, 1)
const open: Platform[] = []

afterEach(() => open.splice(0).forEach((platform) => platform.close()))

/** A site that stands, five minutes after the start. */
async function standing(plan: PlanName = 'basic') {
  const dc = dataCentre(3, {})
  const platform = new Platform(dc, 3)
  open.push(platform)
  platform.order('one', 'create', plan)
  await dc.clock.advance(start + 5 * minutes)
  const host = platform.tenant('one')!
  const state = () => platform.state(host)!
  const config = () => pve(dc.world).containers[String(state().identity.vmid)]!.config
  const sizes = (): unknown => [config()['memory'], /size=(.*)/.exec(String(config()['rootfs']))?.[1]]
  return { dc, platform, host, state, sizes, at: (after: number) => dc.clock.advance(start + after * minutes) }
}

it('holds a disk that cannot grow, keeps the rest of the plan, tells the customer, and goes on when a person asks', async () => {
  const { dc, platform, host, state, sizes, at } = await standing()
  const capacity = linstorState(dc.world).capacityKib
  linstorState(dc.world).capacityKib = 30 * 1_048_576
  platform.order('one', 'upgrade', 'premium')
  await at(15)
  expect([state().outcome, sizes(), state().site.disk]).toEqual(['live', [8192, '20G'], { gb: 20, before: 20, held: true }])
  expect(state().site.notices).toEqual([{ what: 'Disk', why: expect.stringMatching(/^It could not be made larger and keeps its 20 GB; support has been told/), at: expect.any(Number) }])
  expect(host.actor.store.linesAfter(0, 10_000).filter(({ event, step }) => event === 'turned' && step === 'disk')).toHaveLength(1)
  linstorState(dc.world).capacityKib = capacity
  expect(host.actor.override({ do: 'retry', actor: 'somebody' }).steps).toBe(1)
  await at(20)
  expect([state().outcome, sizes(), state().site.disk]).toEqual(['live', [8192, '80G'], { gb: 80, before: 20, held: false }])
  expect(host.actor.override({ do: 'retry', actor: 'somebody' }).steps).toBe(0)
})

it('waits with a larger disk for a replica that is away, and asks for nothing meanwhile', async () => {
  const { dc, platform, state, sizes, at } = await standing()
  const other = state().identity.node === 'node1' ? 'node2' : 'node1'
  failNode(dc.world, other)
  platform.order('one', 'upgrade', 'standard')
  await at(12)
  expect([state().outcome, sizes()]).toEqual([null, [4096, '20G']])
  expect(dc.inside.seen.filter(({ url }) => url.endsWith('/resize'))).toEqual([])
  restoreNode(dc.world, other)
  await at(20)
  expect([state().outcome, sizes(), state().site.notices]).toEqual(['live', [4096, '40G'], []])
})

it('grows a disk that has backups, and again when going back brought the old size with it', async () => {
  const { platform, state, sizes, at } = await standing()
  platform.act('one', { do: 'make-backup' })
  await at(7)
  platform.order('one', 'upgrade', 'standard')
  await at(9)
  expect(sizes()).toEqual([4096, '40G'])
  platform.act('one', { do: 'rollback', name: 'BAK01012026-1', loseNewer: false })
  await at(15)
  expect([state().outcome, sizes()]).toEqual(['live', [4096, '40G']])
})

/** What a move must never be without: a container with its disk, or a copy of it that was seen whole. */
const safe = (platform: Platform, vmid: number): boolean => {
  const { world } = platform.dc
  const lock = pve(world).containers[String(vmid)]?.config['lock']
  return (lock !== 'create' && pve(world).containers[String(vmid)]?.config['rootfs'] !== undefined) || archives(world).some((one) => one.vmid === vmid && one.sizeBytes > 0)
}

it('moves to a smaller disk by a copy that goes only when the site was seen again; memory and quotas follow at once', async () => {
  const { dc, platform, host, state, sizes, at } = await standing('premium')
  const { vmid } = state().identity
  platform.order('one', 'upgrade', 'basic')
  await at(5.2)
  expect(state().spec.plan).toBe('basic')
  for (let after = 5.2; after < 15; after += 0.1) {
    await at(after)
    expect([after, safe(platform, vmid)]).toEqual([after, true])
  }
  expect([state().outcome, sizes(), state().site.disk, state().site.items, state().site.notices]).toEqual(['live', [2048, '20G'], { gb: 20, before: 80, held: false }, [], []])
  expect(everything(dc.world).filter(({ kind }) => kind === 'archive' || kind === 'snapshot')).toEqual([{ kind: 'snapshot', of: String(vmid), what: 'initial' }])
  const lines = host.actor.store.linesAfter(0, 10_000)
  const of = (step: string, event: string, last = false): number => lines[last ? 'findLastIndex' : 'findIndex']((line) => line.step === step && line.event === event)
  expect(of('copy:MOVE-1', 'settled')).toBeLessThan(of('replacement:1', 'call'))
  expect(of('check:1', 'settled')).toBeLessThan(of('copy:MOVE-1', 'call', true))
})

it('goes back to the old size out of the same copy when the content does not fit after all, and says so', async () => {
  const { dc, platform, state, sizes, at } = await standing('premium')
  platform.order('one', 'upgrade', 'basic')
  for (let after = 5; archives(dc.world).length === 0; after += 0.05) await at(after)
  archives(dc.world)[0]!.usedGb = 30
  await at(40)
  expect([state().outcome, sizes(), state().site.disk.held, state().site.items]).toEqual(['live', [2048, '80G'], true, []])
  expect(state().site.notices).toEqual([{ what: 'Move to a smaller disk', why: expect.stringMatching(/^The disk keeps its 80 GB \(/), at: expect.any(Number) }])
  expect(everything(dc.world).filter(({ kind }) => kind === 'archive')).toEqual([])
})

it('keeps the copy of a site that is suspended before it was seen, until it is', async () => {
  const { dc, platform, state, sizes, at } = await standing('standard')
  platform.order('one', 'upgrade', 'basic')
  await at(5.5)
  platform.order('one', 'suspend')
  await at(20)
  expect([state().outcome, sizes(), everything(dc.world).filter(({ kind }) => kind === 'archive').length]).toEqual(['suspended', [2048, '20G'], 1])
  platform.order('one', 'unsuspend')
  await at(30)
  expect([state().outcome, state().site.items, everything(dc.world).filter(({ kind }) => kind === 'archive').length]).toEqual(['live', [], 0])
})
