// Customers in the simulation: what they want is what the panel holds, whatever is lost, cut or taken back on the way; and the checks
// that say so are awake.
import { describe, expect, it } from 'vitest'
import { ispconfigState } from '../../lab/ispconfig/state.ts'
import { random } from '../../lab/faults.ts'
import { seeded } from '../../lab/random.ts'
import type { CustomerEvent, Wish } from './customers.ts'
import { live, type History } from './history.ts'
import { randomHistory } from './random-history.ts'

const zone = 'zone-1.com'
const events = (...wishes: [number, Wish, string?][]): CustomerEvent[] => wishes.map(([atMs, wish, customer = '1']) => ({ atMs, customer, zone, wish }))
const run = (customers: CustomerEvent[], more: Partial<History> = {}) => live({ seed: 3, events: [], customers, ...more })
const built = events([0, 'add-zone'], [20_000, { add: 'a' }], [40_000, { add: 'b' }])

describe('a customer’s zones come out as they were wanted', () => {
  it.each<[string, CustomerEvent[]]>([
    ['made and changed', built],
    ['taken away while a record is on its way', [...built, ...events([40_500, 'delete-zone'], [41_000, { add: '*' }])]],
    ['taken away and made again', [...built, ...events([60_000, 'delete-zone'], [90_000, 'add-zone'], [100_000, { delete: 'a' }])]],
    ['undone', [...built, ...events([60_000, 'undo'], [80_000, 'undo'])]],
    ['asked for by two customers at once', events([0, 'add-zone'], [0, 'add-zone', '2'], [5_000, { add: 'a' }, '2'])],
    ['deleted while mail is set up for it', events([0, 'add-zone'], [20_000, 'add-mail'], [20_100, 'delete-zone'])],
  ])('%s, in a storm with power cuts', async (_, customers) => {
    expect((await run(customers)).violations).toEqual([])
    const die = seeded(9)
    const { violations } = await run(customers, {
      weather: () => ({ inside: [random(die, 0.08, ['after', 'late', 'before', '5xx-after', 'garble'])], edge: [random(die, 0.05, ['after', 'timeout'])] }),
      misfortune: { crashAtCommits: [9, 17, 26, 40, 61], zombies: true, reportLoss: 0.3, gateLoss: 0.05 },
    })
    expect(violations).toEqual([])
  })
})

it('mail that is asked for before its zone is there has its records wait for the zone', async () => {
  for (const seed of [4, 14, 21]) expect((await run(events([0, 'add-zone'], [2_000, 'add-mail']), { seed, misfortune: { gateLoss: 0.3 } })).violations).toEqual([])
})

it('records whose calls are in doubt let their account be looked at first, though they had all the places at the gate', async () => {
  expect((await live(randomHistory(3124))).violations).toEqual([])
})

describe('is noticed:', () => {
  const tampered = (what: string, how: (tables: ReturnType<typeof ispconfigState>['tables']) => void, expected: RegExp) => it(what, async () => {
    const { violations } = await run(built, { also: [{ atMs: 100_000, run: ({ dc }) => how(ispconfigState(dc.world).tables) }] })
    expect(violations.join()).toMatch(expected)
  })
  const records = (tables: ReturnType<typeof ispconfigState>['tables'], name: string) => tables.dns_rr.filter((row) => row['name'] === name)
  tampered('a record that is missing', (tables) => void tables.dns_rr.splice(tables.dns_rr.indexOf(records(tables, 'a')[0]!), 1), /lacks .*a\.zone-1\.com/)
  tampered('a record that stands twice', (tables) => void tables.dns_rr.push({ ...records(tables, 'a')[0]!, id: '99999' }), /has .*a\.zone-1\.com.*, which is not wanted/)
  tampered('a record without a zone', (tables) => void tables.dns_rr.push({ ...records(tables, 'a')[0]!, id: '99999', zone: '4711' }), /left behind: record a A of no zone/)
  tampered('a zone that nobody wanted', (tables) => void tables.dns_soa.push({ ...tables.dns_soa[0]!, id: '99999', origin: 'stray.com.' }), /left behind: zone stray\.com\./)
  tampered('somebody else’s zone that was touched', (tables) => void (tables.dns_soa[0]!['ttl'] = '60'), /somebody else’s zone was touched/)
})
