// ISPConfig's mail: domains, mailboxes, aliases and forwards. Nothing it answers is live before the mail server's cron.
// A DKIM key pair is the caller's to make, and its TXT record the caller's to publish; neither key nor password is ever read back.

import type { Remote } from './remote.ts'
import * as wire from './wire.ts'

/** Keys as PEM; with `dkim` both are needed. */
export interface MailDomainSettings {
  server_id: number
  domain: string
  active: boolean
  dkim: boolean
  dkim_selector: string
  dkim_private: string
  dkim_public: string
}

/** `quota` in bytes, 0 is unlimited. An empty password on update keeps the old one. */
export interface MailUserSettings { server_id: number; email: string; password: string; name: string; quota: number; active: boolean }

/** A forward's destinations stand with line breaks or commas between, and nobody checks them: a typo is stored. */
export interface MailForwardingSettings { server_id: number; source: string; destination: string; active: boolean }

export class Mail {
  readonly #remote: Remote

  constructor(remote: Remote) {
    this.#remote = remote
  }

  /** mail_domain_get_by_domain: answers a list, of which one is exactly this. */
  async domainGetByDomain(domain: string): Promise<wire.MailDomain | undefined> {
    const found = await this.#remote.list('mail_domain_get_by_domain', { domain }, wire.mailDomain)
    return found.find((one) => one.domain.toLowerCase() === domain.toLowerCase())
  }

  /** mail_domain_add. A domain that exists, whoever has it, is refused. */
  async domainAdd(clientId: number, domain: MailDomainSettings): Promise<number> {
    return this.#remote.call('mail_domain_add', { client_id: clientId, params: domainRow(domain) }, wire.count)
  }

  /** mail_domain_update; what is left out stays, the keys too. Answers the rows affected. */
  async domainUpdate(clientId: number, id: number, domain: Partial<MailDomainSettings>): Promise<number> {
    return this.#remote.call('mail_domain_update', { client_id: clientId, primary_id: id, params: texts(domain) }, wire.count)
  }

  /** mail_domain_delete. Delete its mailboxes, aliases and forwards first: they may stay behind. */
  async domainDelete(id: number): Promise<void> {
    await this.#remote.remove('mail_domain_delete', { primary_id: id })
  }

  /** mail_user_get by a part of the address: every mailbox of the domain. */
  async usersOfDomain(domain: string): Promise<wire.MailUser[]> {
    const found = await this.#remote.list('mail_user_get', { primary_id: { email: `%@${domain}` } }, wire.mailUser)
    return found.filter((one) => isOf(one.email, domain))
  }

  /** mail_user_add. The domain must exist; an address that exists is refused. */
  async userAdd(clientId: number, user: MailUserSettings): Promise<number> {
    return this.#remote.call('mail_user_add', { client_id: clientId, params: { ...mailbox(user.email), ...userTexts(user) } }, wire.count)
  }

  /** mail_user_update; what is left out stays. The address itself cannot change: its mail would stay where it was. */
  async userUpdate(clientId: number, id: number, user: Partial<Omit<MailUserSettings, 'email'>>): Promise<number> {
    return this.#remote.call('mail_user_update', { client_id: clientId, primary_id: id, params: userTexts(user) }, wire.count)
  }

  /** mail_user_delete: with the mail in it. */
  async userDelete(id: number): Promise<void> {
    await this.#remote.remove('mail_user_delete', { primary_id: id })
  }

  /** mail_alias_get by a part of the address */
  async aliasesOfDomain(domain: string): Promise<wire.MailForwarding[]> {
    return this.#forwardings('alias', domain)
  }

  /** mail_alias_add. A mailbox of the source's address is refused; the same alias twice makes two rows: look first. */
  async aliasAdd(clientId: number, alias: MailForwardingSettings): Promise<number> {
    return this.#remote.call('mail_alias_add', { client_id: clientId, params: forwarding('alias', alias) }, wire.count)
  }

  /** mail_alias_update */
  async aliasUpdate(clientId: number, id: number, alias: MailForwardingSettings): Promise<number> {
    return this.#remote.call('mail_alias_update', { client_id: clientId, primary_id: id, params: forwarding('alias', alias) }, wire.count)
  }

  /** mail_alias_delete */
  async aliasDelete(id: number): Promise<void> {
    await this.#remote.remove('mail_alias_delete', { primary_id: id })
  }

  /** mail_forward_get by a part of the address */
  async forwardsOfDomain(domain: string): Promise<wire.MailForwarding[]> {
    return this.#forwardings('forward', domain)
  }

  /** mail_forward_add. The same source twice makes two rows: look first. */
  async forwardAdd(clientId: number, forward: MailForwardingSettings): Promise<number> {
    return this.#remote.call('mail_forward_add', { client_id: clientId, params: forwarding('forward', forward) }, wire.count)
  }

  /** mail_forward_update */
  async forwardUpdate(clientId: number, id: number, forward: MailForwardingSettings): Promise<number> {
    return this.#remote.call('mail_forward_update', { client_id: clientId, primary_id: id, params: forwarding('forward', forward) }, wire.count)
  }

  /** mail_forward_delete */
  async forwardDelete(id: number): Promise<void> {
    await this.#remote.remove('mail_forward_delete', { primary_id: id })
  }

  /** Both kinds live in one table, and each function shows the other's rows too. */
  async #forwardings(type: 'alias' | 'forward', domain: string): Promise<wire.MailForwarding[]> {
    const found = await this.#remote.list(`mail_${type}_get`, { primary_id: { source: `%@${domain}`, type } }, wire.mailForwarding)
    return found.filter((one) => one.type === type && isOf(one.source, domain))
  }
}

const isOf = (address: string, domain: string): boolean => address.toLowerCase().endsWith(`@${domain.toLowerCase()}`)

const texts = (fields: object): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'boolean' ? (value ? 'y' : 'n') : String(value)]))

const domainRow = (domain: MailDomainSettings): Record<string, string> => ({ relay_host: '', relay_user: '', relay_pass: '', ...texts(domain) })

const userTexts = ({ active, ...user }: Partial<MailUserSettings>): Record<string, string> =>
  texts({ ...user, ...(active === undefined ? {} : { postfix: active, disabledeliver: !active, disableimap: !active, disablepop3: !active, disablesmtp: !active }) })

/** What a new mailbox needs besides its settings; uid and gid -1 are the mail server's own. */
function mailbox(email: string): Record<string, string> {
  const [user = '', domain = ''] = email.toLowerCase().split('@')
  return {
    login: email.toLowerCase(), maildir: `/var/vmail/${domain}/${user}`, homedir: '/var/vmail', maildir_format: 'maildir', uid: '-1', gid: '-1',
    cc: '', forward_in_lda: 'n', sender_cc: '', imap_prefix: '', greylisting: 'n', autoresponder: 'n', autoresponder_subject: '', autoresponder_text: '',
    move_junk: 'y', purge_trash_days: '0', purge_junk_days: '0', custom_mailfilter: '', backup_interval: 'none', backup_copies: '1',
  }
}

const forwarding = (type: 'alias' | 'forward', settings: MailForwardingSettings): Record<string, string> =>
  ({ ...texts(settings), type, allow_send_as: type === 'alias' ? 'y' : 'n', greylisting: 'n' })
