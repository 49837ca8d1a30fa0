// The laws of classification: one per thing that a request can come to.

import { describe, expect, it } from 'vitest'
import type { Answer } from './far-end.ts'
import { Http, path } from '../../src/upstreams/http.ts'
import { verified } from '../../src/upstreams/signature.ts'
import { call, farEnd, landed, now, refusal, through } from './far-end.ts'

const words = (json: unknown): string | undefined => (json as { message?: string } | undefined)?.message

/** What a POST through the gateway comes to. */
const failing = (...answers: Answer[]) => refusal(through(farEnd(...answers).rim, words, 'https://gate.test/proxmox').send('POST', '/x', { form: { a: 1 } }))

/** What a POST to a system without a gateway between comes to. */
const failingDirectly = (answer: Answer) =>
  refusal(new Http({ system: 'cloudflare', baseUrl: 'https://api.test', words }, farEnd(answer).rim, call).send('POST', '/x', { json: {} }))

const thrown = (code: string): Error => Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('no'), { code }) })

describe('a request that got no answer', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])('is not sent when connecting ended in %s', async (code) => {
    expect(await failing(thrown(code))).toMatchObject({ fate: 'not-sent', landed: false })
  })

  it.each(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'])('is unknown when the connection ended in %s', async (code) => {
    expect(await failing(thrown(code))).toMatchObject({ fate: 'unknown', landed: false })
  })

  it('is unknown when fetch throws without saying why', async () => {
    expect(await failing(new Error('Network connection lost.'))).toMatchObject({ fate: 'unknown', landed: false })
  })

  it('is unknown after its time-out, and is aborted then', async () => {
    const end = farEnd('never')
    expect(await refusal(through(end.rim, words, 'https://gate.test').send('GET', '/x'))).toMatchObject({ fate: 'unknown', landed: false })
    expect(end.slept).toEqual([15_000])
    expect(end.aborted()).toBe(true)
  })

  it('waits hardly longer than its deadline', async () => {
    const end = farEnd('never')
    const short = { ...call, deadline: now + 2_000 }
    await refusal(through(end.rim, words, 'https://gate.test', short).send('GET', '/x', { timeoutMs: 60_000 }))
    expect(end.slept).toEqual([3_000])
  })

  it('is not sent at all past its deadline', async () => {
    const end = farEnd(landed(200, {}))
    const late = through(end.rim, words, 'https://gate.test', { ...call, deadline: now })
    expect(await refusal(late.send('POST', '/x'))).toMatchObject({ fate: 'not-sent' })
    expect(end.sent).toEqual([])
  })

  it('is not sent when it was cancelled before, and unknown when cancelled under way', async () => {
    const cancel = new AbortController()
    const rim = { ...farEnd('never').rim, sleep: () => new Promise<void>(() => undefined) }
    const http = through(rim, words, 'https://gate.test', { ...call, signal: cancel.signal })
    const underWay = refusal(http.send('POST', '/x'))
    await new Promise((resolve) => void setImmediate(resolve))
    cancel.abort()
    expect(await underWay).toMatchObject({ fate: 'unknown', landed: false })
    expect(await refusal(http.send('POST', '/x'))).toMatchObject({ fate: 'not-sent' })
  })

  it('ends its time-out when the answer is there', async () => {
    let over = false
    const rim = { ...farEnd(landed(200, {})).rim, sleep: (_ms: number, signal?: AbortSignal) => new Promise<void>((resolve) => signal?.addEventListener('abort', () => { over = true; resolve() })) }
    await through(rim, words, 'https://gate.test').send('GET', '/x')
    expect(over).toBe(true)
  })
})

