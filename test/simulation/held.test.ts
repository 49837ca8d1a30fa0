// A person holds a tenant: nothing more is called for it, what was under way is seen to its end, and it goes on where it stood.
// A person gives something up: it goes back to where it stood before.
import { expect, it } from 'vitest'
import { live, type Event } from './history.ts'
import { schedules } from './schedules.ts'

const second = 1_000
const line = (journal: readonly string[], word: string): number => journal.findIndex((one) => one.includes(word))

it('calls nothing between a hold and its release, but looks at what was under way', async () => {
  const { violations, outcomes, journal } = await live({ seed: 1, events: schedules['held']! })
  const [held, released] = [line(journal, ' held '), line(journal, ' released ')]
  const meanwhile = journal.slice(held, released)
  expect([violations, outcomes]).toEqual([[], { one: 'live' }])
  expect(meanwhile.filter((one) => one.includes(' call '))).toEqual([])
  // The container was being made.
  expect(meanwhile.some((one) => one.includes(' settled container '))).toBe(true)
  expect(journal.slice(released).some((one) => one.includes(' call firewall '))).toBe(true)
})

it('is held for days without running hot, and neither turned back nor stuck', async () => {
  const day = 86_400 * second
  const events: Event[] = [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 50 * second, service: 'one', override: 'hold' }, { atMs: 3 * day, service: 'one', override: 'release' }]
  const { violations, outcomes, journal } = await live({ seed: 2, events })
  expect([violations, outcomes]).toEqual([[], { one: 'live' }])
  expect(journal.slice(line(journal, ' held '), line(journal, ' released ')).length).toBeLessThan(12)
})

it.each<[string, readonly Event[], string, RegExp]>([
  ['a new order is taken back', [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 50 * second, service: 'one', override: 'abort' }], 'undone', /the order is taken back/],
  ['a suspension becomes live again', [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 200 * second, service: 'one', verb: 'suspend' }, { atMs: 201 * second, service: 'one', override: 'abort' }], 'live', /it is live again/],
  ['a resumption is suspended again', [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 200 * second, service: 'one', verb: 'suspend' }, { atMs: 400 * second, service: 'one', verb: 'unsuspend' }, { atMs: 401 * second, service: 'one', override: 'abort' }], 'suspended', /it is suspended again/],
  ['a backup is cleared away', [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 200 * second, service: 'one', act: { do: 'make-backup' } }, { atMs: 202 * second, service: 'one', override: 'abort' }], 'live', /Backup BAK01012026-1: given up/],
  ['a plan is the old one again', [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 200 * second, service: 'one', verb: 'upgrade', plan: 'standard' }, { atMs: 200.2 * second, service: 'one', override: 'abort' }], 'live', /the plan is basic again/],
])('given up: %s', async (_name, events, outcome, says) => {
  const { violations, outcomes, journal } = await live({ seed: 3, events })
  expect([violations, outcomes]).toEqual([[], { one: outcome }])
  expect(journal.filter((one) => one.includes(' aborted ')).join()).toMatch(says)
})

it('gives up nothing that is at rest, and no termination', async () => {
  const events: Event[] = [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 300 * second, service: 'one', override: 'abort' }, { atMs: 400 * second, service: 'one', verb: 'terminate' }, { atMs: 401 * second, service: 'one', override: 'abort' }]
  const { violations, outcomes, journal } = await live({ seed: 4, events })
  expect([violations, outcomes, journal.filter((one) => one.includes(' aborted '))]).toEqual([[], { one: 'terminated' }, []])
})
