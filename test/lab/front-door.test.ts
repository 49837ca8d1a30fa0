// One address for everything: the Host and the path decide, and nothing answers for a stranger's name.
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Hono } from 'hono'
import { destination, openFrontDoor } from '../../lab/front-door.ts'

const zone = 'berth.localhost'
const at = (host: string, path = '/', published = true): string => destination(host, path, zone, () => published)
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

test.each(['/create-site', '/delete-site', '/suspend', '/unsuspend', '/status?service_id=1', '/health', '/orders/abc/events', '/operator/retry', '/support/create', '/site/login-link'])('%s belongs to the Worker', (path) => {
  expect(at('localhost:8787', path)).toBe('worker')
  expect(at('127.0.0.1:8787', path)).toBe('worker')
})

test.each(['/', '/mail', '/buy', '/services/1/suspend', '/ordersx', '/healthy', '/nothing'])('%s belongs to the storefront', (path) => {
  expect(at('LOCALHOST:8787', path)).toBe('storefront')
  expect(at('[::1]:8787', path)).toBe('storefront')
})

test('a site is reached by its own name only, at every path', () => {
  expect(at('quiet-otter.berth.localhost:8787', '/orders/1')).toBe('site')
  expect(at('Quiet-Otter.Berth.Localhost')).toBe('site')
  expect(at('berth.localhost')).toBe('stranger')
  expect(at('evilberth.localhost', '/', false)).toBe('stranger')
})

test('a domain is a site when its DNS leads to the reverse proxy', () => {
  expect(at('www.example.com:8787', '/orders/1')).toBe('site')
  expect(at('www.example.com:8787', '/', false)).toBe('stranger')
})

test('a name that DNS does not know leads nowhere', () => {
  expect(at('quiet-otter.berth.localhost', '/', false)).toBe('unpublished')
})

test('a foreign Host is not answered', () => {
  for (const host of ['', 'example.com', 'localhost.example.com']) expect(at(host, '/', false)).toBe('stranger')
  for (const host of ['10.0.0.1:8787', '[::2]', 'x']) expect(at(host)).toBe('stranger')
})

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function door(workerUrl: () => Promise<URL>): Promise<number> {
  const port = await freePort()
  const visitors = { request: (_req: IncomingMessage, res: { end(text: string): unknown }) => void res.end('a site'), upgrade: () => undefined }
  const opened = await openFrontDoor({ port, zone, storefront: new Hono().get('/', (c) => c.text('the shop')), workerUrl, visitors, published: (name) => name.startsWith('known') })
  closers.push(() => opened.close())
  return port
}

const get = (port: number, host: string, path = '/'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => void httpRequest({ port, host: '127.0.0.1', path, headers: { host } }, resolve).on('error', reject).end())

async function text(answer: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of answer) all += String(chunk)
  return all
}

test('each request finds its room', async () => {
  const worker = await listening(createServer((req, res) => void res.end(`the Worker at ${req.url}`)))
  const port = await door(() => Promise.resolve(new URL(`http://127.0.0.1:${worker}`)))
  expect(await text(await get(port, 'localhost'))).toBe('the shop')
  expect(await text(await get(port, 'localhost', '/health'))).toBe('the Worker at /health')
  expect(await text(await get(port, 'known.berth.localhost'))).toBe('a site')
  expect((await get(port, 'unknown.berth.localhost')).statusCode).toBe(404)
  expect((await get(port, 'example.com')).statusCode).toBe(421)
})

test('events arrive one by one', async () => {
  let more = (): void => undefined
  const worker = await listening(createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: first\n\n')
    more = () => void res.end('data: last\n\n')
  }))
  const port = await door(() => Promise.resolve(new URL(`http://127.0.0.1:${worker}`)))
  const answer = await get(port, 'localhost', '/orders/x/events')
  const [chunk] = (await once(answer, 'data')) as [Buffer]
  expect(String(chunk)).toBe('data: first\n\n')
  more()
  expect(await text(answer)).toBe('data: last\n\n')
})

test('a Worker that is away is a 503 to come back after', async () => {
  const gone = await freePort()
  const port = await door(() => Promise.resolve(new URL(`http://127.0.0.1:${gone}`)))
  const answer = await get(port, 'localhost', '/health')
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2'])
  expect(JSON.parse(await text(answer))).toMatchObject({ success: false, code: 'unavailable' })
})

test('a port in use is said with the flag that helps', async () => {
  const taken = await listening(createServer())
  await expect(openFrontDoor({ port: taken, zone, storefront: new Hono(), workerUrl: () => Promise.reject(new Error()), visitors: { request: () => undefined, upgrade: () => undefined }, published: () => true }))
    .rejects.toThrow(`port ${taken} is in use; choose another with --port`)
})
