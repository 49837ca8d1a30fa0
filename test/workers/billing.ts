// Billing as the tests play it: the calls of the seed's extension with a key, and waiting for what they lead to.
import { env, exports } from 'cloudflare:workers'
import { expect } from 'vitest'
import { tenantKey } from '../../src/domain/names.ts'
import { promised } from './promised.ts'
import { keys } from './secrets.ts'
import { connect } from './upstream.ts'

export const origin = 'http://berth.test'

/** A call of the Worker under test, straight through its front door. Whatever comes back must be as its route promises. */
export async function call(path: string, init?: RequestInit): Promise<Response> {
  const request = new Request(`${origin}${path}`, init)
  return promised(request.method, new URL(request.url).pathname, await exports.default.fetch(request))
}

export const post = (path: string, body: unknown, key = keys.billing): Promise<Response> =>
  call(path, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })

export const get = (path: string, key = keys.billing): Promise<Response> => call(path, { headers: { authorization: `Bearer ${key}` } })

export interface Site { success: boolean; vmid: number; private_ip: string; subdomain: string; hostname: string; order: string; existing: boolean }

let services = 0
/** A service id that no other test uses. */
export const newService = (): string => `s${++services}`

/** Orders a site; answers what billing is told. */
export async function order(service: string, more: { plan?: string; email?: string; key?: string } = {}): Promise<Site> {
  const { plan = 'basic', email = 'a.customer@example.com', key = keys.billing } = more
  const answer = await post('/create-site', { service_id: service, email, plan, public_ip: '' }, key)
  expect(answer.status).toBe(200)
  return answer.json()
}

export const tenantOf = (service: string, connection = 'test') => env.TENANT.getByName(tenantKey(connection, service))

export const allocator = () => env.ALLOCATOR.getByName('lab')

/** Waits until the tenant rests (or is) so. */
export async function until(service: string, status: string): Promise<void> {
  await expect.poll(async () => (await tenantOf(service).view().catch(() => undefined))?.status, { interval: 20 }).toBe(status)
}

/** What the allocator has recorded for a service. Throws when there is nothing. */
export async function recordOf(service: string, connection = 'test') {
  const record = await allocator().service(tenantKey(connection, service))
  if (!record) throw new Error(`nothing is recorded for ${service}`)
  return record
}

/** A live site in a data centre that is connected. */
export async function built(): Promise<string> {
  connect()
  const service = newService()
  await order(service)
  await until(service, 'live')
  return service
}
