// Random histories from fixed seeds, long outages, a person's help: the invariants hold, and every rare path is taken.
import { describe, expect, it } from 'vitest'
import { outage } from '../../lab/faults.ts'
import { live } from './history.ts'
import { randomHistory } from './random-history.ts'
import { none, paths } from './sometimes.ts'

const seconds = 1_000
const count = 30

describe('random histories', () => {
  it('hold every invariant, and take every rare path at least once', async () => {
    const seen = none()
    const wrong: string[] = []
    for (let seed = 1; seed <= count; seed++) {
      const { violations } = await live(randomHistory(seed), seen)
      if (violations.length > 0) wrong.push(`npm run simulate -- --histories 1 --seed ${seed}\n  ${violations.join('\n  ')}`)
    }
    expect(wrong).toEqual([])
    expect(paths.filter((path) => seen.get(path) === 0)).toEqual([])
  })

  it('are the same when their seed is the same', async () => {
    for (const seed of [3, 17]) expect((await live(randomHistory(seed))).journal).toEqual((await live(randomHistory(seed))).journal)
  })
})

describe('a long outage', () => {
  it.each(['refused', 'timeout', '5xx-before'] as const)('of three hours (%s) costs none of ten orders', async (fault) => {
    const events = Array.from({ length: 10 }, (_, i) => ({ atMs: i * 4 * seconds, service: `s${i}`, verb: 'create' as const }))
    const { violations, outcomes, requests, journal } = await live({
      seed: 5, events, stormMs: 5 * 3_600_000, weather: (start) => ({ edge: [outage(start + 30 * seconds, start + 3 * 3_600_000, fault)] }),
    })
    expect(violations).toEqual([])
    expect(Object.values(outcomes)).toEqual(Array.from({ length: 10 }, () => 'live'))
    // Whoever is parked tells what the calls that failed have heard.
    expect(journal.some((line) => / parked .*waiting until it is back \(heard last: /.test(line))).toBe(true)
    // One probe at a time instead of ten tenants asking by themselves.
    expect(requests.edge.length).toBeLessThan(10 * 250)
  })
})

describe('a person', () => {
  it('is needed when credentials are refused, and nothing is torn down meanwhile', async () => {
    const { violations, outcomes } = await live({
      seed: 7, events: [{ atMs: 0, service: 'one', verb: 'create' }], stormMs: 30 * 60_000,
      weather: (start) => ({ edge: [outage(start + 60 * seconds, start + 20 * 60_000, 'login')] }),
    })
    expect(violations).toEqual([])
    expect(outcomes).toEqual({ one: 'live' })
  })
})
