// The only reader of the environment. Fails closed, names every bad key at once, never shows a value.
import * as z from 'zod'
import { Cluster } from './domain/cluster.ts'
import type { UpstreamSettings } from './upstreams/upstreams.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits (a SHA-256)')

/** Bearer keys, hashed, each for one billing connection. */
const Keys = z.array(z.object({ connection: z.string().regex(/^[a-z0-9-]{1,40}$/), sha256 }))

const json = <T>(schema: z.ZodType<T>) =>
  z.string().transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  }).pipe(schema)

const Environment = z.object({
  CLUSTER: Cluster,
  GATEWAY_URL: z.url(),
  CLOUDFLARE_URL: z.url(),
  CLOUDFLARE_ZONE_ID: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits'),
  DNS_RESOLVERS: z.array(z.url({ protocol: /^https?$/ })).min(1).max(3),
  API_KEYS: json(Keys.min(1)),
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
  apiKeys: readonly { connection: string; sha256: string }[]
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
  const colon = data.GATEWAY_KEY.indexOf(':')
  const config: Config = {
    cluster: data.CLUSTER,
    upstreams: {
      gatewayUrl: data.GATEWAY_URL, gatewayKeyId: data.GATEWAY_KEY.slice(0, colon), gatewayKey: data.GATEWAY_KEY.slice(colon + 1),
      cloudflareUrl: data.CLOUDFLARE_URL, cloudflareToken: data.CLOUDFLARE_TOKEN, cloudflareZoneId: data.CLOUDFLARE_ZONE_ID,
      dnsResolvers: data.DNS_RESOLVERS,
    },
    apiKeys: data.API_KEYS,
    orderLinkSecret: data.ORDER_LINK_SECRET,
    operatorKeySha256: data.OPERATOR_KEY_SHA256,
    helpDeskKeys: data.HELP_DESK_KEYS,
    supportKeySecret: data.SUPPORT_KEY_SECRET,
  }
  read.set(env, config)
  return config
}
