// GET /status, and every other answer while the cluster hangs: what is known is told at once, the cluster is asked for figures only.
import { expect, it } from 'vitest'
import { call, get, newService, order, post, tenantOf, until } from './billing.ts'
import { connect, disconnect, through } from './upstream.ts'

it('tells what is known while the site is built, and the cluster\'s figures once it runs', async () => {
  let build = (): void => undefined
  const held = new Promise<void>((resolve) => (build = resolve))
  connect(async (request, onward) => {
    if (request.method === 'POST' && request.url.endsWith('/lxc')) await held
    return onward()
  })
  const service = newService()
  const { vmid, private_ip, subdomain, hostname } = await order(service)
  const status = async (): Promise<unknown> => (await get(`/status?service_id=${service}`)).json()
  const known = { success: true, service_id: service, vmid, private_ip, subdomain, hostname, public_ip: '203.0.113.10', plan: 'basic', domains: [], notices: [], switched: 'on', enabled: true, quotas: { backups: { used: 0, limit: 2 }, domains: { used: 0, limit: 3 } }, figures_at: null as unknown, node: expect.stringMatching(/^node[12]$/) }
  const nothing = { cpu: '0.0%', memory: '0MB / 0MB', disk: '0.0GB / 20GB', uptime: '0 minutes' }
  expect(await status()).toEqual({ ...known, status: 'stopped', state: 'building', live: false, resources: nothing })
  build()
  await until(service, 'live')
  const figures = {
    cpu: expect.stringMatching(/^\d+\.\d%$/), memory: expect.stringMatching(/^\d+MB \/ 2048MB$/), disk: expect.stringMatching(/^\d+\.\dGB \/ 20GB$/), uptime: expect.stringMatching(/^\d+ (days?|hours?|minutes?)$/),
  }
  known.figures_at = expect.any(Number)
  expect(await status()).toEqual({ ...known, status: 'running', state: 'live', live: true, resources: figures })
  disconnect()
  expect(await status()).toEqual({ ...known, status: 'running', state: 'live', live: false, resources: figures })
  connect()
  await post('/suspend', { service_id: service })
  await until(service, 'suspended')
  expect(await status()).toMatchObject({ ...known, status: 'stopped', state: 'suspended', live: true })
})

it('asks the cluster nothing for any other call, however much it hangs', async () => {
  const operations: (string | null)[] = []
  through((request) => {
    operations.push(request.headers.get('berth-operation'))
    return new Promise<never>(() => undefined)
  })
  const service = newService()
  const { order: link } = await order(service)
  for (const path of ['/suspend', '/unsuspend', '/delete-site']) expect((await post(path, { service_id: service })).status).toBe(200)
  expect((await call('/health')).status).toBe(200)
  await expect.poll(async () => (await call(link)).status).toBe(200)
  // Whatever went out meanwhile was the building behind it, in the name of a tenant's step.
  expect(operations.filter((operation) => operation !== null && !/^t[0-9a-f]{20}\//.test(operation))).toEqual([])
  const other = newService()
  await order(other)
  await expect.poll(async () => (await tenantOf(other).view())?.status).toBe('building')
  expect(await (await get(`/status?service_id=${other}`)).json()).toMatchObject({ success: true, live: false, state: 'building' })
  expect(operations.filter((operation) => operation === 'figures')).toHaveLength(1)
})
