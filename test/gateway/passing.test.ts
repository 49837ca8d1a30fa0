// What passes through the gateway, in which shape, and how it says what became of a request.
import { describe, expect, test } from 'vitest'
import { npmSecret, proxmoxToken, refusedConnect, reset, said, site } from './worker.ts'

const version = '/proxmox/api2/json/version'
const config = '/proxmox/api2/json/nodes/node1/lxc/100/config'
const never = (): Promise<Response> => new Promise(() => undefined)

describe('a request that passes the gateway', () => {
  test('bears the credentials of the gateway and nothing of the Worker but the body and its type', async () => {
    const { send, heard } = site()
    await send('PUT', config, { body: 'memory=512', type: 'application/x-www-form-urlencoded', headers: { authorization: 'PVEAPIToken=evil', cookie: 'a=b', connection: 'keep-alive', te: 'trailers', 'x-forwarded-for': '1.2.3.4' } })
    await send('GET', '/linstor/v1/nodes')
    expect(heard[0]!.url.href).toBe('https://node1:8006/api2/json/nodes/node1/lxc/100/config')
    expect(heard[0]!.body).toBe('memory=512')
    expect(Object.fromEntries(heard[0]!.headers)).toEqual({
      accept: 'application/json', authorization: `PVEAPIToken=${proxmoxToken}`, 'content-type': 'application/x-www-form-urlencoded',
    })
    expect(Object.fromEntries(heard[1]!.headers)).toEqual({ accept: 'application/json', authorization: 'Bearer linstor-token-1' })
  })

  test('carries no body where Proxmox takes none', async () => {
    const { send, heard } = site()
    expect(await said(await send('DELETE', '/proxmox/api2/json/nodes/node1/lxc/100', { body: '{}' }))).toMatchObject({ status: 400, fate: 'refused' })
    expect(heard).toHaveLength(0)
  })

  test('gets the upstream\'s own answer, unchanged and marked as landed', async () => {
    const answers = [
      new Response('{"data":null,"message":"CT is locked (create)\\n"}', { status: 500, headers: { 'content-type': 'application/json;charset=UTF-8' } }),
      new Response('{"data":null,"errors":{"vmid":"x"}}', { status: 400, headers: { 'content-type': 'application/json', 'set-cookie': 'PVEAuthCookie=x', server: 'pve-api-daemon/3.0' } }),
      new Response('', { status: 401 }),
      new Response('slow down', { status: 429, headers: { 'retry-after': '3' } }),
      new Response(null, { status: 302, headers: { location: 'https://elsewhere.test/' } }),
    ]
    const { send } = site((_, nth) => answers[nth - 1]!.clone())
    for (const original of answers) {
      const answer = await send('PUT', config, { body: '{}' })
      expect(await said(answer)).toMatchObject({ status: original.status, landed: '1', fate: null })
      expect(await answer.text()).toBe(await original.clone().text())
      expect(answer.headers.get('content-type')).toBe(original.headers.get('content-type'))
      expect(answer.headers.get('retry-after')).toBe(original.headers.get('retry-after'))
      for (const name of ['set-cookie', 'server', 'location']) expect(answer.headers.has(name)).toBe(false)
    }
  })

  test.each([595, 596, 597, 599])('is not called landed when pveproxy says %i: its own hop was lost', async (status) => {
    const { send } = site(() => new Response('', { status }))
    expect(await said(await send('PUT', config, { body: '{}' }))).toMatchObject({ status, landed: null })
  })

  test('never gets a credential back, even from an upstream that repeats it', async () => {
    const { send } = site(({ url, headers }) =>
      url.pathname === '/api/tokens'
        ? Response.json({ token: 'npm-token-1', expires: '2026-01-02T00:00:00Z' })
        : Response.json({ data: headers.get('authorization'), message: npmSecret }))
    for (const path of [version, '/linstor/v1/nodes', '/npm/api/nginx/proxy-hosts']) {
      const text = await (await send('GET', path)).text()
      for (const secret of [proxmoxToken, '0f1e2d3c-proxmox-secret', 'linstor-token-1', 'npm-token-1', npmSecret]) expect(text).not.toContain(secret)
      expect(text).toContain('***')
    }
  })

  test('goes to the next node when a connect is refused, and stays there', async () => {
    const { send, heard } = site(({ url }) => {
      if (url.hostname === 'node1') throw refusedConnect()
      return Response.json({ data: 1 })
    })
    expect((await send('PUT', config, { body: '{}' })).status).toBe(200)
    expect((await send('PUT', config, { body: '{}' })).status).toBe(200)
    expect(heard.map(({ url }) => url.hostname)).toEqual(['node1', 'node2', 'node2'])
  })

  test('was not sent when every connect is refused', async () => {
    const { send, heard } = site(() => {
      throw refusedConnect()
    })
    expect(await said(await send('PUT', config, { body: '{}' }))).toMatchObject({ status: 503, fate: 'not-sent', landed: null, code: 'unreachable' })
    expect(heard.map(({ url }) => url.hostname)).toEqual(['node1', 'node2'])
  })

  test('has an unknown fate when the connection breaks, and is never sent to another node', async () => {
    const { send, heard } = site(() => {
      throw reset()
    })
    expect(await said(await send('PUT', config, { body: '{}' }))).toMatchObject({ status: 504, fate: 'unknown', landed: null })
    expect(heard).toHaveLength(1)
  })

  test('has an unknown fate when the answer breaks off in the middle', async () => {
    const { send } = site(() => new Response(new ReadableStream({ start: (controller) => controller.error(reset()) })))
    expect(await said(await send('PUT', config, { body: '{}' }))).toMatchObject({ status: 504, fate: 'unknown' })
  })

  test('has an unknown fate at its deadline, and the upstream request is given up', async () => {
    let given: AbortSignal | undefined
    const { send, clock } = site(undefined, {
      fetch: (request) => {
        given = request.signal
        return never()
      },
    })
    const start = clock.now()
    expect(await said(await send('PUT', config, { body: '{}', leftMs: 15_000 }))).toMatchObject({ status: 504, fate: 'unknown', code: 'time-out' })
    expect(clock.now() - start).toBe(15_000)
    expect(given?.aborted).toBe(true)
  })

  test('does not hold a connection as long as a far deadline would allow', async () => {
    const { send, clock } = site(never)
    const start = clock.now()
    expect(await said(await send('GET', version, { leftMs: 86_400_000 }))).toMatchObject({ status: 504 })
    expect(clock.now() - start).toBe(40_000)
  })

  test('leaves no timer behind', async () => {
    const { send, clock } = site()
    await send('GET', version)
    expect(clock.next()).toBeUndefined()
  })
})
