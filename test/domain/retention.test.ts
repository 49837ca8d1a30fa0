// Which nightly backups stay, whatever was made when.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayIn } from '../../src/domain/calendar.ts'
import { outdated } from '../../src/domain/retention.ts'

const hour = 3_600_000
const day = 24 * hour
const start = Date.UTC(2026, 0, 1)
const zone = fc.constantFrom('UTC', 'Europe/Zagreb', 'America/New_York', 'Australia/Lord_Howe')
const keep = fc.record({ daily: fc.nat(8), weekly: fc.nat(5), monthly: fc.nat(4) })
const dated = fc.uniqueArray(fc.integer({ min: 0, max: 400 * 24 }), { maxLength: 60 }).map((hours) => hours.map((h) => ({ name: `b${h}`, at: start + h * hour })))
const law = (run: (all: { name: string; at: number }[], keep: { daily: number; weekly: number; monthly: number }, zone: string) => void): void =>
  fc.assert(fc.property(dated, keep, zone, run), { numRuns: 150, seed: 1 })

describe('retention', () => {
  it('keeps the newest, and no more than was bought', () => law((all, wanted, where) => {
    const gone = new Set(outdated(all, wanted, where))
    const newest = all.toSorted((a, b) => b.at - a.at)[0]
    if (newest) expect(gone.has(newest.name)).toBe(false)
    expect(all.length - gone.size).toBeLessThanOrEqual(Math.max(1, wanted.daily + wanted.weekly + wanted.monthly + 1))
  }))

  it('has nothing more to say when it was followed, and does not care about order', () => law((all, wanted, where) => {
    const gone = outdated(all, wanted, where)
    expect(outdated(all.filter(({ name }) => !gone.includes(name)), wanted, where)).toEqual([])
    expect(outdated(all.toReversed(), wanted, where).toSorted()).toEqual(gone.toSorted())
  }))

  it('keeps the newest of each of the last days that have one', () => law((all, wanted, where) => {
    const gone = outdated(all, wanted, where)
    const newestFirst = all.toSorted((a, b) => b.at - a.at)
    const days = [...new Set(newestFirst.map(({ at }) => dayIn(where, at)))].slice(0, wanted.daily)
    for (const one of days) expect(gone).not.toContain(newestFirst.find(({ at }) => dayIn(where, at) === one)!.name)
  }))

  it('followed every night for a year leaves days, weeks and months behind each other', () => {
    let all: { name: string; at: number }[] = []
    for (let night = 0; night < 365; night++) {
      all.push({ name: `n${night}`, at: start + night * day + 2 * hour })
      const gone = outdated(all, { daily: 7, weekly: 4, monthly: 3 }, 'Europe/Zagreb')
      all = all.filter(({ name }) => !gone.includes(name))
    }
    expect(all).toHaveLength(14)
    // Thursday, 31 December 2026: the days back to Friday, Sundays before it, the last Sundays of months before those.
    expect(all.map(({ at }) => new Date(at).toISOString().slice(5, 10))).toEqual([
      '08-30', '09-27', '10-25', '11-29', '12-06', '12-13', '12-20', '12-25', '12-26', '12-27', '12-28', '12-29', '12-30', '12-31',
    ])
  })
})
