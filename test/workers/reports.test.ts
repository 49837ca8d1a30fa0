// The reporting copy in D1: the same report twice changes nothing, an older one never wins, a failing D1 fails no tenant.
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { silentTenants, usualDurations, writeReport, type Report } from '../../src/db/reports.ts'
import { emptyCopy } from './copy.ts'
import { newService, order, post, recordOf, tenantOf, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect } from './upstream.ts'

beforeEach(emptyCopy)

const report = (version: number, status = 'building', more: Partial<Report> = {}): Report => ({
  tenant: {
    tenant: 't1', connection: 'test', service: '1', email: 'a@example.com', plan: 'basic', status, target: 'live', epoch: 1, vmid: 1, ip: '192.168.1.100',
    hostname: 'a.example', node: 'node1', cause: null, orderedAt: 1, changedAt: 1, restAt: 0, version,
  },
  steps: [{ tenant: 't1', epoch: 1, step: 'container', want: 'present', phase: status, attempt: version, why: null, since: 1, startedAt: 1, settledAt: 0, version }],
  audit: [{ tenant: 't1', line: version, at: 1, epoch: 1, event: 'command', step: null, detail: null, hash: `h${version}` }],
  forgotten: [],
  domains: null,
  backups: null,
  ...more,
})

const all = async (): Promise<unknown[][]> =>
  (await env.DB.batch(['tenants', 'steps', 'audit'].map((table) => env.DB.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)))).map((result) => result.results)

it('is the same after the same report twice', async () => {
  await writeReport(env.DB, report(3), 1_000)
  const once = await all()
  await writeReport(env.DB, report(3), 2_000)
  expect(await all()).toEqual(once)
})

it('never goes back in version, and loses no line of the audit', async () => {
  await writeReport(env.DB, report(5, 'live'), 1_000)
  await writeReport(env.DB, report(4, 'building'), 2_000)
  const [tenants, steps, audit] = await all()
  expect(tenants).toMatchObject([{ status: 'live', version: 5, as_of: 1_000 }])
  expect(steps).toMatchObject([{ phase: 'live', attempt: 5 }])
  expect(audit).toMatchObject([{ line: 4 }, { line: 5 }])
})

it('is written whole or not at all', async () => {
  const broken = report(2, 'building', { audit: [{ ...report(2).audit[0]!, event: null as unknown as string }] })
  await expect(writeReport(env.DB, broken, 1_000)).rejects.toThrow()
  expect(await all()).toEqual([[], [], []])
})

it('knows which tenants should be under way and are silent, the most silent first', async () => {
  for (const [i, status] of ['building', 'live', 'stuck', 'undoing', 'terminated', 'resuming'].entries()) {
    const one = report(1, status)
    await writeReport(env.DB, { ...one, steps: [], audit: [], tenant: { ...one.tenant, tenant: status } }, 100 - i)
  }
  expect(await silentTenants(env.DB, 100, 10)).toEqual(['resuming', 'undoing'])
  expect(await silentTenants(env.DB, 1_000, 1)).toEqual(['resuming'])
  expect(await silentTenants(env.DB, 50, 10)).toEqual([])
})

it('knows how long each step usually takes, from the finished ones only', async () => {
  expect(await usualDurations(env.DB)).toEqual({})
  const step = (tenant: string, ms: number, phase = 'settled', want = 'present') =>
    ({ ...report(1).steps[0]!, tenant, phase, want, startedAt: 10_000, settledAt: 10_000 + ms })
  const free = { ...step('t4', 0), step: 'address', startedAt: 0, settledAt: 5_000 }
  const steps = [step('t1', 40_000), step('t2', 45_000), step('t6', 900_000), step('t3', 9_000, 'working'), step('t5', 1_000, 'settled', 'absent'), free]
  await writeReport(env.DB, { ...report(1), steps }, 1_000)
  expect(await usualDurations(env.DB)).toEqual({ container: 45_000, address: 0 })
})

