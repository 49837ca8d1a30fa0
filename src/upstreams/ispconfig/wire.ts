// What we read of ISPConfig's answers, in its own words: the envelope, clients, zones, records and mail.
// Every value of a row is text. Password hashes and private keys stand in the same rows: they are never read, kept or shown.

import * as z from 'zod'

/** Every answer, errors too, comes as this under status 200. */
export const envelope = z.object({ code: z.string(), message: z.string().nullish(), response: z.unknown() })

/** Row ids and counts come as text or as numbers. */
export const count = z.union([z.number(), z.string().regex(/^-?\d+$/)]).transform(Number)

/** Checkboxes are `y` and `n`, but `Y` and `N` in the DNS tables. */
const flag = z.string().transform((value) => value.toLowerCase() === 'y')

export const customer = z.object({
  client_id: count,
  customer_no: z.string().nullish(),
  username: z.string(),
  contact_name: z.string().nullish(),
  email: z.string().nullish(),
})
export type Customer = z.infer<typeof customer>

/** `origin` as it was entered: with or without the dot at its end. */
export const zoneName = z.object({ id: count, origin: z.string() })
export type ZoneName = z.infer<typeof zoneName>

/** Times in seconds; `sys_groupid` is the group of the client that it belongs to. */
export const zone = z.object({
  id: count,
  sys_groupid: count,
  server_id: count,
  origin: z.string(),
  ns: z.string(),
  mbox: z.string(),
  serial: count,
  refresh: count,
  retry: count,
  expire: count,
  minimum: count,
  ttl: count,
  active: flag,
  xfer: z.string().nullish(),
  also_notify: z.string().nullish(),
})
export type Zone = z.infer<typeof zone>

/** `type` in capitals; `name` relative, empty (the apex) or with a dot at its end; `aux` is the priority of MX and SRV. */
export const rr = z.object({
  id: count,
  server_id: count,
  zone: count,
  name: z.string(),
  type: z.string(),
  data: z.string(),
  aux: count,
  ttl: count,
  active: flag,
})
export type Rr = z.infer<typeof rr>

export const mailDomain = z.object({
  domain_id: count,
  sys_groupid: count,
  server_id: count,
  domain: z.string(),
  dkim: flag,
  dkim_selector: z.string().nullish(),
  dkim_public: z.string().nullish(),
  active: flag,
})
export type MailDomain = z.infer<typeof mailDomain>

/** `quota` in bytes, 0 is unlimited; `postfix` says whether it takes mail. */
export const mailUser = z.object({
  mailuser_id: count,
  sys_groupid: count,
  server_id: count,
  email: z.string(),
  login: z.string(),
  name: z.string().nullish(),
  quota: count,
  postfix: flag,
})
export type MailUser = z.infer<typeof mailUser>

/** A row of aliases, forwards, catch-alls and alias domains: `type` tells them apart. */
export const mailForwarding = z.object({
  forwarding_id: count,
  sys_groupid: count,
  server_id: count,
  source: z.string(),
  destination: z.string(),
  type: z.string(),
  active: flag,
})
export type MailForwarding = z.infer<typeof mailForwarding>
