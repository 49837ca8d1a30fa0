// ISPConfig's clients: the owners of zones and mail, found by their customer number.
// The API applies no defaults, so a new client is sent whole; what customers may have is Berth's to count, not the panel's.

import type { Remote } from './remote.ts'
import * as wire from './wire.ts'

/** `username` is unique in the panel and matches [\w.-]{1,64}; the password is hashed by the server and must be strong. `servers` are ids. */
export interface NewClient {
  customer_no: string
  username: string
  password: string
  contact_name: string
  email: string
  company_name?: string
  language?: string
  country?: string
  servers: { mail: number; dns: number }
}

export class Clients {
  readonly #remote: Remote

  constructor(remote: Remote) {
    this.#remote = remote
  }

  /** client_get_by_customer_no. Its database compares without regard to case, we do not. */
  async getByCustomerNo(customerNo: string): Promise<wire.Customer | undefined> {
    const found = await this.#remote.find('client_get_by_customer_no', { customer_no: customerNo }, wire.customer)
    return found?.customer_no === customerNo ? found : undefined
  }

  /** client_get_groupid: the `sys_groupid` of everything that this client owns. */
  async getGroupid(clientId: number): Promise<number | undefined> {
    return this.#remote.find('client_get_groupid', { client_id: clientId }, wire.count)
  }

  /** client_add. A customer number or user name that is taken is refused. */
  async add(client: NewClient): Promise<number> {
    return this.#remote.call('client_add', { reseller_id: 0, params: whole(client) }, wire.count)
  }
}

const none = '0'
const unlimited = '-1'

function whole({ servers, ...client }: NewClient): Record<string, string> {
  const [mail, dns] = [String(servers.mail), String(servers.dns)]
  return {
    company_name: '', gender: '', contact_firstname: '', language: 'en', usertheme: 'default',
    street: '', zip: '', city: '', state: '', country: '', telephone: '', mobile: '', fax: '', internet: '', icq: '', vat_id: '', company_id: '',
    bank_account_owner: '', bank_account_number: '', bank_code: '', bank_name: '', bank_account_iban: '', bank_account_swift: '', notes: '', paypal_email: '',
    agb: 'n', dsgvo: 'n', locked: 'n', canceled: 'n', added_by: '', template_master: none, template_additional: '',
    ...client,
    default_mailserver: mail, mail_servers: mail, default_dnsserver: dns, dns_servers: dns, default_slave_dnsserver: dns,
    limit_maildomain: unlimited, limit_mailbox: unlimited, limit_mailalias: unlimited, limit_mailaliasdomain: unlimited, limit_mailmailinglist: none,
    limit_mailforward: unlimited, limit_mailcatchall: unlimited, limit_mailrouting: none, limit_mail_wblist: unlimited, limit_mailfilter: unlimited,
    limit_fetchmail: none, limit_mailquota: unlimited, limit_spamfilter_wblist: unlimited, limit_spamfilter_user: unlimited, limit_spamfilter_policy: none,
    limit_mail_backup: 'n', limit_relayhost: 'n', limit_dns_zone: unlimited, limit_dns_slave_zone: none, limit_dns_record: unlimited,
    // Sites live in containers: nothing of this panel's web, database, shell and chat servers is for customers.
    default_xmppserver: none, xmpp_servers: '', limit_xmpp_domain: none, limit_xmpp_user: none, limit_xmpp_muc: 'n', limit_xmpp_anon: 'n', limit_xmpp_vjud: 'n',
    limit_xmpp_proxy: 'n', limit_xmpp_status: 'n', limit_xmpp_pastebin: 'n', limit_xmpp_httparchive: 'n',
    default_webserver: none, web_servers: '', limit_web_domain: none, limit_web_quota: none, web_php_options: 'no', limit_cgi: 'n', limit_ssi: 'n', limit_perl: 'n',
    limit_ruby: 'n', limit_python: 'n', force_suexec: 'y', limit_hterror: 'n', limit_wildcard: 'n', limit_ssl: 'n', limit_ssl_letsencrypt: 'n',
    limit_web_aliasdomain: none, limit_web_subdomain: none, limit_ftp_user: none, limit_shell_user: none, ssh_chroot: 'no', limit_webdav_user: none,
    limit_backup: 'n', limit_directive_snippets: 'n', limit_client: none, default_dbserver: none, db_servers: '', limit_database: none, limit_database_user: none,
    limit_database_quota: none, limit_cron: none, limit_cron_type: 'url', limit_cron_frequency: '5', limit_traffic_quota: none, limit_openvz_vm: none,
    limit_openvz_vm_template_id: none, limit_aps: none,
  }
}
