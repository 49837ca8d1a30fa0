// The one public address. The Host decides: a site's own name goes through DNS and the reverse proxy as a visitor's request
// would; localhost is the storefront and the Worker. Streams pass unbuffered. Never answers for a name that is not ours.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { createProxyServer } from 'httpxy'
import type { Hono } from 'hono'
import { UsageError } from './options.ts'
import type { ReverseProxy } from './reverse-proxy.ts'

export interface FrontDoorOptions {
  port: number
  /** Sites are `<label>.<zone>`. */
  zone: string
  storefront: Hono
  workerUrl(): Promise<URL>
  visitors: ReverseProxy
  /** True when the world's resolvers know the name. */
  published: (name: string) => boolean
}

export type Destination = 'worker' | 'storefront' | 'site' | 'unpublished' | 'stranger'

const workerPaths = /^\/(create-site|delete-site|suspend|unsuspend|status|health|orders|operator|support|reports|action|site|wp|customdomain|domains|zones|k|mail\/(?:domain|mailbox|alias|forward|check)|openapi\.json|reference|\.well-known\/mta-sts\.txt)(\/|$)/

const isDomain = /^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/

/** Where a request belongs, by its Host and path. */
export function destination(host: string, path: string, zone: string, published: (name: string) => boolean): Destination {
  const name = host.replace(/:\d*$/, '').toLowerCase()
  if (name.endsWith(`.${zone}`)) return published(name) ? 'site' : 'unpublished'
  if (name !== 'localhost' && name !== '127.0.0.1' && name !== '[::1]') return isDomain.test(name) && name !== zone && published(name) ? 'site' : 'stranger'
  return workerPaths.test(path.split('?')[0] ?? '') ? 'worker' : 'storefront'
}

/** Opens the address on the loopback. Throws UsageError when the port is taken. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<{ close(): Promise<void> }> {
  const { port, zone, storefront, visitors, published } = options
  const shop = getRequestListener(storefront.fetch)
  const worker = createProxyServer({ agent: false })
  worker.on('error', (_error, _req, res) => {
    if ('writeHead' in res!) unavailable(res)
  })
  const goesTo = (req: IncomingMessage): Destination => destination(req.headers.host ?? '', req.url ?? '/', zone, published)

  const request = (req: IncomingMessage, res: ServerResponse): void => {
    switch (goesTo(req)) {
      case 'site':
        return visitors.request(req, res)
      case 'worker':
        return void options.workerUrl().then((target) => worker.web(req, res, { target })).catch(() => unavailable(res))
      case 'storefront':
        return void shop(req, res)
      case 'unpublished':
        return plain(res, 404, `There is no site at this name: DNS has no record of ${req.headers.host?.replace(/:\d*$/, '')}.`)
      case 'stranger':
        return plain(res, 421, `This is Berth's lab. Open it as http://localhost:${port}/`)
    }
  }
  const upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void =>
    goesTo(req) === 'site' ? visitors.upgrade(req, socket, head) : void socket.destroy()

  const servers = [await listening(port, '127.0.0.1', request, upgrade)]
  // Browsers may try IPv6 first for localhost; a machine without it is fine.
  await listening(port, '::1', request, upgrade).then((server) => servers.push(server)).catch(() => undefined)
  return { close: async () => void (await Promise.all(servers.map(closed))) }
}

type Requested = (req: IncomingMessage, res: ServerResponse) => void
type Upgraded = (req: IncomingMessage, socket: Duplex, head: Buffer) => void

async function listening(port: number, host: string, request: Requested, upgrade: Upgraded): Promise<Server> {
  const server = createServer(request).on('upgrade', upgrade)
  try {
    await once(server.listen(port, host), 'listening')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new UsageError(`port ${port} is in use; choose another with --port`)
    if (code === 'EACCES') throw new UsageError(`port ${port} may not be opened by this user; choose another with --port`)
    throw error
  }
  return server
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function unavailable(res: ServerResponse): void {
  if (res.headersSent) return void res.destroy()
  res.writeHead(503, { 'content-type': 'application/json', 'retry-after': '2' })
  res.end(JSON.stringify({ success: false, error: 'The platform is starting. Please try again in a moment.', code: 'unavailable' }))
}

function plain(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  res.end(`${text}\n`)
}
