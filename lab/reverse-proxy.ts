// The data plane of the proxy manager: takes visitors' requests and does what nginx has loaded for their Host, streaming.
// TLS is not terminated: everything is plain HTTP, so X-Forwarded-Proto says http and `ssl_forced` redirects nobody.
// One deliberate difference: Host keeps its port (nginx strips it), because the lab does not listen on 80 and sites build their links from it.
// Not simulated: caching, block_exploits, access lists, custom locations, HTTP/2.
import { ServerResponse, type IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createProxyServer } from 'httpxy'
import { route, type Site } from './npm/npm.ts'
import type { World } from './world.ts'

export interface ReverseProxy {
  /** For the `request` event of a Node http server. */
  request(req: IncomingMessage, res: ServerResponse): void
  /** For its `upgrade` event. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** `resolve` gives the real address behind a private one and its port, or undefined when nothing listens there. */
export function reverseProxy(world: World, options: { resolve(address: string, port: number): Promise<URL | undefined> }): ReverseProxy {
  // One connection per request, as nginx does towards its upstreams: a restarted site is never met on a dead connection.
  const proxy = createProxyServer({ agent: false })
  proxy.on('error', (_error, _req, res) => {
    if (res instanceof ServerResponse) page(res, 502, 'Bad Gateway')
    else res?.destroy()
  })
  // That the site closes its connection to us is no business of the visitor's.
  proxy.on('proxyRes', (answer) => void delete answer.headers.connection)

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { site, target } = await destination(req)
    if (!site) return page(res, 404, 'Not Found')
    res.setHeader('x-served-by', nameOf(req))
    if (!target) return page(res, 502, 'Bad Gateway')
    await proxy.web(req, res, { target, headers: forwarded(req) })
  }

  async function destination(req: IncomingMessage): Promise<{ site?: Site; target?: URL }> {
    const site = route(world, req.headers.host ?? '')
    if (!site) return {}
    const target = await options.resolve(site.forwardHost, site.forwardPort)
    return target ? { site, target } : { site }
  }

  function request(req: IncomingMessage, res: ServerResponse): void {
    serve(req, res).catch(() => page(res, 502, 'Bad Gateway'))
  }

  async function switched(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { site, target } = await destination(req)
    if (site?.websockets && target && req.headers.upgrade?.toLowerCase() === 'websocket' && socket instanceof Socket)
      return proxy.ws(req, socket, { target, headers: forwarded(req) }, head)
    // Without leave to upgrade nginx drops the two headers and passes an ordinary request on.
    delete req.headers.upgrade
    delete req.headers.connection
    const res = new ServerResponse(req)
    res.shouldKeepAlive = false
    if (socket instanceof Socket) res.assignSocket(socket)
    res.on('finish', () => socket.end())
    await serve(req, res)
  }

  return { request, upgrade: (req, socket, head) => void switched(req, socket, head).catch(() => socket.destroy()) }
}

const nameOf = (req: IncomingMessage): string => (req.headers.host ?? '').replace(/:\d*$/, '').toLowerCase()

/** What the proxy manager's proxy.conf adds. */
function forwarded(req: IncomingMessage): Record<string, string> {
  const address = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const before = req.headers['x-forwarded-for']
  return {
    'x-real-ip': address,
    'x-forwarded-for': before ? `${String(before)}, ${address}` : address,
    'x-forwarded-proto': 'http',
    'x-forwarded-scheme': 'http',
  }
}

function page(res: ServerResponse, status: number, words: string): void {
  if (res.headersSent) return void res.destroy()
  res.writeHead(status, { 'content-type': 'text/html' })
  res.end(`<html>\r\n<head><title>${status} ${words}</title></head>\r\n<body>\r\n<center><h1>${status} ${words}</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n`)
}
