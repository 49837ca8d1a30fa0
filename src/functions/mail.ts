// Mail of customers' domains: mail domains, mailboxes, aliases, forwards, the check; JSON, with a bearer key. And the one public
// file: the MTA-STS policy, served under mta-sts.<domain> for domains with mail here.
import type { Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { mailDomainName } from '../domain/mail/address.ts'
import { policyDomain, policyText } from '../domain/mail/policy.ts'
import type { App, Route } from './access.ts'
import { mount } from './mount.ts'
import { actorOf, customerOf } from './paymenter/zones.ts'
import { Problem, type ProblemCode } from './problems.ts'
import { serviceId } from './service-id.ts'
import { userId } from './user-id.ts'

const domain = z.string({ error: 'is required: the domain' }).trim().min(1, 'is required: the domain').max(300, 'is too long')
const address = z.string({ error: 'is required: the mail address' }).trim().min(1, 'is required: the mail address').max(320, 'is too long')
const password = z.string({ error: 'is required: the password' }).max(200, 'is too long').describe('10 to 128 characters: letters, and digits or signs. It is handed on and kept nowhere.')
const Whose = z.object({ user_id: userId, domain })
const One = z.object({ user_id: userId, address })
const Done = z.object({ success: z.literal(true), message: z.string() })

const stand = z.enum(['ready', 'being set up', 'being deleted', 'needs support'])
const forwardings = z.array(z.object({ address: z.string(), to: z.array(z.string()), state: stand }))
const Domains = z.object({
  success: z.literal(true),
  domains: z.array(z.object({
    domain: z.string(), service_id: z.string().describe('The service whose plan counts its mailboxes.'), state: stand,
    mailboxes: z.array(z.object({ address: z.string(), quota_mb: z.int(), state: stand })), aliases: forwardings, forwards: forwardings,
  })),
})

const Check = z.object({
  success: z.literal(true),
  state: z.enum(['being set up', 'waiting for the name servers', 'needs attention', 'live']),
  findings: z.array(z.object({ code: z.string().describe('docs/mail.md lists them.'), severity: z.enum(['ok', 'warning', 'error']), name: z.string(), sentence: z.string(), cure: z.string() })),
  dkim: z.object({ name: z.string(), text: z.string() }).optional().describe('The DKIM record as it should be.'),
})

const changing = { group: 'Mail', answer: Done, refuses: ['not-found', 'conflict', 'unavailable'] } as const
const again = 'The same call again changes nothing.'

export function mail(app: Hono<App>): void {
  mount(app, 'POST /mail/domain/add', {
    ...changing, summary: 'Set up mail for a domain', about: `The domain needs a zone of the customer here. Mail domain, DKIM key and all records are made; other mail servers’ MX records go. ${again}`,
    body: Whose.extend({ service_id: serviceId }),
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.addMail(whose, named(body.domain), body.service_id, actorOf(c)))
  })
  mount(app, 'POST /mail/domain/delete', {
    ...changing, summary: 'Take mail for a domain away', about: 'Its records, aliases and forwards go along.',
    body: Whose.extend({ mailboxes: z.boolean('must be true or false').default(false).describe('Its mailboxes may go too, with all the mail in them. Without it a domain that has any is not deleted.') }),
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.deleteMail(whose, named(body.domain), body.mailboxes, actorOf(c)))
  })
  mount(app, 'POST /mail/domain/get', { group: 'Mail', summary: 'A customer’s mail', body: z.object({ user_id: userId }), answer: Domains })(async (c, { body }) => {
    const { object } = customerOf(c, body.user_id)
    return { success: true, domains: await object.mail() }
  })
  mount(app, 'GET /mail/check', {
    group: 'Mail', summary: 'Check the records of a domain with mail', about: 'At the domain’s own name servers, as they are now.', query: Whose, answer: Check, refuses: ['not-found', 'unavailable'],
  })(async (c, { query }) => {
    const { whose, object } = customerOf(c, query.user_id)
    const check = await object.checkMail(whose, named(query.domain))
    if (!check.ok) throw new Problem(check.code, check.message)
    const { state, findings, dkim } = check
    return { success: true, state, findings, ...(dkim ? { dkim } : {}) }
  })
  mount(app, 'POST /mail/mailbox/add', {
    ...changing, summary: 'Make a mailbox, or change its size', about: 'The same call again sets the same size and password again.',
    body: One.extend({ password, quota_mb: z.int({ error: 'must be a whole number' }).min(1, 'must be 1 or more').max(1_000_000, 'is too large').optional().describe('Left out: the largest that the plan allows.') }),
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.addMailbox(whose, body.address, body.quota_mb, body.password, actorOf(c)))
  })
  mount(app, 'POST /mail/mailbox/password', { ...changing, summary: 'Set a mailbox’s password', body: One.extend({ password }) })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.mailboxPassword(whose, body.address, body.password, actorOf(c)))
  })
  mount(app, 'POST /mail/alias/add', {
    ...changing, summary: 'Give a mailbox another address', about: again, body: One.extend({ to: z.string({ error: 'is required: the address of the mailbox' }).max(320, 'is too long') }),
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.addForwarding(whose, 'mail-alias', body.address, [body.to], actorOf(c)))
  })
  mount(app, 'POST /mail/forward/add', {
    ...changing, summary: 'Forward an address', about: again, body: One.extend({ to: z.array(z.string().max(320, 'is too long'), { error: 'is required: a list of addresses' }).max(20, 'is too long') }),
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.addForwarding(whose, 'mail-forward', body.address, body.to, actorOf(c)))
  })
  const deletes: [Route, 'mailbox' | 'mail-alias' | 'mail-forward', string][] = [
    ['POST /mail/mailbox/delete', 'mailbox', 'Delete a mailbox and the mail in it'], ['POST /mail/alias/delete', 'mail-alias', 'Delete an alias'], ['POST /mail/forward/delete', 'mail-forward', 'Delete a forward'],
  ]
  for (const [route, kind, summary] of deletes)
    mount(app, route, { ...changing, summary, about: again, body: One })(async (c, { body }) => {
      const { whose, object } = customerOf(c, body.user_id)
      return done(await object.deleteMailAddress(whose, kind, body.address, actorOf(c)))
    })
  mount(app, 'GET /.well-known/mta-sts.txt', {
    group: 'Mail', summary: 'The MTA-STS policy', about: 'Under the name `mta-sts.<domain>` of a domain with mail here.', forms: { 'text/plain': 'As RFC 8461 has it.' }, refuses: ['not-found'],
  })(async (c) => {
    const { mail: offered, customers, name } = configOf(c.env).cluster
    const asked = policyDomain(new URL(c.req.url).host)
    if (offered?.policyHost === undefined || asked === undefined || !(await c.env.ALLOCATOR.getByName(name).hasMail(asked))) throw new Problem('not-found', 'There is no such address here.')
    return c.body(policyText(`${customers.mailHost}.`, offered.policyMode), 200, { 'content-type': 'text/plain', 'cache-control': 'public, max-age=3600' })
  })
}

function named(typed: string): string {
  const name = mailDomainName(typed)
  if (name === undefined) throw new Problem('bad-request', 'domain: is not a domain name such as example.com', 'domain')
  return name
}

function done(answer: { ok: true; message: string } | { ok: false; code: Extract<ProblemCode, 'bad-request' | 'not-found' | 'conflict' | 'unavailable'>; message: string; field?: string }) {
  if (!answer.ok) throw new Problem(answer.code, answer.message, answer.field)
  return { success: true as const, message: answer.message }
}
