// The gateway on real sockets of this machine: what the wire looks like on both sides.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { parseConfig, type GatewayConfig } from '../../gateway/config.ts'
import type { Driver } from '../../gateway/playbooks.ts'
import { Refusal } from '../../gateway/refusal.ts'
import { openGateway } from '../../gateway/server.ts'
import { Gateway } from '../../src/upstreams/gateway/client.ts'
import { Http } from '../../src/upstreams/http.ts'
import { signed } from '../../src/upstreams/signature.ts'

const key = { id: 'worker-1', secret: 'a-key-of-the-worker-0001' }
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const upid = 'UPID:node1:0000C1A2:00F3B6A1:6A1B2C3D:vzcreate:100:berth@pve!gateway:'

/** An upstream that answers `status` and keeps what it heard. */
async function upstream(answer: () => object) {
  const heard: { line: string; headers: IncomingHttpHeaders; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      heard.push({ line: `${request.method} ${request.url}`, headers: request.headers, body })
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answer()))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => void server.close(), () => server.closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard }
}

function config(url: string): GatewayConfig {
  return parseConfig({
    port: 0,
    suspendedPage: { host: '127.0.0.1', port: 0 },
    keys: { [key.id]: key.secret },
    upstreams: {
      proxmox: { urls: [url], token: 'berth@pve!gateway=secret-of-proxmox' },
      linstor: { urls: [url] },
      npm: { url, identity: 'berth@example.test', secret: 'npm-account-secret' },
    },
  })
}

async function open(url: string, driver?: Driver) {
  const lines: string[] = []
  const running = await openGateway(config(url), { print: (line) => void lines.push(line), taskPollMs: 10, ...(driver && { driver }) })
  closing.push(() => running.close())
  const base = `http://127.0.0.1:${running.port}`
  const rim = { fetch: (request: Request) => fetch(request), now: () => Date.now(), sleep: (ms: number, signal?: AbortSignal) => new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => clearTimeout(timer))
  }) }
  const call = { operation: 't1/container', attempt: 1, deadline: Date.now() + 20_000 }
  const http = new Http({ system: 'gateway', baseUrl: base, key, words: () => undefined }, rim, call)
  return { running, base, http, lines }
}

