// Waiting for the end of a task, and running playbooks.
import { describe, expect, test } from 'vitest'
import { playbooks } from '../../gateway/playbook-list.ts'
import type { Driver } from '../../gateway/playbooks.ts'
import { proxmoxToken, refusedConnect, said, site, type Upstream } from './worker.ts'

const upid = 'UPID:node2:0000C1A2:00F3B6A1:6A1B2C3D:vzcreate:100:berth@pve!gateway:'
const task = (wait: number, id = upid): string => `/tasks/${encodeURIComponent(id)}?wait=${wait}`

/** A task that ends with `exit` after `ms`. */
function ending(ms: number, exit: string | undefined) {
  const outer: ReturnType<typeof site> = site(() =>
    Response.json({ data: outer.clock.now() - start < ms ? { status: 'running' } : { status: 'stopped', ...(exit === undefined ? {} : { exitstatus: exit }) } }))
  const start = outer.clock.now()
  return { ...outer, start }
}

describe('a wait for a task', () => {
  test('gets headers at once and the body when the task ends', async () => {
    const { request, post, settled, clock, start } = ending(3_200, 'OK')
    const answer = await settled(post(await request('GET', task(20_000))))
    expect(answer.status).toBe(200)
    expect(clock.now()).toBe(start)
    expect(await settled(answer.json())).toEqual({ id: upid, state: 'ended', ok: true, exit: 'OK' })
    expect(clock.now() - start).toBe(3_500)
  })

  test('gets its first byte at once too, so that no proxy on the way holds the headers back', async () => {
    const { request, post, settled, clock, start } = ending(3_200, 'OK')
    const answer = await settled(post(await request('GET', task(20_000))))
    expect(await settled(answer.body!.getReader().read())).toEqual({ done: false, value: new TextEncoder().encode('\n') })
    expect(clock.now()).toBe(start)
  })

  test.each([
    ['OK', { state: 'ended', ok: true }],
    ['WARNINGS: 2', { state: 'ended', ok: true }],
    ['unable to create CT 100 - lock', { state: 'ended', ok: false, exit: 'unable to create CT 100 - lock' }],
    ['unexpected status', { state: 'unknown' }],
    [undefined, { state: 'unknown' }],
  ])('reads the exit status %s', async (exit, end) => {
    const { send, settled } = ending(0, exit)
    expect(await settled((await send('GET', task(5_000))).json())).toMatchObject(end)
  })

  test('says "running" when the wait is over first, and after one look when there is no wait', async () => {
    const { send, settled, clock, start, heard } = ending(60_000, 'OK')
    expect(await settled((await send('GET', task(0))).json())).toEqual({ id: upid, state: 'running' })
    expect(clock.now()).toBe(start)
    expect(await settled((await send('GET', task(4_000))).json())).toEqual({ id: upid, state: 'running' })
    expect(clock.now() - start).toBe(4_000)
    await clock.advance(start + 10_000)
    const looks = heard.length
    await clock.advance(start + 50_000)
    expect(heard).toHaveLength(looks)
  })

  test('is never longer than 25 s nor than the deadline', async () => {
    const { send, settled, clock, start } = ending(900_000, 'OK')
    await settled((await send('GET', task(90_000), { leftMs: 60_000 })).json())
    expect(clock.now() - start).toBe(25_000)
    await settled((await send('GET', task(90_000), { leftMs: 7_000 })).json())
    expect(clock.now() - start).toBe(32_000)
  })

  test('asks the node in the UPID, once for all who wait', async () => {
    const { request, post, settled, heard } = ending(10_000, 'OK')
    const waits = [1, 2, 3, 4, 5].map(async () => (await post(await request('GET', task(20_000)))).json())
    expect(await settled(Promise.all(waits))).toHaveLength(5)
    expect(heard.length).toBeLessThanOrEqual(21)
    expect(new Set(heard.map(({ url }) => url.pathname))).toEqual(new Set([`/api2/json/nodes/node2/tasks/${encodeURIComponent(upid).replace('!', '%21')}/status`]))
    expect(heard[0]!.headers.get('authorization')).toBe(`PVEAPIToken=${proxmoxToken}`)
  })

  const doubtful: Record<string, Upstream> = {
    'has forgotten the task': () => Response.json({ data: null, message: 'no such task\n' }, { status: 500 }),
    'cannot reach the node': () => new Response('', { status: 595 }),
    'is not there': () => {
      throw refusedConnect()
    },
    'speaks no JSON': () => new Response('<html>'),
    'refuses the token': () => new Response('', { status: 401 }),
  }
  test.each(Object.entries(doubtful))('ends unknown when Proxmox %s', async (_, upstream) => {
    const { send, settled } = site(upstream)
    expect(await settled((await send('GET', task(5_000))).json())).toEqual({ id: upid, state: 'unknown' })
  })

  test('ends at once when Proxmox has forgotten the task', async () => {
    const { send, settled, clock } = site(doubtful['has forgotten the task'])
    const start = clock.now()
    await settled((await send('GET', task(5_000))).json())
    expect(clock.now()).toBeLessThan(start + 5_000)
  })

  test('survives a moment without an answer', async () => {
    const { send, settled } = site((_, nth) => (nth < 4 ? new Response('', { status: 596 }) : Response.json({ data: { status: 'stopped', exitstatus: 'OK' } })))
    expect(await settled((await send('GET', task(5_000))).json())).toMatchObject({ state: 'ended', ok: true })
  })

  test.each(['UPID:node2:x', 'run', '../version', 'UPID:no/de:0000C1A2:00F3B6A1:6A1B2C3D:a:1:b:', ''])('is refused for "%s"', async (id) => {
    const { send, heard } = site()
    expect(await said(await send('GET', task(0, id)))).toMatchObject({ status: 400, fate: 'refused' })
    expect(heard).toHaveLength(0)
  })

  test('is refused when its length is no number', async () => {
    const { send } = site()
    expect(await said(await send('GET', `${task(0)}x`))).toMatchObject({ status: 400, fate: 'refused' })
  })
})