it('tells of a site what its tenant knows, from order to end', async () => {
  connect()
  const service = newService()
  const site = await order(service)
  await until(service, 'live')
  const row = () => env.DB.prepare('SELECT * FROM tenants WHERE service = ?').bind(service).first<Record<string, unknown>>()
  await expect.poll(async () => (await row())?.['status']).toBe('live')
  expect(await row()).toMatchObject({ vmid: site.vmid, ip: site.private_ip, hostname: site.hostname, plan: 'basic', target: 'live', cause: null, email: 'a.customer@example.com' })
  const { tenant } = await recordOf(service)
  const view = await tenantOf(service).view()
  const steps = await env.DB.prepare('SELECT step, phase, want FROM steps WHERE tenant = ?').bind(tenant).all()
  expect(steps.results).toHaveLength(view!.steps.length)
  expect(steps.results.every((step) => step['phase'] === 'settled' && step['want'] === 'present')).toBe(true)
  await post('/delete-site', { service_id: service })
  await expect.poll(async () => (await row())?.['status']).toBe('terminated')
  const told = await env.DB.prepare("SELECT event, detail FROM audit WHERE tenant = ? AND event IN ('command', 'rest') ORDER BY line").bind(tenant).all<{ event: string; detail: string }>()
  expect(told.results.map(({ event, detail }) => (event === 'rest' ? JSON.parse(detail) : JSON.parse(detail).verb))).toEqual(['create', 'live', 'terminate', 'terminated'])
})

it('fails no tenant by failing, and catches up', async () => {
  connect()
  await env.DB.prepare('ALTER TABLE tenants RENAME TO hidden').run()
  const service = newService()
  await order(service)
  await until(service, 'live')
  await env.DB.prepare('ALTER TABLE hidden RENAME TO tenants').run()
  await tenantOf(service).poke()
  await expect.poll(() => env.DB.prepare('SELECT status FROM tenants WHERE service = ?').bind(service).first('status')).toBe('live')
})

it('is rebuilt from the tenants when it was dropped', async () => {
  connect()
  const service = newService()
  await order(service)
  await until(service, 'live')
  const { tenant } = await recordOf(service)
  const all = async () => Promise.all(['tenants', 'steps', 'audit'].map(async (table) => {
    const { results } = await env.DB.prepare(`SELECT * FROM ${table} WHERE tenant = ? ORDER BY 1, 2, 3`).bind(tenant).all()
    return results.map((row): Record<string, unknown> => ({ ...row, as_of: 0 }))
  }))
  await expect.poll(async () => (await all())[0]?.[0]?.['status']).toBe('live')
  const before = await all()
  await emptyCopy()
  expect(await (await post('/operator/reports', {}, keys.operator)).json()).toMatchObject({ success: true, next: null })
  await expect.poll(async () => (await all())[2]?.length).toBe(before[2]?.length)
  expect(await all()).toEqual(before)
})

it('tells of a backup while it is there, and nothing of it when it is gone', async () => {
  connect()
  const service = newService()
  await order(service)
  await until(service, 'live')
  const { tenant } = await recordOf(service)
  const kept = async () => [
    (await env.DB.prepare('SELECT name, kind, state FROM backups WHERE tenant = ?').bind(tenant).all()).results,
    (await env.DB.prepare("SELECT step FROM steps WHERE tenant = ? AND step LIKE 'backup:%'").bind(tenant).all()).results,
  ]
  const { backup: name } = (await tenantOf(service).act({ do: 'make-backup' }, 'test')) as { backup: string }
  await expect.poll(kept).toEqual([[{ name, kind: 'manual', state: 'good' }], [{ step: `backup:${name}` }]])
  await tenantOf(service).act({ do: 'delete-backup', name }, 'test')
  await expect.poll(kept).toEqual([[], []])
  const actions = await env.DB.prepare("SELECT actor, json_extract(detail, '$.do') AS what FROM audit_by_customer WHERE service = ? AND event = 'action' ORDER BY line").bind(service).all()
  expect(actions.results).toEqual([{ actor: 'test', what: 'make-backup' }, { actor: 'test', what: 'delete-backup' }])
})
