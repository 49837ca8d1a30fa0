// Who may call what: every route stands in the table, every credential opens only its own, and nothing tells what exists.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { access, orderId, tenantOfOrder, type Route } from '../../src/functions/access.ts'
import { app } from '../../src/functions/app.ts'
import { tenantKey } from '../../src/domain/names.ts'
import { call, newService, order, post } from './billing.ts'
import { keys } from './secrets.ts'

const routes = Object.keys(access) as Route[]
const parts = (route: Route): [string, string] => route.split(' ') as [string, string]

/** A well-formed call of any route with this key, or none. */
async function knock(route: Route, key: string | undefined, service: string, id: string): Promise<Response> {
  const [method, path] = parts(route)
  const headers = { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) }
  const target = path.replace(':id', id) + (method === 'GET' && access[route] === 'connection' ? `?service_id=${service}` : '')
  const fields = { service_id: service, connection: 'test', actor: 'somebody', why: 'to see', email: 'a@example.com', plan: 'basic', support_key: 'SUP-0000000000000000' }
  return call(target, { method, headers, ...(method === 'POST' ? { body: JSON.stringify(fields) } : {}) })
}

const nobody = 'no-such-service'
const forged = `${tenantKey('test', nobody)}-${'0'.repeat(32)}`

it('lists every route of the app, and nothing that the app has not', () => {
  const mounted = new Set(app().routes.filter((route) => route.path !== '/*').map((route) => `${route.method} ${route.path}`))
  expect([...mounted].sort()).toEqual([...routes].sort())
})

it.each(routes.filter((route) => access[route] !== 'public'))('%s is shut without a credential and with a wrong one', async (route) => {
  for (const key of [undefined, '', 'wrong', `${keys.billing}x`, keys.billing.slice(1), keys.billing.toUpperCase()]) {
    const answer = await knock(route, key, nobody, forged)
    expect(answer.status).toBe(access[route] === 'order-link' ? 404 : 401)
    expect(await answer.json()).toMatchObject({ success: false, error: expect.any(String), request_id: expect.any(String) })
  }
})

it.each(['Basic dGVzdDp0ZXN0', keys.billing, `Bearer  ${keys.billing}`, `Bearer ${keys.billing} x`, `Token ${keys.billing}`])('does not take %s for a bearer key', async (authorization) => {
  expect((await call('/status?service_id=1', { headers: { authorization } })).status).toBe(401)
})

it('opens with a key of billing, the operator or a help desk nothing that belongs to another of them', async () => {
  const holders = { connection: keys.billing, operator: keys.operator, 'help-desk': keys.desk }
  for (const [holder, key] of Object.entries(holders))
    for (const route of routes.filter((one) => access[one] in holders && access[one] !== holder)) expect(`${holder} ${route} ${(await knock(route, key, nobody, forged)).status}`).toBe(`${holder} ${route} 401`)
})

it('gives two connections that use the same service id a site each', async () => {
  const service = newService()
  const [mine, theirs] = [await order(service), await order(service, { key: keys.other })]
  expect(theirs).toMatchObject({ existing: false })
  expect(theirs.vmid).not.toBe(mine.vmid)
  expect((await post('/delete-site', { service_id: service }, keys.other)).status).toBe(200)
  expect((await call(mine.order, {})).status).not.toBe(404)
})

it('has order links that nobody can guess or alter', async () => {
  const service = newService()
  const { order: link } = await order(service)
  const id = link.slice('/orders/'.length)
  const [tenant = '', signature = ''] = id.split('-')
  expect(signature).toMatch(/^[0-9a-f]{32}$/)
  await expect.poll(async () => (await call(link)).status).toBe(200)
  const other = orderId(env.ORDER_LINK_SECRET, tenantKey('test', 'other')).split('-')[1]!
  const altered = [
    tenant, `${tenant}-`, `-${signature}`, `${tenant}-${other}`, `${tenant}-${signature.slice(0, 31)}`, `${tenant}-${signature}0`, `${tenant}-${signature.toUpperCase()}`,
    `${id}-more`, `${id}-`, ` ${id}`, `${id} `, `${tenant}x-${signature}`, `${tenant.toUpperCase()}-${signature}`, `${tenant}-${'0'.repeat(32)}`, '-', '%00', '%E0%A4%A', '..', '__proto__', 'x'.repeat(4_000),
  ]
  for (const wrong of altered) {
    for (const path of [`/orders/${encodeURI(wrong)}`, `/orders/${encodeURI(wrong)}/events`]) expect(`${path} ${(await call(path)).status}`).toBe(`${path} 404`)
    expect(tenantOfOrder(env.ORDER_LINK_SECRET, wrong)).toBeUndefined()
  }
  expect(tenantOfOrder('another-secret-of-good-length-0', id)).toBeUndefined()
})
