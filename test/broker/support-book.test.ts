// Support subscriptions: one key each and never kept, every call repeatable, nothing ended comes back by accident, nobody
// reaches another connection's, wrong keys are counted, and the reporting copy misses nothing.
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { SupportBook, guesses, type Created, type Whose } from '../../src/broker/support-book.ts'
import { newSupportKey, supportKeyPattern, tierNames, tiers, type SupportStatus, type SupportVerb } from '../../src/domain/support.ts'
import { Disk } from '../../lab/disk.ts'
import { seeded } from '../../lab/random.ts'

const disks: Disk[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) disk.close()
})

const source = (seed: number) => {
  const random = seeded(seed)
  return (count: number): Uint8Array => Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
}

function book(seed = 1) {
  const disk = new Disk()
  disks.push(disk)
  const bytes = source(seed)
  const open = (secret = 'a secret of the Worker, long enough'): SupportBook => new SupportBook(disk.open().storage, { secret, bytes })
  return { disk, open, book: open() }
}

const whose = (service = '1', connection = 'shop'): Whose => ({ connection, service, actor: connection })
const jane = { email: 'jane.doe@example.com', firstname: 'Jane', lastname: 'Doe', tier: 'standard' } as const
const create = (from: SupportBook, of = whose(), now = 1_000): Created => from.create(of, jane, now)
const desk = { id: 'desk', connection: 'shop' }

function keyOf(created: Created): string {
  if (created.answer !== 'created') throw new Error(created.answer)
  return created.key
}

const statusOf = (from: SupportBook): SupportStatus | undefined => from.subscription('shop', '1')?.status

describe('a key', () => {
  it('is SUP- and sixteen letters or digits, no sign more likely than another', () => {
    const counts = new Map<string, number>()
    const bytes = source(7)
    const keys = Array.from({ length: 4_500 }, () => newSupportKey(bytes))
    for (const key of keys) {
      expect(key).toMatch(supportKeyPattern)
      for (const sign of key.slice(4)) counts.set(sign, (counts.get(sign) ?? 0) + 1)
    }
    expect(new Set(keys).size).toBe(keys.length)
    // 2000 expected of each; taking each byte modulo 36 would give the first four 2250.
    expect([...counts.values()].every((count) => count > 1_820 && count < 2_180)).toBe(true)
    expect(counts.size).toBe(36)
  })

  it('never takes a sign from a byte that would favour it', () => {
    const feed = [...Array.from({ length: 32 }, (_, i) => 252 + (i % 4)), ...Array.from({ length: 16 }, (_, i) => i)]
    expect(newSupportKey((count) => Uint8Array.from(feed.splice(0, count)))).toBe('SUP-ABCDEFGHIJKLMNOP')
  })

  it('is nowhere in the store, neither as it is nor as a hash that could be made without the secret', () => {
    const { book: from, disk, open } = book()
    const key = keyOf(create(from))
    const stored = JSON.stringify(['subscription', 'history', 'guess', 'told'].map((table) => disk.read(`SELECT * FROM ${table}`)))
    expect(stored).not.toContain(key)
    expect(stored).not.toContain(key.slice(4))
    expect(open('another secret, as good as the first').verify(desk, key, 2_000).answer).toBe('unknown')
    expect(open().verify(desk, key, 2_000).answer).toBe('known')
  })

  it('is made anew by a create after a termination, and the old one is nothing any more', () => {
    const { book: from } = book()
    const old = keyOf(create(from))
    from.change('terminate', whose(), 2_000)
    expect(from.verify(desk, old, 3_000)).toMatchObject({ answer: 'known', subscription: { status: 'INACTIVE' } })
    const fresh = keyOf(create(from, whose(), 4_000))
    expect(fresh).not.toBe(old)
    expect(from.verify(desk, old, 5_000).answer).toBe('unknown')
    expect(from.verify(desk, fresh, 5_000)).toMatchObject({ subscription: { status: 'ACTIVE', generation: 2, createdAt: 1_000, changedAt: 4_000 } })
  })
})

describe('a call', () => {
  it('that is repeated changes nothing', () => {
    const { book: from, disk } = book()
    create(from)
    for (const [verb, status] of [['suspend', 'SUSPENDED'], ['unsuspend', 'ACTIVE'], ['terminate', 'INACTIVE']] as const) {
      expect(from.change(verb, whose(), 2_000)).toEqual({ answer: 'taken', status })
      const before = disk.rowsWritten
      expect(from.change(verb, whose(), 3_000)).toEqual({ answer: 'unchanged', status })
      expect(disk.rowsWritten).toBe(before)
    }
  })

  it('for a second subscription of a service is a conflict, active or suspended, and leaves its key alone', () => {
    const { book: from } = book()
    const key = keyOf(create(from))
    expect(create(from).answer).toBe('conflict')
    from.change('suspend', whose(), 2_000)
    expect(create(from).answer).toBe('conflict')
    expect(from.verify(desk, key, 3_000)).toMatchObject({ answer: 'known', subscription: { status: 'SUSPENDED', generation: 1 } })
  })

  it('that comes late never revives what has ended', () => {
    const { book: from } = book()
    create(from)
    from.change('terminate', whose(), 2_000)
    for (const verb of ['suspend', 'unsuspend'] as const) expect(from.change(verb, whose(), 3_000).answer).toBe('unknown')
    expect(statusOf(from)).toBe('INACTIVE')
  })

  it('about the service of another connection is about nothing', () => {
    const { book: from, disk } = book()
    const key = keyOf(create(from))
    const rows = () => JSON.stringify([disk.read('SELECT * FROM subscription'), disk.read('SELECT * FROM history')])
    const before = rows()
    for (const verb of ['suspend', 'unsuspend', 'terminate'] as const) expect(from.change(verb, whose('1', 'other'), 2_000)).toEqual(from.change(verb, whose('never', 'other'), 2_000))
    expect(from.verify({ id: 'theirs', connection: 'other' }, key, 2_000)).toEqual(from.verify({ id: 'theirs', connection: 'other' }, 'SUP-0000000000000000', 2_000))
    expect(rows()).toBe(before)
    expect(keyOf(create(from, whose('1', 'other')))).not.toBe(key)
  })
})

