// The inside of a site through the front door: questions while the caller waits, jobs behind the answer, and what is refused.
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { built, call, get, newService, order, post, tenantOf, until } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, disconnect, sent } from './upstream.ts'

beforeEach(disconnect)
afterEach(disconnect)

type Said = Record<string, unknown> & { http: number }
const said = async (answer: Response): Promise<Said> => ({ ...(await answer.json<object>()), http: answer.status })
const tell = async (path: string, service: string, more: object = {}): Promise<Said> => said(await post(`/site/${path}`, { service_id: service, ...more }))
const ask = async (path: string, service: string, more: Record<string, string> = {}): Promise<Said> => said(await get(`/site/${path}?${new URLSearchParams({ service_id: service, ...more }).toString()}`))
const jobs = async (service: string): Promise<Record<string, unknown>[]> => (await ask('jobs', service))['jobs'] as Record<string, unknown>[]

const questions = [['disk-use', {}], ['wp', { question: 'plugin-list' }]] as const
const orders = [['login-link', {}], ['wp/update', { update: 'plugins' }], ['wp/search-replace', { search: 'a.example', replace: 'b.example' }], ['wp/maintenance', { state: 'on' }], ['wp/cache-flush', {}], ['wp/cron-run', {}], ['php-version', { version: '8.4' }], ['dump', { what: 'all' }]] as const

describe('a question', () => {
  it('for a log-in link is answered once, another time with another link, and the link is written down nowhere', async () => {
    const service = await built()
    const [one, other] = [await tell('login-link', service), await tell('login-link', service, { login: 'admin' })]
    expect(one).toMatchObject({ http: 200, success: true, url: expect.stringMatching(/\/wp-login\.php\?berth-login=[\w-]{43}$/), expires_at: expect.stringMatching(/Z$/) })
    expect(other['url']).not.toBe(one['url'])
    expect((await post('/site/login-link', { service_id: service })).headers.get('cache-control')).toBe('no-store')
    const token = String(one['url']).split('berth-login=')[1]!
    const kept = await runInDurableObject(tenantOf(service), (_object, state) => ['meta', 'step', 'journal', 'inbox'].map((table) => JSON.stringify(state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())).join())
    const copied = await env.DB.batch(['tenants', 'steps', 'audit'].map((table) => env.DB.prepare(`SELECT * FROM ${table}`)))
    expect(kept).toContain('proxy-host')
    expect(kept + JSON.stringify(copied)).not.toContain(token)
    expect(kept + JSON.stringify(copied)).not.toContain('berth-login')
    expect(await tell('login-link', service, { login: 'nobody' })).toMatchObject({ http: 409, code: 'conflict', error: 'It could not be done: WordPress makes no link.' })
  })

  it('is answered with what the site tells', async () => {
    const service = await built()
    expect(await ask('disk-use', service)).toMatchObject({ http: 200, total_bytes: 20 * 1_073_741_824, used_bytes: expect.any(Number), files_bytes: expect.any(Number), uploads_bytes: expect.any(Number), database_bytes: expect.any(Number) })
    expect(await ask('wp', service, { question: 'core-version' })).toMatchObject({ http: 200, answer: { version: '7.1.1' } })
    expect(await ask('wp', service, { question: 'plugin-list' })).toMatchObject({ http: 200, answer: { list: [{ name: 'akismet', status: 'inactive', update: 'available', version: '5.5' }, { name: 'hello' }] } })
    expect(await ask('wp', service, { question: 'cron-list' })).toMatchObject({ http: 200, answer: { list: [{ hook: 'wp_version_check', recurrence: '12 hours' }] } })
  })

  it('is not answered by a cluster that does not answer, and asks to come again', async () => {
    const service = await built()
    disconnect()
    expect(await tell('login-link', service)).toMatchObject({ http: 503, code: 'unavailable', error: 'The site did not answer in time. Please try again.' })
    connect()
    expect(await tell('login-link', service)).toMatchObject({ http: 200 })
  })
})

