// Visitors reach through the reverse proxy exactly what nginx has loaded, as a stream.
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { reverseProxy } from '../../lab/reverse-proxy.ts'
import { rig } from './npm-rig.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

async function proxied(site: RequestListener, more: object = {}) {
  const one = await rig()
  await one.create('shop.berth.localhost', more)
  await one.steady()
  const backend = createServer(site)
  const backendPort = await listening(backend)
  const proxy = reverseProxy(one.world, {
    resolve: (address, port) => Promise.resolve(address === '192.168.1.117' && port === 80 ? new URL(`http://127.0.0.1:${backendPort}`) : undefined),
  })
  const front = createServer((req, res) => proxy.request(req, res)).on('upgrade', (req, socket, head) => proxy.upgrade(req, socket, head))
  const port = await listening(front)
  const get = (host: string, headers: Record<string, string> = {}, path = '/'): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => void httpRequest({ port, host: '127.0.0.1', path, headers: { host, ...headers } }, resolve).on('error', reject).end())
  return { ...one, backend, port, get }
}

async function text(answer: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of answer) all += String(chunk)
  return all
}

const echo: RequestListener = (req, res) => void res.setHeader('connection', 'close').end(JSON.stringify({ url: req.url, headers: req.headers }))

test('a host is found in any case and with a port, and is told who asks', async () => {
  const { get } = await proxied(echo)
  const answer = await get('SHOP.berth.localhost:8080', { 'x-forwarded-for': '198.51.100.7' }, '/wp-admin/?a=1')
  const { url, headers } = JSON.parse(await text(answer)) as { url: string; headers: Record<string, string> }
  expect(url).toBe('/wp-admin/?a=1')
  expect(headers).toMatchObject({ 'x-real-ip': '127.0.0.1', 'x-forwarded-for': '198.51.100.7, 127.0.0.1', 'x-forwarded-proto': 'http', 'x-forwarded-scheme': 'http' })
  expect(headers.host?.toLowerCase()).toBe('shop.berth.localhost:8080')
  expect(answer.headers['x-served-by']).toBe('shop.berth.localhost')
  expect(answer.headers.connection).not.toBe('close')
})

test('an unknown host gets the default site', async () => {
  const { get } = await proxied(echo)
  const answer = await get('other.berth.localhost')
  expect([answer.statusCode, await text(answer)]).toEqual([404, expect.stringContaining('openresty')])
})

test('a site that does not answer is a 502, whether it is unknown or just gone', async () => {
  const { get, ask, backend, steady } = await proxied(echo)
  backend.close()
  backend.closeAllConnections()
  expect((await get('shop.berth.localhost')).statusCode).toBe(502)
  const [row] = (await ask('GET', '/nginx/proxy-hosts')).body as unknown as { id: number }[]
  await ask('PUT', `/nginx/proxy-hosts/${row!.id}`, { forward_host: '192.168.1.118' })
  await steady()
  const answer = await get('shop.berth.localhost')
  expect([answer.statusCode, await text(answer)]).toEqual([502, expect.stringContaining('Bad Gateway')])
})

test('the first part of an answer arrives before the last is written', async () => {
  let finish = (): void => undefined
  const { get } = await proxied((_req, res) => {
    res.write('first,')
    finish = () => void res.end('last')
  })
  const answer = await get('shop.berth.localhost')
  const [chunk] = (await once(answer, 'data')) as [Buffer]
  expect(String(chunk)).toBe('first,')
  finish()
  expect(await text(answer)).toBe('last')
})

test('a request body passes as it comes', async () => {
  const { port } = await proxied((req, res) => void req.pipe(res))
  const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers: { host: 'shop.berth.localhost' } })
  request.write('a')
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  const [chunk] = (await once(answer, 'data')) as [Buffer]
  request.end('b')
  expect(String(chunk) + (await text(answer))).toBe('ab')
})

const HELLO = 'GET /ws HTTP/1.1\r\nHost: shop.berth.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n'

async function shake(port: number, until: RegExp): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(HELLO)
  let heard = ''
  for await (const chunk of socket) {
    heard += String(chunk)
    if (/101 Switching[^]*\r\n\r\n$/.test(heard)) socket.write('ping')
    if (until.test(heard)) break
  }
  socket.destroy()
  return heard
}

test('websockets pass through when the host allows them', async () => {
  const { backend, port } = await proxied(echo, { allow_websocket_upgrade: true })
  backend.on('upgrade', (_req, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  })
  expect(await shake(port, /ping/)).toMatch(/^HTTP\/1.1 101/)
})

test('otherwise the request arrives as an ordinary one', async () => {
  const { port } = await proxied(echo)
  const heard = await shake(port, /"url"/)
  expect(heard).toMatch(/^HTTP\/1.1 200/)
  expect(heard).not.toContain('"upgrade"')
})
