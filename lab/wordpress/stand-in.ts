// What is served in place of WordPress when it could not be fetched: one page that says plainly that it is a stand-in and
// why. Must never be mistaken for the real thing: no log-in, no admin, and it says so in its title.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A listening server on a loopback port that shows the stand-in page at every path. */
export async function standIn(title: string, reason: string): Promise<{ server: Server; port: number }> {
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)} – stand-in</title>
<style>
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1.5rem; color: #222 }
code { background: #eee; padding: .1em .3em }
</style></head>
<body><h1>${escaped(title)}</h1>
<p><strong>This page is a stand-in, not WordPress.</strong> The order, the container, the address and the proxy in front of it are the lab's
usual ones, but the real WordPress could not be brought onto this machine:</p>
<p><code>${escaped(reason)}</code></p>
<p>Sites that are ordered once the download works are real ones.</p></body></html>
`
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : page)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return { server, port: (server.address() as AddressInfo).port }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
