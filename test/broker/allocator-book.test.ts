// Identities are chosen once and for ever: the book of the allocator over real SQLite.
import { afterEach, describe, expect, it } from 'vitest'
import { seeded } from '../../lab/random.ts'
import { AllocatorBook, quarantineMs } from '../../src/broker/allocator-book.ts'
import type { Intake } from '../../src/broker/intake.ts'
import type { Cluster } from '../../src/domain/cluster.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { cluster } from '../simulation/cluster.ts'
import { Disk } from '../../lab/disk.ts'

const disks: Disk[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) disk.close()
})

function book(change: Partial<Cluster> = {}) {
  const disk = new Disk()
  disks.push(disk)
  const open = (): AllocatorBook => new AllocatorBook(disk.open().storage, { ...cluster, ...change }, seeded(1))
  return { disk, open, book: open() }
}

const lanOf = (first: string, last: string): Partial<Cluster> => ({ lan: { ...cluster.lan, first, last } })

const create = (from: AllocatorBook, service: string, now = 1_000, more: { connection?: string; email?: string; plan?: PlanName } = {}): Intake => {
  const { connection = 'shop', email = 'jane.doe@example.com', plan = 'basic' } = more
  return from.intake({ verb: 'create', connection, service, actor: connection, order: { email, plan, publicIp: '203.0.113.10' } }, now)
}

const change = (from: AllocatorBook, verb: 'suspend' | 'unsuspend' | 'terminate', service: string, now = 1_000): Intake =>
  from.intake({ verb, connection: 'shop', service, actor: 'shop' }, now)

function recordOf(intake: Intake) {
  if (!('record' in intake)) throw new Error(`answered ${intake.answer}`)
  return intake.record
}

/** Orders, terminates and releases: what a whole life leaves behind. */
function lived(from: AllocatorBook, service: string, now: number) {
  const record = recordOf(create(from, service, now))
  change(from, 'terminate', service, now)
  from.release(record.tenant, record.identity.epoch, now)
  from.close(record.tenant, record.identity.epoch, 'terminated', now)
  return record.identity
}

describe('a create', () => {
  it('gives the same identities again and writes no second command', () => {
    const { book: from, disk } = book()
    const first = create(from, '1')
    const again = create(from, '1', 2_000, { plan: 'premium', email: 'other@example.com' })
    expect(again.answer).toBe('unchanged')
    expect(recordOf(again)).toEqual(recordOf(first))
    expect(disk.read('SELECT * FROM command')).toHaveLength(1)
  })

  it('is two tenants when two connections use the same service id', () => {
    const { book: from } = book()
    const [a, b] = [recordOf(create(from, '1')), recordOf(create(from, '1', 1_000, { connection: 'other' }))]
    expect(a.tenant).not.toBe(b.tenant)
    expect(new Set([a.identity.vmid, b.identity.vmid, a.identity.ip, b.identity.ip, a.identity.label, b.identity.label]).size).toBe(6)
  })

  it('survives the restart of its object', () => {
    const { book: from, open } = book()
    const first = recordOf(create(from, '1'))
    const restarted = open()
    expect(recordOf(create(restarted, '1'))).toEqual(first)
    expect(recordOf(create(restarted, '2')).identity.vmid).toBe(first.identity.vmid + 1)
  })

  it('is answered for good after a termination', () => {
    const { book: from } = book()
    lived(from, '1', 1_000)
    expect(create(from, '1').answer).toBe('conflict')
    expect(change(from, 'terminate', '1').answer).toBe('unchanged')
    expect(change(from, 'suspend', '1').answer).toBe('unknown')
  })

  it('that was taken back may be placed again, with new identities throughout', () => {
    const { book: from } = book()
    const first = recordOf(create(from, '1'))
    from.release(first.tenant, 1, 2_000)
    from.close(first.tenant, 1, 'undone', 2_000)
    const second = recordOf(create(from, '1', 3_000))
    expect(second.identity).toMatchObject({ epoch: 2 })
    expect(second.seq).toBe(2)
    for (const key of ['vmid', 'ip', 'label'] as const) expect(second.identity[key]).not.toBe(first.identity[key])
    expect(from.held(first.tenant, 1)).toBeUndefined()
    expect(from.held(first.tenant, 2)).toEqual(second.identity)
  })

  it('goes to the node with the most memory left in proportion', () => {
    const { book: from } = book({ nodes: [{ name: 'small', memoryMb: 8_192 }, { name: 'large', memoryMb: 32_768 }] })
    const nodes = Array.from({ length: 5 }, (_, i) => recordOf(create(from, String(i))).identity.node)
    expect(nodes.filter((node) => node === 'large')).toHaveLength(4)
  })
})

