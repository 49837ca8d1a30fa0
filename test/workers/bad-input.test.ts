// Whatever is sent: never a 500, never our own words for a mistake of ours, always the envelope that names the field, and
// nothing half done behind it.
import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { access } from '../../src/functions/access.ts'
import { allocator, call } from './billing.ts'
import { keys } from './secrets.ts'
import { disconnect } from './upstream.ts'

// Calls about zones answer in plain text: test/workers/zones.test.ts. Rebuilding the reports concerns no service and may be asked for with an empty object.
const posts = Object.entries(access).filter(([route]) => route.startsWith('POST ') && route !== 'POST /operator/reports' && !/\/(?:customdomain|zones)\//.test(route)).map(([route, credential]) => ({ path: route.split(' ')[1]!, key: credential === 'operator' ? keys.operator : credential === 'help-desk' ? keys.desk : keys.billing }))
/** Mail, and what an operator does about a customer, name a customer instead. */
const aboutCustomer = (path: string): boolean => path.startsWith('/mail/') || path.startsWith('/operator/customer/')
const aboutService = posts.filter(({ path }) => path !== '/support/verify' && !aboutCustomer(path))

const good = { service_id: 'good', email: 'a@example.com', plan: 'basic', public_ip: '', connection: 'test', actor: 'somebody', why: 'a look', step: 'dns-record', bak: 'BAK01012026-1', domain: 'example.com', support_key: 'SUP-0000000000000000', update: 'plugins', search: 'a.example', replace: 'b.example', state: 'on', version: '8.4', what: 'all' }

/** Everything that a wish may leave behind. */
const traces = async (): Promise<unknown> => [
  await runInDurableObject(allocator(), (_object, state) => ['held', 'service', 'command', 'counter'].map((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
  await runInDurableObject(env.SUPPORT.getByName('lab'), (_object, state) => ['subscription', 'history'].map((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
  (await listDurableObjectIds(env.TENANT)).length,
]

let before: unknown
beforeEach(async () => {
  disconnect()
  before = await traces()
})
afterEach(async () => {
  expect(await traces()).toEqual(before)
})

interface Envelope { success: boolean; error: string; code: string; field?: string; request_id: string }

/** Sends bytes as they are; checks that the refusal is one, in the envelope, without a word of ours. */
async function refused(path: string, key: string, body: BodyInit, type = 'application/json'): Promise<Envelope & { status: number }> {
  const answer = await call(path, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': type }, body })
  const text = await answer.text()
  const said = JSON.parse(text) as Envelope
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(said).toEqual({ success: false, error: expect.stringMatching(/\S/), code: expect.stringMatching(/^[a-z-]+$/), request_id: expect.any(String), ...('field' in said ? { field: expect.any(String) } : {}) })
  expect(said.error).not.toMatch(/ at .*:\d+|Error:|undefined|\[object|zod|sqlite|function/i)
  expect(said.error.length).toBeLessThan(300)
  return { ...said, status: answer.status }
}

const runs = { numRuns: 60, seed: 20_261_123 }
const route = fc.constantFrom(...posts)
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }), fc.constantFrom<unknown>(true, false, null, -0, 1e308, Number.MAX_SAFE_INTEGER + 1, '', ' ', [], {}, [[]], '__proto__', 'constructor', 'toString', '\u0000', '\u202e', '😀'),
)
const badService = fc.oneof(
  fc.string({ minLength: 65, maxLength: 300 }), fc.constantFrom<unknown>('', ' ', 'a b', 'a/b', 'ä', '😀', 'a\n', '\u0000', '../x', 'x'.repeat(65), '1'.repeat(400), null, true, [], {}, ['1'], { toString: 1 }, 1e21),
  fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/^[A-Za-z0-9._:-]{1,64}$/.test(text)),
)
const badEmail = fc.oneof(
  fc.string().filter((text) => !text.includes('@')), fc.constantFrom<unknown>('a@', '@b.c', 'a@b', 'a@b@c.de', 'a b@c.de', 'a@b..de', `${'a'.repeat(300)}@example.com`, 'a@example.com\u0000', 'a@exam ple.com', 'a@example.com\nBcc: b@example.com', 7, null, [], {}, ['a@example.com']),
)
const badPlan = anything.filter((value) => !['basic', 'standard', 'premium'].includes(value as string))
const badSwitch = anything.filter((value) => typeof value !== 'boolean')
const badIp = fc.oneof(
  fc.ipV6(), fc.ipV4().filter((ip) => !ip.startsWith('203.0.113.')), fc.constantFrom<unknown>('203.0.113.32', '203.0.113.10 ', '203.0.113.010', '203.0.113', '203.0.113.10/32', '0xcb00710a', 3_405_803_786, ['203.0.113.10'], {}, true, 'localhost', '١٢٧.0.0.1'),
)

describe('one field that is wrong', () => {
  it.each([
    ['service_id', badService, aboutService.map((post) => post.path)],
    ['email', badEmail, ['/create-site', '/support/create']],
    ['plan', badPlan, ['/create-site', '/wp/upgrade/', '/wp/upgrade', '/wp/upgrade/preview']],
    ['lose_newer', badSwitch, ['/action/reset']],
    ['public_ip', badIp, ['/create-site']],
  ] as const)('is named: %s', async (field, bad, paths) => {
    const at = fc.constantFrom(...posts.filter((post) => (paths as readonly string[]).includes(post.path)))
    await fc.assert(fc.asyncProperty(at, bad, async ({ path, key }, value) => {
      const said = await refused(path, key, JSON.stringify({ ...good, [field]: value }))
      expect(said).toMatchObject({ status: 400, code: 'bad-request', field })
    }), runs)
  })

  it('is named when it is missing, each in turn, in words that say what is wanted', async () => {
    for (const [field, words] of [['service_id', 'is required'], ['email', 'is required'], ['plan', 'must be one of basic, standard, premium']] as const) {
      const { [field]: _, ...rest } = good
      expect(await refused('/create-site', keys.billing, JSON.stringify(rest))).toMatchObject({ status: 400, field, error: expect.stringContaining(`${field}: ${words}`) })
    }
    for (const { path, key } of posts) expect((await refused(path, key, '{}')).field).toMatch(aboutCustomer(path) ? /^(user_id|connection)$/ : /^(service_id|connection|support_key)$/)
  })

  it('is named in words for a person when it is of a wrong kind', async () => {
    expect((await refused('/create-site', keys.billing, JSON.stringify({ ...good, public_ip: 5 }))).error).toBe('public_ip: is not an IPv4 address')
    expect((await refused('/create-site', keys.billing, JSON.stringify({ ...good, public_ip: '8.8.8.8' }))).error).toBe('public_ip: must lie in 203.0.113.0/27')
    expect((await refused('/create-site', keys.billing, JSON.stringify({ ...good, email: 'x' }))).error).toBe('email: is not an e-mail address')
    expect((await refused('/create-site', keys.billing, JSON.stringify({ ...good, service_id: 'x'.repeat(65) }))).error).toBe('service_id: must be 1 to 64 letters, digits or . _ : -')
  })
})

it('about a service that nobody has leaves nothing behind either', async () => {
  for (const { path, key } of posts.filter((post) => !/create|import/.test(post.path) && !aboutCustomer(post.path))) expect(await refused(path, key, JSON.stringify(good))).toMatchObject({ status: 404, field: path === '/support/verify' ? 'support_key' : 'service_id' })
})

describe('a body that is no order', () => {
  it('is refused whatever JSON it is', async () => {
    await fc.assert(fc.asyncProperty(route, anything, async ({ path, key }, body) => {
      expect((await refused(path, key, JSON.stringify(body))).field).toBeDefined()
    }), runs)
  })

  it('is refused whatever text it is', async () => {
    await fc.assert(fc.asyncProperty(route, fc.oneof(fc.string(), fc.json().map((json) => json.slice(0, -1)), fc.constantFrom('', '{', '{"a":1}x', "{'a':1}", 'undefined', '\uFEFF', 'NaN')).filter((text) => !isJson(text)), async ({ path, key }, text) => {
      expect(await refused(path, key, text)).toMatchObject({ status: 400, field: 'body', error: 'The body is not valid JSON.' })
    }), runs)
  })

  it('is refused whatever bytes it is', async () => {
    await fc.assert(fc.asyncProperty(route, fc.uint8Array({ maxLength: 200 }), async ({ path, key }, bytes) => {
      expect((await refused(path, key, bytes as BodyInit)).status).toBe(400)
    }), runs)
  })

  it('is refused when it is nested deeply', async () => {
    for (const { path, key } of posts)
      for (const text of [`${'['.repeat(8_000)}${']'.repeat(8_000)}`, `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, `{"service_id":${'['.repeat(7_000)}${']'.repeat(7_000)}}`]) expect((await refused(path, key, text)).status).toBe(400)
  })

  it('gains nothing by keys of the prototype', async () => {
    const texts = ['{"__proto__":{"service_id":"good","email":"a@example.com","plan":"basic"}}', '{"constructor":{"prototype":{"service_id":"good"}}}', '{"__proto__":null}', '{"hasOwnProperty":1,"service_id":{"__proto__":"good"}}']
    for (const { path, key } of posts) for (const text of texts) expect((await refused(path, key, text)).field).toBeDefined()
    expect(({} as { service_id?: string }).service_id).toBeUndefined()
  })
})

describe('a request that is too much or of another kind', () => {
  it('is 413 when its body is huge, announced or not', async () => {
    const huge = JSON.stringify({ ...good, email: 'x'.repeat(20_000) })
    for (const { path, key } of posts) {
      expect(await refused(path, key, huge)).toMatchObject({ status: 413, code: 'too-large', field: 'body' })
      let sent = 0
      const endless = new ReadableStream<Uint8Array>({ pull: (controller) => (sent++ < 200 ? controller.enqueue(new Uint8Array(4_096).fill(32)) : controller.close()) })
      expect(await refused(path, key, endless)).toMatchObject({ status: 413 })
    }
  })

  it('is 415 when it is not JSON by its own word', async () => {
    for (const { path, key } of posts)
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', 'application/json5', '*/*', 'text/json, application/json'])
        expect(await refused(path, key, JSON.stringify(good), type)).toMatchObject({ status: 415, code: 'wrong-type', field: 'content-type' })
  })

  it('is 404 at an address or with a method that is not there', async () => {
    for (const [method, path] of [['GET', '/create-site'], ['PUT', '/suspend'], ['DELETE', '/orders/x'], ['POST', '/health'], ['POST', '/status'], ['GET', '/'], ['POST', '/create-site/'], ['GET', '//create-site'], ['GET', '/%ff'], ['OPTIONS', '/create-site']] as const) {
      const answer = await call(path, { method, headers: { authorization: `Bearer ${keys.billing}` } })
      expect(`${method} ${path} ${answer.status}`).toBe(`${method} ${path} 404`)
      expect(await answer.json()).toMatchObject({ success: false, code: 'not-found' })
    }
  })

  it('names the field of a query too', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme' }).filter((text) => !/^[A-Za-z0-9._:-]{1,64}$/.test(text)), async (id) => {
      const answer = await call(`/status?service_id=${encodeURIComponent(id)}`, { headers: { authorization: `Bearer ${keys.billing}` } })
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ success: false, code: 'bad-request', field: 'service_id' })
    }), runs)
    expect(await (await call('/status', { headers: { authorization: `Bearer ${keys.billing}` } })).json()).toMatchObject({ field: 'service_id', error: 'service_id: is required: the id of the service' })
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
