// The cluster's gate over real SQLite: bounded, in order, never forgetful, and closed while an upstream is down.
import { afterEach, describe, expect, it } from 'vitest'
import { between, pick, seeded } from '../../lab/random.ts'
import { GateBook, type Ask } from '../../src/broker/gate-book.ts'
import { breaker, lease, limitOf, rateOf } from '../../src/broker/limits.ts'
import type { Verdict } from '../../src/domain/gate.ts'
import { Disk } from '../../lab/disk.ts'

const disks: Disk[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) disk.close()
})

function gate() {
  const disk = new Disk()
  disks.push(disk)
  const woken: string[] = []
  const open = (): GateBook => new GateBook(disk.open().storage, (tenant) => void woken.push(tenant))
  return { open, book: open(), woken }
}

const ask = (tenant: string, pool = 'npm', system = 'npm'): Ask => ({ tenant, step: 'one', system, building: true, since: 0, pools: [pool] })
const told = (tenant: string, verdict: Verdict = 'ok', release = true, system = 'npm') => ({ tenant, step: 'one', system, verdict, release })

describe('leases', () => {
  it('never exceed the limit of their pool, whatever the order of asking and giving back', () => {
    const die = seeded(42)
    const { book } = gate()
    const pools = ['storage-alloc', 'node-tasks:node1', 'node-tasks:node2', 'npm', 'playbooks:node1']
    const holding = new Map<string, string>()
    for (let n = 0; n < 2_000; n++) {
      const tenant = `t${between(die, 1, 40)}`
      const pool = holding.get(tenant) ?? pick(die, pools)
      if (die() < 0.6) {
        if (book.acquire(ask(tenant, pool, 'proxmox'), n).granted) holding.set(tenant, pool)
      } else {
        book.report(told(tenant, pick<Verdict>(die, ['ok', 'ok', 'none', 'congested']), true, 'proxmox'), n)
        holding.delete(tenant)
      }
      for (const [name, used] of Object.entries(book.usage())) expect(used).toBeLessThanOrEqual(limitOf(name)!.most)
    }
  })

  it('are the same when asked for again', () => {
    const { book } = gate()
    expect(book.acquire(ask('a'), 0).granted).toBe(true)
    expect(book.acquire(ask('a'), 1).granted).toBe(true)
    expect(book.usage()).toEqual({ npm: 1 })
  })

  it('of several pools are all given or none', () => {
    const { book } = gate()
    book.acquire(ask('a', 'npm'), 0)
    expect(book.acquire({ ...ask('b'), pools: ['storage-alloc', 'npm'] }, 0)).toMatchObject({ granted: false })
    expect(book.usage()).toEqual({ npm: 1 })
  })

  it('are kept over a restart', () => {
    const { book, open } = gate()
    book.acquire(ask('a'), 0)
    const restarted = open()
    expect(restarted.acquire(ask('b'), 1).granted).toBe(false)
    expect(restarted.acquire(ask('a'), 1).granted).toBe(true)
  })

  it('wake the waiters one by one in the order of their asking', () => {
    const { book, woken } = gate()
    for (const tenant of ['a', 'b', 'c', 'd']) book.acquire(ask(tenant), 0)
    for (const tenant of ['a', 'b', 'c']) {
      book.report(told(tenant), 1)
      expect(book.usage()).toEqual({ npm: 1 })
    }
    expect(woken).toEqual(['b', 'c', 'd'])
  })

  it('are kept for the one who was woken: a newcomer does not overtake', () => {
    const { book } = gate()
    book.acquire(ask('a'), 0)
    book.acquire(ask('b'), 0)
    book.report(told('a'), 1)
    expect(book.acquire(ask('late'), 2).granted).toBe(false)
    expect(book.acquire(ask('b'), 2).granted).toBe(true)
  })

  it('that nobody claims go to the next', async () => {
    const { book, woken } = gate()
    for (const tenant of ['a', 'gone', 'c']) book.acquire(ask(tenant), 0)
    book.report(told('a'), 0)
    expect(await book.sweep(lease.claimMs, async () => true)).toBe(true)
    expect(woken).toEqual(['gone'])
    await book.sweep(lease.claimMs + 1, async () => true)
    expect(woken).toEqual(['gone', 'c'])
  })

  it('held for long are taken back only when their holder says so', async () => {
    const { book } = gate()
    book.acquire(ask('a'), 0)
    const late = lease.askAfterMs + 1
    await book.sweep(late, () => Promise.reject(new Error('the tenant does not answer')))
    await book.sweep(late, async () => true)
    expect(book.usage()).toEqual({ npm: 1 })
    await book.sweep(late, async () => false)
    expect(book.usage()).toEqual({})
    expect(await book.sweep(late, async () => false)).toBe(false)
  })

  it('widen while it goes well and halve when the upstream is congested', () => {
    const { book } = gate()
    const { start, most } = limitOf('storage-alloc')!
    const fill = (): number => {
      let n = 0
      while (n < 50 && book.acquire(ask(`t${n}`, 'storage-alloc', 'proxmox'), 0).granted) n++
      for (let i = 0; i < n; i++) book.report(told(`t${i}`, 'ok', true, 'proxmox'), 0)
      book.report(told(`t${n}`, 'none', true, 'proxmox'), 0)
      return n
    }
    expect(fill()).toBe(start)
    for (let i = 0; i < most; i++) fill()
    expect(fill()).toBe(most)
    book.acquire(ask('x', 'storage-alloc', 'proxmox'), 0)
    book.report(told('x', 'congested', false, 'proxmox'), 0)
    book.report(told('x', 'none', true, 'proxmox'), 0)
    expect(fill()).toBeLessThan(most)
  })
})

