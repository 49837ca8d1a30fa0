// What we read of Nginx Proxy Manager's answers, in its own words.
// Certificates come with their private key in `meta`: that is never read, kept or shown.

import * as z from 'zod'

// Other releases and databases than the one observed may answer 0 and 1.
const flag = z.union([z.boolean(), z.number()]).transform((value) => value === true || value === 1)

export const proxyHost = z.object({
  id: z.number(),
  domain_names: z.array(z.string()),
  forward_scheme: z.string(),
  forward_host: z.string(),
  forward_port: z.number(),
  certificate_id: z.union([z.number(), z.string()]).nullish(),
  access_list_id: z.number().nullish(),
  ssl_forced: flag,
  http2_support: flag,
  hsts_enabled: flag.optional(),
  hsts_subdomains: flag.optional(),
  allow_websocket_upgrade: flag,
  block_exploits: flag.optional(),
  caching_enabled: flag.optional(),
  enabled: flag,
  advanced_config: z.string().nullish(),
  // Ours (any key survives) beside nginx_online and nginx_err, which the server sets after each write.
  meta: z.record(z.string(), z.unknown()).nullish().transform((meta) => meta ?? {}),
})
export const proxyHosts = z.array(proxyHost)
export type ProxyHost = z.infer<typeof proxyHost>

/** Dates are the server's local time, with or without a zone, as its database has it. */
export const certificates = z.array(z.object({
  id: z.number(),
  provider: z.string(),
  nice_name: z.string(),
  domain_names: z.array(z.string()),
  created_on: z.string(),
  expires_on: z.string().nullish(),
  /** The gateway passes on this one key. */
  meta: z.object({ propagation_seconds: z.number().optional() }).nullish(),
}))
export type Certificate = z.infer<typeof certificates>[number]