describe('an answer', () => {
  it.each([401, 403])('with %i is a matter of credentials and keeps the words', async (status) => {
    const error = await failing(landed(status, { message: 'Permission check failed (/vms/100, VM.Allocate)' }))
    expect(error).toMatchObject({ fate: 'credentials', landed: true, status })
    expect(error.message).toContain('VM.Allocate')
  })

  it('with an empty 401 is a matter of credentials', async () => {
    expect(await failing(landed(401))).toMatchObject({ fate: 'credentials' })
  })

  it('that redirects is a matter of credentials', async () => {
    expect(await failing({ status: 302, headers: { location: 'https://log.in' } })).toMatchObject({ fate: 'credentials' })
  })

  it('that is a log-in page is a matter of credentials', async () => {
    const page = '<!DOCTYPE html><form><input type="password"></form>'
    expect(await failing({ status: 200, body: page, headers: { 'content-type': 'text/html' } })).toMatchObject({ fate: 'credentials' })
  })

  it('that is another web page is unknown, with a good status as with a bad one', async () => {
    const headers = { 'content-type': 'text/html; charset=utf-8' }
    expect(await failing({ status: 200, body: '<html>Welcome</html>', headers })).toMatchObject({ fate: 'unknown' })
    expect(await failing({ status: 502, body: '<html>Bad gateway</html>', headers })).toMatchObject({ fate: 'unknown', landed: false })
    expect(await failing({ status: 502, body: '<html>please log in</html>', headers })).toMatchObject({ fate: 'unknown' })
  })

  it('with broken JSON is unknown', async () => {
    expect(await failing(landed(200, '{"data":"UPID'))).toMatchObject({ fate: 'unknown', landed: false })
  })

  it('of a middlebox before the upstream does not count as the upstream having answered', async () => {
    for (const status of [200, 502, 504]) expect(await failing(landed(status, '<html>Bad gateway</html>'))).toMatchObject({ fate: 'unknown', landed: false })
    expect(await through(farEnd(landed(502)).rim, words, 'https://gate.test').send('POST', '/x')).toMatchObject({ status: 502, landed: false })
  })

  it('with 429 is not sent and says when to come back, in seconds or as a date', async () => {
    expect(await failing(landed(429, {}, { 'retry-after': '7' }))).toMatchObject({ fate: 'not-sent', retryAfterMs: 7_000 })
    expect(await failing(landed(429, {}, { 'retry-after': new Date(now + 30_000).toUTCString() }))).toMatchObject({ retryAfterMs: 30_000 })
    expect((await failing(landed(429, {}, { 'retry-after': 'soon' }))).retryAfterMs).toBeUndefined()
  })

  it('that is JSON goes to the client whatever its status, with its raw text', async () => {
    const reply = await through(farEnd(landed(500, '{"message":"CT is locked","ret_code":-4611686018406153244}')).rim, words, 'https://gate.test').send('POST', '/x')
    expect(reply).toMatchObject({ status: 500, landed: true, json: { message: 'CT is locked' } })
    expect(reply.text).toContain('-4611686018406153244')
  })
})

