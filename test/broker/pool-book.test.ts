// The allocator's book of sites built ahead: each is given once, whole, to one order, or to none.
import { afterEach, describe, expect, it } from 'vitest'
import { seeded } from '../../lab/random.ts'
import { AllocatorBook } from '../../src/broker/allocator-book.ts'
import type { Intake } from '../../src/broker/intake.ts'
import { spareName } from '../../src/domain/names.ts'
import type { Command } from '../../src/domain/order.ts'
import { Disk } from '../../lab/disk.ts'
import { cluster } from '../simulation/cluster.ts'

const disks: Disk[] = []
afterEach(() => {
  for (const disk of disks.splice(0)) disk.close()
})

const minute = 60_000
const built = [{ name: 'container', wish: '{}', out: '{}', attempt: 1 }]

function book(size = 1, more: Partial<typeof cluster> = {}) {
  const disk = new Disk()
  disks.push(disk)
  const settings = { ...cluster, pool: { basic: { min: size, max: size } }, ...more }
  const open = (): AllocatorBook => new AllocatorBook(disk.open().storage, settings, seeded(1))
  const from = open()
  /** Keeps the pool and finishes what it orders. */
  const fill = (now: number): Command[] => {
    const { commands } = from.keepPool(now)
    for (const { tenant, verb } of commands) if (verb === 'create') from.offer(tenant, built, now)
    return commands
  }
  return { from, open, fill, settings, disk }
}

const create = (from: AllocatorBook, service: string, now = 10 * minute, plan: 'basic' | 'standard' = 'basic'): Intake =>
  from.intake({ verb: 'create', connection: 'shop', service, actor: 'shop', order: { email: 'jane@example.com', plan, publicIp: cluster.proxy.publicIp } }, now)

function taken(intake: Intake) {
  if (intake.answer !== 'taken') throw new Error(`answered ${intake.answer}`)
  return intake
}

describe('a site built ahead', () => {
  it('goes to the first order of its plan with all of its identities, and to no other', () => {
    const { from, fill } = book()
    const [spare] = fill(0)
    expect(taken(create(from, '0', undefined, 'standard')).command.built).toBeUndefined()
    const { command, record } = taken(create(from, '1'))
    expect(command).toMatchObject({ built, identity: { ...spare!.identity, epoch: 1, ahead: { mark: `berth-${spare!.tenant}-e1` } } })
    expect(from.held(spare!.tenant, 1)).toBeUndefined()
    expect(from.held(record.tenant, 1)).toEqual(record.identity)
    const next = taken(create(from, '2'))
    expect(next.command.built).toBeUndefined()
    for (const key of ['vmid', 'ip', 'label'] as const) expect(next.record.identity[key]).not.toBe(record.identity[key])
  })

  it('is told with whatever may overtake its order, until that is confirmed', () => {
    const { from, fill } = book()
    fill(0)
    const { command } = taken(create(from, '1'))
    const about = (verb: 'suspend' | 'unsuspend' | 'terminate') => taken(from.intake({ verb, connection: 'shop', service: '1', actor: 'shop' }, 10 * minute)).command
    const suspend = about('suspend')
    expect(suspend.built).toEqual(built)
    from.confirm([command.id, suspend.id])
    expect(about('terminate').built).toBeUndefined()
  })

  it('is the same site when the order is repeated, whatever has become ready since', () => {
    const { from, fill } = book()
    fill(0)
    const { record } = taken(create(from, '1'))
    fill(minute)
    expect(create(from, '1')).toEqual({ answer: 'unchanged', record })
  })

  it('is never given while it is being built, taken down, or of another template', () => {
    const { from, fill, settings } = book()
    const [spare] = from.keepPool(0).commands
    expect(taken(create(from, '1')).command.built).toBeUndefined()
    from.offer(spare!.tenant, built, minute)
    settings.template = 'local:vztmpl/newer.tar.zst'
    expect(taken(create(from, '2')).command.built).toBeUndefined()
    settings.template = cluster.template
    settings.pool.basic = { min: 0, max: 0 }
    expect(fill(2 * minute)).toMatchObject([{ verb: 'terminate', tenant: spare!.tenant, seq: 2 }])
    from.offer(spare!.tenant, built, 3 * minute)
    expect(taken(create(from, '3')).command.built).toBeUndefined()
  })

  it('that was given away is not taken down, offered or counted any more', () => {
    const { from, fill, settings } = book()
    const [spare] = fill(0)
    const { record } = taken(create(from, '1'))
    settings.pool.basic = { min: 0, max: 0 }
    from.offer(spare!.tenant, built, 11 * minute)
    from.close(spare!.tenant, 1, 'terminated', 11 * minute)
    from.release(spare!.tenant, 1, 11 * minute)
    expect(from.keepPool(11 * minute)).toMatchObject({ commands: [], pools: [] })
    expect(from.held(record.tenant, 1)).toEqual(record.identity)
    expect(from.known(spare!.tenant)).toEqual({ tenant: spare!.tenant, seq: 1 })
  })

  it('frees everything for others when its tenant is terminated', () => {
    const { from, fill } = book()
    fill(0)
    const { record } = taken(create(from, '1'))
    from.intake({ verb: 'terminate', connection: 'shop', service: '1', actor: 'shop' }, 11 * minute)
    const before = from.addresses(11 * minute).held
    from.release(record.tenant, 1, 12 * minute)
    expect(from.held(record.tenant, 1)).toBeUndefined()
    expect(from.addresses(12 * minute)).toMatchObject({ held: before - 1, quarantined: 1 })
  })

  it('has no name that is made of anybody’s address before it is somebody’s', () => {
    const { from, fill } = book(1, { hostNames: 'email' })
    const [spare] = fill(0)
    expect(spare!.identity.label).toBe(spareName(spare!.identity.vmid))
    const { identity } = taken(create(from, '1')).record
    expect(identity).toMatchObject({ label: 'jane', hostname: `jane.${cluster.zone}`, vmid: spare!.identity.vmid })
  })

  it('changes hands in one commit with its order', () => {
    const { from, fill, open, disk } = book()
    fill(0)
    const before = disk.commits
    const { record } = taken(create(from, '1'))
    expect(disk.commits).toBe(before + 1)
    expect(create(open(), '1')).toEqual({ answer: 'unchanged', record })
  })
})

