// Customers' objects in virtual time: real actors, clients, gateway, ISPConfig and DNS of the lab; power can be cut, answers lost.
import { createHmac } from 'node:crypto'
import type { Rule } from '../../lab/faults.ts'
import { delegate, register } from '../../lab/dns/internet.ts'
import { ispconfigState, type Row } from '../../lab/ispconfig/state.ts'
import { GateBook } from '../../src/broker/gate-book.ts'
import { MailBook } from '../../src/broker/mail-book.ts'
import { ZoneBook } from '../../src/broker/zone-book.ts'
import { CustomerActor } from '../../src/customer/actor.ts'
import { zoneSettings, type Lent } from '../../src/customer/lent.ts'
import type { CustomerProjection } from '../../src/customer/projection.ts'
import { checkMail } from '../../src/customer/mail-check.ts'
import { Mail } from '../../src/customer/mail.ts'
import { Zones, type Answer } from '../../src/customer/zones.ts'
import type { Home } from '../../src/domain/dns/home.ts'
import { policyText } from '../../src/domain/mail/policy.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { customerKey } from '../../src/domain/names.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { pass, timed } from '../lab/timed.ts'
import { cluster } from '../simulation/cluster.ts'
import { dataCentre, settings } from '../simulation/data-centre.ts'
import { Disk, Gone } from '../../lab/disk.ts'

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
  const hosts = new Map<string, Host>()
  /** What the reporting copy was told; it may be away. */
  const copy = { told: [] as CustomerProjection[], away: false }
  // Customers' policies are served by the Worker, whose name leads to Cloudflare.
  world.slice('cloudflare-edge', () => ({ change: 0, names: {} as Record<string, object> })).names['policy.berth.localhost'] = { change: 0, answers: [{ type: 'A', content: '104.16.0.1', ttl: 300, proxied: false }] }
  const policy = (): Response => new Response(policyText('mail.berth.localhost.', 'testing'), { headers: { 'content-type': 'text/plain' } })
  const clients = upstreams(settings, { ...dc.rim, fetch: async (request) => (new URL(request.url).host.startsWith('mta-sts.') ? policy() : dc.rim.fetch(request)) })

  class Host {
    readonly whose
    readonly disk = disk()
    actor!: CustomerActor
    zones!: Zones
    mail!: Mail
    check!: (domain: string) => ReturnType<typeof checkMail>
    #alarm: (() => void) | undefined
    #cut: () => void = () => undefined
    #running = false

    constructor(user: string, connection: string) {
      this.whose = { key: customerKey(connection, user), connection, user, customerNo: `${connection === 'shop' ? 'P' : `P-${connection}-`}${user}` }
      this.start()
    }

    /** A new instance on the same disk; the old one cannot touch it any more. */
    start(): void {
      this.#cut()
      const { storage, cut } = this.disk.open()
      this.#cut = cut
      const { connection, user } = this.whose
      const lent: Lent = {
        storage,
        settings: zoneSettings({ ...cluster, customers: { ...cluster.customers, zoneHome: options.zoneHome ?? 'ispconfig', cloudflareAccount: 'f'.repeat(32) } }),
        now: () => clock.now(), random: () => 0.5, clients,
        sleep: (ms, signal) => dc.rim.sleep(ms, signal),
        probe: async () => void (await clients({ operation: 'probe', attempt: 0, deadline: clock.now() + 5_000 }).ispconfig.jobqueueCount()),
        gate: (tenant) => ({
          acquire: async (ask) => gate.acquire({ tenant, building: false, since: 0, ...ask }, clock.now()),
          spend: async ({ budgets }) => gate.spend(budgets, clock.now()),
          report: async (told) => gate.report({ tenant, ...told }, clock.now()),
        }),
        registry: {
          claim: async (origin, id) => book.claim({ connection, user }, origin, id, clock.now()),
          release: async (origin) => book.release({ connection, user }, origin),
          seen: async (zones) => book.seen({ connection, user }, zones, clock.now()),
          claimMail: async (domain, service) => mailBook.claim({ connection, user }, domain, service),
          releaseMail: async (domain) => mailBook.release({ connection, user }, domain),
          planOf: async (service) => services[service],
        },
        setAlarm: (at) => this.#setAlarm(at),
        deleteAlarm: () => this.#setAlarm(undefined),
        report: async (told) => {
          if (copy.away) throw new Error('D1 is away')
          copy.told.push(told)
        },
        alert: () => undefined,
        sign: (text) => createHmac('sha256', 'secret').update(text).digest('hex'),
      }
      const actor = new CustomerActor(lent)
      this.actor = actor
      const zones = new Zones(actor, lent, this.whose)
      this.zones = zones
      this.mail = new Mail(actor.store, lent, zones)
      this.check = (domain) => checkMail(actor.store, lent, zones, domain)
      // An alarm that did not end runs again.
      if (this.#running) this.#setAlarm(clock.now() + 1_000)
      this.#running = false
    }

    #setAlarm(at: number | undefined): void {
      this.#alarm?.()
      this.#alarm = at === undefined ? undefined : clock.after(at - clock.now(), () => {
        this.#alarm = undefined
        // One at a time, as on the platform.
        if (this.#running) return this.#setAlarm(clock.now() + 100)
        this.#running = true
        const { actor } = this
        actor.alarm().catch((error: unknown) => {
          if (!(error instanceof Gone)) throw error
        }).finally(() => {
          if (this.actor === actor) this.#running = false
        })
      })
    }
  }

  const customer = (user = '7', connection = 'shop'): Host => {
    const key = customerKey(connection, user)
    const known = hosts.get(key) ?? new Host(user, connection)
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
    close: (): void => disks.forEach((one) => one.close()),
  }
}

/** What was answered, or thrown when it was refused. */
export function good(answer: Answer): string {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  return answer.message
}
