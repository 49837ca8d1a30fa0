// What a customer may do with mail, and what they are told. Each change is durable before it is waited for. A password is handed on
// in the same call that brought it, and is never written down: docs/decisions/0015-passwords-of-mailboxes.md.
import { shown } from '../domain/dns/host-name.ts'
import { changed, zoneDiff, type Change } from '../domain/dns/zone-diff.ts'
import { UpstreamError } from '../domain/errors.ts'
import { addressOf, destinationsOf, domainOf, passwordProblem } from '../domain/mail/address.ts'
import { withMail, withoutMail, type MailFacts } from '../domain/mail/records.ts'
import { plans, type Plan } from '../domain/plan.ts'
import type { Wanted } from '../engine/resource.ts'
import { setPassword, type MailboxWish } from '../resources/mailbox.ts'
import type { MailDomainWish } from '../resources/mail-domain.ts'
import type { MailDkimWish } from '../resources/mail-dkim.ts'
import type { MailForwardingWish } from '../resources/mail-forwarding.ts'
import { isOwnNs } from './contents.ts'
import type { Lent, MailSettings } from './lent.ts'
import { MailRows, type Kind } from './mail-rows.ts'
import type { CustomerStorage } from './storage.ts'
import { homeOf } from './wishes.ts'
import { refused, type Answer, type Zones } from './zones.ts'

type Refusal = Answer & { ok: false }
export type Forwarding = Exclude<Kind, 'mailbox'>

const passwordMs = 10_000
const notOffered = 'Mail is not offered here.'
const word: Record<Kind, string> = { mailbox: 'mailbox', 'mail-alias': 'alias', 'mail-forward': 'forward' }

export class Mail {
  readonly #lent: Lent
  readonly #zones: Zones
  readonly #store: CustomerStorage
  readonly #rows: MailRows

  constructor(store: CustomerStorage, lent: Lent, zones: Zones) {
    this.#lent = lent
    this.#zones = zones
    this.#store = store
    this.#rows = new MailRows(store)
  }

