// How large a pool is wanted, and what is done about it: the formula of docs/pool.md.
import { describe, expect, it } from 'vitest'
import { poissonQuantile, rotateMs, targetSize, upkeep, type Spare } from '../../src/domain/pool.ts'

const minute = 60_000
const hour = 60 * minute
const now = 30 * 24 * hour

describe('the size of a pool', () => {
  it('is the number that the orders of one refill exceed in less than one span of a hundred', () => {
    expect([0, 0.01, 0.1, 0.2, 1, 5, 20].map((mean) => poissonQuantile(mean, 0.99))).toEqual([0, 0, 1, 2, 4, 11, 31])
  })

  it('goes by the busier of the last hour and the last day, and stays within its bounds', () => {
    const every = (ms: number, count: number): number[] => Array.from({ length: count }, (_, i) => now - 1 - i * ms)
    const bounds = { min: 0, max: 20 }
    expect(targetSize([], 3 * minute, bounds, now)).toBe(0)
    expect(targetSize(every(minute, 10), 3 * minute, bounds, now)).toBe(3)
    expect(targetSize(every(6 * minute, 240), 3 * minute, bounds, now)).toBe(3)
    expect(targetSize(every(minute, 10).map((at) => at - 2 * hour), 3 * minute, bounds, now)).toBe(1)
    expect(targetSize(every(1_000, 3_600), 3 * minute, bounds, now)).toBe(20)
    expect(targetSize([], 3 * minute, { min: 2, max: 20 }, now)).toBe(2)
  })
})

describe('the upkeep', () => {
  const site = (key: string, more: Partial<Spare> = {}): Spare => ({ key, state: 'ready', template: 'new', since: now - hour, ...more })
  const old = { since: now - rotateMs - 1 }

  it('orders what is missing, and counts what is being built', () => {
    expect(upkeep([site('a'), site('b', { state: 'building' })], 5, 9, 'new', now)).toEqual({ order: 3, retire: [] })
    expect(upkeep([site('a', { state: 'retiring' })], 1, 9, 'new', now)).toEqual({ order: 1, retire: [] })
  })

  it('drains what is of another template at once, ready or not', () => {
    expect(upkeep([site('a', { template: 'old' }), site('b', { template: 'old', state: 'building' }), site('c')], 1, 9, 'new', now)).toEqual({ order: 0, retire: ['a', 'b'] })
  })

  it('takes an old one down only when a younger one stands in its place', () => {
    expect(upkeep([site('a', old)], 1, 1, 'new', now)).toEqual({ order: 1, retire: [] })
    expect(upkeep([site('a', old), site('b', { state: 'building' })], 1, 1, 'new', now)).toEqual({ order: 0, retire: [] })
    expect(upkeep([site('a', old), site('b')], 1, 1, 'new', now)).toEqual({ order: 0, retire: ['a'] })
  })

  it('takes the oldest down when there are more than may be, and all when there shall be none', () => {
    expect(upkeep([site('a', { since: now - 3 * hour }), site('b')], 0, 1, 'new', now).retire).toEqual(['a'])
    expect(upkeep([site('a', old), site('b', { state: 'building' })], 0, 0, 'new', now).retire.sort()).toEqual(['a', 'b'])
    // What is merely more than is wanted just now stays: orders come again, and each week renews it.
    expect(upkeep([site('a'), site('b')], 0, 2, 'new', now).retire).toEqual([])
  })
})
