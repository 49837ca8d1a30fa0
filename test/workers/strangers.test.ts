// Walks every route as a stranger, beside things that are there: another billing connection, another help desk, a forged link.
// It gets the same nothing as for things that are not. A route without its place in the walk fails.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { tenantKey } from '../../src/domain/names.ts'
import { access, type Route } from '../../src/functions/access.ts'
import { call, newService, order, post, recordOf } from './billing.ts'
import { keys } from './secrets.ts'

/** What a call may name; either somebody's, or nobody's. */
interface Things { service: string; supportKey: string; orderId: string }

/** A call of the route that names the things, as the stranger that is meant. */
type Call = (of: Things) => { path?: string; key?: string; fields?: object }

const byService = (more: object = {}): Call => ({ service }) => ({ key: keys.other, fields: { service_id: service, ...more } })
const byLink = (events: string): Call => ({ orderId }) => ({ path: `/orders/${orderId}${events}` })
const byUser = (more: object = {}): Call => ({ service }) => ({ key: keys.other, fields: { user_id: service, ...more } })
/** The DNS extension's calls, with the key of another connection in the path; test/workers/zones.test.ts has real zones beside it. */
const byPath = (what: string, more: object): Call => ({ service }) => ({ path: `/k/${keys.other}/customdomain/${what}`, fields: { user_id: service, ...more } })
const zone = { domain: 'example.com' }
const entry = { type: 'A', name: 'www.example.com', ttl: 300, ip: '203.0.113.10' }
const box = { address: 'office@example.com' }
const row = { zone_id: '1', rc_id: '1' }
/** Gives the caller something of its own, whatever others have under the same number. */
const maker = (fields: object): { maker: Call } => ({ maker: byService(fields) })

/**
 * - `shut`   nothing of a customer's (public), or nobody's but the operator's: test/workers/access.test.ts proves that it is shut
 * - calls    each asked about somebody's things and about nobody's; where a customer is part of the call, one as another customer
 */
const walk: Record<Route, 'shut' | { maker: Call } | Call[]> = {
  'GET /health': 'shut',
  'GET /openapi.json': 'shut',
  'GET /reference': 'shut',
  'POST /create-site': maker({ email: 'stranger@example.com', plan: 'basic' }),
  'POST /delete-site': [byService()],
  'POST /suspend': [byService()],
  'POST /unsuspend': [byService()],
  'GET /status': [byService()],
  'POST /wp/upgrade/': [byService({ plan: 'standard' })],
  'POST /wp/upgrade': [byService({ plan: 'standard' })],
  'POST /wp/upgrade/preview': [byService({ plan: 'standard' })],
  'POST /action/start': [byService()],
  'POST /action/stop': [byService()],
  'POST /action/restart': [byService()],
  'POST /action/reset': [byService()],
  'POST /action/toggle': [byService()],
  'GET /action/getbak': [byService()],
  'POST /action/mkbak': [byService()],
  'POST /action/delbak': [byService({ bak: 'BAK01012026-1' })],
  'POST /action/rollback': [byService({ bak: 'BAK01012026-1' })],
  'POST /customdomain/getdata': [byUser()],
  'POST /customdomain/add/zone': [byUser(zone)],
  'POST /customdomain/delete/zone': [byUser(zone)],
  'POST /customdomain/add/record': [byUser(entry)],
  'POST /customdomain/delete/record': [byUser(row)],
  'POST /k/:key/customdomain/getdata': [byPath('getdata', {})],
  'POST /k/:key/customdomain/add/zone': [byPath('add/zone', zone)],
  'POST /k/:key/customdomain/delete/zone': [byPath('delete/zone', zone)],
  'POST /k/:key/customdomain/add/record': [byPath('add/record', entry)],
  'POST /k/:key/customdomain/delete/record': [byPath('delete/record', row)],
  'GET /zones/history': [byUser()],
  'POST /zones/undo': [byUser({ change: 1 })],
  'POST /zones/plan': [byUser({ ...zone, template: 'site' })],
  'POST /zones/apply': [byUser({ ...zone, template: 'site', plan: 'x' })],
  'GET /zones/export': [byUser(zone)],
  'GET /zones/templates': [byUser()],
  'POST /mail/domain/add': [({ service }) => ({ key: keys.other, fields: { user_id: service, service_id: service, ...zone } })],
  'POST /mail/domain/delete': [byUser(zone)],
  'POST /mail/domain/get': [byUser()],
  'GET /mail/check': [byUser(zone)],
  'POST /mail/mailbox/add': [byUser({ ...box, password: 'correct-horse-7' })],
  'POST /mail/mailbox/password': [byUser({ ...box, password: 'correct-horse-7' })],
  'POST /mail/mailbox/delete': [byUser(box)],
  'POST /mail/alias/add': [byUser({ ...box, to: 'info@example.com' })],
  'POST /mail/alias/delete': [byUser(box)],
  'POST /mail/forward/add': [byUser({ ...box, to: ['info@example.net'] })],
  'POST /mail/forward/delete': [byUser(box)],
  'GET /.well-known/mta-sts.txt': 'shut',
  'POST /action/setdomain': [byService({ domain: 'strange.com' })],
  'POST /action/deldomain': [byService({ domain: 'strange.com' })],
  'GET /action/getdomain': [byService()],
  'POST /customdomain/add': [byService({ domain: 'strange.com' })],
  'GET /domains/:name/doctor': [({ service }) => ({ path: '/domains/strange.com/doctor', key: keys.other, fields: { service_id: service } })],
  'POST /site/login-link': [byService()],
  'GET /site/disk-use': [byService()],
  'GET /site/wp': [byService({ question: 'plugin-list' })],
  'POST /site/wp/update': [byService({ update: 'plugins' })],
  'POST /site/wp/search-replace': [byService({ search: 'a.example', replace: 'b.example' })],
  'POST /site/wp/maintenance': [byService({ state: 'on' })],
  'POST /site/wp/cache-flush': [byService()],
  'POST /site/wp/cron-run': [byService()],
  'POST /site/php-version': [byService({ version: '8.4' })],
  'POST /site/dump': [byService({ what: 'all' })],
  'GET /site/jobs': [byService()],
  'POST /support/create': maker({ email: 'stranger@example.com' }),
  'POST /support/suspend': [byService()],
  'POST /support/unsuspend': [byService()],
  'POST /support/terminate': [byService()],
  'POST /support/verify': [({ supportKey }) => ({ key: keys.otherDesk, fields: { support_key: supportKey } })],
  'GET /orders/:id': [byLink('')],
  'GET /orders/:id/events': [byLink('/events')],
  'POST /operator/retry': 'shut',
  'POST /operator/customer/retry': 'shut',
  'POST /operator/hold': 'shut',
  'POST /operator/release': 'shut',
  'POST /operator/abort': 'shut',
  'POST /operator/adopt': 'shut',
  'POST /operator/import': 'shut',
  'GET /operator/export': 'shut',
  'POST /operator/reports': 'shut',
  'GET /operator/tenant': 'shut',
  'GET /operator/gate': 'shut',
  'GET /operator/systems': 'shut',
  'GET /operator/support': 'shut',
  'GET /operator/audit/verify': 'shut',
  'GET /reports': 'shut',
  'GET /reports/:view': 'shut',
}

