// What we read of Cloudflare's answers, in its own words: the envelope, zones and DNS records.

import * as z from 'zod'

export const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).nullish(),
  result: z.unknown(),
})

export const dnsRecord = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  content: z.string().nullish(),
  // 1 is automatic, which is what every proxied record has.
  ttl: z.number().nullish(),
  proxied: z.boolean().nullish(),
  comment: z.string().nullish(),
  priority: z.number().nullish(),
  // The parts of SRV, CAA, TLSA.
  data: z.record(z.string(), z.union([z.string(), z.number(), z.null()]).catch(null)).nullish(),
})
export const dnsRecords = z.array(dnsRecord)
export type DnsRecord = z.infer<typeof dnsRecord>

export const zone = z.object({
  id: z.string(),
  name: z.string(),
  // `active` once the registry names these servers.
  status: z.string().nullish(),
  name_servers: z.array(z.string()),
})
export const zones = z.array(zone)
export type Zone = z.infer<typeof zone>
