// Off-site copies over days: on a share and on a Proxmox Backup Server, kept after their site as long as is configured and no longer,
// and off the list once somebody else has removed them.
import { afterEach, describe, expect, it } from 'vitest'
import { archives, useBackups } from '../../lab/proxmox/app.ts'
import { discard } from '../../lab/proxmox/archives.ts'
import { backupList } from '../../src/tenant/backups.ts'
import { cluster } from './cluster.ts'
import { dataCentre, type Weather } from './data-centre.ts'
import { violationsAtRest } from './invariants.ts'
import { Platform } from './platform.ts'

const minutes = 60_000
const days = 24 * 60
const start = Date.UTC(2026, 0, 1)
const open: Platform[] = []
afterEach(() => open.splice(0).forEach((platform) => platform.close()))

/** A site with the copies of three nights, on the fourth day. */
async function site({ keepCopiesDays = 0, kind = 'nfs', weather = {}, crashAtCommits = [] }: { keepCopiesDays?: number; kind?: 'nfs' | 'pbs'; weather?: Weather; crashAtCommits?: number[] } = {}) {
  const dc = dataCentre(5, weather)
  useBackups(dc.world, kind)
  const platform = new Platform(dc, 5, { crashAtCommits }, {}, { ...cluster, keepCopiesDays })
  open.push(platform)
  platform.order('one', 'create')
  const at = (after: number) => dc.clock.advance(start + after * minutes)
  await at(10)
  const host = platform.tenant('one')!
  const state = () => platform.state(host)!
  for (let night = 1; night <= 3; night++) {
    await at(night * days)
    platform.act('one', { do: 'nightly' })
  }
  await at(4 * days)
  return { dc, platform, host, state, at, listed: () => backupList(state()).backups.map(({ name, state: word }) => `${name} ${word}`) }
}
const good = ['OFF02012026-1 good', 'OFF03012026-1 good', 'OFF04012026-1 good']

describe.each(['nfs', 'pbs'] as const)('on %s a copy', (kind) => {
  it('is made each night, gone back to, and gone with its site', async () => {
    const { dc, platform, state, at, listed } = await site({ kind })
    expect(listed()).toEqual(good)
    expect(archives(dc.world).map(({ volid }) => volid).every((volid) => (kind === 'pbs' ? /^backup:backup\/ct\/\d+\/2026-01-0\dT[\d:]+Z$/ : /^backup:backup\/vzdump-lxc-/).test(volid))).toBe(true)
    platform.act('one', { do: 'rollback', name: 'OFF02012026-1', loseNewer: true })
    await at(4 * days + 60)
    expect([state().outcome, state().site.notices, listed()]).toEqual(['live', [], good])
    platform.order('one', 'terminate')
    await at(4 * days + 120)
    expect([state().outcome, archives(dc.world), violationsAtRest(platform)]).toEqual(['terminated', [], []])
  })

  it('that somebody else has removed is off the list after the next night, and is never made again', async () => {
    const { dc, platform, host, state, at, listed } = await site({ kind })
    discard(dc.world, archives(dc.world)[1]!.volid)
    platform.act('one', { do: 'nightly' })
    await at(4 * days + 60)
    const name = good[1]!.split(' ')[0]!
    expect(listed()).toEqual([good[0], good[2], 'OFF05012026-1 good'])
    expect(state().site.notices).toEqual([{ what: `Backup ${name}`, why: expect.stringContaining('somebody else has removed it'), at: expect.any(Number) }])
    expect(host.actor.store.row(`copy:${name}`)).toBeUndefined()
    expect([state().outcome, archives(dc.world).length, violationsAtRest(platform)]).toEqual(['live', 3, []])
  })
})

describe('after the end of its site a copy', () => {
  it.each([['in calm weather', {}], ['when answers are lost and the power is cut', {
    weather: { inside: [({ count }: { count: number }) => (count % 17 === 0 ? 'after' as const : undefined)] }, crashAtCommits: Array.from({ length: 40 }, (_, i) => 40 + i * 9),
  }]])('is kept as many days as is configured, listed with its end, and then gone for good (%s)', async (_, more) => {
    const { dc, platform, host, state, at } = await site({ keepCopiesDays: 30, ...more })
    platform.order('one', 'terminate')
    await at(5 * days)
    expect([state().outcome, archives(dc.world).length, violationsAtRest(platform)]).toEqual(['terminated', 3, []])
    const until = backupList(state()).backups.map(({ keptUntil }) => keptUntil! - start)
    expect(until.every((ms) => Math.abs(ms / minutes - 34 * days) < 5)).toBe(true)
    expect(host.alarmAt! - start).toBeLessThanOrEqual(34 * days * minutes + 5 * minutes)
    await at(33 * days)
    expect(archives(dc.world)).toHaveLength(3)
    await at(35 * days)
    expect([state().outcome, archives(dc.world), state().site.items, host.alarmAt, violationsAtRest(platform)]).toEqual(['terminated', [], [], undefined, []])
  })

  it('that was never good is not kept', async () => {
    const { dc, platform, state, at } = await site({ keepCopiesDays: 30 })
    platform.act('one', { do: 'nightly' })
    await at(4 * days + 0.2)
    expect(state().site.items.filter(({ kind }) => kind === 'copy')).toHaveLength(4)
    platform.order('one', 'terminate')
    await at(5 * days)
    expect([state().outcome, archives(dc.world).length, violationsAtRest(platform)]).toEqual(['terminated', 3, []])
  })
})
