// The Durable Object of one customer of one connection: it lends storage, alarm and the platform, and decides nothing.
import { createHmac } from 'node:crypto'
import { DurableObject } from 'cloudflare:workers'
import { configOf, customerPrefix } from '../config.ts'
import { writeCustomer } from '../db/customers.ts'
import type { Seal } from '../domain/audit-chain.ts'
import { customerKey } from '../domain/names.ts'
import type { Home } from '../domain/dns/home.ts'
import type { Written } from '../domain/dns/record.ts'
import { lend } from '../platform/lend.ts'
import { CustomerActor } from './actor.ts'
import { exportedCustomer } from './export.ts'
import { zoneSettings, type Lent, type Registry } from './lent.ts'
import { checkMail, type MailCheck } from './mail-check.ts'
import { MailRows, type Kind, type MailView } from './mail-rows.ts'
import { Mail, type Forwarding } from './mail.ts'
import { exported, planned, type Apply, type Source } from './plans.ts'
import type { HistoryItem } from './storage.ts'
import { Zones, type Answer } from './zones.ts'

/** Whose object is meant: its name is made of this, and it is handed along so that nothing has to be remembered. */
export interface Whose { connection: string; user: string }

export class Customer extends DurableObject<Env> {
  readonly #customer: CustomerActor
  readonly #env: Env
  readonly #lend: Omit<Lent, 'registry'>

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#env = env
    const { cluster, orderLinkSecret } = configOf(env)
    const platform = lend(ctx, env)
    this.#lend = {
      ...platform,
      settings: zoneSettings(cluster),
      // Changes of one customer are short: they go before the building of sites.
      gate: (key) => platform.gate(key, { building: false, since: 0 }),
      alert: ({ connection, user }) => console.error(JSON.stringify({ level: 'alert', what: 'a customer’s zone waits for a person', connection, user })),
      report: (projection) => writeCustomer(env.DB, projection, Date.now()),
      sign: (text) => createHmac('sha256', orderLinkSecret).update(`zones ${text}`).digest('hex'),
    }
    this.#customer = new CustomerActor({ ...this.#lend, registry: this.#registry(() => this.#customer.store.state()) })
  }

  data(whose: Whose) {
    return this.#zones(whose).data()
  }

  addZone(whose: Whose, origin: string, actor: string, home?: Home): Promise<Answer> {
    return this.#zones(whose).addZone(origin, actor, { home })
  }

  deleteZone(whose: Whose, domain: string, actor: string): Promise<Answer> {
    return this.#zones(whose).deleteZone(domain, actor)
  }

  addRecord(whose: Whose, which: { id?: string | undefined }, written: Written, actor: string): Promise<Answer> {
    return this.#zones(whose).addRecord(which, written, actor)
  }

  deleteRecord(whose: Whose, zoneId: string, recordId: string, actor: string): Promise<Answer> {
    return this.#zones(whose).deleteRecord({ id: zoneId }, recordId, actor)
  }

  undo(whose: Whose, n: number, actor: string): Promise<Answer> {
    return this.#zones(whose).undo(n, actor)
  }

  /** Newest first; `before` is the number of a change. */
  history(before: number, limit: number): Pick<HistoryItem, 'n' | 'at' | 'actor' | 'what' | 'state' | 'why' | 'undoes' | 'undone'>[] {
    return this.#customer.store.history(before, limit).map(({ n, at, actor, what, state, why, undoes, undone }) => ({ n, at, actor, what, state, why, undoes, undone }))
  }

  plan(whose: Whose, domain: string, source: Source, apply?: Apply) {
    return planned(this.#zones(whose), this.#lend, domain, source, apply)
  }

  export(whose: Whose, domain: string) {
    return exported(this.#zones(whose), domain)
  }

  addMail(whose: Whose, domain: string, service: string, actor: string): Promise<Answer> {
    return this.#mail(whose).addDomain(domain, service, actor)
  }

  deleteMail(whose: Whose, domain: string, mailboxesToo: boolean, actor: string): Promise<Answer> {
    return this.#mail(whose).deleteDomain(domain, mailboxesToo, actor)
  }

  mail(): MailView[] {
    return new MailRows(this.#customer.store).views()
  }

  addMailbox(whose: Whose, address: string, quotaMb: number | undefined, password: string, actor: string): Promise<Answer> {
    return this.#mail(whose).addMailbox(address, quotaMb, password, actor)
  }

  mailboxPassword(whose: Whose, address: string, password: string, actor: string): Promise<Answer> {
    return this.#mail(whose).password(address, password, actor)
  }

  addForwarding(whose: Whose, kind: Forwarding, address: string, to: string[], actor: string): Promise<Answer> {
    return this.#mail(whose).addForwarding(kind, address, to, actor)
  }

  deleteMailAddress(whose: Whose, kind: Kind, address: string, actor: string): Promise<Answer> {
    return this.#mail(whose).deleteOne(kind, address, actor)
  }

  checkMail(whose: Whose, domain: string): Promise<MailCheck | (Answer & { ok: false })> {
    return checkMail(this.#customer.store, { ...this.#lend, registry: this.#registry(() => whose) }, this.#zones(whose), domain)
  }

  /** Everything that is kept, a piece at a time. */
  exported(after: string, most: number): { lines: string[]; next: string | null } {
    return exportedCustomer(this.#customer.store, after, most, this.#lend.now())
  }

  unpark(): void {
    this.#customer.unpark()
  }

  holds(step: string): boolean {
    return this.#customer.holds(step)
  }

  /** Tells the reporting copy everything again. */
  report(): void {
    this.#customer.report()
  }

  /** The audit's seals after `line`, and the line up to which the reporting copy has been told. */
  seals(line: number, limit: number): { told: number; seals: Seal[] } {
    const { store } = this.#customer
    return { told: store.state()?.projected ?? 0, seals: store.sealsAfter(line, limit) }
  }

  /** Stuck rows are looked at again; answers how many there were. */
  retry(actor: string): number {
    return this.#customer.retry(actor)
  }

  override async alarm(): Promise<void> {
    await this.#customer.alarm()
  }

  #zones({ connection, user }: Whose): Zones {
    const whose = { key: customerKey(connection, user), connection, user, customerNo: `${customerPrefix(configOf(this.#env), connection)}${user}` }
    return new Zones(this.#customer, { ...this.#lend, registry: this.#registry(() => whose) }, whose)
  }

  #mail(whose: Whose): Mail {
    return new Mail(this.#customer.store, { ...this.#lend, registry: this.#registry(() => whose) }, this.#zones(whose))
  }

  #registry(whose: () => Whose | undefined): Registry {
    const book = () => this.#env.ALLOCATOR.getByName(configOf(this.#env).cluster.name)
    const owner = (): Whose => {
      const { connection, user } = whose() ?? { connection: '', user: '' }
      return { connection, user }
    }
    return {
      claim: async (origin, id) => book().claimZone(owner(), origin, id),
      release: async (origin) => book().releaseZone(owner(), origin),
      seen: async (zones) => book().seenZones(owner(), [...zones]),
      claimMail: async (domain, service) => book().claimMail(owner(), domain, service),
      releaseMail: async (domain) => book().releaseMail(owner(), domain),
      planOf: async (service) => book().planOf(owner().connection, service),
    }
  }
}
