// The form definitions behind ISPConfig's remote functions: which fields a row has, and which keys of its language files a wrong
// one answers. There are no defaults on insert. Not simulated: password_check beyond its length, tax numbers, server lists, limits.
import { isIPv4, isIPv6 } from 'node:net'

/** The key of the complaint, or undefined. `others` are the other rows of the table. */
export type Rule = (value: string, others: readonly Record<string, string>[], name: string) => string | undefined

export interface Field { kind: 'int' | 'text' | 'password'; box?: readonly [string, string]; rules: readonly Rule[] }
export type Form = Record<string, Field>

const rule = (holds: (value: string) => boolean, key: string): Rule => (value) => (holds(value) ? undefined : key)
/** PHP's empty(): "0" too. */
const notEmpty = (key: string): Rule => rule((value) => value !== '' && value !== '0', key)
const regex = (pattern: RegExp, key: string): Rule => rule((value) => pattern.test(value), key)
const from60 = (key: string): Rule => rule((value) => Number(value) >= 60, key)
const unique = (key: string, allowEmpty = false): Rule => (value, others, name) =>
  !(allowEmpty && value === '') && others.some((row) => row[name]?.toLowerCase() === value.toLowerCase()) ? key : undefined
const mailAddress = (key: string, allowEmpty = false): Rule => rule((value) => (allowEmpty && value === '') || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value), key)

const text = (...rules: Rule[]): Field => ({ kind: 'text', rules })
const int = (...rules: Rule[]): Field => ({ kind: 'int', rules })
const box = (no: string, yes: string): Field => ({ kind: 'text', box: [no, yes], rules: [] })
const many = (names: string, field: Field): Form => Object.fromEntries(names.split(' ').map((name) => [name, field]))
const password: Field = { kind: 'password', rules: [rule((value) => value === '' || value.length >= 8, 'weak_password_txt')] }

const soa: Form = {
  server_id: int(notEmpty('server_id_error_empty')),
  origin: text(notEmpty('origin_error_empty'), unique('origin_error_unique'), regex(/^[a-zA-Z0-9.\-/]{1,255}\.[a-zA-Z0-9-]{2,63}[.]{0,1}$/, 'origin_error_regex')),
  ns: text(regex(/^[a-zA-Z0-9.-]{1,255}$/, 'ns_error_regex')),
  mbox: text(notEmpty('mbox_error_empty'), regex(/^[a-zA-Z0-9.\-_+]{0,255}\.$/, 'mbox_error_regex')),
  serial: int(), refresh: int(from60('refresh_range_error')), retry: int(from60('retry_range_error')), expire: int(from60('expire_range_error')),
  minimum: int(from60('minimum_range_error')), ttl: int(from60('ttl_range_error')),
  ...many('xfer also_notify update_acl dnssec_algo dnssec_info', text()), active: box('N', 'Y'), dnssec_wanted: box('N', 'Y'),
}

const rr = (name: RegExp, data: readonly Rule[], more: Form = {}): Form => ({
  server_id: int(), zone: int(), name: text(regex(name, 'name_error_regex')), type: text(), data: text(...data), ttl: int(from60('ttl_range_error')),
  active: box('N', 'Y'), stamp: text(), serial: int(), ...more,
})
const some = notEmpty('data_error_empty')
const hostName = regex(/^[a-zA-Z0-9.-]{1,255}$/, 'data_error_regex')
const priority: Form = { aux: int() }

const clientTexts = 'company_name gender contact_firstname usertheme street zip city state country telephone mobile fax internet icq vat_id company_id bank_account_owner ' +
  'bank_account_number bank_code bank_name bank_account_iban bank_account_swift notes paypal_email added_date added_by template_additional mail_servers xmpp_servers web_servers ' +
  'dns_servers db_servers limit_cron_type'
const clientInts = 'template_master default_mailserver limit_maildomain limit_mailbox limit_mailalias limit_mailaliasdomain limit_mailmailinglist limit_mailforward ' +
  'limit_mailcatchall limit_mailrouting limit_mail_wblist limit_mailfilter limit_fetchmail limit_mailquota limit_spamfilter_wblist limit_spamfilter_user limit_spamfilter_policy ' +
  'default_xmppserver limit_xmpp_domain limit_xmpp_user default_webserver limit_web_domain limit_web_quota limit_web_aliasdomain limit_web_subdomain limit_ftp_user ' +
  'limit_shell_user limit_webdav_user default_dnsserver limit_dns_zone default_slave_dnsserver limit_dns_slave_zone limit_dns_record limit_client default_dbserver ' +
  'limit_database limit_database_user limit_database_quota limit_cron limit_cron_frequency limit_traffic_quota limit_openvz_vm limit_openvz_vm_template_id limit_aps'
