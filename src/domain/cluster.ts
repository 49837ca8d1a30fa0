// What Berth must know of one Proxmox cluster and the network around it. Addresses and names only, never a secret.
import * as z from 'zod'
import { homes } from './dns/home.ts'
import { planNames } from './plan.ts'

const ipv4 = z.ipv4()

export const Cluster = z.object({
  /** Name of the cluster: also the name of its allocator and gate objects. */
  name: z.string().min(1),
  /** Nodes that may hold customer containers, with the memory that may be sold on each. */
  nodes: z.array(z.object({ name: z.string().min(1), memoryMb: z.number().int().positive() })).min(1),
  /** Proxmox storage for root disks: a LINSTOR resource group with two replicas. */
  storage: z.string().min(1),
  /** Template volume id, e.g. `local:vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst`. */
  template: z.string().min(1),
  bridge: z.string().min(1),
  /** Private network of the containers. */
  lan: z.object({ prefix: z.number().int().min(8).max(30), gateway: ipv4, first: ipv4, last: ipv4, cidr: z.cidrv4() }),
  nameservers: z.array(ipv4).min(1),
  searchdomain: z.string().min(1),
  /** First and last VMID of the range that is ours alone; outside `next-id`. */
  vmids: z.object({ first: z.number().int().min(100), last: z.number().int() }),
  /** Where the reverse proxy is reached from outside, and from which address it reaches containers. */
  proxy: z.object({ publicIp: ipv4, privateIp: ipv4 }),
  /** Public network that customers' records may point into. */
  publicCidr: z.cidrv4(),
  /** The server that shows the suspension page (a listener of the gateway). */
  suspendedPage: z.object({ host: z.string().min(1), port: z.number().int().min(1).max(65535) }),
  /** Our own name servers, to which customers delegate their domains: ns1 and ns2. */
  ownNameServers: z.tuple([z.string().min(4), z.string().min(4)]),
  /** The certificate authority of the reverse proxy, as CAA records name it. */
  certificateAuthority: z.string().min(4),
  /** HA group for Proxmox VE 8; on 9 each container has a rule of its own. */
  haGroup: z.string().min(1),
  /** Sites are published as `<label>.<zone>`. */
  zone: z.string().min(3),
  /** Where that zone is kept; Cloudflare when left out. Say it in so many words before it is changed, and keep it there. */
  zoneHome: z.enum(homes).optional(),
  /** The address of a site as visitors type it, `*` standing for its label: `https://*.sites.example.com`. */
  siteUrl: z.string().regex(/^https?:\/\/\*\./),
  /** IANA time zone in which backups are dated and scheduled, e.g. `Europe/Zagreb`. */
  timeZone: z.string().refine(isTimeZone, 'is not an IANA time zone').default('UTC'),
  /** Proxmox storage for off-site copies, reachable from all nodes; without one the nightly backups are snapshots. */
  backupStorage: z.string().min(1).optional(),
  /** How many days off-site copies outlive the termination of their site; 0: they go with it. */
  keepCopiesDays: z.int().min(0).max(3_650).default(0),
  /** A record `*.<zone>` leads to `proxy.publicIp`: where it is seen to, no site needs a DNS record of its own. */
  wildcardDns: z.boolean().default(false),
  /** Sites kept ready ahead of orders, by plan: at least `min`, at most `max`, between them as orders arrive. None by default. docs/pool.md */
  pool: z.partialRecord(z.enum(planNames), z.strictObject({ min: z.int().min(0), max: z.int().min(0).max(200) }).refine(({ min, max }) => min <= max, 'min must not exceed max')).default({}),
  /**
   * What customers' own zones need besides: the mail server, and the ids of the DNS and mail servers in ISPConfig. New zones are kept in
   * `zoneHome`; `cloudflareAccount` is the account in which zones at Cloudflare are made, without one there are none.
   */
  customers: z.object({
    mailHost: z.string().min(4), dnsServer: z.int().positive(), mailServer: z.int().positive(), zoneHome: z.enum(homes).default('ispconfig'),
    cloudflareAccount: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits').optional(),
  }).refine((one) => one.zoneHome !== 'cloudflare' || one.cloudflareAccount !== undefined, { error: 'is needed for zones at Cloudflare', path: ['cloudflareAccount'] }),
  /**
   * Mail for customers' domains, on the mail server that `customers` names; without it none is offered. `reports` is the address that is
   * sent DMARC and TLS reports, `*` standing for the domain. `policyHost` is a name of the Worker that `mta-sts.<domain>` leads to.
   */
  mail: z.object({
    address: ipv4,
    reports: z.string().regex(/^[a-z0-9._+*-]+@(?:\*|[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/, 'must be a mail address, * standing for the domain').default('postmaster@*'),
    policyHost: z.string().min(4).optional(),
    policyMode: z.enum(['testing', 'enforce', 'none']).default('testing'),
  }).optional(),
  /** `random` names, or the seed's scheme (`email`), which publishes the local part of the customer's address. */
  hostNames: z.enum(['random', 'email']),
})
export type Cluster = z.infer<typeof Cluster>

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** An IPv4 address as a number, for ranges. */
export const ipToNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

export const numberToIp = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')

/** True when the address lies in the network, e.g. `inCidr('203.0.113.10', '203.0.113.0/27')`. */
export function inCidr(ip: string, cidr: string): boolean {
  const [network = '', bits = '32'] = cidr.split('/')
  const size = 2 ** (32 - Number(bits))
  return Math.floor(ipToNumber(ip) / size) === Math.floor(ipToNumber(network) / size)
}
