// What a customer can own beyond the sites: the resources of the customer object.
import type { Resource } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { dnsClient } from './dns-client.ts'
import { dnsEntry } from './dns-entry.ts'
import { dnsZone } from './dns-zone.ts'

const all = [dnsClient, dnsZone, dnsEntry]

export const customerResources: ReadonlyMap<string, Resource<Upstreams>> = new Map(all.map((one) => [one.name, one as Resource<Upstreams>]))
