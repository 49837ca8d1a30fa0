// The Durable Object around the permanent table: one per cluster. It lends storage, time and randomness, nothing else.
import { DurableObject } from 'cloudflare:workers'
import { configOf } from '../config.ts'
import type { Built, Command, Identity } from '../domain/order.ts'
import { customerKey, tenantKey } from '../domain/names.ts'
import type { PlanName } from '../domain/plan.ts'
import { CustomerBook } from './customer-book.ts'
import { MailBook } from './mail-book.ts'
import { ServiceOwners } from './service-owners.ts'
import { ZoneBook, type Owner, type SeenHere } from './zone-book.ts'
import type { Claim, ZoneHere } from '../domain/claim.ts'
import { Claims, type Claimed, type ClaimWish } from './claims.ts'
import type { PoolFigures } from './pool-book.ts'
import { AllocatorBook } from './allocator-book.ts'
import type { Adopt, Intake, ServiceRecord, Wish } from './intake.ts'

export class Allocator extends DurableObject<Env> {
  readonly #book: AllocatorBook
  readonly #customers: CustomerBook
  readonly #zones: ZoneBook
  readonly #mail: MailBook
  readonly #claims: Claims
  readonly #owners: ServiceOwners

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#book = new AllocatorBook(ctx.storage, configOf(env).cluster, Math.random)
    this.#customers = new CustomerBook(ctx.storage)
    this.#zones = new ZoneBook(ctx.storage)
    this.#mail = new MailBook(ctx.storage)
    this.#claims = new Claims(ctx.storage)
    this.#owners = new ServiceOwners(ctx.storage)
  }

  intake(wish: Wish): Intake {
    return this.#book.intake(wish, Date.now())
  }

  adopt(wish: Adopt): ReturnType<AllocatorBook['adopt']> {
    return this.#book.adopt(wish, Date.now())
  }

  service(tenant: string): ServiceRecord | undefined {
    return this.#book.service(tenant)
  }

  known(key: string): { tenant: string; seq: number } | undefined {
    return this.#book.known(key)
  }

  /** Tenants and customers: all who keep an audit, in the order of their keys. */
  audited(after: string, limit: number): string[] {
    return [...this.#customers.customers(after, limit), ...this.#book.tenants(after, limit)].sort().slice(0, limit)
  }

  /** Has this customer ever changed anything? */
  customer(key: string): boolean {
    return this.#customers.has(key)
  }

  live(from: string, below: string): string[] {
    return this.#book.live(from, below)
  }

  confirm(ids: readonly string[]): void {
    this.#book.confirm(ids)
  }

  unconfirmed(before: number, limit: number): Command[] {
    return this.#book.unconfirmed(before, limit)
  }

  held(tenant: string, epoch: number): Identity | undefined {
    return this.#book.held(tenant, epoch)
  }

  release(tenant: string, epoch: number): void {
    this.#book.release(tenant, epoch, Date.now())
  }

  close(tenant: string, epoch: number, outcome: 'terminated' | 'undone'): void {
    this.#book.close(tenant, epoch, outcome, Date.now())
  }

  offer(spare: string, built: Built[]): void {
    this.#book.offer(spare, built, Date.now())
  }

  keepPool(): { commands: Command[]; late: string[]; pools: PoolFigures[] } {
    return this.#book.keepPool(Date.now())
  }

  addresses(): { held: number; quarantined: number; free: number } {
    return this.#book.addresses(Date.now())
  }

  claimZone(owner: Owner, origin: string, id: string): boolean {
    this.#customers.note(customerKey(owner.connection, owner.user))
    return this.#zones.claim(owner, origin, id, Date.now())
  }

  releaseZone(owner: Owner, origin: string): void {
    this.#zones.release(owner, origin)
  }

  seenZones(owner: Owner, zones: SeenHere[]): void {
    if (zones.length > 0) this.#customers.note(customerKey(owner.connection, owner.user))
    this.#zones.seen(owner, zones, Date.now())
  }

  zoneById(connection: string, id: string): string | undefined {
    return this.#zones.byId(connection, id)
  }

  zoneByName(connection: string, name: string): { user: string; looked: boolean } | undefined {
    return this.#zones.byName(connection, name, Date.now())
  }

  claimMail(owner: Owner, domain: string, service: string): 'taken' | 'other' | 'foreign' {
    const answer = this.#mail.claim(owner, domain, service)
    if (answer === 'taken') this.#owners.told(owner.connection, service, owner.user)
    return answer
  }

  /** Billing has said whose service this is. */
  ownService(connection: string, service: string, user: string): void {
    this.#owners.told(connection, service, user)
  }

  ownerOf(connection: string, service: string): string | undefined {
    return this.#owners.of(connection, service)
  }

  /** The zone that we keep for this domain (with the dot at its end), seen from a site. */
  zoneFor(tenant: string, origin: string): ZoneHere {
    const record = this.#book.service(tenant)
    return this.#owners.zoneFor(record?.spec ?? { connection: '', service: '' }, this.#zones, origin)
  }

  releaseMail(owner: Owner, domain: string): void {
    this.#mail.release(owner, domain)
  }

  hasMail(domain: string): boolean {
    return this.#mail.has(domain)
  }

  /** The plan of a service that is paid for: not one that was never there, is suspended or has ended. */
  planOf(connection: string, service: string): PlanName | undefined {
    const record = this.#book.service(tenantKey(connection, service))
    return record?.target === 'live' ? record.spec.plan : undefined
  }

  claimOf(name: string): Claim | undefined {
    return this.#claims.of(name)
  }

  claim(wish: ClaimWish): Claimed['answer'] {
    const claimed = this.#claims.take(wish, Date.now())
    if (claimed.answer === 'contested') this.#tell(wish.name)
    return claimed.answer
  }

  unclaim(name: string, tenant: string): void {
    this.#claims.release(name, tenant)
  }

  /** The contender still waits: perhaps the holder has not heard. */
  remind(name: string): void {
    this.#tell(name)
  }

  #tell(name: string): void {
    const holder = this.#claims.contested(name)
    if (holder !== undefined) this.ctx.waitUntil(this.env.TENANT.getByName(holder).contested(name).catch(() => undefined))
  }
}
