// One customer's object in virtual time: the real actor on a disk whose power can be cut, with what the platform lends. Requests of an
// instance that was replaced leave all the same when `zombies` says so.
import { createHmac } from 'node:crypto'
import { Disk, Gone } from '../../lab/disk.ts'
import type { GateBook } from '../../src/broker/gate-book.ts'
import type { MailBook } from '../../src/broker/mail-book.ts'
import type { ZoneBook } from '../../src/broker/zone-book.ts'
import { CustomerActor } from '../../src/customer/actor.ts'
import type { Lent, ZoneSettings } from '../../src/customer/lent.ts'
import { checkMail } from '../../src/customer/mail-check.ts'
import { Mail } from '../../src/customer/mail.ts'
import type { CustomerProjection } from '../../src/customer/projection.ts'
import { Zones } from '../../src/customer/zones.ts'
import { customerKey } from '../../src/domain/names.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import type { Rim } from '../../src/upstreams/http.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { settings, type DataCentre } from '../simulation/data-centre.ts'
import { probe } from '../simulation/probe.ts'

/** What surrounds all customers' objects. */
export interface Around {
  dc: DataCentre
  rim: Rim
  zones: ZoneBook
  mail: MailBook
  /** The services that are paid for. */
  services: Readonly<Record<string, PlanName>>
  settings: ZoneSettings
  gate: () => GateBook
  random: () => number
  /** Writes the reporting copy; throws when it is away. */
  report: (projection: CustomerProjection) => void
  /** The answer of another object, which may be lost. */
  answer: <T>(run: () => T) => Promise<T>
  zombies: boolean
}

export class CustomerHost {
  readonly whose
  readonly disk = new Disk()
  readonly #around: Around
  actor!: CustomerActor
  zones!: Zones
  mail!: Mail
  check!: (domain: string) => ReturnType<typeof checkMail>
  alarmAt: number | undefined
  running = false
  #alarm: (() => void) | undefined
  #open: { isOpen: () => boolean; cut: () => void } | undefined

  constructor(user: string, connection: string, around: Around) {
    this.#around = around
    this.whose = { key: customerKey(connection, user), connection, user, customerNo: `${connection === 'shop' ? 'P' : `P-${connection}-`}${user}` }
    this.start()
  }

  /** A new instance on the same disk; the old one cannot touch it any more. */
  start(): void {
    const { dc, rim, zones: zoneBook, mail: mailBook, services, settings: zoneSettings, gate, random, report, answer, zombies } = this.#around
    const { clock } = dc
    this.#open?.cut()
    const { storage, ...open } = this.disk.open()
    this.#open = open
    const { connection, user } = this.whose
    const owner = { connection, user }
    const clients = upstreams(settings, { ...rim, fetch: (request) => (open.isOpen() || zombies ? rim.fetch(request) : new Promise<Response>(() => undefined)) })
    const lent: Lent = {
      storage, settings: zoneSettings, now: rim.now, random, clients,
      sleep: (ms, signal) => rim.sleep(ms, signal),
      probe: (system) => probe(clients({ operation: 'probe', attempt: 0, deadline: rim.now() + 5_000 }), system, zoneSettings.platformZone),
      gate: (tenant) => ({
        acquire: (ask) => answer(() => gate().acquire({ tenant, building: false, since: 0, ...ask }, clock.now())),
        spend: ({ budgets }) => answer(() => gate().spend(budgets, clock.now())),
        report: (told) => answer(() => gate().report({ tenant, ...told }, clock.now())),
      }),
      registry: {
        claim: (origin, id) => answer(() => zoneBook.claim(owner, origin, id, clock.now())),
        release: (origin) => answer(() => zoneBook.release(owner, origin)),
        seen: (all) => answer(() => zoneBook.seen(owner, all, clock.now())),
        claimMail: (domain, service) => answer(() => mailBook.claim(owner, domain, service)),
        releaseMail: (domain) => answer(() => mailBook.release(owner, domain)),
        planOf: async (service) => services[service],
      },
      setAlarm: (at) => open.isOpen() && this.#setAlarm(at),
      deleteAlarm: () => open.isOpen() && this.#setAlarm(undefined),
      report: async (told) => report(told),
      alert: () => undefined,
      sign: (text) => createHmac('sha256', 'secret').update(text).digest('hex'),
    }
    this.actor = new CustomerActor(lent)
    this.zones = new Zones(this.actor, lent, this.whose)
    this.mail = new Mail(this.actor.store, lent, this.zones)
    const { actor, zones } = this
    this.check = (domain) => checkMail(actor.store, lent, zones, domain)
    // An alarm that did not end runs again.
    if (this.running && this.alarmAt === undefined) this.#setAlarm(clock.now() + 1_000)
    this.running = false
  }

  #setAlarm(at: number | undefined): void {
    const { clock } = this.#around.dc
    this.#alarm?.()
    this.alarmAt = at
    this.#alarm = at === undefined ? undefined : clock.after(at - clock.now(), () => {
      this.#alarm = undefined
      this.alarmAt = undefined
      // One at a time, as on the platform.
      if (this.running) return this.#setAlarm(clock.now() + 100)
      this.running = true
      const { actor } = this
      actor.alarm().catch((error: unknown) => {
        if (!(error instanceof Gone)) throw error
      }).finally(() => {
        if (this.actor === actor) this.running = false
      })
    })
  }
}
