// The traps of certificates in Nginx Proxy Manager hold for the simulator.
import { describe, expect, test } from 'vitest'
import { cloudflare } from '../../lab/cloudflare/cloudflare.ts'
import { route } from '../../lab/npm/npm.ts'
import { host, rig } from './npm-rig.ts'
import { pass, timed } from './timed.ts'

const HOSTS = '/nginx/proxy-hosts'
const CERTIFICATES = '/nginx/certificates'

interface Certificate { id: number; domain_names: string[]; expires_on: string; provider: string }
type Rig = Awaited<ReturnType<typeof rig>>

async function wildcard({ clock, ask }: Rig): Promise<number> {
  const list = (await ask('GET', CERTIFICATES)).body as unknown as Certificate[]
  const today = new Date(clock.now()).toISOString().replace('T', ' ')
  return list.find((one) => one.domain_names.includes('*.berth.localhost') && one.expires_on > today)!.id
}

describe('the seed', () => {
  test('holds one valid and one expired wildcard of the same names', async () => {
    const { clock, ask } = await rig()
    const list = (await ask('GET', CERTIFICATES)).body as unknown as Certificate[]
    expect(list.map((one) => one.domain_names)).toEqual([['berth.localhost', '*.berth.localhost'], ['berth.localhost', '*.berth.localhost']])
    expect(list.map((one) => Date.parse(`${one.expires_on}Z`) > clock.now())).toEqual([false, true])
  })

  test('keeps the SSL flags of a host that uses it, and expands it with an empty meta', async () => {
    const one = await rig()
    const made = await one.create('a.berth.localhost', { certificate_id: await wildcard(one), ssl_forced: true, http2_support: true })
    expect(made.body).toMatchObject({ ssl_forced: true, http2_support: true, certificate: { provider: 'letsencrypt', meta: {} } })
    await one.steady()
    expect(route(one.world, 'a.berth.localhost')).toMatchObject({ http2: true, sslForced: true })
  })
})

describe('deleting a certificate in use', () => {
  test('poisons every later write until the host is disabled', async () => {
    const one = await rig()
    const id = await wildcard(one)
    const { id: hostId } = (await one.create('a.berth.localhost', { certificate_id: id })).body
    expect(await one.ask('DELETE', `${CERTIFICATES}/${id}`)).toEqual({ status: 200, body: true })
    expect((await one.create('b.berth.localhost')).status).toBe(500)
    expect((await one.ask('PUT', `${HOSTS}/${String(hostId)}`, { forward_port: 81 })).status).toBe(500)
    expect((await one.ask('GET', `${HOSTS}/${String(hostId)}`)).body.forward_port).toBe(81)
    expect((await one.ask('POST', `${HOSTS}/${String(hostId)}/disable`)).body).toBe(true)
    expect((await one.create('c.berth.localhost')).status).toBe(201)
  })

  test('leaves a host pointing at an id that is no more', async () => {
    const one = await rig()
    const id = await wildcard(one)
    const { id: hostId } = (await one.create('a.berth.localhost', { certificate_id: id })).body
    await one.ask('DELETE', `${CERTIFICATES}/${id}`)
    expect((await one.ask('GET', `${HOSTS}/${String(hostId)}?expand=certificate`)).body).toMatchObject({ certificate_id: id, certificate: null })
  })
})

describe('a custom certificate', () => {
  test('without files keeps its host offline behind a 201', async () => {
    const { ask, create } = await rig()
    const made = await ask('POST', CERTIFICATES, { provider: 'other', nice_name: 'mine' })
    expect(made.status).toBe(201)
    const { id } = (await create('a.berth.localhost', { certificate_id: made.body.id })).body
    expect((await ask('GET', `${HOSTS}/${String(id)}`)).body.meta).toMatchObject({ nginx_online: false })
  })

  test('errors of these paths carry debug, others do not', async () => {
    const { ask } = await rig()
    expect((await ask('GET', `${CERTIFICATES}/999`)).body).toMatchObject({ error: { code: 404, message: 'Not Found - 999' }, debug: {} })
    expect((await ask('POST', CERTIFICATES, { provider: 'letsencrypt', meta: { letsencrypt_email: 'a@b.c' } })).body.error?.message).toContain('additional properties')
  })
})

