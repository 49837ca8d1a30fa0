// Customers' objects in virtual time: real actors, clients, gateway, ISPConfig and DNS of the lab; power can be cut, answers lost.
import type { Rule } from '../../lab/faults.ts'
import { delegate, register } from '../../lab/dns/internet.ts'
import { ispconfigState, type Row } from '../../lab/ispconfig/state.ts'
import { GateBook } from '../../src/broker/gate-book.ts'
import { MailBook } from '../../src/broker/mail-book.ts'
import { ZoneBook } from '../../src/broker/zone-book.ts'
import { zoneSettings } from '../../src/customer/lent.ts'
import type { CustomerProjection } from '../../src/customer/projection.ts'
import type { Answer } from '../../src/customer/zones.ts'
import type { Home } from '../../src/domain/dns/home.ts'
import { policyText } from '../../src/domain/mail/policy.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { customerKey } from '../../src/domain/names.ts'
import { pass, timed } from '../lab/timed.ts'
import { cluster } from '../simulation/cluster.ts'
import { dataCentre } from '../simulation/data-centre.ts'
import { Disk } from '../../lab/disk.ts'
import { CustomerHost, type Around } from './host.ts'

export const nameServers = ['ns1.berth.localhost', 'ns2.berth.localhost']

export function rig(options: { edge?: readonly Rule[]; inside?: readonly Rule[]; zoneHome?: Home } = {}) {
  const dc = dataCentre(3, { edge: options.edge ?? [], inside: options.inside ?? [] })
  const { clock, world } = dc
  const disks: Disk[] = []
  const disk = (): Disk => {
    const one = new Disk()
    disks.push(one)
    return one
  }
  const book = new ZoneBook(disk().open().storage)
  const mailBook = new MailBook(disk().open().storage)
  /** The services that are paid for. */
  const services: Record<string, PlanName> = { s1: 'basic', s2: 'basic' }
  const gate = new GateBook(disk().open().storage, (key) => hosts.get(key)?.actor.unpark())
  const hosts = new Map<string, CustomerHost>()
  /** What the reporting copy was told; it may be away. */
  const copy = { told: [] as CustomerProjection[], away: false }
  // Customers' policies are served by the Worker, whose name leads to Cloudflare.
  world.slice('cloudflare-edge', () => ({ change: 0, names: {} as Record<string, object> })).names['policy.berth.localhost'] = { change: 0, answers: [{ type: 'A', content: '104.16.0.1', ttl: 300, proxied: false }] }
  const policy = (): Response => new Response(policyText('mail.berth.localhost.', 'testing'), { headers: { 'content-type': 'text/plain' } })
  const rim = { ...dc.rim, fetch: async (request: Request) => (new URL(request.url).host.startsWith('mta-sts.') ? policy() : dc.rim.fetch(request)) }
  const around: Around = {
    dc, rim, zones: book, mail: mailBook, services, zombies: true,
    settings: zoneSettings({ ...cluster, customers: { ...cluster.customers, zoneHome: options.zoneHome ?? 'ispconfig' } }),
    gate: () => gate, random: () => 0.5, answer: async (run) => run(),
    report: (told) => {
      if (copy.away) throw new Error('D1 is away')
      copy.told.push(told)
    },
  }

  const customer = (user = '7', connection = 'shop'): CustomerHost => {
    const key = customerKey(connection, user)
    const known = hosts.get(key) ?? new CustomerHost(user, connection, around)
    hosts.set(key, known)
    return known
  }
  const panel = ispconfigState(world)
  return {
    dc, clock, world, book, mailBook, services, customer, panel, copy,
    run: <T>(promise: Promise<T>): Promise<T> => timed(clock, promise),
    pass: (ms: number): Promise<void> => pass(clock, ms),
    /** The domain is registered, and delegated to us unless told otherwise. */
    domain(name: string, servers: readonly string[] = nameServers): void {
      register(world, name)
      delegate(world, name, servers)
    },
    zoneRow: (origin: string): Row | undefined => panel.tables.dns_soa.find((row) => row['origin'] === origin),
    /** `www A 203.0.113.10`, sorted. */
    records(origin: string): string[] {
      const zone = panel.tables.dns_soa.find((row) => row['origin'] === origin)
      return panel.tables.dns_rr.filter((row) => row['zone'] === zone?.['id']).map((row) => `${row['name']} ${row['type']} ${row['data']}`).sort()
    },
    close: (): void => [...disks, ...[...hosts.values()].map((host) => host.disk)].forEach((one) => one.close()),
  }
}

/** What was answered, or thrown when it was refused. */
export function good(answer: Answer): string {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return answer.message
}
