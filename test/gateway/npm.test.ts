// Nginx Proxy Manager has one account, no 401 and no patience for two writes at once; the gateway makes up for it.
import { describe, expect, test } from 'vitest'
import { refusedConnect, reset, said, site, type Heard } from './worker.ts'

const hosts = '/npm/api/nginx/proxy-hosts'
const isLogIn = ({ url }: Heard): boolean => url.pathname === '/api/tokens'
const failure = (status: number, message: string): Response => Response.json({ error: { code: status, message } }, { status })

/** An NPM that accepts only the token it gave last, and answers `act` to whoever bears it. */
function npm(act: (heard: Heard) => Response | Promise<Response>, refuse: () => Response = () => failure(400, 'Token has expired')) {
  const state = { token: 0, logIns: 0 }
  const outer = site(async (heard) => {
    if (isLogIn(heard)) {
      state.logIns++
      return Response.json({ token: `token-${++state.token}`, expires: new Date(outer.clock.now() + 86_400_000).toISOString() })
    }
    return heard.headers.get('authorization') === `Bearer token-${state.token}` ? act(heard) : refuse()
  })
  return { ...outer, state, expire: () => void state.token++ }
}

describe('the account at Nginx Proxy Manager', () => {
  test('logs in once for many requests, without a second factor or a longer life', async () => {
    const { send, state, heard, request, post, settled } = npm(() => Response.json([]))
    await settled(Promise.all([request('GET', hosts), request('GET', hosts)].map(async (one) => post(await one))))
    await send('GET', hosts)
    expect(state.logIns).toBe(1)
    expect(JSON.parse(heard[0]!.body)).toEqual({ identity: 'berth@example.test', secret: 'npm-account-secret' })
    expect(heard.filter((one) => !isLogIn(one)).every(({ headers }) => headers.get('authorization') === 'Bearer token-1')).toBe(true)
  })

  test('logs in anew before the token ends', async () => {
    const { send, state, clock } = npm(() => Response.json([]))
    await send('GET', hosts)
    clock.jump(11 * 3_600_000)
    await send('GET', hosts)
    expect(state.logIns).toBe(1)
    clock.jump(3_600_000)
    await send('GET', hosts)
    expect(state.logIns).toBe(2)
  })

  const signs = {
    'an expired token': () => failure(400, 'Token has expired'),
    'a missing object that is a path': () => failure(404, 'Not Found - /nginx/proxy-hosts'),
    'an internal error': () => failure(500, 'Internal Error'),
    'a 403 of an old release': () => failure(403, 'Permission Denied'),
  }
  test.each(Object.entries(signs))('logs in anew and reads again after %s', async (_, sign) => {
    const { send, state, expire } = npm(() => Response.json([]), sign)
    await send('GET', hosts)
    expire()
    expect(await said(await send('GET', hosts))).toMatchObject({ status: 200, landed: '1' })
    expect(state.logIns).toBe(2)
  })

  test('does not log in for an object that is really missing, nor for a refusal', async () => {
    const { send, state, heard } = npm(({ method }) => (method === 'GET' ? failure(404, 'Not Found - 7') : failure(400, 'a.test is already in use')))
    expect(await said(await send('GET', `${hosts}/7`))).toMatchObject({ status: 404, landed: '1' })
    expect(await said(await send('POST', hosts, { body: '{}' }))).toMatchObject({ status: 400, landed: '1' })
    expect(state.logIns).toBe(1)
    expect(heard).toHaveLength(3)
  })

  test('repeats a read only once', async () => {
    const { send, heard } = npm(() => failure(500, 'Internal Error'))
    expect(await said(await send('GET', hosts))).toMatchObject({ status: 500, landed: '1' })
    expect(heard.filter((one) => !isLogIn(one))).toHaveLength(2)
  })

  test('never lets a missing right look like a missing object', async () => {
    const { send } = npm(() => failure(404, 'Not Found - /nginx/proxy-hosts/7'))
    expect(await said(await send('GET', `${hosts}/7`))).toMatchObject({ status: 502, fate: 'credentials', landed: null })
    expect(await said(await send('DELETE', `${hosts}/7`))).toMatchObject({ status: 502, fate: 'credentials', landed: null })
  })

  test('never repeats a write: what was not applied is said to be not sent, a 500 stays a 500', async () => {
    let broken = false
    const { send, expire, heard, state, clock } = npm(() => (broken ? failure(500, 'Internal Error') : Response.json({ id: 1 }, { status: 201 })))
    await send('GET', hosts)
    clock.jump(600_000)
    expire()
    expect(await said(await send('POST', hosts, { body: '{}' }))).toMatchObject({ status: 503, fate: 'not-sent', landed: null })
    expect(await said(await send('POST', hosts, { body: '{}' }))).toMatchObject({ status: 201, landed: '1' })
    expect(state.logIns).toBe(2)
    broken = true
    expect(await said(await send('POST', hosts, { body: '{}' }))).toMatchObject({ status: 500, landed: '1', fate: null })
    expect(heard.filter(({ url, method }) => method === 'POST' && url.pathname !== '/api/tokens')).toHaveLength(3)
  })

  test('logs in anew after a write that failed for a foreign token, which NPM calls an internal error', async () => {
    const { send, state, expire } = npm(() => Response.json({ id: 1 }, { status: 201 }), () => failure(500, 'Internal Error'))
    await send('POST', hosts, { body: '{}' })
    expire()
    expect(await said(await send('POST', hosts, { body: '{}' }))).toMatchObject({ status: 500, landed: '1' })
    expect(await said(await send('POST', hosts, { body: '{}' }))).toMatchObject({ status: 201 })
    expect(state.logIns).toBe(2)
  })

  test('is reported when its log-in is refused, wants a second factor, or gets no answer', async () => {
    const logIn = async (answer: () => Response): Promise<object> => said(await site(answer).send('POST', hosts, { body: '{}' }))
    expect(await logIn(() => failure(400, 'Invalid email or password'))).toMatchObject({ status: 502, fate: 'credentials' })
    expect(await logIn(() => Response.json({ requires_2fa: true, challenge_token: 'c' }))).toMatchObject({ status: 502, fate: 'credentials' })
    expect(await logIn(() => failure(500, 'Internal Error'))).toMatchObject({ status: 503, fate: 'not-sent' })
    for (const error of [refusedConnect(), reset()])
      expect(await logIn(() => {
        throw error
      })).toMatchObject({ status: 503, fate: 'not-sent' })
  })

  test('writes one thing at a time, also while an earlier answer is overdue', async () => {
    let inside = 0
    let most = 0
    const { request, post, settled, clock, rim } = npm(async ({ method }) => {
      if (method === 'GET') return Response.json([])
      most = Math.max(most, ++inside)
      await rim.sleep(3_000)
      inside--
      return Response.json(true)
    })
    const write = async (leftMs: number): Promise<Response> => post(await request('POST', `${hosts}/7/enable`, { leftMs, operation: `t${leftMs}/proxy-host` }))
    const start = clock.now()
    const answers = [write(1_000), write(20_000), write(20_001)]
    const read = await settled(request('GET', hosts).then(post))
    expect(read.status).toBe(200)
    expect(clock.now() - start).toBeLessThan(3_000)
    const [late, second, third] = await settled(Promise.all(answers))
    expect(await said(late!)).toMatchObject({ status: 504, fate: 'unknown' })
    expect([second!.status, third!.status]).toEqual([200, 200])
    expect(most).toBe(1)
    expect(clock.now() - start).toBe(9_000)
  })

  test('drops a write that became too late, or was overtaken, while it waited for its turn', async () => {
    const { request, post, settled, heard, rim } = npm(async () => {
      await rim.sleep(5_000)
      return Response.json(true)
    })
    const first = post(await request('POST', `${hosts}/1/enable`, { operation: 'a/proxy-host' }))
    const late = post(await request('POST', `${hosts}/2/enable`, { operation: 'b/proxy-host', leftMs: 4_000 }))
    const older = post(await request('POST', `${hosts}/3/enable`, { operation: 'c/proxy-host', attempt: 1 }))
    await settled(Promise.resolve())
    const newer = post(await request('POST', `${hosts}/3/disable`, { operation: 'c/proxy-host', attempt: 2 }))
    expect(await said(await settled(late))).toMatchObject({ status: 408, fate: 'not-sent' })
    expect(await said(await settled(older))).toMatchObject({ status: 409, fate: 'not-sent' })
    expect((await settled(first)).status).toBe(200)
    expect((await settled(newer)).status).toBe(200)
    expect(heard.filter((one) => !isLogIn(one)).map(({ url }) => url.pathname)).toEqual(['/api/nginx/proxy-hosts/1/enable', '/api/nginx/proxy-hosts/3/disable'])
  })

  test('goes on with the next write when one never ends', async () => {
    const { request, post, settled } = npm(({ url }) => (url.pathname.includes('/1/') ? new Promise(() => undefined) : Response.json(true)))
    const hangs = post(await request('POST', `${hosts}/1/enable`, { operation: 'a/proxy-host', leftMs: 10_000 }))
    const next = post(await request('POST', `${hosts}/2/enable`, { operation: 'b/proxy-host', leftMs: 25_000 }))
    expect((await settled(hangs)).status).toBe(504)
    expect((await settled(next)).status).toBe(200)
  })

  test('keeps private keys where they are', async () => {
    const certificate = { id: 3, provider: 'other', nice_name: 'wildcard', domain_names: ['*.a.test'], meta: { certificate: 'PUBLIC', certificate_key: 'PRIVATE KEY' } }
    const { send } = npm(({ url }) => Response.json(url.pathname.endsWith('/3') ? certificate : [certificate]))
    const bare = { ...certificate, meta: {} }
    expect(await (await send('GET', '/npm/api/nginx/certificates')).json()).toEqual([bare])
    expect(await (await send('GET', '/npm/api/nginx/certificates/3')).json()).toEqual(bare)
  })
})
