// Jobs inside a site, through faults: each comes to its end and is told, is done once when its answer is lost, and stands in nobody's way.
import { afterEach, expect, it } from 'vitest'
import type { Fault } from '../../lab/faults.ts'
import { powerOff } from '../../lab/proxmox/power.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { slice } from '../../lab/wordpress/inside.ts'
import type { Stand } from '../../lab/wordpress/stand.ts'
import type { Finished } from '../../src/domain/site.ts'
import { dataCentre } from './data-centre.ts'
import { Platform } from './platform.ts'
import { actionOf } from './schedules.ts'
import { violationsAtRest } from './invariants.ts'

const seconds = 1_000
const open: Platform[] = []
afterEach(() => open.splice(0).forEach((platform) => platform.close()))

/** A site that stands, in weather that begins with `faults` on its job's calls from the Worker. */
async function built(...faults: Fault[]) {
  let calls = 0
  const dc = dataCentre(11, { edge: [(seen) => (/\/playbooks\/(?!.*wordpress)/.test(seen.url) ? faults[calls++] : undefined)] })
  const platform = new Platform(dc, 11)
  open.push(platform)
  platform.order('one', 'create')
  const host = () => platform.tenant('one')!
  const go = (ms: number): Promise<void> => dc.clock.advance(dc.clock.now() + ms)
  await go(200 * seconds)
  expect(platform.state(host())?.outcome).toBe('live')
  return {
    dc, platform, go, host, state: () => platform.state(host())!,
    finished: (): readonly Finished[] => platform.state(host())!.site.finished ?? [],
    stand: (): Stand | undefined => Object.values(slice(dc.world).containers)[0]?.stand,
    act: (name: string) => host().actor.act(actionOf('job', name), 'sim'),
  }
}

it.each<[string, ...Fault[]]>([['no fault'], ['its answer is lost', 'after'], ['it lands late', 'late'], ['it is lost on its way', 'timeout']])('is done once, and its result is known: %s', async (_name, ...faults) => {
  const { act, go, finished, stand, platform } = await built(...faults)
  expect(act('plugins')).toEqual({ answer: 'done', job: 1 })
  await go(400 * seconds)
  expect(finished()).toMatchObject([{ n: 1, why: null, result: { list: [{ name: 'akismet', version: '5.6' }, { name: 'hello' }] } }])
  expect(stand()?.runs).toEqual({ 'plugin-update': 1 })
  expect(violationsAtRest(platform)).toEqual([])
})

it('is done again when the gateway has forgotten its run, after what still runs has ended', async () => {
  const { act, go, finished, stand, dc, platform, host } = await built()
  act('dump')
  await go(5 * seconds)
  dc.restartGateway(false)
  platform.crash(host())
  await go(1_200 * seconds)
  expect(finished()).toMatchObject([{ why: null, result: { files: [{}, {}] } }])
  expect(stand()?.runs).toEqual({ dump: 2 })
  expect(violationsAtRest(platform)).toEqual([])
})

it('is done, though nobody has its result any more, when only that was forgotten', async () => {
  const { act, go, finished, stand, dc, platform } = await built()
  act('dump')
  await go(5 * seconds)
  // Whoever waits for its end hears of it from the gateway that was; the new one has never heard of it.
  dc.restartGateway(false)
  await go(1_200 * seconds)
  expect(finished()).toMatchObject([{ why: null, result: null }])
  expect(stand()?.runs).toEqual({ dump: 1 })
  expect(violationsAtRest(platform)).toEqual([])
})

it('that has begun ends before the site is shut down; the suspension page is there at once', async () => {
  const { act, go, finished, stand, platform, state, host } = await built()
  act('php')
  await go(2 * seconds)
  platform.order('one', 'suspend')
  await go(6 * seconds)
  const row = (name: string) => host().actor.store.row(name)
  expect([row('proxy-host')?.phase, row('job:1')?.phase, row('power')?.phase, row('power')?.want]).toEqual(['settled', 'waiting', 'unknown', 'absent'])
  await go(120 * seconds)
  expect([state().outcome, stand()?.php, finished()[0]?.why]).toEqual(['suspended', '8.4', null])
  expect(violationsAtRest(platform)).toEqual([])
})

it('that has not begun is not begun under a suspension, and the customer is told', async () => {
  const { act, go, finished, stand, platform, state, host } = await built()
  host().actor.override({ do: 'hold', actor: 'operator', why: 'to see' })
  act('php')
  await go(2 * seconds)
  platform.order('one', 'suspend')
  await go(2 * seconds)
  host().actor.override({ do: 'release', actor: 'operator' })
  await go(120 * seconds)
  expect([state().outcome, stand()?.runs, finished()[0]?.why]).toEqual(['suspended', undefined, 'the service was suspended before it began'])
  expect(state().site.notices).toMatchObject([{ what: 'Change to PHP 8.4', why: 'the service was suspended before it began' }])
  expect(violationsAtRest(platform)).toEqual([])
})

it('that an operator gives up runs to its end, and counts as given up', async () => {
  const { act, go, finished, platform, state, host } = await built()
  act('dump')
  await go(4 * seconds)
  platform.override('one', 'abort')
  expect(host().actor.act(actionOf('make-backup'), 'sim')).toMatchObject({ answer: 'refused', code: 'not-ready' })
  await go(120 * seconds)
  expect([state().outcome, finished()[0]?.why]).toEqual(['live', 'support has given it up'])
  expect(violationsAtRest(platform)).toEqual([])
})

it('that was cut off because its container crashed is done again when the container is back', async () => {
  const { act, go, finished, stand, dc, platform, state } = await built()
  act('dump')
  await go(5 * seconds)
  powerOff(dc.world, pve(dc.world).containers[String(state().identity.vmid)]!)
  await go(600 * seconds)
  expect([state().outcome, finished()[0]?.why, stand()?.runs]).toEqual(['live', null, { dump: 1 }])
  expect(violationsAtRest(platform)).toEqual([])
})

it.each(['nothing', 'no php'] as const)('that cannot be done is tried once and told: %s', async (name) => {
  const { act, go, finished, platform, state, dc } = await built()
  act(name)
  await go(200 * seconds)
  expect(finished()).toMatchObject([{ result: null, why: name === 'nothing' ? 'there is no plugin not-there' : 'PHP 7.4 is not to be had here' }])
  expect(dc.edge.seen.filter(({ url }) => /\/playbooks\/(?:wp|php-version)/.test(url))).toHaveLength(1)
  expect([state().outcome, state().site.notices.length]).toEqual(['live', 1])
  expect(violationsAtRest(platform)).toEqual([])
})