describe('what stands before the gateway', () => {
  const html = { 'content-type': 'text/html; charset=UTF-8' }
  const page = '<!DOCTYPE html><html><title>Cloudflare</title></html>'
  const answers: [string, Answer, { fate: string; message: RegExp }][] = [
    ['Access that wants a log-in', { status: 302, headers: { ...html, location: 'https://team.cloudflareaccess.com/cdn-cgi/access/login/gate.test?kid=1' } }, { fate: 'credentials', message: /Access wants a log-in: no service token was sent, or .* no Service Auth policy/ }],
    ['another redirect', { status: 301, headers: { location: 'https://www.gate.test/' } }, { fate: 'credentials', message: /redirects to www\.gate\.test/ }],
    ['a redirect to nowhere', { status: 302, headers: { location: '/login' } }, { fate: 'credentials', message: /redirects instead/ }],
    ['Access that does not know the token', { status: 401, body: '', headers: html }, { fate: 'credentials', message: /does not know our service token/ }],
    ['Access whose policy does not admit it', { status: 403, body: page, headers: html }, { fate: 'credentials', message: /no Service Auth policy/ }],
    ['a challenge for browsers', { status: 403, body: page, headers: { ...html, 'cf-mitigated': 'challenge' } }, { fate: 'credentials', message: /challenges us/ }],
    ['Access and its log-in page with a good status', { status: 200, body: '<html><title>Sign in ・ Cloudflare Access</title></html>', headers: html }, { fate: 'credentials', message: /a log-in page/ }],
    ['a tunnel that is not connected', { status: 530, body: 'error code: 1033', headers: { 'content-type': 'text/plain' } }, { fate: 'not-sent', message: /tunnel is not connected/ }],
    ['a tunnel whose connector finds nobody', { status: 502, body: page, headers: html }, { fate: 'unknown', message: /a web page/ }],
    ...([[520, 'unknown'], [521, 'not-sent'], [522, 'unknown'], [523, 'not-sent'], [524, 'unknown'], [525, 'not-sent'], [526, 'not-sent'], [530, 'unknown']] as const)
      .map(([status, fate]): [string, Answer, { fate: string; message: RegExp }] => [`Cloudflare with ${status}`, { status, body: page, headers: html }, { fate, message: status === 530 ? /a web page/ : /Cloudflare (?!Access)/ }]),
  ]
  it.each(answers)('is known for what it is: %s', async (_, answer, { fate, message }) => {
    const error = await failing(answer)
    expect(error).toMatchObject({ fate, landed: false })
    expect(error.message).toMatch(message)
  })

  it('is not seen in what the gateway passes on', async () => {
    for (const status of [401, 403]) expect((await failing(landed(status, { message: 'Permission check failed' }))).message).not.toContain('Access')
    const reply = await through(farEnd(landed(521, { message: 'theirs' })).rim, words, 'https://gate.test').send('GET', '/x')
    expect(reply).toMatchObject({ status: 521, landed: true })
  })

  it('is not believed to have sent nothing when the system is asked directly', async () => {
    for (const status of [521, 525, 530]) expect(await failingDirectly({ status, body: 'error code: 1033', headers: { 'content-type': 'text/plain' } })).toMatchObject({ fate: 'unknown' })
  })

  it.each([['dns_error', 'not-sent'], ['connection_refused', 'not-sent'], ['connection_terminated', 'unknown'], ['connection_timeout', 'unknown'], ['something_new', 'unknown']])('throws %s as a binding of Workers VPC: %s', async (code, fate) => {
    expect(await failing(Object.assign(new Error(code), { name: 'ProxyError' }))).toMatchObject({ fate, landed: false })
    expect(await failing(new Error(`ProxyError: ${code}`))).toMatchObject({ fate, landed: false })
  })
})

