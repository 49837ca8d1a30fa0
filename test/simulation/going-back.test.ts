// The way back out of a copy destroys the old disk first. When the copy then cannot be unpacked, nothing else may take its place.
import { expect, it } from 'vitest'
import { linstorState } from '../../lab/linstor/state.ts'
import { live } from './history.ts'
import { schedules } from './schedules.ts'

const minute = 60_000

it('waits for a person, starts nothing and makes nothing anew, when the storage is full while a copy is unpacked', async () => {
  let capacityKib = 0
  const { violations, outcomes, journal } = await live({
    seed: 1, events: schedules['out of an off-site copy']!,
    also: [
      { atMs: 6.1 * minute, run: ({ dc }) => void ((capacityKib = linstorState(dc.world).capacityKib), (linstorState(dc.world).capacityKib = 0)) },
      { atMs: 14 * minute, run: ({ dc }) => void (linstorState(dc.world).capacityKib = capacityKib) },
    ],
  })
  const stuck = journal.findIndex((line) => line.includes(' stuck replacement:'))
  const retried = journal.findIndex((line) => line.includes(' retried '))
  expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'live' } })
  expect(stuck).toBeGreaterThan(0)
  expect(journal.slice(stuck, retried).filter((line) => line.includes(' call '))).toEqual([])
  expect(journal.slice(stuck).filter((line) => line.includes(' call container '))).toEqual([])
})