describe('the gateway on the wire', () => {
  test('sends bodies with their length, never in chunks, and none with GET and DELETE', async () => {
    const { url, heard } = await upstream(() => ({ data: null, token: 'token-1', expires: '2099-01-01T00:00:00Z' }))
    const { http } = await open(url)
    await http.send('PUT', '/proxmox/api2/json/nodes/node1/lxc/100/config', { form: { memory: 512, description: 'ä;b' } })
    await http.send('POST', '/proxmox/api2/json/nodes/node1/lxc/100/status/start')
    await http.send('DELETE', '/proxmox/api2/json/nodes/node1/lxc/100', { query: { purge: true } })
    await http.send('POST', '/npm/api/nginx/proxy-hosts/7/enable')
    expect(heard.map(({ line }) => line)).toEqual([
      'PUT /api2/json/nodes/node1/lxc/100/config', 'POST /api2/json/nodes/node1/lxc/100/status/start',
      'DELETE /api2/json/nodes/node1/lxc/100?purge=1', 'POST /api/tokens', 'POST /api/nginx/proxy-hosts/7/enable',
    ])
    expect(heard[0]).toMatchObject({ body: 'memory=512&description=%C3%A4%3Bb', headers: { 'content-length': '33' } })
    expect(heard[1]!.headers['content-length']).toBe('0')
    expect(heard[2]!.headers['content-length']).toBeUndefined()
    expect(heard[4]!.headers['connection']).toBe('close')
    for (const { headers } of heard) {
      expect(headers['transfer-encoding']).toBeUndefined()
      for (const name of Object.keys(headers)) expect(name).not.toMatch(/^(berth-|signature|content-digest)/)
    }
  })

  test('follows no redirection with its credentials', async () => {
    const elsewhere = await upstream(() => ({}))
    const server = createServer((_, response) => response.writeHead(302, { location: elsewhere.url }).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(() => void server.close(), () => server.closeAllConnections())
    const { http } = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    await expect(http.send('GET', '/proxmox/api2/json/version')).rejects.toMatchObject({ fate: 'credentials', status: 302, landed: true })
    expect(elsewhere.heard).toHaveLength(0)
  })

  test('sends the headers of a long poll before the task ends', async () => {
    let state: object = { status: 'running' }
    const { url } = await upstream(() => ({ data: state }))
    const { base } = await open(url)
    const path = `${base}/tasks/${encodeURIComponent(upid)}?wait=20000`
    const headers = new Headers({ 'berth-operation': 't1/container', 'berth-attempt': '1', 'berth-deadline': String(Date.now() + 20_000) })
    await signed({ method: 'GET', url: path, headers }, key, Date.now(), crypto.randomUUID())
    const answer = await fetch(path, { headers })
    expect(answer.status).toBe(200)
    state = { status: 'stopped', exitstatus: 'OK' }
    expect(await answer.json()).toMatchObject({ state: 'ended', ok: true })
  })

  test('speaks with the Worker\'s client', async () => {
    const { url } = await upstream(() => ({ data: { status: 'stopped', exitstatus: 'WARNINGS: 1' } }))
    const { http, lines } = await open(url)
    const client = new Gateway(http)
    expect(await client.waitTask(upid, 1_000)).toEqual({ id: upid, state: 'ended', ok: true, exit: 'WARNINGS: 1' })
    await expect(client.runPlaybook('wordpress-state', { run: 'r/1', node: 'node1', vmid: 100, parameters: {} }, 1_000))
      .rejects.toMatchObject({ name: 'UpstreamError', system: 'gateway', fate: 'refused', status: 501 })
    expect(lines.map((line) => (JSON.parse(line) as { path: string }).path)).toEqual([`/tasks/${encodeURIComponent(upid)}`.replace('!', '%21'), '/playbooks/wordpress-state'])
  })

  test('lets the engine tell a node that was not reached from one that does not know us and from a container that does not answer', async () => {
    const ends: (() => ReturnType<Driver['run']>)[] = [
      () => Promise.reject(new Refusal(503, 'not-sent', 'unreachable', 'node1 cannot be reached')),
      () => Promise.reject(new Refusal(502, 'credentials', 'ssh-key', 'node1 does not accept the key')),
      () => Promise.reject(new Error('the connection to node1 was lost')),
      () => Promise.resolve({ exit: 1, output: 'looking\nthe database does not start\n' }),
    ]
    const { http } = await open('http://127.0.0.1:9', { run: () => ends.shift()!() })
    const look = (): Promise<unknown> => new Gateway(http).wordpressState({ node: 'node1', vmid: 100 })
    await expect(look()).rejects.toMatchObject({ fate: 'not-sent', message: expect.stringContaining('node1 cannot be reached') as string })
    await expect(look()).rejects.toMatchObject({ fate: 'credentials', message: expect.stringContaining('does not accept the key') as string })
    await expect(look()).rejects.toMatchObject({ fate: 'unknown', landed: false })
    await expect(look()).rejects.toMatchObject({ fate: 'unknown', landed: true, message: expect.stringContaining('1: the database does not start') as string })
  })

  test('knows that nobody listens at the other end', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    const { http } = await open(`http://127.0.0.1:${port}`)
    await expect(http.send('PUT', '/linstor/v1/resource-definitions/pm-1', { json: {} })).rejects.toMatchObject({ fate: 'not-sent', status: 503 })
  })

  test('shows visitors of a suspended site a page that stands alone', async () => {
    const { running } = await open('http://127.0.0.1:1')
    const answer = await fetch(`http://127.0.0.1:${running.suspendedPort}/any/path?x=1`)
    expect(answer.status).toBe(503)
    expect(Object.fromEntries(answer.headers)).toMatchObject({ 'retry-after': '3600', 'x-robots-tag': 'noindex', 'cache-control': 'no-store', 'content-type': 'text/html; charset=utf-8' })
    const text = await answer.text()
    expect(text).toContain('<html lang="en">')
    expect(text).not.toMatch(/src=|href=|url\(|@import|<script/)
  })
})

describe('the configuration of the gateway', () => {
  test('names every bad key at once and never a value', () => {
    const bad = { keys: { 'worker-1': 'short-secret' }, upstreams: { proxmox: { urls: ['ftp://x'], token: 'not-a-token' }, linstor: { urls: [] }, npm: { url: 'http://npm:81/api', identity: 'me', secret: 'short' } }, extra: 'hidden' }
    let message = ''
    try {
      parseConfig(bad)
    } catch (error) {
      message = String(error)
    }
    for (const name of ['keys.worker-1', 'proxmox.urls.0', 'proxmox.token', 'linstor.urls', 'npm.url', 'npm.identity', 'npm.secret', 'extra']) expect(message).toContain(name)
    for (const value of ['short-secret', 'not-a-token', 'hidden']) expect(message).not.toContain(value)
  })

  test('needs at least one key', () => {
    expect(() => parseConfig({ ...config('http://127.0.0.1:1'), keys: {} })).toThrow('keys')
  })
})
