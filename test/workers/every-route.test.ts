// Every route under requests made from its own schemas and broken on purpose: never a 500, never a word of what is inside,
// always the envelope, a wrong field named, and at the end everything as it was. New routes are in by themselves.
import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { tenantKey } from '../../src/domain/names.ts'
import { access, orderId, type Credential, type Route } from '../../src/functions/access.ts'
import { app } from '../../src/functions/app.ts'
import { descriptions } from '../../src/functions/mount.ts'
import { problems } from '../../src/functions/problems.ts'
import { allocator, call, order, post, tenantOf } from './billing.ts'
import { keys } from './secrets.ts'

type Part = 'body' | 'query' | 'params'
interface Target { route: Route; method: string; path: string; key: string; parts: Record<Part, string[]>; required: string[] }

const keyOf: Record<Credential, string> = { connection: keys.billing, 'connection-path': '', operator: keys.operator, 'help-desk': keys.desk, 'order-link': '', public: '' }

/** The fields of a schema, and which of them must be there. */
const fieldsOf = (schema: z.ZodType | undefined): { names: string[]; required: string[] } => {
  const { properties = {}, required = [] } = schema ? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) : {}
  return { names: Object.keys(properties), required }
}

const targets: Target[] = [...descriptions(app())].map(([route, { body, query, params }]) => {
  const [method = '', path = ''] = route.split(' ')
  const parts = { body: fieldsOf(body).names, query: fieldsOf(query).names, params: fieldsOf(params).names }
  return { route, method, path, key: keyOf[access[route]], parts, required: [...fieldsOf(body).required, ...fieldsOf(query).required] }
})
const asked = (part: Part): fc.Arbitrary<Target> => fc.constantFrom(...targets.filter((target) => target.parts[part].length > 0))

/** A good value of each field that any route reads; the order is there to be looked for and is not. */
const good: Record<string, unknown> = {
  service_id: 'nobody', connection: 'test', actor: 'somebody', why: 'to see', dry_run: true, step: 'dns-record', vmid: 10_000, private_ip: '192.168.1.100', subdomain: 'site', domains: ['example.com'], email: 'a@example.com', plan: 'basic', public_ip: '', firstname: 'A', lastname: 'B', tier: 'standard',
  user_id: 'nobody', domain: 'example.com', zone_id: '1', rc_id: '1', type: 'A', name: 'www.example.com', ttl: 300, ip: '203.0.113.10', change: 1, template: 'site', before: '1', key: keys.billing,
  address: 'info@example.com', password: 'correct-horse-7', quota_mb: 10, mailboxes: false, to: 'info@example.com',
  login: 'admin', question: 'plugin-list', update: 'plugins', slug: 'akismet', search: 'a.example', replace: 'b.example', state: 'on', version: '8.4', what: 'all',
  support_key: 'SUP-0000000000000000', bak: 'BAK01012026-1', after: '', limit: '10', format: 'json', view: 'sites', id: orderId(env.ORDER_LINK_SECRET, tenantKey('test', 'nobody')),
}

/** Calls that make something of what they are given. They are made for a service that has it already, so that nothing new comes of them. */
const makers: readonly Route[] = ['POST /create-site', 'POST /support/create']

const pick = (names: readonly string[]): Record<string, unknown> => Object.fromEntries(names.filter((name) => name in good).map((name) => [name, good[name]]))

const odd = ['', ' ', '\u0000', '\u202e', '😀', 'ä', '١٢٣', '__proto__', 'constructor', 'toString', '../..', '%2e%2e%2f', "'; DROP TABLE tenants; --", '${7*7}', '{{7*7}}', '<script>', 'a\r\nx: y', '-1', '1e999', 'NaN', 'null', 'undefined', '[object Object]', 'x'.repeat(5_000)]
const text = fc.oneof(fc.constantFrom(...odd), fc.string({ unit: 'grapheme', maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 20 }))
const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>(null, true, -0, 1.5, 1e308, [], {}, [['x']], { length: 1 }, { toString: 1 }))
const runs = { numRuns: 100, seed: 20_261_123 }