  /** Mail for a domain whose zone is here: mail domain, DKIM key and all records. The same again mends what is missing. */
  async addDomain(domain: string, service: string, actor: string): Promise<Answer> {
    const { mail } = this.#lent.settings
    if (!mail) return refused('not-found', notOffered)
    const found = await this.#zones.find({ name: domain })
    if (!found.ok) return found
    const { zone: { origin }, current } = found
    if (origin !== `${domain}.`) return refused('conflict', `Mail needs a zone of its own: create the zone ${domain} first.`)
    const plan = await this.#lent.registry.planOf(service)
    if (!plan) return refused('not-found', 'There is no such service.')
    const most = plans[plan].mail.domains
    const full = (): boolean => this.#rows.domains().filter((one) => one.service === service && one.domain !== domain).length >= most
    const tooMany = refused('conflict', `The plan allows mail for ${most} domains; upgrade it to have more.`)
    if (full()) return tooMany
    const wanted = withMail(current.filter((one) => !isOwnNs(one, origin)), this.#facts(domain, mail))
    const changes = zoneDiff(current.filter((one) => !isOwnNs(one, origin)), wanted)
    const findings = await this.#zones.findings(origin, current, changed(current, changes))
    const errors = findings.filter(({ level }) => level === 'error')
    if (errors.length > 0) return refused('bad-request', errors.map(({ message }) => message).join(' '))
    const claimed = await this.#lent.registry.claimMail(domain, service)
    if (claimed === 'foreign') return refused('not-found', 'There is no such service.')
    if (claimed === 'other') return refused('conflict', `Mail for ${shown(domain)} is in another account on this platform.`)
    // Another call may have come in between; from here on nothing is waited for.
    if (full()) {
      if (!this.#rows.domain(domain)) await this.#lent.registry.releaseMail(domain)
      return tooMany
    }
    if (this.#zones.isGoing(found.zone)) {
      if (!this.#rows.domain(domain)) await this.#lent.registry.releaseMail(domain)
      return refused('conflict', `The zone ${shown(origin)} is being deleted.`)
    }
    const wish: MailDomainWish = { ...this.#place(domain), service }
    const dkim: MailDkimWish = { customerNo: wish.customerNo, domain, origin, ...(homeOf(this.#store, origin) === 'ispconfig' ? {} : { home: 'cloudflare' as const }), dnsServer: this.#lent.settings.dnsServer, at: this.#rows.since(`mail-dkim:${domain}`) ?? this.#lent.now() }
    return this.#enact(origin, [{ resource: `mail-domain:${domain}`, want: 'present', wish }, { resource: `mail-dkim:${domain}`, want: 'present', wish: dkim }], changes, actor, `Mail for ${domain} was set up`, findings.map(({ message }) => message))
  }

  /** Takes mail away again, records included; mailboxes with their mail only when that is said. */
  async deleteDomain(domain: string, mailboxesToo: boolean, actor: string): Promise<Answer> {
    const { mail } = this.#lent.settings
    if (!mail) return refused('not-found', notOffered)
    const row = this.#rows.domain(domain)
    if (!row) return this.#rows.was(`mail-domain:${domain}`) ? { ok: true, message: `success: mail for ${domain} is deleted already.` } : refused('not-found', `You have no mail for ${domain}.`)
    const inside = this.#rows.inside(domain)
    const boxes = inside.filter(({ kind }) => kind === 'mailbox').length
    if (boxes > 0 && !mailboxesToo) return refused('conflict', `${domain} has ${boxes === 1 ? 'a mailbox' : `${boxes} mailboxes`}, whose mail would be lost: delete ${boxes === 1 ? 'it' : 'them'} first, or say that ${boxes === 1 ? 'it' : 'they'} may go.`)
    const found = await this.#zones.find({ name: domain })
    if (!found.ok && found.code !== 'not-found') return found
    const current = found.ok && found.zone.origin === `${domain}.` ? found.current : []
    const changes = zoneDiff(current, withoutMail(current, this.#facts(domain, mail)))
    const gone = inside.map(({ name }): Wanted => ({ resource: name, want: 'absent', wish: null }))
    const wants: Wanted[] = [
      ...gone, { resource: `mail-dkim:${domain}`, want: 'absent', wish: null },
      // It takes along what is left in it.
      { resource: `mail-domain:${domain}`, want: 'absent', wish: null },
    ]
    return this.#enact(`${domain}.`, wants, changes, actor, `Mail for ${domain} was deleted`)
  }

  /** A mailbox with this password; the same again has this password again. */
  async addMailbox(address: string, quotaMb: number | undefined, password: string, actor: string): Promise<Answer> {
    const weak = passwordProblem(password)
    if (weak !== undefined) return refused('bad-request', weak, 'password')
    const room = this.#room('mailbox', address, await this.#planFor(address))
    if (!room.ok) return room
    const { mailboxMb } = room.plan.mail
    const size = quotaMb ?? mailboxMb
    if (size > mailboxMb) return refused('conflict', `The plan allows mailboxes of ${mailboxMb} MB; upgrade it to have larger ones.`)
    const wish: MailboxWish = { ...this.#place(room.domain), address: room.address, quotaMb: size }
    const made = await this.#one('mailbox', room, wish, actor, 'set up')
    if (!made.ok || this.#rows.settled(`mailbox:${room.address}`)) return made.ok ? this.password(room.address, password, actor) : made
    return refused('unavailable', `The mailbox ${room.address} is being made, but the mail server’s administration does not answer at the moment. Its password is not set yet: send the same call again in a few minutes.`)
  }

  /** Sets a mailbox's password at once or not at all. */
  async password(address: string, password: string, actor: string): Promise<Answer> {
    const weak = passwordProblem(password)
    if (weak !== undefined) return refused('bad-request', weak, 'password')
    const row = this.#rows.one('mailbox', address.trim().toLowerCase())
    if (!row) return refused('not-found', 'There is no such mailbox.')
    const wish = row.wish as MailboxWish
    const now = this.#lent.now()
    // The gateway lets no older change of the same mailbox pass after a newer one.
    const up = this.#lent.clients({ operation: `${this.#zones.whose.key}/password:${wish.address}`, attempt: now, deadline: now + passwordMs })
    try {
      const set = await setPassword(up, wish, password)
      if (set) this.#zones.noted(actor, `The password of ${wish.address} was set`)
      if (set) return { ok: true, message: `success: the mailbox ${wish.address} has this password. It takes effect within about a minute.` }
      return refused('unavailable', `The mailbox ${wish.address} is not made yet. Please try again in a minute.`)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      if (error.fate === 'refused') return refused('bad-request', 'The mail server’s administration does not take this password. Choose a longer one, with letters, digits and signs.', 'password')
      return refused('unavailable', 'The mail server’s administration does not answer at the moment, so that it is not known whether the password was set. Send the same call again in a few minutes.')
    }
  }

  async deleteOne(kind: Kind, address: string, actor: string): Promise<Answer> {
    const name = `${kind}:${address.trim().toLowerCase()}`
    const row = this.#rows.one(kind, name.slice(kind.length + 1))
    if (!row) return this.#rows.was(name) ? { ok: true, message: `success: the ${word[kind]} is deleted already.` } : refused('not-found', `There is no such ${word[kind]}.`)
    return this.#enact(`${domainOf(name)}.`, [{ resource: name, want: 'absent', wish: null }], [], actor, `The ${word[kind]} ${name.slice(kind.length + 1)} was deleted`)
  }

  /** An alias leads to one mailbox here, a forward to any addresses. */
  async addForwarding(kind: Forwarding, address: string, to: readonly string[], actor: string): Promise<Answer> {
    const room = this.#room(kind, address, await this.#planFor(address))
    if (!room.ok) return room
    const read = destinationsOf(to, room.address)
    if (!read.ok) return refused('bad-request', read.sentence, 'to')
    const stranger = read.addresses.find((one) => kind === 'mail-alias' && !this.#rows.one('mailbox', one))
    if (stranger !== undefined) return refused('bad-request', `An alias leads to a mailbox of yours, and ${stranger} is none; a forward can lead there.`, 'to')
    if (kind === 'mail-alias' && read.addresses.length > 1) return refused('bad-request', 'An alias leads to one mailbox; a forward can lead to several.', 'to')
    const wish: MailForwardingWish = { ...this.#place(room.domain), address: room.address, destinations: read.addresses }
    return this.#one(kind, room, wish, actor, 'set up')
  }

  /** The plan that counts an address; undefined when its service is not paid for, or there is none. */
  async #planFor(address: string): Promise<Plan | undefined> {
    const row = this.#rows.domain(domainOf(address.trim().toLowerCase()))
    const name = row && (await this.#lent.registry.planOf(row.service))
    return name && plans[name]
  }

  /** Is there a place for one more of this kind, and is the address free? Waits for nothing, so that two cannot get the last one. */
  #room(kind: Kind, typed: string, plan: Plan | undefined): Refusal | { ok: true; address: string; domain: string; plan: Plan } {
    if (!this.#lent.settings.mail) return refused('not-found', notOffered)
    const read = addressOf(typed, domainOf(typed.trim().toLowerCase()))
    if (!read.ok) return refused('bad-request', read.sentence, 'address')
    const { address } = read
    const domain = domainOf(address)
    const row = this.#rows.domain(domain)
    if (!row) return refused('not-found', `You have no mail for ${domain}.`)
    const taken = this.#rows.inside(domain).find((one) => one.address === address && one.kind !== kind)
    if (taken) return refused('conflict', `${address} is ${taken.kind === 'mail-alias' ? 'an' : 'a'} ${word[taken.kind]} already.`)
    if (!plan) return refused('conflict', 'The service to which this mail belongs is suspended or has ended.')
    const counted = this.#rows.domains().filter((one) => one.service === row.service).flatMap((one) => this.#rows.inside(one.domain)).filter((one) => one.name !== `${kind}:${address}`)
    const boxes = counted.filter((one) => one.kind === 'mailbox').length
    const [used, most, what] = kind === 'mailbox' ? [boxes, plan.mail.mailboxes, 'mailboxes'] : [counted.length - boxes, plan.mail.addresses, 'aliases and forwards']
    if (used >= most) return refused('conflict', `The plan allows ${most} ${what} (${used}/${most}); upgrade it to have more.`)
    return { ok: true, address, domain, plan }
  }

  #one(kind: Kind, { address, domain }: { address: string; domain: string }, wish: MailboxWish | MailForwardingWish, actor: string, done: string): Promise<Answer> {
    return this.#enact(`${domain}.`, [{ resource: `${kind}:${address}`, want: 'present', wish, after: [`mail-domain:${domain}`] }], [], actor, `The ${word[kind]} ${address} was ${done}`)
  }

  #enact(origin: string, wants: Wanted[], changes: Change[], actor: string, what: string, notes: readonly string[] = []): Promise<Answer> {
    return this.#zones.enact({ kind: 'mail', origin, changes, wants }, { actor, what }, notes.map((message) => ({ level: 'warning', name: origin, type: 'MX', message })))
  }

  #place(domain: string): { customerNo: string; mailServer: number; domain: string } {
    return { customerNo: this.#zones.whose.customerNo, mailServer: this.#lent.settings.mailServer, domain }
  }

  #facts(domain: string, { reports, policy }: MailSettings): MailFacts {
    return { origin: `${domain}.`, mailHost: this.#lent.settings.mailHost, reports, policy }
  }
}
