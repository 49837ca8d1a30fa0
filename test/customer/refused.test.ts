// A change of which its home refuses some records: which they were is told, all else of it stands, what they were to replace stays, and
// undo takes back what was made.
import { afterEach, describe, expect, it } from 'vitest'
import { trouble } from '../../lab/ispconfig/ispconfig.ts'
import type { DnsRecord } from '../../src/domain/dns/record.ts'
import type { Change } from '../../src/domain/dns/zone-diff.ts'
import { good, rig } from './rig.ts'

let one: ReturnType<typeof rig>
afterEach(() => one.close())

const origin = 'example.com.'
const record = (name: string, type: DnsRecord['type'], data: string, priority: number | null = null): DnsRecord => ({ name, type, ttl: 300, priority, data })
const first = ['example.com. A 203.0.113.10', 'example.com. NS ns1.berth.localhost.', 'example.com. NS ns2.berth.localhost.', 'www A 203.0.113.10']
const why = 'The name server’s administration refused it: name is not valid.'

async function withZone(stricter: string[] = []) {
  one = rig()
  one.domain('example.com')
  const me = one.customer()
  good(await one.run(me.zones.addZone(origin, 'shop')))
  trouble(one.world, { stricter })
  const change = async (changes: (current: readonly DnsRecord[]) => Change[]) => {
    const found = await one.run(me.zones.find({ name: origin }))
    if (!found.ok) throw new Error(found.message)
    return one.run(me.zones.change(found.zone, found.current, changes(found.current), { actor: 'shop', what: 'Three records were added' }))
  }
  const rest = async (): Promise<void> => {
    await one.pass(200_000)
    expect(me.actor.store.rows().filter(({ phase }) => phase !== 'settled').map(({ name }) => name)).toEqual([])
    expect(me.actor.store.pending()).toEqual([])
  }
  return { me, change, rest }
}
const www = (current: readonly DnsRecord[]): DnsRecord => current.find(({ name, type }) => name === 'www.example.com.' && type === 'A')!

describe('a change', () => {
  it('of which one record is refused says which, has all else done, and is undone as far as it was made', async () => {
    const { me, change, rest } = await withZone(['dns_a_add'])
    const after = [record('late.example.com.', 'A', '203.0.113.20'), record('example.com.', 'TXT', 'hello'), record('mail.example.com.', 'MX', 'mx.example.net.', 10)]
    const answer = await change(() => after.map((one) => ({ action: 'create', after: one })))
    const sentence = `This record was refused: late.example.com A 203.0.113.20. All else of this change is done. ${why}`
    expect(answer).toEqual({ ok: false, code: 'conflict', message: sentence })
    await rest()
    expect(one.records(origin)).toEqual([...first, 'example.com. TXT hello', 'mail MX mx.example.net.'].sort())
    expect(me.actor.store.history(99, 1)).toMatchObject([{ n: 2, state: 'failed', why: sentence }])
    good(await one.run(me.zones.undo(2, 'shop')))
    await rest()
    expect(one.records(origin)).toEqual(first)
  })

  it('of which all records are refused names each, and cannot be undone', async () => {
    const { me, change, rest } = await withZone(['dns_a_add', 'dns_txt_add'])
    const answer = await change(() => [record('late.example.com.', 'A', '203.0.113.20'), record('example.com.', 'TXT', 'hello')].map((one) => ({ action: 'create', after: one })))
    expect(answer).toMatchObject({ ok: false, message: expect.stringMatching(/^These records were refused: (late\.example\.com A 203\.0\.113\.20, example\.com TXT "hello"|example\.com TXT "hello", late\.example\.com A 203\.0\.113\.20)\. The name/) })
    await rest()
    expect(one.records(origin)).toEqual(first)
    expect(await one.run(me.zones.undo(2, 'shop'))).toMatchObject({ ok: false, message: 'This change was never made.' })
  })

  it.each([
    ['another type', 'dns_cname_add', (current: readonly DnsRecord[]): Change[] => [{ action: 'update', before: www(current), after: { ...www(current), type: 'CNAME', data: 'example.com.' } }], 'www.example.com CNAME example.com.'],
    ['another TTL', 'dns_a_update', (current: readonly DnsRecord[]): Change[] => [{ action: 'update', before: www(current), after: { ...www(current), ttl: 600 } }, { action: 'create', after: record('example.com.', 'TXT', 'hello') }], 'www.example.com A 203.0.113.10'],
  ])('to %s that is refused leaves what was there', async (_, refused, changes, told) => {
    const { change, rest } = await withZone([refused])
    expect(await change(changes)).toMatchObject({ ok: false, message: expect.stringContaining(`This record was refused: ${told} (what was there before stays).`) })
    await rest()
    expect(one.records(origin).filter((line) => !line.includes('TXT'))).toEqual(first)
    expect(one.panel.tables.dns_rr.find((row) => row['name'] === 'www')?.['ttl']).toBe('3600')
  })

  it('that makes a zone leaves the zone, and undo takes it away', async () => {
    one = rig()
    one.domain('example.com')
    const me = one.customer()
    trouble(one.world, { stricter: ['dns_a_add'] })
    expect(await one.run(me.zones.addZone(origin, 'shop'))).toMatchObject({ ok: false, message: expect.stringContaining('All else of this change is done.') })
    await one.pass(200_000)
    expect(one.records(origin)).toEqual(first.filter((line) => line.includes(' NS ')))
    good(await one.run(me.zones.undo(1, 'shop')))
    expect(one.zoneRow(origin)).toBeUndefined()
  })

  it('whose record comes back is refused it in turn: then nothing of it stands, and undo knows', async () => {
    const { me, change, rest } = await withZone(['dns_cname_add', 'dns_a_add'])
    expect(await change((current) => [{ action: 'update', before: www(current), after: { ...www(current), type: 'CNAME', data: 'example.com.' } }])).toMatchObject({ ok: false })
    await rest()
    expect(one.records(origin)).toEqual(first.slice(0, 3))
    expect(me.actor.store.history(99, 1)).toMatchObject([{ state: 'failed', why: `This record was refused: www.example.com CNAME example.com. (what was there before is gone). ${why}` }])
    trouble(one.world, { stricter: [] })
    good(await one.run(me.zones.undo(2, 'shop')))
    await rest()
    expect(one.records(origin)).toEqual(first)
  })
})