describe('a job', () => {
  it('is done behind the answer, one at a time, the same key once, and what came of it is read later', async () => {
    const service = await built()
    expect(await jobs(service)).toEqual([])
    let goOn = (): void => undefined
    const held = new Promise<void>((resolve) => void (goOn = resolve))
    connect((request, onward) => (request.url.endsWith('/playbooks/wp') ? held.then(onward) : onward()))
    const update = async (key: string): Promise<Said> => said(await call('/site/wp/update', { method: 'POST', headers: { authorization: `Bearer ${keys.billing}`, 'content-type': 'application/json', 'idempotency-key': key }, body: JSON.stringify({ service_id: service, update: 'plugins' }) }))
    expect(await update('one')).toMatchObject({ http: 200, job: 1, status: 'under way' })
    expect(await update('one')).toMatchObject({ http: 200, job: 1, status: 'asked for already' })
    expect(await update('with spaces')).toMatchObject({ http: 400, field: 'idempotency-key' })
    expect(await update('two')).toMatchObject({ http: 409, code: 'not-ready', error: 'Update of the plugins is still under way. Please try again in a few minutes.' })
    expect(await tell('login-link', service)).toMatchObject({ http: 409, error: expect.stringContaining('Update of the plugins is still under way') })
    expect(await said(await post('/action/stop', { service_id: service }))).toMatchObject({ http: 409, code: 'not-ready' })
    expect(await jobs(service)).toMatchObject([{ job: 1, title: 'Update of the plugins', tool: 'wp', asked: { action: 'plugin-update' }, state: 'under way', reason: null, ended_at: null, result: null }])
    goOn()
    await until(service, 'live')
    expect(await update('one')).toMatchObject({ http: 200, job: 1, status: 'asked for already' })
    expect(await jobs(service)).toMatchObject([{ job: 1, state: 'done', reason: null, ended_at: expect.stringMatching(/Z$/), result: { list: [{ name: 'akismet', update: 'none', version: '5.6' }, { name: 'hello' }] } }])
    expect(sent.filter((line) => line.startsWith('POST ') && line.includes('/playbooks/'))).toEqual(['POST /playbooks/wp'])
    expect(await ask('wp', service, { question: 'plugin-list' })).toMatchObject({ answer: { list: [{ name: 'akismet', version: '5.6' }, { name: 'hello' }] } })
  })

  it('is each of those that there are, and the last ten are remembered', async () => {
    const service = await built()
    const results: Record<string, unknown> = {}
    for (const [path, more] of [...orders.slice(1), ['wp/update', { update: 'core' }], ['wp/update', { update: 'themes', slug: 'twentytwentyfour' }], ['wp/search-replace', { search: 'a.example', replace: 'b.example', dry_run: true }], ['dump', { what: 'database' }]] as const) {
      expect([path, await tell(path, service, more)]).toMatchObject([path, { http: 200, status: 'under way' }])
      await until(service, 'live')
      results[JSON.stringify([path, more])] = (await jobs(service))[0]!['result']
    }
    expect(results).toMatchObject({
      '["wp/search-replace",{"search":"a.example","replace":"b.example"}]': { changed: 12 }, '["wp/maintenance",{"state":"on"}]': { done: true }, '["wp/cache-flush",{}]': { done: true }, '["wp/cron-run",{}]': { done: true },
      '["php-version",{"version":"8.4"}]': { version: '8.4' }, '["wp/update",{"update":"core"}]': { version: '7.1.2' }, '["wp/update",{"update":"themes","slug":"twentytwentyfour"}]': { list: [{ name: 'twentytwentyfive', version: '1.3' }, { name: 'twentytwentyfour', version: '1.4' }] },
      '["dump",{"what":"all"}]': { files: [{ path: '/var/backups/berth/database.sql.gz' }, { path: '/var/backups/berth/files.tar.gz' }] },
    })
    expect((await jobs(service)).map(({ job, state }) => [job, state])).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((n) => [n, 'done']))
  })

  it('that cannot be done is told in plain words, once, and leaves the site live', async () => {
    const service = await built()
    sent.length = 0
    for (const [path, more, reason] of [['php-version', { version: '7.4' }, 'PHP 7.4 is not to be had here'], ['wp/update', { update: 'plugins', slug: 'not-there' }, 'there is no plugin not-there']] as const) {
      expect(await tell(path, service, more)).toMatchObject({ http: 200 })
      await until(service, 'live')
      expect((await jobs(service))[0]).toMatchObject({ state: 'failed', reason, result: null })
    }
    expect(await said(await get(`/status?service_id=${service}`))).toMatchObject({ status: 'running', notices: [{ what: 'Change to PHP 7.4', why: 'PHP 7.4 is not to be had here' }, { what: 'Update of the plugin not-there' }] })
    expect(sent.filter((line) => line.startsWith('POST ') && line.includes('/playbooks/'))).toEqual(['POST /playbooks/php-version', 'POST /playbooks/wp'])
  })
})

describe('what cannot be', () => {
  const each = async (service: string, expected: object): Promise<void> => {
    for (const [path, more] of questions) expect([path, await ask(path, service, more)]).toMatchObject([path, expected])
    for (const [path, more] of orders) expect([path, await tell(path, service, more)]).toMatchObject([path, expected])
  }

  it('is 404 for what nobody has, 409 while it is built, is switched off or is held, 401 while it is suspended', async () => {
    await each('never', { http: 404, code: 'unknown-service', field: 'service_id' })
    const service = newService()
    await order(service)
    await each(service, { http: 409, code: 'not-ready', error: 'The site is still being built. Please try again when it is ready.' })
    expect(await jobs(service)).toEqual([])
    connect()
    await until(service, 'live')
    await post('/action/stop', { service_id: service })
    await until(service, 'live')
    await each(service, { http: 409, code: 'not-ready', error: 'The site is switched off. Please start it first.' })
    await post('/action/start', { service_id: service })
    await until(service, 'live')
    await post('/operator/hold', { connection: 'test', service_id: service, actor: 'somebody', why: 'to see' }, keys.operator)
    expect(await tell('login-link', service)).toMatchObject({ http: 409, error: 'Support is at work on this site. Please try again later.' })
    await post('/suspend', { service_id: service })
    await each(service, { http: 401, code: 'suspended', error: 'This service is suspended. Please settle the open invoice first.' })
  })

  it('is 400 where a field is wrong, naming it', async () => {
    for (const [path, more, field] of [
      ['login-link', { login: '../x' }, 'login'], ['wp/update', {}, 'update'], ['wp/update', { update: 'core', slug: 'akismet' }, 'slug'], ['wp/update', { update: 'plugins', slug: 'A b' }, 'slug'],
      ['wp/search-replace', { search: 'a.example' }, 'replace'], ['wp/search-replace', { search: 'a;b', replace: 'b.example' }, 'search'], ['wp/search-replace', { search: 'example.com', replace: 'www.example.com' }, 'replace'], ['wp/maintenance', { state: 'maybe' }, 'state'], ['php-version', { version: '8' }, 'version'], ['dump', { what: 'everything' }, 'what'],
    ] as const) expect([path, await tell(path, 'nobody', more)]).toMatchObject([path, { http: 400, code: 'bad-request', field, error: expect.stringContaining(`${field}: `) }])
    expect(await ask('wp', 'nobody', { question: 'core-update' })).toMatchObject({ http: 400, field: 'question' })
  })
})
