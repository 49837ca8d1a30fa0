// The platform's own zone changes its home: a site is never without its record, and what is wrong with it is noticed.
import { describe, expect, it } from 'vitest'
import { everything } from '../../lab/everything.ts'
import { ispconfigState, type Row } from '../../lab/ispconfig/state.ts'
import { live, type Event, type History } from './history.ts'
import type { Platform } from './platform.ts'

const s = 1_000
const kept: Event = { atMs: 190 * s, service: 'one', cluster: { zoneHome: 'ispconfig' } }
const events: Event[] = [{ atMs: 0, service: 'one', verb: 'create' }, kept, { atMs: 200 * s, service: 'one', verb: 'suspend' }]
const origin = 'berth.localhost.'

it('a site keeps its record in the old home while the new one has no such zone, says so, and moves when it has', async () => {
  const zone: Row[] = []
  let kinds: string[] = []
  let why = ''
  const tables = ({ dc: { world } }: Platform) => ispconfigState(world).tables
  const result = await live({
    seed: 2, events, also: [
      { atMs: 195 * s, run: (platform) => void zone.push(...tables(platform).dns_soa.splice(tables(platform).dns_soa.findIndex((row) => row['origin'] === origin), 1)) },
      { atMs: 290 * s, run: (platform) => {
        kinds = everything(platform.dc.world).filter(({ of }) => of.endsWith('.berth.localhost')).map(({ kind }) => kind).sort()
        why = platform.tenant('one')!.actor.store.row('panel-record')?.why ?? ''
      } },
      { atMs: 300 * s, run: (platform) => void tables(platform).dns_soa.push(...zone) },
    ],
  })
  expect([kinds, why]).toEqual([['dns record', 'proxy host'], expect.stringContaining('ISPConfig has no zone berth.localhost')])
  expect([result.violations, result.outcomes]).toEqual([[], { one: 'suspended' }])
})

describe('is noticed:', () => {
  const tampered = (what: string, how: (tables: ReturnType<typeof ispconfigState>['tables']) => void, expected: RegExp, more: Partial<History> = {}) => it(what, async () => {
    const { violations } = await live({ seed: 2, events, also: [{ atMs: 400 * s, run: ({ dc }) => how(ispconfigState(dc.world).tables) }], ...more })
    expect(violations.join()).toMatch(expected)
  })
  const row = (tables: ReturnType<typeof ispconfigState>['tables'], type: string) => tables.dns_rr.findIndex((one) => one['type'] === type)
  tampered('a record without its mark', (tables) => void tables.dns_rr.splice(row(tables, 'TXT'), 1), /its record in ISPConfig is “A 203\.0\.113\.10”, wanted/)
  tampered('a mark without its record', (tables) => void tables.dns_rr.splice(row(tables, 'A'), 1), /its record in ISPConfig is “TXT berth-/)
  tampered('a record that nobody wanted', (tables) => void tables.dns_rr.push({ ...tables.dns_rr[row(tables, 'A')]!, id: '99999', name: 'stray' }), /left behind: panel record of stray\.berth\.localhost/)
  tampered('a change that the second name server never heard of', (tables) => void tables.dns_rr.push({ ...tables.dns_rr[row(tables, 'A')]!, id: '99999' }), /ns2 serves 2 records of berth\.localhost\., entered are 3/)
})
