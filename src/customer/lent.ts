// What the platform lends to the customer's object, and what of the configuration it knows.
import type { Cluster } from '../domain/cluster.ts'
import type { Home } from '../domain/dns/home.ts'
import type { Gate } from '../domain/gate.ts'
import { policyText } from '../domain/mail/policy.ts'
import type { PlanName } from '../domain/plan.ts'
import type { Storage } from '../domain/sql.ts'
import type { Surroundings } from '../engine/surroundings.ts'
import type { CustomerProjection } from './projection.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

export interface ZoneSettings {
  /** Where new zones are kept, and Cloudflare's account for those that are kept there. */
  zoneHome: Home
  cloudflareAccount: string | undefined
  /** ns1 and ns2, absolute. */
  nameServers: readonly [string, string]
  /** ISPConfig's ids of the servers. */
  dnsServer: number
  mailServer: number
  /** Absolute. */
  mailHost: string
  proxyIp: string
  /** Undefined when no mail is offered. */
  mail: MailSettings | undefined
  /** Where the platform's own names live. */
  platformZone: string
}

/** What of the cluster's configuration zones and mail need; its names are written without the last dot. */
export function zoneSettings({ ownNameServers: [ns1, ns2], customers: { mailHost: host, cloudflareAccount, ...ids }, mail, proxy, zone }: Cluster): ZoneSettings {
  const mailHost = `${host}.`
  const policy = mail?.policyHost === undefined ? undefined : { host: `${mail.policyHost}.`, text: policyText(mailHost, mail.policyMode) }
  return { ...ids, cloudflareAccount, nameServers: [`${ns1}.`, `${ns2}.`], mailHost, proxyIp: proxy.publicIp, platformZone: zone, mail: mail && { address: mail.address, reports: mail.reports, policy } }
}

export interface MailSettings {
  /** The mail server's address. */
  address: string
  /** Who is sent reports, `*` standing for the domain. */
  reports: string
  /** Where the MTA-STS policy is served (absolute), and the policy. */
  policy: { host: string; text: string } | undefined
}

/** Who has which zone: asked and told by each customer's object, the same for all of them. */
export interface Registry {
  /** False when another customer has it. */
  claim(origin: string, id: string): Promise<boolean>
  release(origin: string): Promise<void>
  /** These and no others are the customer's, and their owner is looking at them now. */
  seen(zones: readonly { origin: string; id: string; servers?: string[] }[]): Promise<void>
  /** Takes a domain for mail: `other` when another customer has it, `foreign` when the service is another customer's. */
  claimMail(domain: string, service: string): Promise<'taken' | 'other' | 'foreign'>
  releaseMail(domain: string): Promise<void>
  /** The plan of a service of this connection that is paid for. */
  planOf(service: string): Promise<PlanName | undefined>
}

export interface Lent extends Pick<Surroundings<Upstreams>, 'now' | 'random' | 'sleep' | 'clients' | 'probe'> {
  readonly storage: Storage
  readonly settings: ZoneSettings
  readonly registry: Registry
  gate(key: string): Gate
  setAlarm(at: number): void
  deleteAlarm(): void
  /** Writes the reporting copy. */
  report(projection: CustomerProjection): Promise<void>
  /** Something waits for a person. */
  alert(customer: { key: string; connection: string; user: string }): void
  /** A hex signature that nobody can guess. */
  sign(text: string): string
}
