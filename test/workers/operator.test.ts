// The operator's commands against the Worker itself: what they read is what its routes answer.
import { exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { verifyAudit } from '../../operator/audit.ts'
import { doctor, type Finding } from '../../operator/doctor.ts'
import { status, tenant, tenants } from '../../operator/look.ts'
import { exportLines } from '../../operator/export.ts'
import { adoptStep } from '../../operator/adopt.ts'
import { abort, hold, release } from '../../operator/overrides.ts'
import { readSaved } from '../../operator/saved.ts'
import { Worker } from '../../operator/worker.ts'
import { newService, order, origin, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, disconnect } from './upstream.ts'

it('shows through the real routes what was ordered', async () => {
  disconnect()
  const service = newService()
  await order(service)
  const worker = new Worker(origin, keys.operator, (request) => exports.default.fetch(request))
  await expect.poll(async () => (await tenant(worker, { connection: 'test', service })).lines[0]).toContain('plan basic')
  await expect.poll(async () => (await tenants(worker, undefined)).lines.join('\n')).toContain(`test/${service} `)
  expect((await status(worker)).data).toMatchObject({ gate: { stopped: [] } })
  expect(await verifyAudit(worker, { connection: 'test', service_id: service })).toMatchObject({ well: true })
  const { findings } = (await doctor(worker, () => Date.now(), 7)).data as { findings: Finding[] }
  // Nothing is at the end of the line here, and that is said of each system.
  expect(findings.filter(({ what }) => what === 'systems').length).toBeGreaterThan(4)
  connect()
  const connected = (await doctor(worker, () => Date.now(), 7)).data as { findings: Finding[] }
  expect(connected.findings.filter(({ what }) => what === 'systems')).toEqual([])
  // No cron runs in a test.
  expect(findings.filter(({ what }) => what !== 'cron' && what !== 'systems' && what !== 'breakers')).toEqual([])
})

it('holds, releases and gives up through the real routes, and the audit has who and why', async () => {
  disconnect()
  const service = newService()
  const whose = { connection: 'test', service }
  await order(service)
  const worker = new Worker(origin, keys.operator, (request) => exports.default.fetch(request))
  await expect.poll(async () => (await hold(worker, whose, 'day shift', 'new disks').catch(() => undefined))?.data).toMatchObject({ changed: true, hold: { by: 'day shift', why: 'new disks' } })
  await expect.poll(async () => (await worker.rows('held_sites', { service })).length).toBe(1)
  expect((await tenant(worker, whose)).lines[1]).toMatch(/^held by day shift since .*: new disks$/)
  expect((await release(worker, whose, 'night shift')).data).toEqual({ changed: true, hold: null })
  connect()
  expect((await abort(worker, whose, 'night shift', 'a mistake', true, undefined)).lines[0]).toContain('Given up: the order is taken back')
  await until(service, 'undone')
  await expect(abort(worker, whose, 'night shift', 'a mistake', true, undefined)).rejects.toThrow('The Worker answers 409: Its order is being taken back already, or was.')
  await expect.poll(async () => (await worker.rows('audit_by_customer', { service })).map((row) => `${row['event']} ${row['actor']}`)).toEqual(expect.arrayContaining(['held day shift', 'released night shift', 'aborted night shift']))
  expect(await verifyAudit(worker, { connection: 'test', service_id: service })).toMatchObject({ well: true })
  const [mine, all] = [await exportLines(worker, whose), await exportLines(worker, undefined)]
  const [saved, ...others] = readSaved(mine.lines.join('\n'))
  expect([others, saved?.state.spec.service, saved?.commands.map(({ verb }) => verb), saved?.lines.some(({ event }) => event === 'aborted')]).toEqual([[], service, ['create'], true])
  expect(new Set(readSaved(all.lines.join('\n')).map(({ state }) => state.spec.service))).toEqual(new Set([service, expect.any(String)]))
  expect(all.lines.join()).not.toMatch(new RegExp(Object.values(keys).join('|')))
})

it('looks at a site that stands already, says what is wrong, and writes nothing', async () => {
  const worker = new Worker(origin, keys.operator, (request) => exports.default.fetch(request))
  const file = { connection: 'test', actor: 'somebody', service_id: newService(), email: 'a@example.com', plan: 'basic', vmid: 105, private_ip: '192.168.1.105', subdomain: 'old-shop', public_ip: '', domains: ['shop.com'] }
  const shape = z.object({ done: z.boolean(), possible: z.boolean(), findings: z.array(z.object({ step: z.string(), says: z.string(), blocks: z.boolean() })) })
  const ask = (change: object) => worker.post('operator/import', { ...file, dry_run: false, ...change }, shape)
  expect(await ask({})).toMatchObject({ done: false, possible: false, findings: expect.arrayContaining([{ step: 'container', says: 'there is no container 105', blocks: true }]) })
  await expect(ask({ vmid: 10_001 })).rejects.toThrow('409: VMID 10001 lies in CLUSTER.vmids')
  await expect(ask({ private_ip: '10.0.0.1' })).rejects.toThrow('400: private_ip: must lie in')
  await expect(ask({ domains: ['nowhere.test'] })).rejects.toThrow('400: domains: ')
  expect((await worker.get('operator/export', { after: '' }, z.object({ lines: z.array(z.string()) }))).lines.join()).not.toContain(file.subdomain)
  const service = newService()
  await order(service)
  await expect.poll(async () => (await tenant(worker, { connection: 'test', service })).lines[0]).toContain('plan basic')
  await expect(adoptStep(worker, { connection: 'test', service }, 'container:none', 'somebody', true, undefined)).rejects.toThrow('409: container:none: there is no such step that is wanted.')
  await expect(adoptStep(worker, { connection: 'test', service }, 'address', 'somebody', true, undefined)).rejects.toThrow('409: address: present. Only what stands there without our mark can be adopted.')
})