describe('certbot', () => {
  test('over DNS grants names of the zone, after seconds', async () => {
    const { clock, ask } = await rig()
    const before = clock.now()
    const made = await ask('POST', CERTIFICATES, { provider: 'letsencrypt', domain_names: ['x.berth.localhost'], meta: { dns_challenge: true } })
    expect(made).toMatchObject({ status: 201, body: { provider: 'letsencrypt', domain_names: ['x.berth.localhost'] } })
    expect(clock.now() - before).toBeGreaterThan(3000)
  })

  test('fails for a name that is not in public DNS, and leaves no row', async () => {
    const { ask } = await rig()
    const refused = await ask('POST', CERTIFICATES, { provider: 'letsencrypt', domain_names: ['shop.example.test'], meta: { dns_challenge: false } })
    expect(refused).toMatchObject({ status: 500, body: { error: { message: 'Internal Error' }, debug: { previous: { code: 1 } } } })
    expect((await ask('GET', CERTIFICATES)).body).toHaveLength(2)
  })

  test('takes a host of the same name down, and success leaves it down until the next write', async () => {
    const { world, clock, ask, create, send, steady } = await rig()
    const app = cloudflare(world, { token: 't', zoneId: 'a'.repeat(32), zoneName: 'berth.localhost' })
    const record = new Request(`http://cf/client/v4/zones/${'a'.repeat(32)}/dns_records`, {
      method: 'POST', headers: { authorization: 'Bearer t', 'content-type': 'application/json' }, body: JSON.stringify({ type: 'A', name: 'a', content: '203.0.113.10' }),
    })
    await timed(clock, Promise.resolve(app.fetch(record)))
    const { id } = (await create('a.berth.localhost')).body
    await pass(clock, 3000)
    const issued = send('POST', CERTIFICATES, { provider: 'letsencrypt', domain_names: ['a.berth.localhost'], meta: { dns_challenge: false } })
    await pass(clock, 1500)
    expect(route(world, 'a.berth.localhost')).toBeUndefined()
    expect((await timed(clock, issued)).status).toBe(201)
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeUndefined()
    await ask('PUT', `${HOSTS}/${String(id)}`, { forward_port: 80 })
    await steady()
    expect(route(world, 'a.berth.localhost')).toBeDefined()
  })

  test('runs once at a time', async () => {
    const { clock, send } = await rig()
    const body = { provider: 'letsencrypt', domain_names: ['x.berth.localhost'], meta: { dns_challenge: true } }
    const both = Promise.all([send('POST', CERTIFICATES, body), send('POST', CERTIFICATES, body)])
    await pass(clock, 10_000)
    expect((await both).map((one) => one.status).sort((a, b) => a - b)).toEqual([201, 500])
  })

  test('inline on create loses the SSL flags, and its failure leaves the host live over plain HTTP', async () => {
    const { world, ask, create, steady } = await rig()
    const flags = { certificate_id: 'new', ssl_forced: true, http2_support: true }
    const granted = await create('a.berth.localhost', { ...flags, meta: { dns_challenge: true } })
    expect(granted).toMatchObject({ status: 201, body: { ssl_forced: false, http2_support: false } })
    expect(granted.body.certificate_id).toBeGreaterThan(0)
    const refused = await create('shop.example.test', flags)
    expect(refused).toEqual({ status: 500, body: { error: { code: 500, message: 'Internal Error' } } })
    await steady()
    expect(route(world, 'shop.example.test')).toMatchObject({ certificateId: 0 })
    expect((await ask('POST', HOSTS, host('shop.example.test'))).body.error?.message).toBe('shop.example.test is already in use')
  })
})
