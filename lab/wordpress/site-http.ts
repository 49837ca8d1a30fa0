// The web server of one site: files from disk, everything else through PHP, as nginx with try_files would. Trusts the
// reverse proxy's X-Forwarded headers, because it listens on the loopback only. Must never serve a hidden file or run an upload.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import { inferMimeType } from '@php-wasm/universal'
import type { HTTPMethod, PHPResponse, PHPRunOptions } from '@php-wasm/universal'
import { seen } from './site-files.ts'

const bodyMax = 64 * 1024 * 1024
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'x-powered-by'])
const methods = new Set(['GET', 'POST', 'HEAD', 'OPTIONS', 'PATCH', 'PUT', 'DELETE'])

export interface SiteFolders { place: string; wordpress: string; content: string }

/** A server that is not yet listening. `run` runs one script; when it throws, PHP is lost and so is the request. */
export function siteServer(folders: SiteFolders, run: (options: PHPRunOptions) => Promise<PHPResponse>): Server {
  return createServer((request, response) => {
    void answer(folders, run, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' })
      response.end('The site is starting again.\n')
    })
  })
}

async function answer(
  folders: SiteFolders,
  run: (options: PHPRunOptions) => Promise<PHPResponse>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://site.invalid')
  const path = decoded(url.pathname)
  const refuse = (status: number, text: string): void => void response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`)
  if (path === undefined) return refuse(400, 'Bad request')
  if (!methods.has(request.method ?? '')) return refuse(405, 'Method not allowed')
  const hidden = path.split('/').some((part) => part.startsWith('.') && part !== '.well-known')
  if (hidden || /^\/wp-content\/uploads\/.*\.php/i.test(path)) return refuse(403, 'Forbidden')

  const found = locate(folders, path)
  if (found?.kind === 'folder' && !path.endsWith('/')) {
    response.writeHead(301, { location: `${url.pathname}/${url.search}` }).end()
    return
  }
  if (found?.kind === 'file') return sendFile(found.path, request, response)

  const body = await read(request)
  if (body === undefined) return refuse(413, 'The request is larger than 64 MB')
  const script = found?.kind === 'script' ? found.script : '/index.php'
  const result = await run(phpRequest(folders.place, request, url, script, body))
  const headers = Object.entries(result.headers).filter(([name]) => !hopByHop.has(name))
  for (const [name, values] of headers) response.setHeader(name, values.length === 1 ? values[0]! : values)
  response.statusCode = result.exitCode !== 0 && result.httpStatusCode < 400 ? 500 : result.httpStatusCode
  response.end(request.method === 'HEAD' ? undefined : result.bytes)
}

type Found = { kind: 'file'; path: string } | { kind: 'script'; script: string } | { kind: 'folder' }

function locate(folders: SiteFolders, path: string): Found | undefined {
  const script = /^(.*?\.php)(\/|$)/i.exec(path)?.[1]
  if (script) return isFile(onDisk(folders, script)) ? { kind: 'script', script } : undefined
  const place = onDisk(folders, path)
  const stat = statSync(place, { throwIfNoEntry: false })
  if (stat?.isFile()) return { kind: 'file', path: place }
  if (!stat?.isDirectory() || !isFile(join(place, 'index.php'))) return undefined
  return path.endsWith('/') ? { kind: 'script', script: `${path}index.php` } : { kind: 'folder' }
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false

function onDisk(folders: SiteFolders, path: string): string {
  const content = /^\/wp-content(\/|$)/.exec(path)
  const root = content ? folders.content : folders.wordpress
  const place = join(root, content ? path.slice('/wp-content'.length) : path)
  return place === root || place.startsWith(root + sep) ? place : root
}

function decoded(pathname: string): string | undefined {
  try {
    const path = decodeURIComponent(pathname)
    return path.includes('\0') || path.includes('\\') ? undefined : path
  } catch {
    return undefined
  }
}

function phpRequest(place: string, request: IncomingMessage, url: URL, script: string, body: Uint8Array): PHPRunOptions {
  const secure = request.headers['x-forwarded-proto'] === 'https'
  const given = Object.entries(request.headers)
  const headers = Object.fromEntries(given.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]))
  const uri = url.pathname + url.search
  return {
    method: request.method as HTTPMethod,
    relativeUri: uri,
    protocol: secure ? 'https' : 'http',
    scriptPath: script.startsWith('/wp-content/') ? seen.site(place) + script : seen.wordpress + script,
    headers,
    ...(body.length > 0 ? { body } : {}),
    $_SERVER: {
      DOCUMENT_ROOT: seen.wordpress,
      HTTPS: secure ? 'on' : '',
      REMOTE_ADDR: String(request.headers['x-forwarded-for'] ?? '').split(',')[0]?.trim() || '127.0.0.1',
      REQUEST_URI: uri,
      QUERY_STRING: url.search.slice(1),
      SCRIPT_NAME: script,
      PHP_SELF: script,
      SERVER_SOFTWARE: 'berth-lab',
    },
  }
}

async function read(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > bodyMax) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function sendFile(path: string, request: IncomingMessage, response: ServerResponse): void {
  const { size, mtimeMs } = statSync(path)
  const tag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`
  const type = inferMimeType(extname(path) === '' ? `${path}.txt` : path)
  response.setHeader('etag', tag)
  response.setHeader('cache-control', 'public, max-age=3600')
  if (request.headers['if-none-match'] === tag) return void response.writeHead(304).end()
  response.writeHead(200, { 'content-type': /^text\/|javascript|json$/.test(type) ? `${type}; charset=utf-8` : type, 'content-length': size })
  if (request.method === 'HEAD') return void response.end()
  createReadStream(path).on('error', () => response.destroy()).pipe(response)
}