describe('the gateway', () => {
  it.each([['not-sent', 408], ['unknown', 504], ['refused', 400], ['credentials', 401]] as const)('decides %s itself', async (fate, status) => {
    const body = { error: { code: 'some-code', message: 'because' } }
    const error = await failing({ status, body, headers: { 'Berth-Fate': fate, 'retry-after': '2' } })
    expect(error).toMatchObject({ fate, landed: false, status, retryAfterMs: 2_000 })
    expect(error.message).toContain('because (some-code)')
  })

  it('is not believed when the word is unheard of', async () => {
    expect(await failing({ status: 400, body: {}, headers: { 'Berth-Fate': 'fine' } })).toMatchObject({ fate: 'unknown' })
  })

  it('is not impersonated by a system that we ask directly', async () => {
    expect(await failingDirectly({ status: 429, body: {}, headers: { 'Berth-Fate': 'refused', 'Berth-Landed': '1' } })).toMatchObject({ fate: 'not-sent' })
    const page = { status: 502, body: '<html>', headers: { 'content-type': 'text/html', 'Berth-Landed': '1' } }
    expect(await failingDirectly(page)).toMatchObject({ fate: 'unknown', landed: false })
  })

  it('gets each request fenced and signed, body included', async () => {
    const end = farEnd(landed(200, {}))
    await through(end.rim, words, 'https://gate.test/proxmox').send('POST', '/api2/json/nodes/n/lxc', { query: { q: 'a b' }, form: { tags: 'a;b' } })
    const [sent] = end.sent
    expect(sent!.headers.get('Berth-Operation')).toBe('t1a2b/container')
    expect(sent!.headers.get('Berth-Attempt')).toBe('3')
    expect(sent!.headers.get('Berth-Deadline')).toBe(String(now + 60_000))
    const request = { method: 'POST', url: 'https://gate.test/proxmox/api2/json/nodes/n/lxc?q=a+b', headers: sent!.headers, body: sent!.body }
    expect(await verified(request, { worker: 'for tests' }, now)).toMatchObject({ ok: true })
    expect(await verified({ ...request, body: 'tags=b' }, { worker: 'for tests' }, now)).toMatchObject({ ok: false })
  })

  it('gets a nonce never used before', async () => {
    const end = farEnd(landed(200, {}))
    const http = through(end.rim, words, 'https://gate.test')
    await http.send('GET', '/x')
    await http.send('GET', '/x')
    const [first, second] = end.sent.map((sent) => /nonce="([^"]+)"/.exec(sent.headers.get('signature-input') ?? '')?.[1])
    expect(first).toBeTruthy()
    expect(first).not.toBe(second)
  })
})

describe('what is sent', () => {
  it('says nothing of Berth to a system that we ask directly', async () => {
    const end = farEnd({ status: 200, body: {} })
    await new Http({ system: 'cloudflare', baseUrl: 'https://api.test', words, headers: { authorization: 'Bearer x' } }, end.rim, call).send('GET', '/x')
    expect([...end.sent[0]!.headers.keys()].sort()).toEqual(['accept', 'authorization'])
  })

  it('has forms with 1 and 0, without the undefined, and with semicolons encoded', async () => {
    const end = farEnd(landed(200, {}))
    await through(end.rim, words, 'https://gate.test').send('POST', '/x', { form: { a: true, b: false, c: undefined, d: 'x;y', e: ['1', '2'] } })
    expect(end.sent[0]!.body).toBe('a=1&b=0&d=x%3By&e=1&e=2')
    expect(end.sent[0]!.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
  })

  it('has path values encoded, and none that name another place', () => {
    expect(path`/nodes/${'node1'}/tasks/${'UPID:n:1:a@pam!t:'}/status`).toBe('/nodes/node1/tasks/UPID%3An%3A1%3Aa%40pam%21t%3A/status')
    expect(path`/x/${'a/../b'}`).toBe('/x/a%2F..%2Fb')
    for (const value of ['', '.', '..']) expect(() => path`/dns_records/${value}`).toThrow(TypeError)
  })

  it('never shows in an error: neither body nor headers', async () => {
    const secret = 'correct horse'
    const end = farEnd(landed(401, {}))
    const http = through(end.rim, words, 'https://gate.test')
    const error = await refusal(http.send('POST', '/x', { form: { password: secret } }))
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('correct')
    expect(error.message).not.toContain('for tests')
  })
})

describe('the default for a vendor error', () => {
  const reply = (status: number, isLanded: boolean) => ({ line: 'GET /x', status, json: { message: 'no' }, text: '', landed: isLanded, retryAfterMs: undefined })
  const http = through(farEnd(landed(200)).rim, words, 'https://gate.test')

  it('is unknown from 500 on and refused below', () => {
    expect(http.failure(reply(500, true))).toMatchObject({ fate: 'unknown', landed: true, status: 500 })
    expect(http.failure(reply(400, true))).toMatchObject({ fate: 'refused', landed: true, message: 'GET /x: 400 no' })
  })

  it('is unknown below 500 too when the system itself has not spoken', () => {
    expect(http.failure(reply(400, false))).toMatchObject({ fate: 'unknown', landed: false })
  })
})
