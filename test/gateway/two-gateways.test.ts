// Two gateways at the same time: what holds between them when they share one memory, and what when each has its own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Memory } from '../../gateway/memory.ts'
import { said, site, type Upstream } from './worker.ts'

const host = '/npm/api/nginx/proxy-hosts'
const zone = '/ispconfig/dns_zone_add'

let folder: string
const opened: DatabaseSync[] = []
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'two-gateways-'))))
afterEach(() => {
  for (const database of opened.splice(0)) if (database.isOpen) database.close()
  rmSync(folder, { recursive: true })
})

function memory(file: string, owner: string): { memory: Memory; database: DatabaseSync } {
  const database = new DatabaseSync(path.join(folder, file))
  opened.push(database)
  return { database, memory: new Memory(database, { owner, boot: 'b1', now: site().clock.now() }) }
}

/** Two gateways in one time before the same upstreams; `files` are their memories. */
function pair(upstream: Upstream, files: [string, string] = ['state.sqlite', 'state.sqlite']) {
  const kept = files.map((file, i) => memory(file, `gateway-${i}`))
  const one = site(upstream, { memory: kept[0]!.memory })
  const other = site(upstream, { ...one.rim, memory: kept[1]!.memory })
  return { ...one, apps: [one.app, other.app], heardByBoth: () => [...one.heard, ...other.heard], databases: kept.map(({ database }) => database) }
}

/** NPM and ISPConfig, each of whose writes takes a while; how many were at work at once, and when each began. */
function slow(sleep: () => (ms: number) => Promise<void>, now: () => number) {
  const seen = { most: 0, begun: [] as number[] }
  let atWork = 0
  const upstream: Upstream = async ({ url, method, body }) => {
    if (url.pathname === '/api/tokens') return Response.json({ token: 'token-1', expires: new Date(now() + 86_400_000).toISOString() })
    if (url.search === '?login') return Response.json({ code: 'ok', message: '', response: 'a'.repeat(41) })
    if (method === 'GET' || body === '') return Response.json([])
    seen.begun.push(now())
    seen.most = Math.max(seen.most, ++atWork)
    await sleep()(700)
    atWork--
    return Response.json({ code: 'ok', message: '', response: 1 })
  }
  return { upstream, seen }
}

function busyPair(files?: [string, string]) {
  const late: { two?: ReturnType<typeof pair> } = {}
  const { upstream, seen } = slow(() => (ms) => late.two!.rim.sleep(ms), () => late.two!.rim.now())
  const two = (late.two = pair(upstream, files))
  return { ...two, seen }
}

describe('two gateways with one memory', () => {
  test.each([['Nginx Proxy Manager', host], ['ISPConfig', zone]])('write to %s one at a time, whichever is asked', async (_, path) => {
    const { apps, request, settled, seen } = busyPair()
    const sent = await Promise.all([0, 1, 0, 1, 1, 0].map(async (which, i) => ({ which, request: await request('POST', path, { body: '{}', operation: `t${i}/x` }) })))
    const answers = await settled(Promise.all(sent.map(async ({ which, request }) => apps[which]!.fetch(request))))
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    expect([seen.most, seen.begun.length]).toEqual([1, 6])
  })

  test('wait for what a gateway that died has sent, until it can no longer be at work', async () => {
    const { apps, request, settled, seen, databases, clock } = busyPair()
    const [first, second] = [await request('POST', host, { body: '{}', operation: 't1/x' }), await request('POST', host, { body: '{}', operation: 't2/x', leftMs: 40_000 })]
    void Promise.resolve(apps[0]!.fetch(first)).catch(() => undefined)
    await clock.advance(clock.now() + 300)
    // Killed in the middle of its call: nothing is given back.
    databases[0]!.close()
    expect((await settled(Promise.resolve(apps[1]!.fetch(second)))).status).toBe(200)
    expect(seen.begun[1]! - seen.begun[0]!).toBeGreaterThanOrEqual(20_000)
  })

  test('do not send what waited for the other until its deadline', async () => {
    const { apps, request, settled, databases, clock, seen } = busyPair()
    void Promise.resolve(apps[0]!.fetch(await request('POST', host, { body: '{}', operation: 't1/x' }))).catch(() => undefined)
    await clock.advance(clock.now() + 300)
    databases[0]!.close()
    const second = await request('POST', host, { body: '{}', operation: 't2/x', leftMs: 5_000 })
    expect(await said(await settled(Promise.resolve(apps[1]!.fetch(second))))).toMatchObject({ status: 408, fate: 'not-sent' })
    expect(seen.begun).toHaveLength(1)
  })

  test('together fail less often at ISPConfig than locks their address out', async () => {
    const { apps, request, settled, heardByBoth, clock } = pair(({ url }) =>
      Response.json(url.search === '?login' ? { code: 'ok', message: '', response: 'a'.repeat(41) } : { code: 'remote_fault', message: 'The Session is expired or does not exist.', response: false }))
    for (let second = 0; second < 240; second += 10) {
      const sent = await Promise.all([0, 0, 0, 1, 1, 1].map(async (which, i) => ({ which, request: await request('POST', i % 3 === 0 ? zone : '/ispconfig/dns_zone_get', { body: '{}', operation: `t${second}-${i}/x` }) })))
      await settled(Promise.all(sent.map(async ({ which, request }) => apps[which]!.fetch(request))))
      await clock.advance(clock.now() + 10_000)
    }
    const failed = heardByBoth().filter(({ url }) => url.search !== '?login').length
    expect(failed).toBeGreaterThanOrEqual(4)
    expect(failed).toBeLessThan(10)
  })
})

describe('two gateways with a memory each', () => {
  test('send nothing after its deadline either', async () => {
    const { apps, request, settled, clock, heardByBoth } = busyPair(['one.sqlite', 'other.sqlite'])
    const late = await request('POST', host, { body: '{}', leftMs: 2_000 })
    await clock.advance(clock.now() + 2_000)
    for (const app of apps) expect(await said(await settled(Promise.resolve(app.fetch(late.clone()))))).toMatchObject({ status: 408, fate: 'not-sent' })
    expect(heardByBoth()).toHaveLength(0)
  })

  test('know nothing of each other: neither nonces, nor attempts, nor turns', async () => {
    const { apps, request, settled, seen } = busyPair(['one.sqlite', 'other.sqlite'])
    const [newer, older] = [await request('POST', host, { body: '{}', attempt: 2 }), await request('POST', host, { body: '{}', attempt: 1 })]
    const answers = await settled(Promise.all([apps[0]!.fetch(newer.clone()), apps[1]!.fetch(newer.clone()), apps[1]!.fetch(older)]))
    // Within one of them the older attempt is overtaken; the same request went to both.
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 409])
    expect(seen.most).toBe(2)
  })
})
