// Another plan for a site that stands, on the simulated cluster: what grows, what cannot, and what is then told.
import { afterEach, expect, it } from 'vitest'
import { linstorState } from '../../lab/linstor/state.ts'
import { failNode, restoreNode } from '../../lab/proxmox/app.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { dataCentre } from './data-centre.ts'
import { Platform } from './platform.ts'

const minutes = 60_000
const start = Date.UTC(2026, 0, 1)
const open: Platform[] = []

afterEach(() => open.splice(0).forEach((platform) => platform.close()))

/** A site that stands, five minutes after the start. */
async function standing(plan: 'basic' | 'premium' = 'basic') {
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
  expect(host.actor.retry('somebody')).toBe(1)
  await at(20)
  expect([state().outcome, sizes(), state().site.disk]).toEqual(['live', [8192, '80G'], { gb: 80, before: 20, held: false }])
  expect(host.actor.retry('somebody')).toBe(0)
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
