// What a customer can own beyond the sites: the resources of the customer object.
import type { Resource } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { dnsClient } from './dns-client.ts'
import { cloudflareZone } from './cloudflare-zone.ts'
import { cloudflareEntry, dnsEntry } from './dns-entry.ts'
import { dnsZone } from './dns-zone.ts'
import { mailDkim } from './mail-dkim.ts'
import { mailDomain } from './mail-domain.ts'
import { mailAlias, mailForward } from './mail-forwarding.ts'
import { mailbox } from './mailbox.ts'

const all = [dnsClient, dnsZone, dnsEntry, cloudflareZone, cloudflareEntry, mailDomain, mailDkim, mailbox, mailAlias, mailForward]

export const customerResources: ReadonlyMap<string, Resource<Upstreams>> = new Map(all.map((one) => [one.name, one as Resource<Upstreams>]))
