// Who may ask the gateway, and when it is too late to.
import { describe, expect, test } from 'vitest'
import { said, site } from './worker.ts'

const version = '/proxmox/api2/json/version'
const containers = '/proxmox/api2/json/nodes/node1/lxc'

describe('a request to the gateway', () => {
  test('is carried out when it is signed, fresh and new', async () => {
    const { send, heard } = site()
    expect((await send('GET', version)).status).toBe(200)
    expect((await send('POST', containers, { body: '{"vmid":100}' })).status).toBe(200)
    expect(heard).toHaveLength(2)
  })

  const spoiled: Record<string, (headers: Headers) => void> = {
    'no signature': (headers) => headers.delete('signature'),
    'no signature input': (headers) => headers.delete('signature-input'),
    'another signature': (headers) => headers.set('signature', 'berth=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:'),
    'a signature of another length': (headers) => headers.set('signature', 'berth=:AAAA:'),
    'a signature that is no structured field': (headers) => headers.set('signature', '???'),
    'an unknown key': (headers) => headers.set('signature-input', headers.get('signature-input')!.replace('worker-1', 'worker-2')),
    'a key named like a property of every object': (headers) => headers.set('signature-input', headers.get('signature-input')!.replace('worker-1', 'constructor')),
    'fewer covered fields': (headers) => headers.set('signature-input', headers.get('signature-input')!.replace(' "berth-deadline"', '')),
    'a later deadline': (headers) => headers.set('berth-deadline', String(Number(headers.get('berth-deadline')) + 60_000)),
    'a higher attempt': (headers) => headers.set('berth-attempt', '9'),
    'another operation': (headers) => headers.set('berth-operation', 't2/container'),
    'no deadline': (headers) => headers.delete('berth-deadline'),
    'another digest': (headers) => headers.set('content-digest', 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:'),
    'another type of body': (headers) => headers.set('content-type', 'application/x-www-form-urlencoded'),
  }
  test.each(Object.entries(spoiled))('is refused with %s', async (_, spoil) => {
    const { send, heard } = site()
    expect(await said(await send('POST', containers, { body: '{"vmid":100}', spoil }))).toMatchObject({ status: 401, fate: 'credentials', landed: null })
    expect(heard).toHaveLength(0)
  })

  test('is refused when its body, path, query or method was altered on the way', async () => {
    const { request, post, settled, heard } = site()
    const altered = async (change: (request: Request) => Request): Promise<number> =>
      (await settled(post(change(await request('PUT', `${containers}/100/config?digest=a`, { body: '{"memory":512}' }))))).status
    const body = '{"memory":512}'
    expect(await altered((old) => new Request(old.url, { method: 'PUT', headers: old.headers, body: '{"memory":9999}' }))).toBe(401)
    expect(await altered((old) => new Request(old.url.replace('/100/', '/101/'), { method: 'PUT', headers: old.headers, body }))).toBe(401)
    expect(await altered((old) => new Request(old.url.replace('digest=a', 'digest=b'), { method: 'PUT', headers: old.headers, body }))).toBe(401)
    expect(await altered((old) => new Request(old.url, { method: 'POST', headers: old.headers, body }))).toBe(401)
    expect(await altered((old) => new Request(old.url, { method: 'PUT', headers: old.headers }))).toBe(401)
    expect(await altered((old) => new Request(old.url, { method: 'PUT', headers: old.headers, body }))).toBe(200)
    expect(heard).toHaveLength(1)
  })

  test('is refused when a body was slipped into one that had none', async () => {
    const { request, post, settled } = site()
    const bare = await request('POST', `${containers}/100/status/stop`)
    expect((await settled(post(new Request(bare.url, { method: 'POST', headers: bare.headers, body: 'x=1' })))).status).toBe(401)
  })

  test('is refused when it is older than a minute or from the future', async () => {
    const { send, clock } = site()
    clock.jump(600_000)
    expect((await send('GET', version, { signedAt: clock.now() - 59_000 })).status).toBe(200)
    expect(await said(await send('GET', version, { signedAt: clock.now() - 62_000 }))).toMatchObject({ status: 401, fate: 'credentials' })
    expect(await said(await send('GET', version, { signedAt: clock.now() + 30_000 }))).toMatchObject({ status: 401, fate: 'credentials' })
  })

  test('is carried out once, however often it arrives', async () => {
    const { request, post, settled, heard, clock } = site()
    const once = await request('POST', `${containers}/100/status/start`)
    expect((await settled(post(once.clone()))).status).toBe(200)
    expect(await said(await settled(post(once.clone())))).toMatchObject({ status: 401, code: 'replayed' })
    for (let second = 0; second < 70; second++) {
      clock.jump(1_000)
      expect((await settled(post(once.clone()))).status).toBe(401)
    }
    expect(heard).toHaveLength(1)
  })

  test('is not carried out by a gateway that started after it was signed', async () => {
    const { send, clock } = site()
    expect(await said(await send('POST', containers, { body: '{}', signedAt: clock.now() - 2_000 }))).toMatchObject({ status: 503, fate: 'not-sent', code: 'restarted' })
  })

  test('is not sent past its deadline', async () => {
    const { send, heard } = site()
    expect(await said(await send('POST', containers, { body: '{}', leftMs: 0 }))).toMatchObject({ status: 408, fate: 'not-sent' })
    expect(await said(await send('POST', '/playbooks/wordpress-state', { body: '{}', leftMs: -1 }))).toMatchObject({ status: 408, fate: 'not-sent' })
    expect(await said(await send('GET', '/tasks/run:1', { leftMs: 0 }))).toMatchObject({ status: 408, fate: 'not-sent' })
    expect(await said(await send('GET', version, { leftMs: -1_000, spoil: (headers) => headers.set('berth-deadline', '1') }))).toMatchObject({ status: 401 })
    expect(heard).toHaveLength(0)
  })

  test('is not sent when a later attempt of the same operation was heard, unless it only reads', async () => {
    const { send, heard, clock } = site()
    expect((await send('POST', containers, { body: '{}', attempt: 2 })).status).toBe(200)
    expect(await said(await send('POST', containers, { body: '{}', attempt: 1 }))).toMatchObject({ status: 409, fate: 'not-sent' })
    expect(await said(await send('PUT', `${containers}/100/config`, { body: '{}', attempt: 1 }))).toMatchObject({ status: 409 })
    expect((await send('POST', containers, { body: '{}', attempt: 2 })).status).toBe(200)
    expect((await send('GET', version, { attempt: 1 })).status).toBe(200)
    expect((await send('POST', containers, { body: '{}', attempt: 1, operation: 't2/container' })).status).toBe(200)
    expect(heard).toHaveLength(4)
    clock.jump(3_700_000)
    expect((await send('POST', containers, { body: '{}', attempt: 1 })).status).toBe(200)
  })

  test('does not overtake by reading', async () => {
    const { send } = site()
    await send('GET', version, { attempt: 7 })
    expect((await send('POST', containers, { body: '{}', attempt: 1 })).status).toBe(200)
  })

  test('may be 512 KiB large and no larger, whether it says so or not', async () => {
    const { send, heard, app } = site()
    expect((await send('POST', containers, { body: 'x'.repeat(512 * 1024), type: 'application/x-www-form-urlencoded' })).status).toBe(200)
    expect(await said(await send('POST', containers, { body: 'x'.repeat(512 * 1024 + 1) }))).toMatchObject({ status: 413, fate: 'refused' })
    const announced = new Request(`http://gateway${containers}`, { method: 'POST', headers: { 'content-length': '99999999' }, body: 'x' })
    expect((await app.fetch(announced)).status).toBe(413)
    expect(heard).toHaveLength(1)
  })

  test('needs no signature to ask for the health, and for nothing else', async () => {
    const { app, clock } = site()
    expect(await (await app.request('/health')).json()).toEqual({ status: 'ok', time: clock.now() })
    for (const path of ['/', '/tasks/run:1', '/playbooks/install-wordpress', version, '/health/x'])
      expect((await app.request(path, path.startsWith('/playbooks') ? { method: 'POST' } : {})).status).toBe(401)
  })

  test('leaves one line in the log that repeats no header, query, body or secret', async () => {
    const { send, log } = site()
    await send('POST', `${containers}?password=hidden`, { body: '{"password":"hidden"}', operation: 't9/container', attempt: 3, headers: { 'x-secret': 'hidden' } })
    await send('GET', '/proxmox/api2/json/access/users')
    expect(log).toMatchObject([
      { method: 'POST', path: containers, operation: 't9/container', attempt: 3, status: 200, ms: 0 },
      { method: 'GET', path: '/proxmox/api2/json/access/users', status: 403, fate: 'refused', code: 'not-allowed' },
    ])
    expect(JSON.stringify(log)).not.toContain('hidden')
  })
})
