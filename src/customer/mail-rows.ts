// What a customer has of mail, as the rows say: what is wanted, and how far it is. ISPConfig need not answer for it.
import { domainOf } from '../domain/mail/address.ts'
import type { Row } from '../engine/row.ts'
import type { MailboxWish } from '../resources/mailbox.ts'
import type { MailDkimWish } from '../resources/mail-dkim.ts'
import type { MailDomainWish } from '../resources/mail-domain.ts'
import type { MailForwardingWish } from '../resources/mail-forwarding.ts'
import type { CustomerStorage } from './storage.ts'

export type Kind = 'mailbox' | 'mail-alias' | 'mail-forward'
const kinds: readonly Kind[] = ['mailbox', 'mail-alias', 'mail-forward']

/** How far a thing is, in the customer's words. */
export type Stand = 'ready' | 'being set up' | 'being deleted' | 'needs support'

export interface MailView {
  domain: string
  service_id: string
  state: Stand
  mailboxes: { address: string; quota_mb: number; state: Stand }[]
  aliases: { address: string; to: string[]; state: Stand }[]
  forwards: { address: string; to: string[]; state: Stand }[]
}

export class MailRows {
  readonly #store: CustomerStorage

  constructor(store: CustomerStorage) {
    this.#store = store
  }

  /** The mail domains that are wanted. */
  domains(): MailDomainWish[] {
    return this.#of('mail-domain').filter(({ want }) => want === 'present').map(({ wish }) => wish as MailDomainWish)
  }

  domain(domain: string): MailDomainWish | undefined {
    return this.domains().find((one) => one.domain === domain)
  }

  /** What is wanted in a domain. */
  inside(domain: string): { kind: Kind; name: string; address: string }[] {
    return kinds.flatMap((kind) => this.#of(kind).filter(({ want, wish }) => want === 'present' && (wish as MailboxWish).domain === domain).map(({ name, wish }) => ({ kind, name, address: (wish as MailboxWish).address })))
  }

  /** The row of a mailbox, an alias or a forward that is wanted. */
  one(kind: Kind, address: string): Row | undefined {
    const row = this.#store.row(`${kind}:${address}`)
    return row?.want === 'present' ? row : undefined
  }

  was(name: string): boolean {
    return this.#store.row(name) !== undefined
  }

  settled(name: string): boolean {
    return this.#store.row(name)?.phase === 'settled'
  }

  /** When the DKIM record was asked for first: its row keeps that. */
  since(name: string): number | undefined {
    const row = this.#store.row(name)
    return row?.want === 'present' ? (row.wish as MailDkimWish).at : undefined
  }

  /** The key that ISPConfig held when the domain was last looked at. */
  key(domain: string): { selector: string; key: string } | undefined {
    return (this.#store.row(`mail-domain:${domain}`)?.out ?? undefined) as { selector: string; key: string } | undefined
  }

  views(): MailView[] {
    return this.#of('mail-domain').filter(here).map((row) => {
      const { domain, service } = row.wish as MailDomainWish
      const of = (kind: Kind): Row[] => this.#of(kind).filter((one) => here(one) && domainOf(one.name) === domain)
      const forwardings = (kind: Kind) => of(kind).map((one) => ({ address: (one.wish as MailForwardingWish).address, to: (one.wish as MailForwardingWish).destinations, state: standOf(one) }))
      return {
        domain, service_id: service, state: standOf(row),
        mailboxes: of('mailbox').map((one) => ({ address: (one.wish as MailboxWish).address, quota_mb: (one.wish as MailboxWish).quotaMb, state: standOf(one) })),
        aliases: forwardings('mail-alias'), forwards: forwardings('mail-forward'),
      }
    })
  }

  #of(kind: string): Row[] {
    return this.#store.rows().filter(({ name }) => name.startsWith(`${kind}:`)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }
}

/** Wanted, or not gone yet. */
const here = ({ want, phase }: Row): boolean => want === 'present' || phase !== 'settled'

/** How far the row of a thing is. */
export const standOf = ({ want, phase }: Row): Stand => (phase === 'stuck' ? 'needs support' : want === 'absent' ? 'being deleted' : phase === 'settled' ? 'ready' : 'being set up')
