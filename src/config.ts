// The only reader of the environment. Fails closed, names every bad key at once, never shows a value.
import * as z from 'zod'
import { Cluster } from './domain/cluster.ts'
import type { UpstreamSettings } from './upstreams/upstreams.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits (a SHA-256)')

/** Bearer keys, hashed, each for one billing connection. */
const Keys = z.array(z.object({ connection: z.string().regex(/^[a-z0-9-]{1,40}$/), sha256 }))

/** With the beginning of its customers' numbers in ISPConfig: no two connections may share one. */
const ConnectionKeys = z.array(z.object({ connection: z.string().regex(/^[a-z0-9-]{1,40}$/), sha256, customers: z.string().regex(/^[A-Za-z0-9-]{1,40}$/).optional() }))

const json = <T>(schema: z.ZodType<T>) =>
  z.string().transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  }).pipe(schema)

/** A binding of Workers VPC that leads to the gateway, through its tunnel and past the public internet. */
export interface GatewayBinding { fetch(request: Request): Promise<Response> }

const Environment = z.object({
  CLUSTER: Cluster,
  GATEWAY_URL: z.url(),
  CLOUDFLARE_URL: z.url(),
  CLOUDFLARE_ZONE_ID: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits'),
  DNS_RESOLVERS: z.array(z.url({ protocol: /^https?$/ })).min(1).max(3),
  API_KEYS: json(ConnectionKeys.min(1)),
  ACCESS_SERVICE_TOKEN: z.string().regex(/^[^\s:]+:[^\s:]{16,}$/, 'must be <client id>:<client secret>').optional(),
  GATEWAY: z.custom<GatewayBinding>((value) => typeof (value as { fetch?: unknown } | null)?.fetch === 'function', 'must be a service of Workers VPC').optional(),
  GATEWAY_KEY: z.string().regex(/^[a-z0-9-]{1,40}:.{16,}$/, 'must be <key id>:<secret of at least 16 characters>'),
  CLOUDFLARE_TOKEN: z.string().min(1),
  ORDER_LINK_SECRET: z.string().min(24, 'must have at least 24 characters'),
  OPERATOR_KEY_SHA256: sha256,
  HELP_DESK_KEYS: json(Keys),
  SUPPORT_KEY_SECRET: z.string().min(24, 'must have at least 24 characters'),
})

export interface Config {
  cluster: Cluster
  upstreams: UpstreamSettings
  /** Where there is one, nothing goes to the gateway's public name. */
  gateway: GatewayBinding | undefined
  apiKeys: readonly { connection: string; sha256: string; customers: string }[]
  orderLinkSecret: string
  operatorKeySha256: string
  helpDeskKeys: readonly { connection: string; sha256: string }[]
  supportKeySecret: string
}

const read = new WeakMap<object, Config>()

/** The configuration, parsed once per environment. Throws an error that lists the bad keys. */
export function configOf(env: object): Config {
  const known = read.get(env)
  if (known) return known
  const parsed = Environment.safeParse(env)
  if (!parsed.success) {
    const bad = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`the configuration is not valid: ${bad.join('; ')}`)
  }
  const { data } = parsed
  const [gatewayKeyId, gatewayKey] = halves(data.GATEWAY_KEY)
  const [id, secret] = halves(data.ACCESS_SERVICE_TOKEN ?? '')
  const apiKeys = withPrefixes(data.API_KEYS)
  const config: Config = {
    cluster: data.CLUSTER,
    upstreams: {
      gatewayUrl: data.GATEWAY_URL, gatewayKeyId, gatewayKey, accessToken: id === '' ? undefined : { id, secret },
      cloudflareUrl: data.CLOUDFLARE_URL, cloudflareToken: data.CLOUDFLARE_TOKEN, cloudflareZoneId: data.CLOUDFLARE_ZONE_ID,
      dnsResolvers: data.DNS_RESOLVERS,
    },
    gateway: data.GATEWAY,
    apiKeys,
    orderLinkSecret: data.ORDER_LINK_SECRET,
    operatorKeySha256: data.OPERATOR_KEY_SHA256,
    helpDeskKeys: data.HELP_DESK_KEYS,
    supportKeySecret: data.SUPPORT_KEY_SECRET,
  }
  read.set(env, config)
  return config
}

/** What stands before and behind the first colon. */
function halves(text: string): [string, string] {
  const colon = text.indexOf(':')
  return [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)]
}

/** The beginning of the customer numbers of a connection: `P` for the one that is named first, `P-<connection>-` for others. */
export const customerPrefix = (config: Config, connection: string): string => {
  const key = config.apiKeys.find((one) => one.connection === connection)
  if (!key) throw new Error('no such connection')
  return key.customers
}

function withPrefixes(keys: readonly { connection: string; sha256: string; customers?: string | undefined }[]): Config['apiKeys'] {
  const told = new Map(keys.flatMap(({ connection, customers }) => (customers === undefined ? [] : [[connection, customers] as const])))
  const all = keys.map((key) => ({ ...key, customers: told.get(key.connection) ?? (key.connection === keys[0]!.connection ? 'P' : `P-${key.connection}-`) }))
  // The rest of a number begins with a letter or a digit, so no two of these can make the same one.
  const clash = all.find((a) => all.some((b) => a.connection !== b.connection && b.customers.startsWith(a.customers) && /^(?:$|[A-Za-z0-9])/.test(b.customers.slice(a.customers.length))))
  if (clash) throw new Error(`the configuration is not valid: API_KEYS: customer numbers ${clash.customers}… belong to two connections`)
  return all
}