/** Everything that a request may leave behind, but for the one service that is there and goes on by itself. */
const traces = async (): Promise<unknown> => [
  await runInDurableObject(allocator(), (_object, state) => ['held', 'service', 'counter'].map((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
  await runInDurableObject(allocator(), (_object, state) => state.storage.sql.exec('SELECT count(*) FROM command').toArray()),
  await runInDurableObject(env.SUPPORT.getByName('lab'), (_object, state) => ['subscription', 'history'].map((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
  (await listDurableObjectIds(env.TENANT)).length,
  (await env.DB.batch(['tenants', 'steps', 'audit', 'dead_letters'].map((table) => env.DB.prepare(`SELECT count(*) FROM ${table}${table === 'dead_letters' ? '' : ' WHERE tenant <> ?'}`).bind(...(table === 'dead_letters' ? [] : [tenantKey('test', 'theirs')]))))).map(({ results }) => results),
]

let before: unknown
beforeAll(async () => {
  await order('theirs')
  expect((await post('/support/create', { service_id: 'theirs', email: 'a@example.com' })).status).toBe(200)
  await vi.waitFor(async () => expect((await listDurableObjectIds(env.TENANT)).map(String)).toContain(String(tenantOf('theirs').id)))
})
beforeEach(async () => {
  before = await traces()
})
afterEach(async () => {
  expect(await traces()).toEqual(before)
})

interface Request { query?: string; path?: string; method?: string; type?: string; body?: BodyInit }
type Said = { status: number; field?: string; code?: string }

/** A refusal in plain text, which begins with the field where one is wrong. */
function inWords(error: string): { error: string; field?: string; code: string } {
  const field = /^([a-z_]+): /.exec(error)?.[1] ?? (/^The body|^Send the fields/.test(error) ? 'body' : undefined)
  return { error, ...(field === undefined ? { code: 'in words' } : { code: 'bad-request', field }) }
}

/** Sends it with the right key; whatever is said is no fault of ours, and `call` checks the envelope and the promise. */
async function send(target: Target, { query = '', path = target.path, method = target.method, type = 'application/json', body }: Request): Promise<Said> {
  const answer = await call(`${path}${query}`, { method, headers: { authorization: `Bearer ${target.key}`, 'content-type': type }, ...(body === undefined ? {} : { body }) })
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) return { status: answer.status, ...(await answer.body?.cancel(), {}) }
  const words = await answer.text()
  // A system behind that is away is no fault of ours: no data centre is connected here.
  expect([target.route, answer.status < 500 || answer.status === 503, words.slice(0, 200)]).toEqual([target.route, true, words.slice(0, 200)])
  if (answer.status < 400) return { status: answer.status }
  const said = answer.headers.get('content-type')?.startsWith('text/plain') ? inWords(words) : JSON.parse(words) as { error: string; field?: string; code: string }
  // A caller may call a field of its own "undefined"; that is its word, not ours.
  expect(said.error.replaceAll(said.field || '\0', '')).not.toMatch(/ at .*:\d+|Error:|undefined|\[object|zod|sqlite|D1_|function|Invalid input|Expected|Too (?:big|small)/i)
  expect(said.error.length).toBeLessThan(600)
  return { status: answer.status, code: said.code, ...(said.field === undefined ? {} : { field: said.field }) }
}

/** The address with its parameters filled in. */
const address = (target: Target): string => target.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(good[name])))
const queried = (fields: Record<string, unknown>): string => {
  const all = Object.entries(fields)
  return all.length === 0 ? '' : `?${all.map(([name, one]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`).join('&')}`
}
const fieldsFor = (target: Target): Record<string, unknown> => ({ ...pick(target.parts.body), ...(makers.includes(target.route) ? { service_id: 'theirs' } : {}) })
const whole = (target: Target): Request => ({
  path: address(target), query: queried(pick(target.parts.query)), ...(target.parts.body.length > 0 ? { body: JSON.stringify(fieldsFor(target)) } : {}),
})

it('knows a good value of every field that must be there', () => {
  for (const { route, required, parts } of targets) expect([route, [...required, ...parts.params].filter((name) => !(name in good))]).toEqual([route, []])
})

it('one field of a body may be anything', async () => {
  await fc.assert(fc.asyncProperty(asked('body'), fc.nat(), value, async (target, which, wrong) => {
    const names = target.parts.body.filter((name) => name !== 'service_id' || !makers.includes(target.route))
    const field = names[which % names.length]!
    const said = await send(target, { ...whole(target), body: JSON.stringify({ ...fieldsFor(target), [field]: wrong }) })
    if (said.code === 'bad-request') expect(said.field?.split('.')[0]).toBe(field)
  }), runs)
})

it('one field of a query may be any text, unknown ones too', async () => {
  await fc.assert(fc.asyncProperty(asked('query'), fc.nat(), text, fc.oneof(text, fc.constant('')), async (target, which, wrong, extra) => {
    const field = target.parts.query[which % target.parts.query.length]!
    const said = await send(target, { ...whole(target), query: queried({ ...pick(target.parts.query), [field]: wrong.toWellFormed(), ...(extra === '' ? {} : { [extra.toWellFormed()]: '1' }) }) })
    if (said.code === 'bad-request') expect(said.field).toBeDefined()
  }), runs)
})

it('a field that must be there is named when it is missing, and one that stands twice in a query', async () => {
  for (const target of targets) {
    for (const field of target.required) {
      const without = (names: string[]): Record<string, unknown> => pick(names.filter((name) => name !== field))
      const said = await send(target, { path: address(target), query: queried(without(target.parts.query)), ...(target.parts.body.length > 0 ? { body: JSON.stringify(without(target.parts.body)) } : {}) })
      expect([target.route, said]).toEqual([target.route, { status: 400, code: 'bad-request', field }])
    }
    for (const field of target.parts.query) {
      const twice = await send(target, { ...whole(target), query: `${queried({ ...pick(target.parts.query), [field]: 'a' })}&${field}=b` })
      expect([target.route, twice]).toEqual([target.route, { status: 400, code: 'bad-request', field }])
    }
  }
})

it('an address may hold anything in its place: slashes that are encoded, half a character, thousands of letters', async () => {
  const raw = fc.oneof(text.map((one) => encodeURIComponent(one.toWellFormed())), fc.constantFrom('%2F', 'a%2Fb', '..%2f..', '%', '%zz', '%ff', '%E0%A4%A', '%00', ';', '*', ':id', '%2e%2e', '__proto__', 'x'.repeat(4_000)))
  await fc.assert(fc.asyncProperty(asked('params'), raw.filter((one) => one !== ''), async (target, wrong) => {
    const said = await send(target, { path: target.path.replace(/:\w+/, () => wrong) })
    expect([target.route, wrong, said.status >= 400]).toEqual([target.route, wrong, true])
  }), { ...runs, numRuns: 80 })
})

it('a body may be of any kind, and no JSON at all', async () => {
  const bodies = fc.oneof(
    fc.tuple(fc.constantFrom('text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json5', ''), fc.constant<string | Uint8Array>('{}')),
    fc.tuple(fc.constantFrom('application/json', 'application/json; charset=utf-8'), fc.oneof<fc.Arbitrary<string | Uint8Array>[]>(
      fc.constantFrom('', '{', '[]', 'null', '1', '"x"', '\uFEFF{', '{"a":1}{', '['.repeat(9_000), `{"a":${'['.repeat(7_000)}`, `{"x":"${'x'.repeat(17_000)}"}`, '{"__proto__":{"service_id":"1"},"after":7}'), fc.uint8Array({ minLength: 1, maxLength: 60 }))),
  )
  await fc.assert(fc.asyncProperty(asked('body'), bodies, async (target, [type, body]) => {
    const said = await send(target, { ...whole(target), type, body: body as BodyInit })
    expect([target.route, [400, 413, 415].includes(said.status), typeof said.field]).toEqual([target.route, true, 'string'])
  }), runs)
})

it('any other method, and any other spelling of the address, is not there', async () => {
  const known = new Set<string>(targets.map((target) => target.route))
  for (const target of targets) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => !known.has(`${one} ${target.path}`)))
      expect([target.route, method, await send(target, { ...whole(target), method, ...(method === 'GET' ? { body: undefined } : {}) } as Request)]).toEqual([target.route, method, { status: problems['not-found'].status, code: 'not-found' }])
    const respelled = [`${address(target)}/`, `/${address(target)}`, `${address(target)}%2F`, `/${encodeURIComponent(address(target).slice(1))}x`]
    for (const path of respelled.filter((one) => !known.has(`${target.method} ${one}`)))
      expect([path, (await send(target, { ...whole(target), path })).status]).toEqual([path, 404])
  }
})
