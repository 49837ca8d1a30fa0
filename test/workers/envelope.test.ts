// Every answer bears a request id, every refusal the envelope; our own faults say nothing of what is inside.
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { app } from '../../src/functions/app.ts'
import { call, newService, order, post, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, disconnect } from './upstream.ts'

const logged: string[] = []
beforeEach(() => {
  disconnect()
  logged.length = 0
  vi.spyOn(console, 'error').mockImplementation((line: string) => void logged.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** The Worker whose allocator fails so when it is asked. */
function broken(error: Error): Env {
  const fails = () => ({ intake: () => Promise.reject(error), service: () => Promise.reject(error) })
  return { ...env, ALLOCATOR: { getByName: fails } } as unknown as Env
}

const create = (of: Env): Response | Promise<Response> => app().request('/create-site', {
  method: 'POST', headers: { authorization: `Bearer ${keys.billing}`, 'content-type': 'application/json', 'x-request-id': 'from-billing-7' }, body: JSON.stringify({ service_id: '1', email: 'a@example.com', plan: 'basic' }),
}, of)

it('is well as long as it runs and its configuration is right, and says nothing else', async () => {
  const answer = await call('/health')
  expect(answer.status).toBe(200)
  expect(await answer.json()).toEqual({ status: 'ok', timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) })
})

it('is not well with a bad configuration, and tells only its log what is bad', async () => {
  const answer = await app().request('/health', {}, { ...env, GATEWAY_KEY: 'S3CRET', API_KEYS: 'S3CRET' })
  const text = await answer.text()
  expect(answer.status).toBe(500)
  expect(text).not.toMatch(/GATEWAY|API_KEYS|S3CRET/)
  expect(logged.join()).toMatch(/API_KEYS.*GATEWAY_KEY|GATEWAY_KEY.*API_KEYS/)
  expect(logged.join()).not.toContain('S3CRET')
})

it('names the request in header and body, by the caller\'s own id when that is harmless', async () => {
  const named = await call('/nowhere', { headers: { 'x-request-id': 'from-billing-7' } })
  expect(named.headers.get('x-request-id')).toBe('from-billing-7')
  expect(await named.json()).toMatchObject({ request_id: 'from-billing-7' })
  for (const id of ['', 'a b', '<script>', 'x'.repeat(65), 'ä']) {
    const answer = await call('/nowhere', { headers: { 'x-request-id': id } })
    const { request_id } = await answer.json<{ request_id: string }>()
    expect(request_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.headers.get('x-request-id')).toBe(request_id)
  }
})

it('says nothing of what is inside when it is our own fault, and writes it down under the request\'s id', async () => {
  const answer = await create(broken(new Error('SQLITE_CORRUPT: the secret table of a.customer@example.com')))
  expect(answer.status).toBe(500)
  expect(await answer.json()).toEqual({ success: false, code: 'internal', error: 'Something went wrong on our side. Nothing was lost; please try again.', request_id: 'from-billing-7' })
  expect(JSON.parse(logged[0]!)).toMatchObject({ requestId: 'from-billing-7', path: '/create-site' })
})

it.each(['retryable', 'overloaded'])('asks to come again when an object is %s', async (property) => {
  const answer = await create(broken(Object.assign(new Error('Durable Object reset because its code was updated.'), { [property]: true })))
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await answer.json()).toMatchObject({ success: false, code: 'unavailable', error: expect.stringContaining('try again') })
})

it('lets an operator have stuck steps looked at again, and counts them', async () => {
  connect((request, onward) => (request.method === 'POST' && request.url.includes('/dns_records')
    ? Promise.resolve(Response.json({ success: false, errors: [{ code: 10000, message: 'Authentication error' }], messages: [], result: null }, { status: 403 })) : onward()))
  const service = newService()
  await order(service)
  const retry = async (): Promise<unknown> => (await post('/operator/retry', { connection: 'test', service_id: service, actor: 'the night shift' }, keys.operator)).json()
  expect(await retry()).toEqual({ success: true, retried: 0 })
  await until(service, 'stuck')
  expect(await retry()).toEqual({ success: true, retried: 1 })
})