describe('the rate of Cloudflare', () => {
  it('is never exceeded over five minutes, a restart included', () => {
    const { book, open } = gate()
    const { capacity, cost, perMs } = rateOf('cloudflare')!
    const dns = (n: number): Ask => ask(`t${n}`, 'cloudflare', 'cloudflare')
    let granted = 0
    for (let n = 0; n < 2_000; n++) granted += book.acquire(dns(n), 0).granted ? 1 : 0
    expect(granted * cost).toBeLessThanOrEqual(capacity)
    const refused = open().acquire(dns(9_999), 0)
    expect(refused).toMatchObject({ granted: false })
    expect(refused.granted ? 0 : refused.waitMs).toBeGreaterThan(0)
    expect(open().acquire(dns(9_999), Math.ceil(cost / perMs)).granted).toBe(true)
  })
})

describe('the breaker', () => {
  const start = 1_000_000
  const fail = (book: GateBook, times: number, now: number): void => {
    for (let n = 0; n < times; n++) {
      book.acquire(ask(`f${n}`, 'free', 'npm'), now)
      book.report(told(`f${n}`, 'down'), now)
    }
  }

  it('opens after five failures in a row, not after four', () => {
    const { book } = gate()
    fail(book, breaker.failsToOpen - 1, start)
    expect(book.acquire(ask('a'), start + 1)).toEqual({ granted: true, probe: false })
    fail(book, 1, start + 2)
    expect(book.acquire(ask('b'), start + 3)).toMatchObject({ granted: false, waitMs: breaker.coolFirstMs - 1 })
    expect(book.stopped(start + 3)).toMatchObject([{ system: 'npm' }])
  })

  it('says what was heard last, to whoever is parked too, and remembers it over a restart', () => {
    const { book, open } = gate()
    for (let n = 0; n < breaker.failsToOpen; n++) book.report({ ...told(`f${n}`, 'down'), ...(n < 2 ? { why: `the tunnel is not connected to Cloudflare${' '.repeat(500)}` } : {}) }, start)
    const says = 'npm does not answer; waiting until it is back (heard last: the tunnel is not connected to Cloudflare)'
    expect(book.acquire(ask('a'), start + 1)).toMatchObject({ granted: false, why: says })
    const again = open()
    expect(again.stopped(start + 1)).toEqual([expect.objectContaining({ why: says })])
    const then = start + breaker.coolFirstMs
    again.acquire(ask('probe', 'free'), then)
    again.report({ ...told('probe', 'down'), why: 'certificate has expired' }, then)
    expect(again.stopped(then)).toEqual([expect.objectContaining({ why: expect.stringMatching(/\(heard last: certificate has expired\)$/) })])
    again.report({ ...told('x', 'config'), why: '401 Unauthorized' }, then)
    expect(again.stopped(then)).toEqual([expect.objectContaining({ why: 'npm refuses our credentials; a person has to look (heard last: 401 Unauthorized)' })])
    again.report(told('x'), then)
    for (let n = 0; n < breaker.failsToOpen; n++) again.report(told(`f${n}`, 'down'), then + 1)
    expect(again.stopped(then + 1)).toEqual([expect.objectContaining({ why: 'npm does not answer; waiting until it is back' })])
  })

  it('is not brought nearer by failures that an answer has interrupted', () => {
    const { book } = gate()
    for (let round = 0; round < 5; round++) {
      fail(book, breaker.failsToOpen - 1, start + round)
      book.report(told('x', 'ok'), start + round)
    }
    expect(book.stopped(start + 10)).toEqual([])
  })

  it('stops only the system that is down', () => {
    const { book } = gate()
    fail(book, breaker.failsToOpen, start)
    expect(book.acquire(ask('a', 'storage-alloc', 'proxmox'), start + 1).granted).toBe(true)
  })

  it('lets one probe through, then closes for everybody', () => {
    const { book, woken } = gate()
    fail(book, breaker.failsToOpen, start)
    book.acquire(ask('waits'), start + 1)
    const then = start + breaker.coolFirstMs
    expect(book.acquire(ask('probe', 'free'), then)).toEqual({ granted: true, probe: true })
    expect(book.acquire(ask('second', 'free'), then).granted).toBe(false)
    book.report(told('probe'), then + 1)
    expect(woken).toContain('waits')
    expect(book.acquire(ask('second', 'free'), then + 2)).toEqual({ granted: true, probe: false })
    expect(book.stopped(then + 2)).toEqual([])
  })

  it('waits twice as long after each probe that fails, to a bound', () => {
    const { book } = gate()
    fail(book, breaker.failsToOpen, start)
    let now = start + breaker.coolFirstMs
    for (const pauseMs of [10_000, 20_000, 40_000, breaker.coolMaxMs, breaker.coolMaxMs]) {
      expect(book.acquire(ask('probe', 'free'), now)).toMatchObject({ granted: true, probe: true })
      book.report(told('probe', 'down'), now)
      expect(book.stopped(now)).toMatchObject([{ until: now + pauseMs }])
      now += pauseMs
    }
  })

  it('does not wait longer because many met the same outage at once', () => {
    const { book } = gate()
    for (let n = 0; n < 30; n++) book.acquire(ask(`t${n}`, 'free'), start)
    for (let n = 0; n < 30; n++) book.report(told(`t${n}`, 'down'), start + 1)
    expect(book.stopped(start + 2)).toMatchObject([{ until: start + 1 + breaker.coolFirstMs }])
  })

  it('grants another probe when the first never came back', () => {
    const { book } = gate()
    fail(book, breaker.failsToOpen, start)
    const then = start + breaker.coolFirstMs
    book.acquire(ask('lost', 'free'), then)
    expect(book.acquire(ask('next', 'free'), then + breaker.probeMs - 1).granted).toBe(false)
    expect(book.acquire(ask('next', 'free'), then + breaker.probeMs)).toMatchObject({ granted: true, probe: true })
  })
})

