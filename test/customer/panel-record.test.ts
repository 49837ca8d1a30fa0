// The site's own record where the platform's zone is kept in ISPConfig: one address and one mark, whatever answer is lost; nothing at a
// name that bears no mark of ours is touched.
import { afterEach, describe, expect, it } from 'vitest'
import { FAULTS, type Fault } from '../../lab/faults.ts'
import type { Want } from '../../src/engine/resource.ts'
import { panelRecord, type PanelRecordWish } from '../../src/resources/panel-record.ts'
import { upstreams, type Upstreams } from '../../src/upstreams/upstreams.ts'
import { freshSite } from '../../src/domain/site.ts'
import { wanted } from '../../src/resources/plans.ts'
import type { Reach } from '../../src/resources/reach.ts'
import { settings } from '../simulation/data-centre.ts'
import { cluster } from '../simulation/cluster.ts'
import { rig } from './rig.ts'

let one: ReturnType<typeof rig>
afterEach(() => one.close())

const wish: PanelRecordWish = { hostname: 'quiet-otter.berth.localhost', ip: '203.0.113.10', ttl: 300, zone: 'berth.localhost', dnsServer: 4 }
const mark = 'berth-t1-e1'

/** The platform's zone, which the hoster made, with the row of somebody else. */
function open(options: Parameters<typeof rig>[0] = {}): void {
  one = rig(options)
  const { dns_soa: zones, dns_rr: rows } = one.panel.tables
  zones.push({ ...zones[0]!, id: '900', sys_groupid: '1', origin: 'berth.localhost.', serial: '2026010101' })
  rows.push({ id: '9000', sys_userid: '1', sys_groupid: '1', server_id: '4', zone: '900', name: 'www', type: 'A', data: '192.0.2.1', aux: '0', ttl: '3600', active: 'Y', stamp: '2026-01-01 00:00:00', serial: '1' })
}
const records = (): string[] => one.panel.tables.dns_rr.filter((row) => row['zone'] === '900').map((row) => `${row['name']} ${row['type']} ${row['data']}`).sort()
const context = (want: Want, more: Partial<PanelRecordWish> = {}) => {
  const up = upstreams(settings, one.dc.rim)({ operation: 't1/record', attempt: 1, deadline: one.clock.now() + 15_000 }) as Upstreams as Reach
  return { tenant: 't1', epoch: 1, mark, instance: '', attempt: 1, want, proved: false, stood: false, unfinished: false, busyForMs: 0, wish: { ...wish, ...more }, up, output: () => { throw new Error('none') } }
}
/** Looks and acts until it is so, as the engine does, whatever fails on the way. */
async function drive(want: Want, more: Partial<PanelRecordWish> = {}): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    const seen = await one.run(panelRecord.observe(context(want, more))).catch(() => undefined)
    if (seen && (want === 'absent' ? seen.state === 'absent' : seen.state === 'present' && seen.ok)) return
    if (seen) await one.run(panelRecord[want === 'present' ? 'make' : 'unmake'](context(want, more), seen)).catch(() => undefined)
    await one.pass(60_000)
  }
  throw new Error('never came to rest')
}

const somebody = 'www A 192.0.2.1'
const ours = ['quiet-otter A 203.0.113.10', 'quiet-otter TXT berth-t1-e1']

describe('the record of a site in ISPConfig', () => {
  it('is made once, follows its address, and goes whole', async () => {
    open()
    await drive('present')
    expect(records()).toEqual([...ours, somebody])
    await drive('present', { ip: '203.0.113.11' })
    expect(records()).toEqual(['quiet-otter A 203.0.113.11', ours[1], somebody])
    await drive('absent')
    expect(records()).toEqual([somebody])
  })

  it('never touches a name that somebody else has, nor another tenant’s', async () => {
    open()
    await drive('present')
    expect(await one.run(panelRecord.observe({ ...context('present'), mark: 'berth-t2-e1' }))).toMatchObject({ state: 'foreign' })
    await expect(one.run(panelRecord.make({ ...context('present', { hostname: 'www.berth.localhost' }) }, undefined))).rejects.toThrow('not ours')
    await one.run(panelRecord.unmake({ ...context('absent', { hostname: 'www.berth.localhost' }) }, undefined))
    await one.run(panelRecord.unmake({ ...context('absent'), mark: 'berth-t2-e1' }, undefined))
    expect(records()).toEqual([...ours, somebody])
  })

  it.each<Fault>(FAULTS.filter((fault) => fault === 'after' || fault === 'late' || fault === 'garble'))('is one, and then none, when any one answer on the way is %s', async (fault) => {
    for (let n = 1; n <= 9; n++) {
      let calls = 0
      open({ inside: [({ url }) => (url.includes('ispconfig') && ++calls === n ? fault : undefined)] })
      await drive('present')
      expect([n, records()]).toEqual([n, [...ours, somebody]])
      calls = 0
      await drive('absent')
      expect([n, records()]).toEqual([n, [somebody]])
      if (n < 9) one.close()
    }
  })
})

it('is wanted where the platform’s zone is kept; what stands in the other home goes when the home has changed', () => {
  one = rig()
  const state = { key: 't1', spec: { connection: 'sim', service: 'one', email: 'a@example.com', plan: 'basic', publicIp: '203.0.113.10' }, identity: { epoch: 1, vmid: 1, ip: '192.168.1.100', label: 'a', hostname: 'a.berth.localhost', node: 'node1' }, target: 'live', served: true, undoing: false, site: freshSite(20) } as const
  const records = (zoneHome?: 'ispconfig' | 'cloudflare') => wanted(state, { ...cluster, ...(zoneHome ? { zoneHome } : {}) }).filter(({ resource }) => resource.endsWith('-record')).map(({ resource, want, after = [] }) => [resource, want, ...after].join(' '))
  // It is taken from the old home only when it stands in the new one.
  expect([records(), records('cloudflare'), records('ispconfig')]).toEqual([['dns-record present'], ['dns-record present', 'panel-record absent dns-record'], ['dns-record absent panel-record', 'panel-record present']])
  expect(wanted({ ...state, target: 'terminated' }, { ...cluster, zoneHome: 'ispconfig' }).filter(({ resource }) => resource.endsWith('-record')).flatMap(({ after = [] }) => after)).toEqual([])
})
