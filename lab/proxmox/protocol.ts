// How pveproxy and pvedaemon speak: credentials, encodings, parameter checks, the {"data":…} envelope and its failures.
// Knows no endpoint. pve-http-server (AnyEvent.pm), libpve-common (JSONSchema.pm): https://git.proxmox.com
import type { Context, Hono } from 'hono'
import type { World } from '../world.ts'
import { type Schema, type Values, check } from './parameters.ts'

/** A refusal in Proxmox's words: almost everything is 500, parameters are 400 with `errors`, permissions 403. */
export class PveError extends Error {
  readonly status: number
  readonly errors: Record<string, string> | undefined
  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message)
    this.name = 'PveError'
    this.status = status
    this.errors = errors
  }
}

export interface Call { values: Values; user: string; node: string; vmid: number }
export type Handler = (call: Call) => unknown
export type Register = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, schema: Schema, handler: Handler) => void

/** Adds fields beside `data`, as listings with `total` do. */
export class Enveloped {
  readonly body: Record<string, unknown>
  constructor(body: Record<string, unknown>) {
    this.body = body
  }
}

const decoder = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Pairs of a form or query; `;` separates like `&`, a repeated name becomes a NUL-separated list. */
export function parseForm(text: string): Record<string, string> {
  const out: Record<string, string> = {}
  for (const part of text.split(/[&;]/)) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = decoder(at < 0 ? part : part.slice(0, at))
    const value = at < 0 ? '' : decoder(part.slice(at + 1))
    out[name] = out[name] === undefined ? value : `${out[name]}\0${value}`
  }
  return out
}

const refuse = (error: PveError): Response =>
  Response.json({ data: null, message: error.message, ...(error.errors ? { errors: error.errors } : {}) }, { status: error.status })

const bodyLimit = 512 * 1024

async function parameters(c: Context): Promise<Record<string, unknown>> {
  const { method, url } = c.req
  const at = url.indexOf('?')
  const query = at < 0 ? {} : parseForm(url.slice(at + 1))
  if (c.req.header('transfer-encoding')?.includes('chunked')) throw new PveError(501, 'chunked transfer encoding not supported\n')
  if (method === 'GET') {
    if (Number(c.req.header('content-length') ?? 0) > 0) throw new PveError(501, 'Unexpected content for method GET\n')
    return query
  }
  const text = await c.req.text()
  if (text === '') return query
  if (method === 'DELETE') throw new PveError(501, 'Unexpected content for method DELETE\n')
  if (text.length > bodyLimit) throw new PveError(501, 'for data too large\n')
  const type = (c.req.header('content-type') ?? 'application/x-www-form-urlencoded').split(';')[0]!.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return { ...parseForm(text), ...query }
  if (type !== 'application/json') throw new PveError(506, `unsupported content type '${type}'\n`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new PveError(400, 'malformed JSON string\n')
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw new PveError(400,
    'malformed JSON string, neither object nor array\n')
  return { ...(parsed as Record<string, unknown>), ...query }
}

const tokenUser = /^PVEAPIToken[= ]([^=\s]+)=/

/** Makes the function that adds an endpoint to the app: credentials, node, parameters, handler, envelope. */
export function registrar(app: Hono, world: World, options: { token: string; reach: (node: string) => 'online' | 'offline' | 'unknown' }): Register {
  const expected = [`PVEAPIToken=${options.token}`, `PVEAPIToken ${options.token}`]
  return (method, path, schema, handler) => {
    app.on(method, `/api2/json${path}`, async (c) => {
      const authorization = c.req.header('authorization') ?? ''
      if (!expected.includes(authorization)) {
        // pveproxy makes every wrong credential wait, and says so in the status line only.
        await world.clock.sleep(3000)
        return new Response('', { status: 401 })
      }
      try {
        const route = c.req.param() as Record<string, string>
        const node = route['node']
        if (node !== undefined) {
          const reach = options.reach(node)
          if (reach === 'unknown') throw new PveError(500,
            `hostname lookup '${node}' failed - failed to get address info for: ${node}: Name or service not known\n`)
          if (reach === 'offline') {
            await world.clock.sleep(3000)
            return new Response('', { status: 595 })
          }
        }
        const given = await parameters(c)
        for (const [name, value] of Object.entries(route)) {
          if (given[name] !== undefined && given[name] !== value && given[name] !== Number(value)) throw new PveError(400, 'Parameter verification failed.\n',
            { [name]: 'duplicate parameter (already defined in URI) with conflicting values!' })
          given[name] = value
        }
        const values = check(schema, given)
        const answer = await handler({ values, user: tokenUser.exec(authorization)![1]!, node: node ?? '', vmid: Number(values['vmid'] ?? 0) })
        return Response.json(answer instanceof Enveloped ? answer.body : { data: answer ?? null })
      } catch (error) {
        if (error instanceof PveError) return refuse(error)
        throw error
      }
    })
  }
}
