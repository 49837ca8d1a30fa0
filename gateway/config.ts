// The only reader of the gateway's configuration: one JSON file, named by GATEWAY_CONFIG. Fails closed and names every bad key
// at once, never a value. Keep the file readable for the service's user only: it holds the upstreams' credentials.
import { readFileSync } from 'node:fs'
import * as z from 'zod'

const url = z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).pathname === '/', 'must have no path').transform((text) => new URL(text).origin)
const port = z.int().min(0).max(65_535)
const secret = z.string().min(16)

const schema = z.strictObject({
  /** The address to listen on: the WireGuard or tunnel side. 127.0.0.1 when left out. */
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(8790),
  /** The file of what must survive a restart; left out, a restart forgets it. */
  state: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Where the reverse proxy finds the page for suspended sites. */
  suspendedPage: z.strictObject({ host: z.string().min(1).default('0.0.0.0'), port: port.default(8791) }).prefault({}),
  /** Name servers that may be asked although their addresses are not public. */
  dns: z.strictObject({ allowed: z.array(z.union([z.ipv4(), z.ipv6()])).default([]) }).prefault({}),
  keys: z.record(z.string().regex(/^[a-z0-9-]{1,40}$/), secret).refine((keys) => Object.keys(keys).length > 0, 'must hold at least one key'),
  upstreams: z.strictObject({
    proxmox: z.strictObject({ urls: z.array(url).min(1), token: z.string().regex(/^[^@\s]+@[^!\s]+![^=\s]+=\S+$/, 'must be user@realm!name=secret') }),
    linstor: z.strictObject({ urls: z.array(url).min(1), token: z.string().min(1).optional() }),
    npm: z.strictObject({ url, identity: z.email(), secret: z.string().min(8) }),
    ispconfig: z.strictObject({ url, username: z.string().min(1), password: z.string().min(8) }).optional(),
  }),
})

export type GatewayConfig = z.output<typeof schema>

/** The configuration, or an error that lists the bad keys. */
export function parseConfig(value: unknown): GatewayConfig {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const bad = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'file'}: ${message}`)
  throw new Error(`the gateway's configuration is not valid:\n${bad.join('\n')}`)
}

/** Reads the file that GATEWAY_CONFIG names. */
export function readConfig(env: Record<string, string | undefined>): GatewayConfig {
  const file = env['GATEWAY_CONFIG']
  if (!file) throw new Error('GATEWAY_CONFIG must name the configuration file (docs/gateway.md)')
  const text = readFileSync(file, 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own words would quote the file.
    throw new Error(`${file} is not JSON`)
  }
  return parseConfig(value)
}
