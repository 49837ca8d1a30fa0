// Whose turn it is: everybody's at least once on every day of every time zone, one backup a day, whatever the clocks do.
import { describe, expect, it } from 'vitest'
import { dayIn } from '../../src/domain/calendar.ts'
import { tenantKey } from '../../src/domain/names.ts'
import { keysOf, slotNow, slots } from '../../src/domain/night.ts'
import { act } from '../../src/tenant/act.ts'
import { newborn, type TenantState } from '../../src/tenant/state.ts'

const minute = 60_000
/** Noon before the night of a change of clocks, forwards and back. */
const changes: [string, number][] = [
  ['Europe/Zagreb', Date.UTC(2026, 2, 28, 12)], ['Europe/Zagreb', Date.UTC(2026, 9, 24, 12)],
  ['America/New_York', Date.UTC(2026, 2, 7, 18)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 2)],
]
const order = { tenant: 't1', spec: { connection: 'c', service: 's', email: 'a@example.com', plan: 'basic', publicIp: '203.0.113.10' }, identity: {}, seq: 1, at: 0, target: 'live' } as never as Parameters<typeof newborn>[0]
const cluster = (timeZone: string) => ({ timeZone, backupStorage: 'backup' })
const standing: TenantState = { ...newborn(order, 0), served: true }

describe('the night', () => {
  it('gives every key exactly one slot', () => {
    expect(keysOf(0).from).toBe('t000000')
    expect(keysOf(slots - 1).below).toBe('u')
    for (let slot = 1; slot < slots; slot++) expect(keysOf(slot).from).toBe(keysOf(slot - 1).below)
    const counts = new Map<number, number>()
    for (let i = 0; i < 480; i++) {
      const key = tenantKey('test', String(i))
      const mine = Array.from({ length: slots }, (_, slot) => slot).filter((slot) => key >= keysOf(slot).from && key < keysOf(slot).below)
      expect(mine).toHaveLength(1)
      counts.set(mine[0]!, (counts.get(mine[0]!) ?? 0) + 1)
    }
    expect(Math.max(...counts.values())).toBeLessThan(12)
  })

  it.each(changes)('asks every slot on every day, and makes one backup of each day (%s, %d)', (timeZone, from) => {
    const turns = new Map<string, Set<number>>()
    const sites = Array.from({ length: slots }, () => standing.site)
    const made = new Map<string, number>()
    for (let at = from; at < from + 2.5 * 1_440 * minute; at += minute) {
      const slot = slotNow(timeZone, at)
      if (slot === undefined) continue
      const day = dayIn(timeZone, at)
      turns.set(day, (turns.get(day) ?? new Set()).add(slot))
      const { acted, site } = act({ ...standing, site: sites[slot]! }, { do: 'nightly' }, at, cluster(timeZone))
      if (acted.answer !== 'done' || !site) continue
      for (const item of site.items) if ('made' in item && !item.made) made.set(`${slot} ${day}`, (made.get(`${slot} ${day}`) ?? 0) + 1)
      sites[slot] = { ...site, items: site.items.map((item) => ({ ...item, made: true }) as typeof item) }
    }
    // The first and the last day are cut.
    const whole = [...turns.values()].slice(1, -1)
    expect(whole.length).toBeGreaterThan(0)
    for (const day of whole) expect(day.size).toBe(slots)
    expect(Math.max(...made.values())).toBe(1)
  })

  it('is caught up once after days of silence, and waits while something is under way, or suspended', () => {
    const at = Date.UTC(2026, 5, 1, 2)
    const first = act(standing, { do: 'nightly' }, at, cluster('UTC'))
    expect(first.site!.items).toMatchObject([{ kind: 'copy', name: 'OFF01062026-1', made: false }])
    const busy = { ...standing, site: first.site! }
    expect(act(busy, { do: 'nightly' }, at + 24 * 60 * minute, cluster('UTC')).acted).toMatchObject({ answer: 'refused', code: 'not-ready' })
    const later = act({ ...standing, site: { ...first.site!, items: first.site!.items.map((item) => ({ ...item, made: true }) as typeof item) } }, { do: 'nightly' }, at + 5 * 24 * 60 * minute, cluster('UTC'))
    expect(later.site!.items.map((item) => 'name' in item && item.name)).toEqual(['OFF01062026-1', 'OFF06062026-1'])
    expect(act({ ...standing, target: 'suspended' }, { do: 'nightly' }, at, cluster('UTC')).site).toBeUndefined()
  })

  it('makes snapshots where there is no backup storage, beside the customer\'s own', () => {
    const { site } = act(standing, { do: 'nightly' }, Date.UTC(2026, 5, 1, 2), { timeZone: 'UTC', backupStorage: undefined })
    expect(site!.items).toMatchObject([{ kind: 'backup', name: 'BAK01062026-1', by: 'schedule' }])
  })
})
