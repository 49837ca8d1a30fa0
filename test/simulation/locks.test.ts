// Somebody else's work on a container, seen by its lock: what is wanted waits for it. A backup may take hours and wins; anything else is
// soon a person's matter.
import { expect, it } from 'vitest'
import { pve } from '../../lab/proxmox/state.ts'
import type { Verb } from '../../src/domain/order.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { dataCentre } from './data-centre.ts'
import { violationsAtRest } from './invariants.ts'
import { Platform } from './platform.ts'

const minute = 60_000

/** A site, live for an hour, whose container bears this lock when something is wanted. */
async function locked(lock: string, verb: Verb, plan?: PlanName) {
  const dc = dataCentre(1)
  const platform = new Platform(dc, 1)
  const rest = (minutes: number): Promise<void> => dc.clock.advance(dc.clock.now() + minutes * minute)
  platform.order('one', 'create')
  await rest(60)
  const host = platform.tenant('one')!
  const { config } = pve(dc.world).containers[String(platform.state(host)!.identity.vmid)]!
  config['lock'] = lock
  platform.order('one', verb, plan)
  const why = (): string[] => host.actor.store.rows().flatMap((row) => (row.phase === 'stuck' ? [`${row.name}: ${row.why}`] : []))
  return { platform, host, rest, why, unlock: () => void delete config['lock'], outcome: () => platform.state(host)?.outcome }
}

it.each<[Verb, string, PlanName?]>([['suspend', 'suspended'], ['terminate', 'terminated'], ['upgrade', 'live', 'standard']])('%s waits for a backup of hours, looks at it seldom, and is done when it ends', async (verb, outcome, plan) => {
  const one = await locked('backup', verb, plan)
  const before = one.host.disk.commits
  await one.rest(5 * 60)
  expect([one.outcome(), one.why(), one.host.disk.commits - before < 2_000, one.platform.gate.usage()]).toEqual([null, [], true, {}])
  one.unlock()
  await one.rest(10)
  one.platform.calm = true
  expect([one.outcome(), violationsAtRest(one.platform)]).toEqual([outcome, []])
})

it('calls a person when a backup does not end within six hours', async () => {
  const { rest, outcome, why } = await locked('backup', 'suspend')
  await rest(6 * 60 + 10)
  expect([outcome(), why()]).toEqual(['stuck', ['power: busy for too long: Proxmox holds the lock "backup"']])
})

it.each([['disk', 'suspend', 'power: busy for too long: Proxmox holds the lock "disk"']] as const)('calls a person soon, and not at once, when the lock "%s" stays', async (lock, verb, says) => {
  const { rest, outcome, why } = await locked(lock, verb)
  await rest(10)
  expect(outcome()).toBe(null)
  await rest(10)
  expect([outcome(), why()]).toEqual(['stuck', [says]])
})

it('gives a lock that follows upon a backup its own time', async () => {
  const { rest, outcome, host, platform } = await locked('backup', 'suspend')
  await rest(60)
  pve(platform.dc.world).containers[String(platform.state(host)!.identity.vmid)]!.config['lock'] = 'disk'
  await rest(10)
  expect(outcome()).toBe(null)
  await rest(10)
  expect(outcome()).toBe('stuck')
})