describe('identities', () => {
  it('never hand out a VMID twice, whatever ends', () => {
    const { book: from } = book()
    const vmids = Array.from({ length: 50 }, (_, i) => (i % 2 ? lived(from, `gone${i}`, i) : recordOf(create(from, `stays${i}`, i)).identity).vmid)
    expect(new Set(vmids).size).toBe(50)
    expect(vmids).toEqual([...vmids].sort((a, b) => a - b))
  })

  it('keep a released address in quarantine, then use it again', () => {
    const { book: from } = book(lanOf('192.168.1.100', '192.168.1.100'))
    const { ip } = lived(from, '1', 10_000)
    expect(from.addresses(10_000)).toEqual({ held: 0, quarantined: 1, free: 0 })
    expect(create(from, '2', 10_000 + quarantineMs - 1).answer).toBe('exhausted')
    expect(recordOf(create(from, '2', 10_000 + quarantineMs)).identity.ip).toBe(ip)
  })

  it('never give the address of a site that stands to another, however old it is', () => {
    const { book: from } = book(lanOf('192.168.1.100', '192.168.1.101'))
    const first = recordOf(create(from, '1', 0)).identity
    expect(recordOf(create(from, '2', 10 * quarantineMs)).identity.ip).not.toBe(first.ip)
    expect(create(from, '3', 20 * quarantineMs)).toEqual({ answer: 'exhausted', what: 'addresses' })
  })

  it('never give a name again, not even to the same customer', () => {
    const { book: from } = book({ hostNames: 'email' })
    const first = lived(from, '1', 0)
    const second = recordOf(create(from, '2', 100 * quarantineMs)).identity
    expect(first.label).toBe('jane-doe')
    expect(second.label).toMatch(/^jane-doe-[a-z0-9]{4}$/)
  })

  it('keep the customer\'s address out of public names unless the operator wants the seed\'s scheme', () => {
    const { book: from } = book()
    for (let i = 0; i < 30; i++) {
      const { label, hostname } = recordOf(create(from, String(i))).identity
      expect(label).toMatch(/^[a-z]+-[a-z]+-[a-z0-9]{4}$/)
      expect(hostname).not.toMatch(/jane|doe|example/)
    }
  })

  it('released twice are released once', () => {
    const { book: from, disk } = book()
    const record = recordOf(create(from, '1', 0))
    from.release(record.tenant, 1, 5)
    from.release(record.tenant, 1, 9)
    expect(disk.read("SELECT DISTINCT state, since FROM held")).toEqual([{ state: 'spent', since: 5 }])
  })
})

describe('when something is exhausted', () => {
  it('consumes nothing and says what is missing', () => {
    const { book: from, disk } = book(lanOf('192.168.1.100', '192.168.1.101'))
    create(from, '1')
    create(from, '2')
    const before = JSON.stringify(['held', 'service', 'command', 'counter'].map((table) => disk.read(`SELECT * FROM ${table}`)))
    expect(create(from, '3')).toEqual({ answer: 'exhausted', what: 'addresses' })
    expect(JSON.stringify(['held', 'service', 'command', 'counter'].map((table) => disk.read(`SELECT * FROM ${table}`)))).toBe(before)
  })

  it('does not go past the last VMID', () => {
    const { book: from } = book({ vmids: { first: 500, last: 501 } })
    expect([recordOf(create(from, '1')).identity.vmid, recordOf(create(from, '2')).identity.vmid]).toEqual([500, 501])
    expect(create(from, '3')).toEqual({ answer: 'exhausted', what: 'container numbers' })
  })
})

describe('commands', () => {
  it('stay until a tenant has confirmed them, oldest first', () => {
    const { book: from } = book()
    for (let i = 0; i < 3; i++) create(from, String(i), i)
    const [first, second] = from.unconfirmed(2, 10)
    expect(from.unconfirmed(2, 10)).toHaveLength(2)
    from.confirm([first!.id])
    expect(from.unconfirmed(3, 1)).toEqual([second])
    from.confirm([first!.id, 'nobody has sent this'])
    expect(from.unconfirmed(3, 10)).toHaveLength(2)
  })

  it('carry growing numbers, and none when nothing changes', () => {
    const { book: from } = book()
    create(from, '1')
    const answers = [change(from, 'suspend', '1'), change(from, 'suspend', '1'), change(from, 'unsuspend', '1'), change(from, 'terminate', '1')]
    expect(answers.map((one) => one.answer)).toEqual(['taken', 'unchanged', 'taken', 'taken'])
    expect(recordOf(answers[3]!).seq).toBe(4)
  })

  it('about a service that nobody ordered are unknown and write nothing', () => {
    const { book: from, disk } = book()
    for (const verb of ['suspend', 'unsuspend', 'terminate'] as const) expect(change(from, verb, 'never').answer).toBe('unknown')
    expect(disk.read('SELECT * FROM service')).toEqual([])
  })
})
