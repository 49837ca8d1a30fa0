// What the Cloudflare API does to a client that is not careful, the simulator does too.
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { cloudflare, resolve } from '../../lab/cloudflare/cloudflare.ts'
import { World } from '../../lab/world.ts'
import { pass, timed } from './timed.ts'

const ZONE = '023e105f4ecef8ad9ca31a8372d0c353'
const RECORDS = `/zones/${ZONE}/dns_records`

interface Result { id: string; name: string; type: string; content: string; ttl: number; comment: string | null; proxied: boolean }
interface Envelope { success: boolean; errors: { code: number; message: string }[]; result: Result; result_info?: { count: number; total_count: number; total_pages: number } }

function rig(seed = 1) {
  const clock = new VirtualClock()
  const world = new World(clock, { seed })
  const app = cloudflare(world, { token: 'right', zoneId: ZONE, zoneName: 'berth.localhost' })
  const ask = async (method: string, path: string, body?: unknown, authorization: string | null = 'Bearer right') => {
    const request = new Request(`http://cf/client/v4${path}`, {
      method,
      headers: { ...(authorization === null ? {} : { authorization }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = await timed(clock, Promise.resolve(app.fetch(request)))
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Envelope }
  }
  const code = async (...asked: Parameters<typeof ask>): Promise<[number, number | undefined]> => {
    const { status, body } = await ask(...asked)
    return [status, body.errors[0]?.code]
  }
  const a = (name: string, content = '203.0.113.10', more: object = {}): object => ({ type: 'A', name, content, ...more })
  const list = async (query: string): Promise<Result[]> => (await ask('GET', `${RECORDS}?${query}`)).body.result as unknown as Result[]
  return { clock, world, ask, code, a, list }
}

describe('access', () => {
  test('a missing, malformed, or wrong token and a foreign zone have each their own code', async () => {
    const { code } = rig()
    expect(await code('GET', '/zones', undefined, null)).toEqual([400, 9106])
    expect(await code('GET', '/zones', undefined, 'nonsense')).toEqual([400, 6003])
    expect(await code('GET', '/zones', undefined, 'Bearer wrong')).toEqual([403, 9109])
    expect(await code('GET', '/user/tokens/verify', undefined, 'Bearer wrong')).toEqual([401, 1000])
    expect(await code('GET', `/zones/${'b'.repeat(32)}/dns_records`)).toEqual([403, 10000])
    expect(await code('GET', '/zones/short/dns_records')).toEqual([404, 7003])
  })

  test('the right one sees its zone', async () => {
    const { ask } = rig()
    expect((await ask('GET', '/user/tokens/verify')).body.result).toMatchObject({ status: 'active' })
    expect((await ask('GET', '/zones?name=berth.localhost')).body.result).toMatchObject([{ id: ZONE, name: 'berth.localhost' }])
    expect((await ask('GET', '/zones?name=other.test')).body.result).toEqual([])
    expect((await ask('GET', `/zones/${ZONE}`)).body.result.name).toBe('berth.localhost')
  })

  test('an unknown route is refused and counted', async () => {
    const { world, code } = rig()
    expect(await code('GET', `/zones/${ZONE}/settings`)).toEqual([404, 7000])
    expect(world.slice('strays', () => ({ list: [] as string[] })).list).toEqual([`GET /client/v4/zones/${ZONE}/settings`])
  })
})

describe('the rate limit', () => {
  test('refuses everything from the 1201st request to the end of the window, and says how long', async () => {
    const { clock, ask } = rig()
    const first = await ask('GET', '/zones')
    expect(first.headers.get('ratelimit')).toBe('"default";r=1199;t=300')
    for (let i = 2; i <= 1200; i++) await ask('GET', '/zones')
    const refused = await ask('GET', '/zones')
    // One after another, 1200 calls of 0.1–0.3 s fit into the window of 300 s.
    expect(refused.status).toBe(429)
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    await pass(clock, wait * 1000)
    expect((await ask('GET', '/zones')).status).toBe(200)
  })
})

describe('records', () => {
  test('are made with the name completed, automatic ttl and no comment', async () => {
    const { ask, a } = rig()
    const { status, body } = await ask('POST', RECORDS, a('Shop'))
    expect(status).toBe(200)
    expect(body).toMatchObject({ success: true, result: { name: 'shop.berth.localhost', ttl: 1, proxied: false, comment: null } })
    expect(body.result.id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('are seen by resolvers 1–2 s after the answer, and gone as late', async () => {
    const { clock, world, ask, a } = rig()
    const { id } = (await ask('POST', RECORDS, a('shop'))).body.result
    expect(resolve(world, 'shop.berth.localhost')).toEqual([])
    await pass(clock, 2000)
    expect(resolve(world, 'SHOP.berth.localhost')).toMatchObject([{ type: 'A', content: '203.0.113.10' }])
    await ask('DELETE', `${RECORDS}/${id}`)
    expect(resolve(world, 'shop.berth.localhost')).toHaveLength(1)
    await pass(clock, 2000)
    expect(resolve(world, 'shop.berth.localhost')).toEqual([])
  })

  test('identical ones are refused under either code, same name with another content is not', async () => {
    const codes = new Set<number | undefined>()
    for (let seed = 1; seed <= 20; seed++) {
      const { ask, code, a, list } = rig(seed)
      await ask('POST', RECORDS, a('shop'))
      codes.add((await code('POST', RECORDS, a('shop', '203.0.113.10', { ttl: 300 })))[1])
      expect((await ask('POST', RECORDS, a('shop', '203.0.113.11'))).status).toBe(200)
      expect(await list('name.exact=shop.berth.localhost&type=A')).toHaveLength(2)
    }
    expect(codes).toEqual(new Set([81057, 81058]))
  })

  test('CNAME and addresses exclude each other', async () => {
    const { ask, code, a } = rig()
    const cname = (name: string): object => ({ type: 'CNAME', name, content: 'target.example.test' })
    await ask('POST', RECORDS, a('one'))
    expect(await code('POST', RECORDS, cname('one'))).toEqual([400, 81053])
    await ask('POST', RECORDS, cname('two'))
    expect(await code('POST', RECORDS, a('two'))).toEqual([400, 81054])
  })

  test('what is wrong is told by code', async () => {
    const { code, a } = rig()
    expect(await code('POST', RECORDS, a('shop', '203.0.113.300'))).toEqual([400, 9005])
    expect(await code('POST', RECORDS, { type: 'AAAA', name: 'shop', content: '::g' })).toEqual([400, 9006])
    expect(await code('POST', RECORDS, { type: 'WHAT', name: 'shop', content: 'x' })).toEqual([400, 9020])
    expect(await code('POST', RECORDS, a('sh..op'))).toEqual([400, 9000])
    expect(await code('POST', RECORDS, a('shop', '203.0.113.10', { ttl: 30 }))).toEqual([400, 9021])
    expect(await code('POST', RECORDS, a('shop', '192.168.1.117', { proxied: true }))).toEqual([400, 9003])
    expect(await code('POST', RECORDS, { type: 'TXT', name: 'shop', content: 'x', proxied: true })).toEqual([400, 9004])
    expect(await code('POST', RECORDS, a('shop', '203.0.113.10', { tags: ['a:b'] }))).toEqual([400, 9300])
    expect(await code('POST', RECORDS, a('shop', '203.0.113.10', { comment: 'x'.repeat(101) }))).toEqual([400, 9301])
    expect(await code('POST', RECORDS, '{"a"')).toEqual([400, 9207])
    expect(await code('GET', `${RECORDS}/${'0'.repeat(32)}`)).toEqual([404, 81044])
    expect(await code('DELETE', `${RECORDS}/${'0'.repeat(32)}`)).toEqual([404, 81044])
  })

  test('PUT forgets what it is not told, PATCH keeps it', async () => {
    const { ask, a } = rig()
    const { id } = (await ask('POST', RECORDS, a('shop', '203.0.113.10', { comment: 'berth:t1', ttl: 300 }))).body.result
    const patched = (await ask('PATCH', `${RECORDS}/${id}`, { content: '203.0.113.11' })).body.result
    expect(patched).toMatchObject({ id, content: '203.0.113.11', comment: 'berth:t1', ttl: 300 })
    const put = (await ask('PUT', `${RECORDS}/${id}`, a('shop', '203.0.113.12'))).body.result
    expect(put).toMatchObject({ id, content: '203.0.113.12', comment: null, ttl: 1 })
  })

  test('a rename reaches both names at the edge', async () => {
    const { clock, world, ask, a } = rig()
    const { id } = (await ask('POST', RECORDS, a('old'))).body.result
    await pass(clock, 2000)
    await ask('PATCH', `${RECORDS}/${id}`, { name: 'new' })
    await pass(clock, 2000)
    expect([resolve(world, 'old.berth.localhost').length, resolve(world, 'new.berth.localhost').length]).toEqual([0, 1])
  })

  test('lists filter by name, type and comment, and page without overlap', async () => {
    const { ask, a, list } = rig()
    for (let i = 0; i < 5; i++) await ask('POST', RECORDS, a(`s${i}`, '203.0.113.10', { comment: `berth:t${i}` }))
    await ask('POST', RECORDS, { type: 'TXT', name: 's1', content: '"x"' })
    expect((await list('name.exact=s1.berth.localhost')).map((one) => one.type).sort()).toEqual(['A', 'TXT'])
    expect(await list('name.exact=s1.berth.localhost&type=TXT')).toHaveLength(1)
    expect(await list('comment.exact=berth:t3')).toMatchObject([{ name: 's3.berth.localhost' }])
    expect(await list('comment.startswith=berth:')).toHaveLength(5)
    expect(await list('comment.absent=true')).toHaveLength(1)
    const { body } = await ask('GET', `${RECORDS}?per_page=4&page=2`)
    expect(body.result_info).toEqual({ page: 2, per_page: 4, count: 2, total_count: 6, total_pages: 2 })
    const ids = [...(await list('per_page=4')), ...(await list('per_page=4&page=2'))].map((one) => one.id)
    expect(new Set(ids).size).toBe(6)
    expect((await list('order=name&direction=desc')).map((one) => one.name[1])).toEqual(['4', '3', '2', '1', '1', '0'])
  })
})

describe('a batch', () => {
  test('does deletes, patches, puts, posts in this order and answers for each', async () => {
    const { clock, world, ask, a, list } = rig()
    const one = (await ask('POST', RECORDS, a('one'))).body.result
    const two = (await ask('POST', RECORDS, a('two', '203.0.113.10', { comment: 'kept' }))).body.result
    const done = await ask('POST', `${RECORDS}/batch`, { deletes: [{ id: one.id }], patches: [{ id: two.id, content: '203.0.113.11' }], posts: [a('one')] })
    expect(done.body.result).toMatchObject({ deletes: [{ id: one.id }], patches: [{ id: two.id, comment: 'kept' }], puts: [], posts: [{ name: 'one.berth.localhost' }] })
    expect(await list('')).toHaveLength(2)
    await pass(clock, 2000)
    expect(resolve(world, 'two.berth.localhost')).toMatchObject([{ content: '203.0.113.11' }])
  })

  test('changes nothing when anything fails, and takes 200 operations at most', async () => {
    const { ask, code, a, list } = rig()
    const one = (await ask('POST', RECORDS, a('one'))).body.result
    expect(await code('POST', `${RECORDS}/batch`, { deletes: [{ id: one.id }], posts: [a('two'), a('three', 'nonsense')] })).toEqual([400, 9005])
    expect(await list('')).toMatchObject([{ id: one.id }])
    expect((await code('POST', `${RECORDS}/batch`, { posts: Array.from({ length: 201 }, (_, i) => a(`s${i}`)) }))[0]).toBe(400)
  })
})