const wordpress = { hostname: 'quiet-otter.example.test', url: 'https://quiet-otter.example.test', title: 'Otter & "friends"', adminEmail: 'a@b.test' }
const order = (more: object = {}): { body: string } => ({ body: JSON.stringify({ run: 't1/wordpress-1', node: 'node1', vmid: 100, parameters: wordpress, ...more }) })
const install = '/playbooks/install-wordpress'

function driven(run: (clock: ReturnType<typeof site>['rim']) => ReturnType<Driver['run']>) {
  const orders: unknown[] = []
  const outer: ReturnType<typeof site> = site(undefined, {
    driver: {
      run: (request) => {
        orders.push(request)
        return run(outer.rim)
      },
    },
  })
  return { ...outer, orders }
}

describe('a playbook', () => {
  test('runs with its checked parameters, and its end can be waited for', async () => {
    const { send, settled, orders, clock } = driven(async (rim) => {
      await rim.sleep(4_000)
      return { exit: 0, output: 'done', result: { installed: true } }
    })
    const start = clock.now()
    const begun = await send('POST', install, order())
    expect([begun.status, await begun.json()]).toEqual([202, { run: 't1/wordpress-1', state: 'running' }])
    expect(clock.now()).toBe(start)
    const end = await settled((await send('GET', task(20_000, 'run:t1/wordpress-1'))).json())
    expect(end).toEqual({ id: 'run:t1/wordpress-1', state: 'ended', ok: true, exit: '0', output: 'done', result: { installed: true } })
    expect(clock.now() - start).toBe(4_000)
    expect(orders).toEqual([{ playbook: 'install-wordpress', run: 't1/wordpress-1', node: 'node1', vmid: 100, parameters: wordpress }])
  })

  test('runs once per run id, whoever asks and however often', async () => {
    const { send, orders, settled, clock } = driven(async (rim) => {
      await rim.sleep(1_000)
      return { exit: 0, output: '' }
    })
    for (let attempt = 1; attempt <= 3; attempt++) expect((await send('POST', install, { ...order(), attempt })).status).toBe(202)
    await settled((await send('GET', task(20_000, 'run:t1/wordpress-1'))).json())
    clock.jump(3_600_000)
    expect(await (await send('POST', install, { ...order(), attempt: 4 })).json()).toEqual({ run: 't1/wordpress-1', state: 'ended' })
    expect(orders).toHaveLength(1)
    expect((await send('POST', install, { ...order({ run: 't1/wordpress-2' }), attempt: 4 })).status).toBe(202)
    expect(orders).toHaveLength(2)
  })

  test('keeps its run id to itself', async () => {
    const { send, orders } = driven(async () => ({ exit: 0, output: '' }))
    await send('POST', install, order())
    expect(await said(await send('POST', install, order({ vmid: 101 })))).toMatchObject({ status: 409, fate: 'refused' })
    expect(orders).toHaveLength(1)
  })

  test('is refused when it is unknown, and names the field that is wrong', async () => {
    const { send, orders } = driven(async () => ({ exit: 0, output: '' }))
    for (const name of ['sh', 'constructor', '__proto__', 'install-wordpress%2f..'])
      expect(await said(await send('POST', `/playbooks/${name}`, order()))).toMatchObject({ status: 404, fate: 'refused' })
    const wrong: [object, string][] = [
      [{ run: 'a b' }, 'run:'], [{ node: '../x' }, 'node:'], [{ vmid: '100; reboot' }, 'vmid:'], [{ vmid: 5 }, 'vmid:'], [{ more: 1 }, 'more:'],
      [{ parameters: { ...wordpress, hostname: 'a b; rm' } }, 'parameters.hostname:'],
      [{ parameters: { ...wordpress, url: 'file:///etc/passwd' } }, 'parameters.url:'],
      [{ parameters: { ...wordpress, title: 'a\nb' } }, 'parameters.title:'],
      [{ parameters: { ...wordpress, adminEmail: 'me' } }, 'parameters.adminEmail:'],
      [{ parameters: { ...wordpress, command: 'id' } }, 'parameters.command:'],
      [{ parameters: { ...wordpress, title: undefined } }, 'parameters.title:'],
    ]
    for (const [more, field] of wrong) {
      const { status, fate, message } = await said(await send('POST', install, order(more)))
      expect([status, fate]).toEqual([400, 'refused'])
      expect(message).toMatch(new RegExp(`^${field.replace('.', '\\.')}`))
    }
    expect(await said(await send('POST', install, { body: '{"run":' }))).toMatchObject({ status: 400, fate: 'refused' })
    expect(await said(await send('POST', install))).toMatchObject({ status: 400, fate: 'refused' })
    expect(orders).toHaveLength(0)
  })

  const metacharacters = ['a;id', 'a&id', 'a|id', '$(id)', '`id`', 'a>b', 'a<b', 'a\nb', "a'b'", 'a"b"', 'a\\b', 'a b', '../a', '-a', '*', '~', '#a', '{a,b}', 'a!b']
  const wp = { action: 'search-replace', from: 'a.test', to: 'b.test', dryRun: true }
  test.each<[string, object, string[]]>([
    ['install-wordpress', wordpress, ['hostname', 'url']],
    ['personalise-wordpress', { ...wordpress, address: '192.168.1.100' }, ['hostname', 'url', 'address']],
    ['suspend-page', { state: 'on' }, ['state']], ['php-version', { version: '8.3' }, ['version']], ['dump', { what: 'all' }, ['what']],
    ['wp', wp, ['action', 'from', 'to', 'dryRun']], ['wp', { action: 'plugin-update', name: 'akismet' }, ['name']], ['unlock-container', { lock: 'create' }, ['lock']],
  ])('%s takes what it needs, and in none of its words what a shell would read', async (name, good, fields) => {
    const { send, orders } = driven(async () => ({ exit: 0, output: '' }))
    const ask = (parameters: object, run: string) => send('POST', `/playbooks/${name}`, { body: JSON.stringify({ run, node: 'node1', vmid: 100, parameters }) })
    expect(playbooks[name]!.parameters.safeParse(good).success).toBe(true)
    for (const field of fields) for (const word of metacharacters) {
      const { status, message } = await said(await ask({ ...good, [field]: word }, 'r1'))
      expect([field, word, status, message?.includes(field)]).toEqual([field, word, 400, true])
    }
    expect(orders).toHaveLength(0)
  })

  test('that fails says so; one that nobody saw the end of is unknown', async () => {
    const failed = driven(async () => ({ exit: 3, output: 'wp: no database' }))
    await failed.send('POST', install, order())
    expect(await failed.settled((await failed.send('GET', task(0, 'run:t1/wordpress-1'))).json())).toMatchObject({ state: 'ended', ok: false, exit: '3', output: 'wp: no database' })
    const lost = driven(() => Promise.reject(new Error('connection closed')))
    await lost.send('POST', install, order())
    expect(await lost.settled((await lost.send('GET', task(0, 'run:t1/wordpress-1'))).json())).toMatchObject({ state: 'unknown' })
    expect(await lost.settled((await lost.send('GET', task(0, 'run:never-started'))).json())).toEqual({ id: 'run:never-started', state: 'unknown' })
  })

  test('gives no secret away and only the end of a long output', async () => {
    const output = `${'x'.repeat(100_000)}\n--admin_password=hunter2hunter2\ntoken: abcdefgh\nusing ${proxmoxToken}\nthe end`
    const { send, settled } = driven(async () => ({ exit: 1, output, result: { seen: proxmoxToken } }))
    await send('POST', install, order())
    const text = await settled((await send('GET', task(0, 'run:t1/wordpress-1'))).text())
    for (const secret of ['hunter2', 'abcdefgh', 'proxmox-secret']) expect(text).not.toContain(secret)
    expect(text).toContain('the end')
    expect(text.length).toBeLessThan(6_000)
  })

  test('is refused by a gateway without a driver', async () => {
    expect(await said(await site().send('POST', install, order()))).toMatchObject({ status: 501, fate: 'refused' })
  })
})