describe('what is built for nobody', () => {
  const spare = (tenant: string, pool: string): Ask => ({ ...ask(tenant, pool, 'proxmox'), spare: true, since: -1 })

  it('leaves one place of several free, and takes the only one when nobody waits', () => {
    const { book } = gate()
    expect([1, 2, 3, 4].map((n) => book.acquire(spare(`p${n}`, 'node-tasks:node1'), 0).granted)).toEqual([true, true, true, false])
    expect(book.acquire(ask('t1', 'node-tasks:node1', 'proxmox'), 0).granted).toBe(true)
    expect(book.acquire(spare('p5', 'npm'), 0).granted).toBe(true)
  })

  it('waits behind every order that is paid for, however long it has waited', () => {
    const { book, woken } = gate()
    book.acquire(ask('t0'), 0)
    book.acquire({ ...spare('p1', 'npm'), system: 'npm' }, 0)
    for (const tenant of ['t1', 't2']) book.acquire({ ...ask(tenant), since: 1_000 }, 1_000)
    for (const tenant of ['t0', 't1', 't2', 'p1']) book.report(told(tenant), 2_000)
    expect(woken).toEqual(['t1', 't2', 'p1'])
  })

  it('takes no place of several that somebody needs together with another one', () => {
    const { book } = gate()
    for (const n of [1, 2, 3, 4]) book.acquire(ask(`t${n}`, 'node-tasks:node1', 'proxmox'), 0)
    book.acquire({ ...ask('t5', 'storage-alloc', 'proxmox'), pools: ['storage-alloc', 'node-tasks:node1'] }, 0)
    expect(book.acquire(spare('p1', 'storage-alloc'), 0).granted).toBe(false)
    expect(book.acquire(ask('t6', 'storage-alloc', 'proxmox'), 0).granted).toBe(true)
  })
})
