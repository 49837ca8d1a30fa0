// The traps of Nginx Proxy Manager 2.15.1, as measured on the real server, hold for the simulator.
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { breakNginx, npm, route } from '../../lab/npm/npm.ts'
import { World } from '../../lab/world.ts'
import { ACCOUNT, host, rig } from './npm-rig.ts'
import { pass, timed } from './timed.ts'

const HOSTS = '/nginx/proxy-hosts'

describe('tokens', () => {
  test('a token looks like a JWT and lives one day', async () => {
    const { clock, ask } = await rig()
    const { body } = await ask('POST', '/tokens', ACCOUNT)
    const payload = JSON.parse(Buffer.from(String(body.token).split('.')[1]!, 'base64url').toString()) as { iat: number; exp: number }
    expect(payload.exp - payload.iat).toBe(86_400)
    expect(String(body.token).length).toBeGreaterThan(450)
    expect(Date.parse(String(body.expires))).toBeGreaterThan(clock.now() + 86_000_000)
  })

  test('there is no 401: a wrong password and an unknown user are 400, told apart by message_i18n only', async () => {
    const { ask } = await rig()
    const wrong = await ask('POST', '/tokens', { ...ACCOUNT, secret: 'no' })
    const unknown = await ask('POST', '/tokens', { ...ACCOUNT, identity: 'x@y.test' })
    expect(wrong).toEqual({ status: 400, body: { error: { code: 400, message: 'Invalid email or password', message_i18n: 'error.invalid-auth' } } })
    expect(unknown).toEqual({ status: 400, body: { error: { code: 400, message: 'Invalid email or password' } } })
  })

  test('a missing token is a 404 with a path, and a 500 where the router stumbles', async () => {
    const { ask, useToken } = await rig()
    useToken('')
    expect(await ask('GET', `${HOSTS}?expand=owner`)).toEqual({ status: 404, body: { error: { code: 404, message: 'Not Found - /nginx/proxy-hosts' } } })
    expect((await ask('DELETE', `${HOSTS}/7`)).body.error?.message).toBe('Not Found - /nginx/proxy-hosts/7')
    expect((await ask('POST', HOSTS, host('a.berth.localhost'))).status).toBe(500)
    expect((await ask('GET', '/users/me')).status).toBe(500)
    expect((await ask('GET', '/tokens')).status).toBe(500)
    expect((await ask('GET', HOSTS, undefined, { authorization: 'bearer x' })).status).toBe(404)
  })

  test('a body is judged before a missing token, and after a garbage one', async () => {
    const { ask, useToken } = await rig()
    useToken('')
    expect((await ask('POST', HOSTS, {})).status).toBe(400)
    useToken('garbage.in.here')
    expect(await ask('POST', HOSTS, {})).toEqual({ status: 500, body: { error: { code: 500, message: 'Internal Error' } } })
  })

  test('an expired token is a 400 whose message_i18n is an object', async () => {
    const { clock, ask } = await rig()
    await pass(clock, 86_400_001)
    const { status, body } = await ask('GET', HOSTS)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ message: 'Token has expired', message_i18n: { name: 'TokenExpiredError' } })
  })

  test('tokens, rows and what nginx serves outlive a restart of the server', async () => {
    const { world, create, steady, token } = await rig()
    await create('a.berth.localhost')
    await steady()
    const clock = new VirtualClock(world.clock.now())
    const restarted = new World(clock, { saved: world.save() })
    const app = npm(restarted, ACCOUNT)
    restarted.start()
    const request = new Request('http://npm/api/nginx/proxy-hosts', { headers: { authorization: `Bearer ${token()}` } })
    const answer = await timed(clock, Promise.resolve(app.fetch(request)))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toHaveLength(1)
    expect(route(restarted, 'a.berth.localhost')).toBeDefined()
  })

  test('expiry=3M says three months and lives three minutes', async () => {
    const { clock, ask, useToken } = await rig()
    const { body } = await ask('GET', '/tokens?expiry=3M')
    expect(Date.parse(String(body.expires)) - clock.now()).toBeGreaterThan(80 * 86_400_000)
    useToken(String(body.token))
    await pass(clock, 181_000)
    expect((await ask('GET', HOSTS)).body.error?.message).toBe('Token has expired')
  })
})

