// The only reader of the gateway's configuration: one JSON file, named by GATEWAY_CONFIG, whose secrets may stand in files of their
// own (systemd's credentials, or any). Fails closed and names every bad key at once, never a value.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import * as z from 'zod'
import type { Trust } from './trust.ts'

const url = z.url({ protocol: /^https?$/ }).refine((text) => new URL(text).pathname === '/', 'must have no path').transform((text) => new URL(text).origin)
const port = z.int().min(0).max(65_535)
const secret = z.string().min(16)
const fingerprint = z.string().regex(/^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, 'must be SHA-256, as 32 pairs of hex digits with colons').transform((text) => text.toUpperCase())
/** An address, with the fingerprint of its certificate when no authority vouches for it. */
const place = z.union([
  url.transform((url) => ({ url, fingerprint: undefined as string | undefined })),
  z.strictObject({ url: url.refine((text) => text.startsWith('https:'), 'must be https to have a fingerprint'), fingerprint }),
])
/** The authority, alone, that vouches for every address of an upstream without a fingerprint. */
const ca = z.string().startsWith('-----BEGIN CERTIFICATE-----', 'must be a certificate in PEM').optional()

/** A node that playbooks run on, by ssh. */
const sshNode = z.strictObject({
  host: z.union([z.ipv4(), z.ipv6(), z.hostname()]),
  port: z.int().min(1).max(65_535).default(22),
  hostKey: z.string().regex(/^(?:ssh-ed25519|ecdsa-sha2-nistp\d{3}|ssh-rsa) [A-Za-z0-9+/]{40,}={0,2}(?: |$)/, 'must be the line of the node\'s own /etc/ssh/ssh_host_ed25519_key.pub').transform((line) => line.split(' ', 2).join(' ')),
})
const ssh = z.strictObject({
  user: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be the name of a user of the node').default('root'),
  key: z.string().startsWith('-----BEGIN OPENSSH PRIVATE KEY-----', 'must be a private key as ssh-keygen -t ed25519 -N \'\' makes it'),
  nodes: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, 'must be the name of a node'), sshNode),
})

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
  /** Cloudflare Access, where it stands before this gateway. */
  access: z.strictObject({
    team: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be the name before .cloudflareaccess.com'),
    audience: z.string().regex(/^[0-9a-f]{64}$/, 'must be the application\'s AUD tag, 64 hex digits'),
  }).optional(),
  /** The way to the nodes; without it no playbook is run. */
  ssh: ssh.optional(),
  keys: z.record(z.string().regex(/^[a-z0-9-]{1,40}$/), secret).refine((keys) => Object.keys(keys).length > 0, 'must hold at least one key'),
  upstreams: z.strictObject({
    proxmox: z.strictObject({ urls: z.array(place).min(1), ca, token: z.string().regex(/^[^@\s]+@[^!\s]+![^=\s]+=\S+$/, 'must be user@realm!name=secret') }),
    linstor: z.strictObject({ urls: z.array(place).min(1), ca, token: z.string().min(1).optional() }),
    npm: z.strictObject({ url: place, ca, identity: z.email(), secret: z.string().min(8) }),
    ispconfig: z.strictObject({ url: place, ca, username: z.string().min(1), password: z.string().min(8) }).optional(),
  }),
}).transform(({ upstreams: { proxmox, linstor, npm, ispconfig }, ...rest }) => {
  const bare = ({ url }: { url: string }): string => url
  const trusted = [...proxmox.urls.map((one) => ({ ...one, ca: proxmox.ca })), ...linstor.urls.map((one) => ({ ...one, ca: linstor.ca })),
    { ...npm.url, ca: npm.ca }, ...(ispconfig ? [{ ...ispconfig.url, ca: ispconfig.ca }] : [])]
  return {
    ...rest,
    /** By address: the certificate or the authority to believe, where it is not one that everybody believes. */
    trust: Object.fromEntries(trusted.flatMap(({ url, fingerprint, ca }): [string, Trust][] => (fingerprint ? [[url, { fingerprint }]] : ca ? [[url, { ca }]] : []))),
    upstreams: {
      proxmox: { urls: proxmox.urls.map(bare), token: proxmox.token },
      linstor: { urls: linstor.urls.map(bare), token: linstor.token },
      npm: { url: npm.url.url, identity: npm.identity, secret: npm.secret },
      ispconfig: ispconfig && { url: ispconfig.url.url, username: ispconfig.username, password: ispconfig.password },
    },
  }
})

export type GatewayConfig = z.output<typeof schema>

/** The configuration, or an error that lists the bad keys. */
export function parseConfig(value: unknown): GatewayConfig {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const bad = parsed.error.issues.map(({ path, message }) => `  ${path.join('.') || 'file'}: ${message}`)
  throw new Error(`the gateway's configuration is not valid:\n${bad.join('\n')}`)
}

/** Reads the file that GATEWAY_CONFIG names, and what stands in files of its own: credentials in CREDENTIALS_DIRECTORY. */
export function readConfig(env: Record<string, string | undefined>): GatewayConfig {
  const file = env['GATEWAY_CONFIG']
  if (!file) throw new Error('GATEWAY_CONFIG must name the configuration file (docs/gateway.md)')
  let value: unknown
  try {
    value = JSON.parse(contents(file))
  } catch (error) {
    // The parser's own words would quote the file.
    throw error instanceof SyntaxError ? new Error(`${file} is not JSON`) : error
  }
  return parseConfig(filled(value, env['CREDENTIALS_DIRECTORY']))
}

const credential = z.strictObject({ credential: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/) })
const elsewhere = z.strictObject({ file: z.string().startsWith('/') })

/** `{"credential": "name"}` and `{"file": "/path"}` stand for what is in that file, wherever a text may stand. */
function filled(value: unknown, folder: string | undefined): unknown {
  if (Array.isArray(value)) return value.map((one) => filled(one, folder))
  if (typeof value !== 'object' || value === null) return value
  const named = credential.safeParse(value).data?.credential
  if (named !== undefined && folder === undefined) throw new Error(`the credential ${named} was not handed over: CREDENTIALS_DIRECTORY is not set`)
  if (named !== undefined) return contents(path.join(folder!, named)).trim()
  const file = elsewhere.safeParse(value).data?.file
  if (file !== undefined) return contents(file).trim()
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, folder)]))
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no reason given'}`)
  }
}
