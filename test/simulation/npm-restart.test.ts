// The proxy manager is restarted while certbot works for it: the row that it leaves behind belongs to nobody any more.
import { expect, it } from 'vitest'
import { restart } from '../../lab/npm/npm.ts'
import { npmState } from '../../lab/npm/rows.ts'
import { live } from './history.ts'
import type { Platform } from './platform.ts'
import { actionOf, schedules, shop } from './schedules.ts'

const s = 1_000
const [order, dns] = schedules['terminated during a certificate']!
const unfinished = ({ dc }: Platform) => npmState(dc.world).certificates.filter(({ domain_names, created_on, expires_on }) => domain_names.includes(shop) && created_on === expires_on)

function restarts(seen: { left: number; later?: number }) {
  const watch = (platform: Platform): void => {
    if (unfinished(platform).length === 0) return void platform.dc.clock.after(100, () => watch(platform))
    restart(platform.dc.world)
    seen.left = unfinished(platform).length
    platform.dc.clock.after(2 * 3_600_000, () => (seen.later = unfinished(platform).length))
  }
  return { atMs: 200 * s, run: watch }
}

it('removes the row of a certificate that was never finished, and asks for another', async () => {
  const seen: Parameters<typeof restarts>[0] = { left: 0 }
  const { violations, journal } = await live({
    seed: 3, stormMs: 3 * 3_600_000, also: [restarts(seen), { atMs: 3 * 3_600_000, run: () => undefined }],
    events: [order!, dns!, { atMs: 200 * s, service: 'one', act: actionOf('set-domain') }],
  })
  expect(violations).toEqual([])
  expect(seen).toEqual({ left: 1, later: 0 })
  expect(journal.filter((line) => line.includes(`certificate:${shop} `) && line.includes('never finished'))).not.toEqual([])
  expect(journal.findLast((line) => line.includes(` certificate:${shop} `))).toContain('settled')
})

it('takes such a row down with the site', async () => {
  const seen: Parameters<typeof restarts>[0] = { left: 0 }
  const { violations, outcomes } = await live({
    seed: 3, stormMs: 3_600_000, also: [restarts(seen)],
    events: [order!, dns!, { atMs: 200 * s, service: 'one', act: actionOf('set-domain') }, { atMs: 230 * s, service: 'one', verb: 'terminate' }],
  })
  expect(seen.left).toBe(1)
  expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'terminated' } })
})