describe('a create', () => {
  test('answers with the meta from before, and nginx_online comes with the next GET', async () => {
    const { ask, create } = await rig()
    const made = await create('a.berth.localhost', { meta: { berth: 't1a2b' } })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ meta: { berth: 't1a2b' }, locations: null, owner: { id: 1 }, certificate: null, access_list: null })
    expect(made.body.meta).not.toHaveProperty('nginx_online')
    expect((await ask('GET', `${HOSTS}/${String(made.body.id)}`)).body.meta).toEqual({ berth: 't1a2b', nginx_online: true, nginx_err: null })
  })

  test('is served only after the reload, old and new by turns meanwhile', async () => {
    const { world, create, steady } = await rig()
    await create('a.berth.localhost')
    const seen = new Set(Array.from({ length: 40 }, () => route(world, 'a.berth.localhost')?.forwardHost))
    expect(seen).toEqual(new Set([undefined, '192.168.1.117']))
    await steady()
    expect(Array.from({ length: 40 }, () => route(world, 'A.Berth.localhost:8080')?.forwardHost)).not.toContain(undefined)
  })

  test('takes 0.2–0.5 s', async () => {
    const { clock, create } = await rig()
    for (let i = 0; i < 20; i++) {
      const before = clock.now()
      await create(`s${i}.berth.localhost`)
      expect(clock.now() - before).toBeGreaterThan(165)
      expect(clock.now() - before).toBeLessThan(550)
    }
  })

  test('of a taken name is a 400 in the spelling sent, whatever the case, and when disabled too', async () => {
    const { ask, create } = await rig()
    const { id } = (await create('a.berth.localhost')).body
    await ask('POST', `${HOSTS}/${String(id)}/disable`)
    expect(await create('A.berth.LOCALHOST')).toEqual({ status: 400, body: { error: { code: 400, message: 'A.berth.LOCALHOST is already in use' } } })
    await ask('DELETE', `${HOSTS}/${String(id)}`)
    expect((await create('A.berth.LOCALHOST')).status).toBe(201)
  })

  test('refuses unknown keys, coerces known ones and lists every fault in one string', async () => {
    const { ask, create } = await rig()
    expect((await create('a.berth.localhost', { letsencrypt_email: 'x' })).body.error?.message).toBe('data must NOT have additional properties')
    const coerced = await create('a.berth.localhost', { forward_port: '8080', allow_websocket_upgrade: 1, block_exploits: 'true', certificate_id: null })
    expect(coerced.body).toMatchObject({ forward_port: 8080, allow_websocket_upgrade: true, block_exploits: true, certificate_id: 0 })
    const wrong = await ask('POST', HOSTS, { domain_names: ['a b'], forward_scheme: 'ftp', forward_port: 70_000, http2_support: 2 })
    expect(wrong.status).toBe(400)
    for (const part of ["required property 'forward_host'", 'data/forward_scheme must be equal to one of', 'data/forward_port must be <= 65535', 'data/http2_support must be boolean', 'data/domain_names/0 must match pattern'])
      expect(wrong.body.error?.message).toContain(part)
  })

  test('refuses what is not a JSON object as the real server does', async () => {
    const { ask } = await rig()
    expect((await ask('POST', HOSTS, '{}', { 'content-type': 'text/plain' })).body.error).toEqual({ code: 400, message: 'Payload is undefined' })
    expect((await ask('POST', HOSTS, '{"a":')).body.error).toEqual({ code: 400, message: 'Internal Error' })
    expect((await ask('POST', HOSTS, JSON.stringify(host('a.b', { advanced_config: 'x'.repeat(110_000) })))).status).toBe(413)
  })

  test('forces SSL flags off without a certificate', async () => {
    const { create } = await rig()
    const made = await create('a.berth.localhost', { ssl_forced: true, http2_support: true, hsts_enabled: true })
    expect(made.body).toMatchObject({ ssl_forced: false, http2_support: false, hsts_enabled: false })
  })

  test('with a bad advanced_config is a 201 that never comes online', async () => {
    const { world, ask, create, steady } = await rig()
    const made = await create('a.berth.localhost', { advanced_config: 'nonsense on;' })
    expect(made.status).toBe(201)
    const { meta } = (await ask('GET', `${HOSTS}/${String(made.body.id)}`)).body as { meta: { nginx_online: boolean; nginx_err: string } }
    expect(meta.nginx_online).toBe(false)
    expect(meta.nginx_err).toContain('unknown directive "nonsense"')
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeUndefined()
  })

  test('leaves its row behind when nginx is broken by somebody else, and a PUT repairs it', async () => {
    const { world, ask, create, steady } = await rig()
    breakNginx(world, 'duplicate listen options')
    expect(await create('a.berth.localhost')).toEqual({ status: 500, body: { error: { code: 500, message: 'Internal Error' } } })
    breakNginx(world, '')
    expect((await create('a.berth.localhost')).body.error?.message).toBe('a.berth.localhost is already in use')
    const [row] = (await ask('GET', `${HOSTS}?query=A.berth`)).body as unknown as { id: number; meta: object }[]
    expect(row?.meta).toEqual({})
    expect((await ask('PUT', `${HOSTS}/${row!.id}`, { forward_port: 81 })).body.meta).toMatchObject({ nginx_online: true })
    await steady()
    expect(route(world, 'a.berth.localhost')?.forwardPort).toBe(81)
  })

  test('five at once of one domain end in one 201', async () => {
    const { world, clock, send } = await rig()
    const all = Promise.all(Array.from({ length: 5 }, () => send('POST', HOSTS, host('a.berth.localhost'))))
    await pass(clock, 3000)
    expect((await all).map((one) => one.status).sort((a, b) => a - b)).toEqual([201, 400, 400, 400, 400])
    expect(world.slice('npm', () => ({ hosts: [] as object[] })).hosts).toHaveLength(1)
  })

  test('beside a bad host hurts good ones', async () => {
    let hurt = 0
    for (let seed = 1; seed <= 5; seed++) {
      const { clock, send } = await rig(seed)
      const bad = send('POST', HOSTS, host('bad.berth.localhost', { advanced_config: 'nonsense;' }))
      const good = Promise.all([1, 2, 3, 4, 5].map((i) => send('POST', HOSTS, host(`g${i}.berth.localhost`))))
      await pass(clock, 3000)
      await bad
      const list = send('GET', HOSTS)
      await pass(clock, 100)
      const rows = (await list).body as unknown as { domain_names: string[]; meta: { nginx_online?: boolean } }[]
      hurt += rows.filter((row) => row.domain_names[0]!.startsWith('g') && row.meta.nginx_online !== true).length + (await good).filter((one) => one.status === 500).length
    }
    expect(hurt).toBeGreaterThan(0)
  })
})

