// ISPConfig locks an address out after ten failures in five minutes and forgets sessions after thirty; the gateway lives with both.
import { describe, expect, test } from 'vitest'
import { ispconfigPassword, refusedConnect, reset, said, site, type Heard } from './worker.ts'

const read = '/ispconfig/dns_zone_get'
const write = '/ispconfig/dns_zone_add'
const minute = 60_000
const isLogIn = ({ url }: Heard): boolean => url.search === '?login'
const ok = (response: unknown): Response => Response.json({ code: 'ok', message: '', response })
const fault = (message: string): Response => Response.json({ code: 'remote_fault', message, response: false })
const expired = (): Response => fault('The Session is expired or does not exist.')
const argumentsOf = (heard: Heard): Record<string, unknown> => JSON.parse(heard.body) as Record<string, unknown>

/** An ISPConfig that accepts only the session it gave last. */
function panel(act: (heard: Heard) => Response | Promise<Response> = () => ok([]), logIn?: () => Response | Promise<Response>) {
  const state = { session: 0, logIns: 0 }
  const name = (): string => `a${String(state.session).padStart(40, '0')}`
  const outer = site(async (heard) => {
    if (!isLogIn(heard)) return argumentsOf(heard)['session_id'] === name() ? act(heard) : expired()
    state.logIns++
    if (logIn) return logIn()
    state.session++
    return ok(name())
  })
  const ask = (path = read, more: { body?: string; attempt?: number; leftMs?: number } = {}) => outer.send('POST', path, { body: '{"primary_id":7}', ...more })
  return { ...outer, ask, state, name, expire: () => void state.session++ }
}

describe('the remote user at ISPConfig', () => {
  test('logs in once for many calls, and adds the session to their arguments', async () => {
    const { request, post, settled, ask, state, heard, name } = panel()
    await settled(Promise.all([1, 2, 3].map(async () => post(await request('POST', read, { body: '{"primary_id":7,"session_id":"mine"}' })))))
    await ask()
    expect(state.logIns).toBe(1)
    expect(argumentsOf(heard[0]!)).toEqual({ username: 'berth', password: ispconfigPassword })
    expect(heard.slice(1).map((one) => [one.url.pathname + one.url.search, argumentsOf(one)])).toEqual(Array(4).fill(['/remote/json.php?dns_zone_get', { primary_id: 7, session_id: name() }]))
  })

  test('renews the session before it ends', async () => {
    const { ask, state, clock } = panel()
    await ask()
    clock.jump(24 * minute)
    await ask()
    expect(state.logIns).toBe(1)
    clock.jump(2 * minute)
    expect((await ask()).status).toBe(200)
    expect(state.logIns).toBe(2)
  })

  test('repeats a reading call once after a lost session, and never a writing one', async () => {
    const { ask, expire, clock, state } = panel()
    await ask()
    clock.jump(2 * minute)
    expire()
    expect((await ask()).headers.get('berth-landed')).toBe('1')
    clock.jump(2 * minute)
    expire()
    expect(await said(await ask(write))).toMatchObject({ status: 503, fate: 'not-sent', code: 'ispconfig-session' })
    expect((await ask(write)).status).toBe(200)
    expect(state.logIns).toBe(3)
  })

  test('never comes near the lock-out, whatever is asked while no session holds', async () => {
    const { ask, heard, clock } = panel(expired)
    for (let n = 0; n < 40; n++) {
      expect(await said(await ask(n % 2 ? read : write))).toMatchObject({ status: 503, fate: 'not-sent' })
      clock.jump(5_000)
    }
    expect(heard.filter((one) => !isLogIn(one)).length).toBeLessThan(10)
    const before = heard.length
    clock.jump(5 * minute)
    await ask()
    expect(heard.length).toBeGreaterThan(before)
  })

  test('does not repeat a refused log-in for two minutes', async () => {
    const { ask, state, clock } = panel(undefined, () => fault('The login failed. Username or password wrong.'))
    for (let n = 0; n < 5; n++) expect(await said(await ask())).toMatchObject({ status: 502, fate: 'credentials', code: 'ispconfig-log-in' })
    expect(state.logIns).toBe(1)
    clock.jump(2 * minute)
    await ask()
    expect(state.logIns).toBe(2)
  })

  test('waits out a lock, which is nobody\'s wrong password', async () => {
    const { ask, state, clock } = panel(undefined, () => fault('The login failure limit is reached.'))
    for (let n = 0; n < 3; n++) {
      expect(await said(await ask(write))).toMatchObject({ status: 503, fate: 'not-sent', code: 'ispconfig-locked' })
      clock.jump(90_000)
    }
    expect(state.logIns).toBe(1)
  })

  test.each([
    ['maintenance', () => fault('This ISPConfig installation is currently under maintenance.'), 'ispconfig-log-in'],
    ['a web page', () => new Response('<b>Fatal error</b>', { headers: { 'content-type': 'text/html' } }), 'ispconfig-log-in'],
    ['a broken connection', () => Promise.reject(reset()), 'ispconfig-log-in'],
    ['nobody listening', () => Promise.reject(refusedConnect()), 'unreachable'],
  ])('was not asked when its log-in meets %s', async (_, logIn, code) => {
    const { ask, state } = panel(undefined, logIn)
    expect(await said(await ask(write))).toMatchObject({ status: 503, fate: 'not-sent', code })
    await ask(write)
    expect(state.logIns).toBe(2)
  })

  test('keeps its secrets, and those in the rows', async () => {
    const { ask, name, log } = panel((heard) => ok([{ email: 'a@b.c', password: '$6$hash', dkim_private: 'PRIVATE', id_rsa: 'KEY', said: `${ispconfigPassword} ${String(argumentsOf(heard)['session_id'])}` }]))
    const text = await (await ask()).text()
    expect(JSON.parse(text)).toEqual({ code: 'ok', message: '', response: [{ email: 'a@b.c', password: '', dkim_private: '', id_rsa: '', said: '*** ***' }] })
    expect(JSON.stringify(log)).not.toContain(name())
  })
})