const clientBoxes = 'agb dsgvo locked canceled limit_mail_backup limit_relayhost limit_xmpp_muc limit_xmpp_anon limit_xmpp_vjud limit_xmpp_proxy limit_xmpp_status ' +
  'limit_xmpp_pastebin limit_xmpp_httparchive limit_cgi limit_ssi limit_perl limit_ruby limit_python force_suexec limit_hterror limit_wildcard limit_ssl ' +
  'limit_ssl_letsencrypt limit_backup limit_directive_snippets'

const forwarding = (more: Form): Form => ({
  server_id: int(), source: text(mailAddress('email_error_isemail')), type: text(), active: box('n', 'y'), allow_send_as: box('n', 'y'), greylisting: box('n', 'y'), ...more,
})

/** By the middle of the functions' names: `dns_zone`, `dns_txt`, `mail_user`, `client`. */
export const forms: Record<string, Form> = {
  dns_zone: soa,
  dns_a: rr(/^[a-zA-Z0-9.\-*]{0,64}$/, [some, rule(isIPv4, 'ip_error_wrong')]),
  dns_aaaa: rr(/^[a-zA-Z0-9.\-*]{0,64}$/, [some, rule(isIPv6, 'ip_error_wrong')]),
  dns_cname: rr(/^[a-zA-Z0-9.\-*_]{0,255}$/, [some, regex(/^[a-zA-Z0-9.\-_]{1,255}$/, 'data_error_regex')]),
  dns_mx: rr(/^[a-zA-Z0-9.\-*]{0,255}$/, [some, hostName], priority),
  dns_ns: rr(/^[_a-zA-Z0-9.-]{0,255}$/, [some, hostName]),
  dns_txt: rr(/^(\*\.|[a-zA-Z0-9.\-_]){0,255}$/, [some]),
  dns_srv: rr(/^[a-zA-Z0-9.\-_]{0,255}$/, [some, regex(/^[\w.-]{0,64}\s[\w.-]{0,64}\s[\w.-]{0,64}$/, 'srv_error_regex')], priority),
  dns_caa: rr(/^[a-zA-Z0-9.\-_*]{0,255}$/, []),
  dns_tlsa: rr(/^_\d{1,5}\._(tcp|udp)\.[a-zA-Z0-9.-]{1,255}$/, [some, regex(/^\d \d \d [a-zA-Z0-9]*$/, 'data_error_regex')]),
  dns_ptr: rr(/^[a-zA-Z0-9.-]{1,256}$/, [some, hostName]),
  dns_alias: rr(/^[a-zA-Z0-9.\-_]{1,255}$/, [some, hostName]),
  client: {
    ...many(clientTexts, text()), ...many(clientInts, int()), ...many(clientBoxes, box('n', 'y')), password,
    contact_name: text(notEmpty('contact_error_empty')), customer_no: text(unique('customer_no_error_unique', true)),
    username: text(notEmpty('username_error_empty'), unique('username_error_unique'), regex(/^[\w.-]{0,64}$/, 'username_error_regex')),
    language: text(notEmpty('language_error_empty')), email: text(mailAddress('email_error_isemail'), notEmpty('email_error_empty')),
    web_php_options: text(notEmpty('web_php_options_notempty')), ssh_chroot: text(notEmpty('ssh_chroot_notempty')),
  },
  mail_domain: {
    server_id: int(), domain: text(notEmpty('domain_error_empty'), unique('domain_error_unique'), regex(/^[\w.-]{1,255}\.[a-zA-Z0-9-]{2,63}$/, 'domain_error_regex')),
    dkim: box('n', 'y'), dkim_private: text(rule((value) => value === '' || value.includes('PRIVATE KEY'), 'dkim_private_key_error')), dkim_public: text(),
    dkim_selector: text(regex(/^[a-z0-9]{1,63}(?:\.[a-z0-9]{1,63})?$/, 'dkim_selector_error')), ...many('relay_host relay_user relay_pass', text()), active: box('n', 'y'),
  },
  mail_user: {
    server_id: int(), email: text(mailAddress('email_error_isemail'), unique('email_error_unique')), password,
    login: text(unique('login_error_unique'), regex(/^[_a-z0-9][\w.\-_+@]{1,63}$/, 'login_error_regex')), quota: text(regex(/^\d+$/, 'quota_error_value')),
    ...many('name cc sender_cc imap_prefix maildir maildir_format homedir autoresponder_subject autoresponder_text move_junk purge_trash_days purge_junk_days custom_mailfilter backup_interval', text()),
    ...many('uid gid backup_copies', int()),
    ...many('forward_in_lda postfix greylisting disablesmtp disabledeliver disableimap disablepop3 autoresponder', box('n', 'y')),
  },
  mail_alias: forwarding({ destination: text(mailAddress('destination_error_isemail')) }),
  // Nobody checks where a forward leads.
  mail_forward: forwarding({ destination: text() }),
}
