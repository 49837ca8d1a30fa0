// What the platform lends to the customer's object, and what of the configuration it knows.
import type { Cluster } from '../domain/cluster.ts'
import type { Gate } from '../domain/gate.ts'
import type { Storage } from '../domain/sql.ts'
import type { Surroundings } from '../engine/surroundings.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

export interface ZoneSettings {
  /** ns1 and ns2, absolute. */
  nameServers: readonly [string, string]
  /** ISPConfig's ids of the servers. */
  dnsServer: number
  mailServer: number
  /** Absolute. */
  mailHost: string
  proxyIp: string
  /** Where the platform's own names live. */
  platformZone: string
}

/** What of the cluster's configuration zones need; its names are written without the last dot. */
export function zoneSettings({ ownNameServers: [ns1, ns2], customers: { mailHost, ...ids }, proxy, zone }: Cluster): ZoneSettings {
  return { ...ids, nameServers: [`${ns1}.`, `${ns2}.`], mailHost: `${mailHost}.`, proxyIp: proxy.publicIp, platformZone: zone }
}

/** Who has which zone: asked and told by each customer's object, the same for all of them. */
export interface Registry {
  /** False when another customer has it. */
  claim(origin: string, id: string): Promise<boolean>
  release(origin: string): Promise<void>
  /** These and no others are the customer's, and their owner is looking at them now. */
  seen(zones: readonly { origin: string; id: string }[]): Promise<void>
}

export interface Lent extends Pick<Surroundings<Upstreams>, 'now' | 'random' | 'sleep' | 'clients' | 'probe'> {
  readonly storage: Storage
  readonly settings: ZoneSettings
  readonly registry: Registry
  gate(key: string): Gate
  setAlarm(at: number): void
  deleteAlarm(): void
  /** Something waits for a person. */
  alert(customer: { key: string; connection: string; user: string }): void
  /** A hex signature that nobody can guess. */
  sign(text: string): string
}