describe('a call of ISPConfig', () => {
  test('that changes something is fenced, one that reads is not', async () => {
    const { ask } = panel(() => ok('1'))
    await ask(write, { attempt: 5 })
    expect(await said(await ask(write, { attempt: 4 }))).toMatchObject({ status: 409, fate: 'not-sent', code: 'overtaken' })
    expect((await ask(read, { attempt: 4 })).status).toBe(200)
    expect(await said(await ask(read, { leftMs: 0 }))).toMatchObject({ status: 408, fate: 'not-sent' })
  })

  test('that writes waits for the one before, also when that one is late; reads pass by', async () => {
    let open = 0
    let most = 0
    const { request, post, settled, clock, heard } = panel(async (one) => {
      if (!one.url.search.endsWith('_add')) return ok([])
      most = Math.max(most, ++open)
      await new Promise<void>((resolve) => void clock.after(3_000, resolve))
      open--
      return ok('1')
    })
    const answers = [1, 2, 3].map(async (n) => post(await request('POST', write, { body: '{}', operation: `t${n}/zone`, leftMs: n === 1 ? 1_000 : 20_000 })))
    await settled(post(await request('POST', read, { body: '{}' })))
    expect(heard.filter((one) => one.url.search.endsWith('_add'))).toHaveLength(1)
    const [late, ...rest] = await settled(Promise.all(answers))
    expect(await said(late!)).toMatchObject({ status: 504, fate: 'unknown' })
    expect(rest.map((one) => one.status)).toEqual([200, 200])
    expect(most).toBe(1)
  })

  test('whose answer came from the web server before it did not land', async () => {
    const { ask } = panel(() => new Response('<html>502 Bad Gateway</html>', { status: 502, headers: { 'content-type': 'text/html' } }))
    expect(await said(await ask(write))).toMatchObject({ status: 502, landed: null })
  })

  test('needs arguments by name', async () => {
    const { ask, heard } = panel()
    expect(await said(await ask(read, { body: '[7]' }))).toMatchObject({ status: 400, fate: 'refused', code: 'body' })
    expect(heard).toHaveLength(0)
  })

  test('is refused by a gateway without an account', async () => {
    const { send } = site(undefined, { upstreams: { proxmox: { urls: ['http://n'], token: 'a@b!c=d' }, linstor: { urls: ['http://n'] }, npm: { url: 'http://n', identity: 'a', secret: 'b' } } })
    expect(await said(await send('POST', read, { body: '{}' }))).toMatchObject({ status: 501, fate: 'refused', code: 'ispconfig' })
  })
})
