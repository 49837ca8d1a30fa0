// The audit of a customer's zones and mail: every change with who asked and how it ended, sealed line by line, told whole however
// often the copy or the power is away.
import { afterEach, expect, it } from 'vitest'
import { beforeFirst, firstBreak } from '../../src/domain/audit-chain.ts'
import { good, rig } from './rig.ts'

let one: ReturnType<typeof rig>
afterEach(() => one.close())

const a = (name: string) => ({ name, type: 'A', ttl: 3_600, data: '203.0.113.20' })
/** The copy's lines as D1 would hold them: each number once. */
const lines = () => [...new Map(one.copy.told.flatMap(({ audit }) => audit).map((line) => [line.line, line])).values()].sort((x, y) => x.line - y.line)
const broken = (user = '7') => {
  const { store } = one.customer(user).actor
  return firstBreak(beforeFirst, lines(), store.sealsAfter(0, 1_000), Infinity)
}

it('has every change, who asked for it and how it ended, and verifies', async () => {
  one = rig()
  one.domain('example.com')
  const me = one.customer()
  good(await one.run(me.zones.addZone('example.com.', 'shop')))
  good(await one.run(me.zones.addRecord({}, a('x.example.com'), 'somebody')))
  good(await one.run(me.zones.undo(2, 'shop')))
  good(await one.run(me.zones.deleteZone('example.com', 'shop')))
  await one.pass(30_000)
  expect(lines().map(({ event, detail }) => [event, JSON.parse(detail!) as unknown])).toEqual([
    ['command', { change: 1, kind: 'add-zone', zone: 'example.com', what: 'The zone example.com was created', actor: 'shop' }], ['rest', { change: 1, state: 'done' }],
    ['command', { change: 2, kind: 'records', zone: 'example.com', what: 'The record x.example.com A 203.0.113.20 was added', actor: 'somebody' }], ['rest', { change: 2, state: 'done' }],
    ['command', { change: 3, kind: 'records', zone: 'example.com', what: 'Change 2 was undone', actor: 'shop' }], ['rest', { change: 3, state: 'done' }],
    ['command', { change: 4, kind: 'delete-zone', zone: 'example.com', what: 'The zone example.com was deleted', actor: 'shop' }], ['rest', { change: 4, state: 'done' }],
  ])
  expect(broken()).toBeUndefined()
})

it('says where zones and mail stand, and why one of them waits for a person', async () => {
  one = rig()
  one.domain('example.com')
  const me = one.customer()
  good(await one.run(me.zones.addZone('example.com.', 'shop')))
  await one.pass(5_000)
  expect(one.copy.told.at(-1)).toMatchObject({ customer: { connection: 'shop', user: '7', customerNo: 'P7', status: 'at rest', changes: 1 }, zones: [{ zone: 'example.com', state: 'ready' }], mail: [] })
  good(await one.run(me.mail.addDomain('example.com', 's1', 'shop')))
  good(await one.run(me.mail.addMailbox('a@example.com', 100, 'Correct-horse-9', 'shop')))
  await one.pass(5_000)
  const told = one.copy.told.at(-1)!
  expect(told).toMatchObject({ mail: [{ domain: 'example.com', service: 's1', state: 'ready', mailboxes: 1, aliases: 0, forwards: 0 }] })
  expect(lines().map(({ event, detail }) => `${event} ${detail}`)).toContain('action {"what":"The password of a@example.com was set","actor":"shop"}')
  expect(JSON.stringify(one.copy.told)).not.toContain('Correct-horse-9')
  const row = me.actor.store.row('dns-zone:example.com.')!
  me.actor.store.put({ ...row, phase: 'stuck', why: 'ispconfig: 403' })
  me.actor.report()
  await one.pass(5_000)
  expect(one.copy.told.at(-1)).toMatchObject({ customer: { status: 'needs support', why: 'ispconfig: 403' }, zones: [{ zone: 'example.com', state: 'needs support', reason: 'ispconfig: 403' }] })
})

it('has a change that failed, and why', async () => {
  one = rig()
  one.domain('example.com')
  one.panel.tables.dns_soa.push({ ...one.panel.tables.dns_soa[0], id: '999', origin: 'example.com.', sys_groupid: '77', server_id: '1' })
  const me = one.customer()
  expect(await one.run(me.zones.addZone('example.com.', 'shop'))).toMatchObject({ ok: false })
  await one.pass(60_000)
  expect(lines().map(({ event }) => event)).toEqual(['command', 'turned', 'rest'])
  expect(lines().at(-1)!.detail).toMatch(/"state":"failed","why":"It cannot be created/)
  expect(broken()).toBeUndefined()
})

it('is whole after the copy and the power were away, and told the same again', async () => {
  one = rig()
  one.domain('example.com')
  const me = one.customer()
  one.copy.away = true
  good(await one.run(me.zones.addZone('example.com.', 'shop')))
  for (const name of ['x', 'y', 'z']) {
    good(await one.run(me.zones.addRecord({}, a(`${name}.example.com`), 'shop')))
    me.start()
    await one.pass(3_000)
  }
  expect(one.copy.told).toEqual([])
  one.copy.away = false
  await one.pass(120_000)
  expect(lines()).toHaveLength(8)
  expect(broken()).toBeUndefined()
  const before = lines()
  one.copy.told.length = 0
  me.actor.report()
  await one.pass(30_000)
  expect(lines()).toEqual(before)
})