describe('a change', () => {
  test('by PUT refuses what GET gives', async () => {
    const { ask, create } = await rig()
    const { id } = (await create('a.berth.localhost')).body
    const row = (await ask('GET', `${HOSTS}/${String(id)}`)).body
    const message = (await ask('PUT', `${HOSTS}/${String(id)}`, row)).body.error?.message
    expect(message).toContain('data must NOT have additional properties')
    expect(message).toContain('data/locations must be array')
    expect((await ask('PUT', `${HOSTS}/${String(id)}`, {})).status).toBe(400)
  })

  test('enabled:false by PUT leaves the site up and makes disable a 400', async () => {
    const { world, ask, create, steady } = await rig()
    const { id } = (await create('a.berth.localhost')).body
    expect((await ask('PUT', `${HOSTS}/${String(id)}`, { enabled: false })).body).toMatchObject({ enabled: false })
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeDefined()
    expect(await ask('POST', `${HOSTS}/${String(id)}/disable`)).toEqual({ status: 400, body: { error: { code: 400, message: 'Host is already disabled' } } })
  })

  test('disable and enable answer true, and 400 the second time', async () => {
    const { world, ask, create, steady } = await rig()
    const { id } = (await create('a.berth.localhost')).body
    expect(await ask('POST', `${HOSTS}/${String(id)}/disable`)).toEqual({ status: 200, body: true })
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeUndefined()
    expect((await ask('POST', `${HOSTS}/${String(id)}/disable`)).body.error?.message).toBe('Host is already disabled')
    expect((await ask('POST', `${HOSTS}/${String(id)}/enable`)).body).toBe(true)
    expect((await ask('POST', `${HOSTS}/${String(id)}/enable`)).body.error?.message).toBe('Host is already enabled')
  })

  test('delete answers true, a second one names the id; a broken nginx goes on serving what is gone', async () => {
    const { world, ask, create, steady } = await rig()
    const { id } = (await create('a.berth.localhost')).body
    await steady()
    breakNginx(world, 'duplicate listen options')
    expect((await ask('DELETE', `${HOSTS}/${String(id)}`)).status).toBe(500)
    expect((await ask('GET', `${HOSTS}/${String(id)}`)).body.error?.message).toBe(`Not Found - ${String(id)}`)
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeDefined()
    breakNginx(world, '')
    const other = (await create('b.berth.localhost')).body
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeUndefined()
    expect(await ask('DELETE', `${HOSTS}/${String(other.id)}`)).toEqual({ status: 200, body: true })
  })
})