const forged = (service: string): string => `${tenantKey('test', service)}-${'0'.repeat(32)}`
const nobodys: Things = { service: 'no-such-service', supportKey: 'SUP-0000000000000000', orderId: forged('no-such-service') }

/** Status and text of an answer, without the request's id. */
async function said(route: Route, of: Call, things: Things): Promise<string> {
  const [method = '', template = ''] = route.split(' ')
  const { path = template, key, fields = {} } = of(things)
  const target = method === 'GET' ? `${path}?${new URLSearchParams(fields as Record<string, string>).toString()}` : path
  const answer = await call(target, {
    method, headers: { 'content-type': 'application/json', 'x-request-id': 'stranger', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    ...(method === 'GET' ? {} : { body: JSON.stringify(fields) }),
  })
  return `${answer.status} ${await answer.text()}`
}

it('has a place for every route, and none is passed by that a customer\'s credential opens', () => {
  expect(Object.keys(walk).sort()).toEqual(Object.keys(access).sort())
  for (const [route, calls] of Object.entries(walk)) expect([route, calls === 'shut']).toEqual([route, ['public', 'operator'].includes(access[route as Route])])
})

it('says of somebody\'s things what it says of nobody\'s, and nothing becomes of them', async () => {
  const service = newService()
  const site = await order(service)
  const { support_key: supportKey } = await (await post('/support/create', { service_id: service, email: 'owner@example.com' })).json<{ support_key: string }>()
  const things: Things = { service, supportKey, orderId: forged(service) }
  const mine = async (): Promise<unknown> => [await recordOf(service), await env.SUPPORT.getByName('lab').story('test', service)]
  const before = await mine()
  const secrets = [supportKey, site.hostname, site.order, site.private_ip, 'owner@', 'a.customer']
  const all = Object.entries(walk) as [Route, (typeof walk)[Route]][]
  for (const [route, calls] of all.filter(([, one]) => Array.isArray(one)))
    for (const of of calls as Call[]) {
      const heard = await said(route, of, things)
      for (const secret of secrets) expect(heard).not.toContain(secret)
      expect([route, heard]).toEqual([route, await said(route, of, nobodys)])
    }
  // Last, because from here on the stranger has something of the same number.
  for (const [route, calls] of all) {
    if (calls === 'shut' || Array.isArray(calls)) continue
    const heard = await said(route, calls.maker, things)
    for (const secret of secrets) expect([route, heard]).not.toEqual([route, expect.stringContaining(secret)])
  }
  expect(await mine()).toEqual(before)
})