it('any sequence of calls, over any restarts, keeps the last state, its one key, and a line of history for each change', () => {
  const verbs = fc.constantFrom<SupportVerb | 'restart'>('create', 'suspend', 'unsuspend', 'terminate', 'restart')
  fc.assert(fc.property(fc.array(verbs, { maxLength: 25 }), fc.integer(), (steps, seed) => {
    const { open, book: first, disk } = book(seed)
    let from = first
    let status: SupportStatus | undefined
    let changes = 0
    const keys: string[] = []
    for (const [i, step] of steps.entries()) {
      if (step === 'restart') {
        from = open()
      } else if (step === 'create') {
        const created = from.create(whose(), jane, i)
        const has = status === 'ACTIVE' || status === 'SUSPENDED'
        expect(created.answer).toBe(has ? 'conflict' : 'created')
        if (created.answer === 'created') {
          keys.push(created.key)
          ;[status, changes] = ['ACTIVE', changes + 1]
        }
      } else {
        const changed = from.change(step, whose(), i)
        const next = step === 'suspend' ? 'SUSPENDED' : step === 'unsuspend' ? 'ACTIVE' : 'INACTIVE'
        const known = status !== undefined && (status !== 'INACTIVE' || step === 'terminate')
        expect(changed).toEqual(known ? { answer: status === next ? 'unchanged' : 'taken', status: next } : { answer: 'unknown' })
        if (known && status !== next) [status, changes] = [next, changes + 1]
      }
      expect(statusOf(from)).toBe(status)
    }
    expect(disk.read('SELECT * FROM history')).toHaveLength(changes)
    expect(from.history('shop', '1').map((line) => line.i)).toEqual(Array.from({ length: changes }, (_, i) => i + 1))
    expect(keys.map((key) => from.verify(desk, key, 10_000).answer)).toEqual(keys.map((_, i) => (i === keys.length - 1 ? 'known' : 'unknown')))
  }), { numRuns: 60, seed: 20_261_123 })
})

it('has a history that nobody can alter', () => {
  const { book: from, disk } = book()
  create(from)
  const { sql } = disk.open().storage
  expect(() => sql.exec("UPDATE history SET actor = 'nobody'")).toThrow('only grows')
  expect(() => sql.exec('DELETE FROM history')).toThrow('only grows')
  expect(disk.read('SELECT verb, status, actor FROM history')).toEqual([{ verb: 'create', status: 'ACTIVE', actor: 'shop' }])
})

describe('a help desk', () => {
  it('is not answered after too many wrong keys, not even about a right one, and again after a while', () => {
    const { book: from } = book()
    const key = keyOf(create(from))
    for (let i = 0; i < guesses.most; i++) expect(from.verify(desk, `SUP-${String(i).padStart(16, '0')}`, 5_000).answer).toBe('unknown')
    expect(from.verify(desk, key, 5_000).answer).toBe('too-many')
    expect(from.verify({ ...desk, id: 'its neighbour' }, key, 5_000).answer).toBe('known')
    expect(from.verify(desk, key, 5_000 + guesses.regainMs - 1).answer).toBe('too-many')
    expect(from.verify(desk, key, 5_000 + guesses.regainMs).answer).toBe('known')
  })

  it('may ask about right keys as often as it likes', () => {
    const { book: from } = book()
    const key = keyOf(create(from))
    for (let i = 0; i < 3 * guesses.most; i++) expect(from.verify(desk, key, 5_000).answer).toBe('known')
  })
})

describe('the reporting copy', () => {
  it('is told of each change until it has it, in order, a bounded number at a time', () => {
    const { book: from } = book()
    for (let i = 1; i <= 3; i++) create(from, whose(String(i)), i)
    const { after, rows } = from.untold(2)
    expect(rows.map((row) => row.service)).toEqual(['1', '2'])
    expect(from.untold(2).rows).toEqual(rows)
    from.change('suspend', whose('1'), 9)
    from.told(after, rows.at(-1)!.version)
    expect(from.untold(9).rows.map(({ service, status }) => [service, status])).toEqual([['3', 'ACTIVE'], ['1', 'SUSPENDED']])
  })

  it('that was lost is told everything again, whatever was on its way', () => {
    const { book: from } = book()
    create(from)
    from.told(0, 1)
    create(from, whose('2'))
    const { after, rows } = from.untold(9)
    from.lost()
    from.told(after, rows.at(-1)!.version)
    expect(from.untold(9).rows).toHaveLength(2)
  })
})

it('answers faster the higher the tier, and sells the slowest when nothing is said', () => {
  const hours = tierNames.map((tier) => tiers[tier].responseHours)
  expect(hours).toEqual([...hours].sort((a, b) => b - a))
})