describe('reading', () => {
  test('the list is sorted, unpaged, filtered by part of a name, and expands on demand', async () => {
    const { ask, create } = await rig()
    for (const name of ['c', 'a', 'b']) await create(`${name}.berth.localhost`)
    const list = (await ask('GET', `${HOSTS}?limit=1&expand=owner,certificate`)).body as unknown as { domain_names: string[]; owner: object }[]
    expect(list.map((row) => row.domain_names[0])).toEqual(['a', 'b', 'c'].map((name) => `${name}.berth.localhost`))
    expect(list[0]?.owner).toMatchObject({ id: 1 })
    expect((await ask('GET', `${HOSTS}?query=B.BERTH`)).body).toHaveLength(1)
    expect((await ask('GET', `${HOSTS}?expand=nothing`)).status).toBe(500)
    expect((await ask('GET', `${HOSTS}?query=${'x'.repeat(256)}`)).body.error).toEqual({ code: 400, message: 'Internal Error' })
    expect((await ask('GET', `${HOSTS}/0`)).body.error).toEqual({ code: 400, message: 'Internal Error' })
    expect((await ask('GET', `${HOSTS}/abc`)).status).toBe(400)
  })

  test('wildcard hosts serve what no exact name takes', async () => {
    const { world, create, steady } = await rig()
    await create('*.berth.localhost', { forward_port: 81 })
    await create('a.berth.localhost', { forward_port: 82 })
    await steady()
    expect(route(world, 'a.berth.localhost')?.forwardPort).toBe(82)
    expect(route(world, 'x.y.berth.localhost')?.forwardPort).toBe(81)
    expect(route(world, 'berth.localhost')).toBeUndefined()
  })

  test('routing is strict, and unknown routes are counted', async () => {
    const { world, ask } = await rig()
    expect((await ask('GET', `${HOSTS}/`)).body.error?.message).toBe('Not Found - /nginx/proxy-hosts/')
    expect((await ask('GET', '/nginx/streams')).status).toBe(404)
    expect(world.slice('strays', () => ({ list: [] as string[] })).list).toEqual(['GET /api/nginx/proxy-hosts/', 'GET /api/nginx/streams'])
  })

  test('the version is told without a token', async () => {
    const { ask, useToken } = await rig()
    useToken('')
    expect((await ask('GET', '/')).body).toEqual({ status: 'OK', setup: true, version: { major: 2, minor: 15, revision: 1 } })
  })
})
