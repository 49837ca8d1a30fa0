// The operator's commands against the Worker itself: what they read is what its routes answer.
import { exports } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { verifyAudit } from '../../operator/audit.ts'
import { doctor, type Finding } from '../../operator/doctor.ts'
import { status, tenant, tenants } from '../../operator/look.ts'
import { Worker } from '../../operator/worker.ts'
import { newService, order, origin } from './billing.ts'
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
  expect(await verifyAudit(worker, { connection: 'test', service })).toMatchObject({ well: true })
  const { findings } = (await doctor(worker, () => Date.now(), 7)).data as { findings: Finding[] }
  // Nothing is at the end of the line here, and that is said of each system.
  expect(findings.filter(({ what }) => what === 'systems').length).toBeGreaterThan(4)
  connect()
  const connected = (await doctor(worker, () => Date.now(), 7)).data as { findings: Finding[] }
  expect(connected.findings.filter(({ what }) => what === 'systems')).toEqual([])
  // No cron runs in a test.
  expect(findings.filter(({ what }) => what !== 'cron' && what !== 'systems' && what !== 'breakers')).toEqual([])
})