describe('the pool', () => {
  it('pauses after a build that failed, and builds again', () => {
    const { from } = book()
    const [spare] = from.keepPool(0).commands
    from.release(spare!.tenant, 1, minute)
    from.close(spare!.tenant, 1, 'undone', minute)
    expect(from.keepPool(2 * minute).commands).toEqual([])
    expect(from.keepPool(12 * minute).commands).toHaveLength(1)
  })

  it('leaves a tenth of the addresses to those who find none ready', () => {
    const { from, fill } = book(50, { lan: { ...cluster.lan, first: '192.168.1.100', last: '192.168.1.119' } })
    for (let n = 0; n < 5; n++) fill(n * minute)
    expect(from.addresses(5 * minute)).toMatchObject({ held: 18, free: 2 })
  })

  it('promises its memory on the nodes, and shares it out with that of others', () => {
    const { fill } = book(10)
    const nodes = fill(0).map(({ identity }) => identity.node)
    expect(nodes.filter((node) => node === 'node1')).toHaveLength(5)
  })

  it('tells how it stands, and who has been under way for long', () => {
    const { from, fill } = book(2)
    fill(0)
    create(from, '1', minute)
    create(from, '2', minute)
    create(from, '3', minute)
    const [first] = from.keepPool(2 * minute).commands
    from.offer(first!.tenant, built, 5 * minute)
    const { pools, late } = from.keepPool(8 * minute)
    expect(pools).toMatchObject([{ plan: 'basic', target: 2, ready: 1, building: 1, retiring: 0, longest: '4', longestSince: 2 * minute, refillMs: 3 * minute, arrivals: 3, claims: 2 }])
    expect(late).toHaveLength(1)
  })

  it('that is off costs nothing and counts nothing', () => {
    const { from, disk } = book(0)
    expect(from.keepPool(0)).toEqual({ commands: [], late: [], pools: [] })
    create(from, '1')
    expect(disk.read('SELECT * FROM arrival')).toEqual([])
  })
})
