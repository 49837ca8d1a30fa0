// The Durable Object around the permanent table: one per cluster. It lends storage, time and randomness, nothing else.
import { DurableObject } from 'cloudflare:workers'
import { configOf } from '../config.ts'
import type { Command, Identity } from '../domain/order.ts'
import { AllocatorBook, type Intake, type ServiceRecord, type Wish } from './allocator-book.ts'

export class Allocator extends DurableObject<Env> {
  readonly #book: AllocatorBook

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#book = new AllocatorBook(ctx.storage, configOf(env).cluster, Math.random)
  }

  intake(wish: Wish): Intake {
    return this.#book.intake(wish, Date.now())
  }

  service(tenant: string): ServiceRecord | undefined {
    return this.#book.service(tenant)
  }

  tenants(after: string, limit: number): string[] {
    return this.#book.tenants(after, limit)
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
    this.#book.close(tenant, epoch, outcome)
  }

  addresses(): { held: number; quarantined: number; free: number } {
    return this.#book.addresses(Date.now())
  }
}
