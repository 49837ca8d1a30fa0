// Custom domains, as Paymenter's extension calls them, and the domain doctor. A domain is accepted at once when its name is one and
// the quota allows it; that it leads here is waited for behind it, for days if need be.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { domainName, type DomainName } from '../../domain/domain-name.ts'
import { customerKey } from '../../domain/names.ts'
import { plans } from '../../domain/plan.ts'
import type { App } from '../access.ts'
import { mount } from '../mount.ts'
import { Problem } from '../problems.ts'
import { ownerId } from '../user-id.ts'
import { act, ActionFields, allocator, Service, serviceOf } from './service.ts'

const typed = z.string({ error: 'is required: the domain' }).max(1_000, 'is too long for a domain name').describe('As people type it; letters of any script.')
const Ask = ActionFields.extend({ domain: typed })
const Add = Ask.extend({ user_id: ownerId })

const time = z.number().describe('Epoch milliseconds.')
const state = z.enum(['waiting for DNS', 'verifying', 'certificate requested', 'live', 'failed', 'being removed'])
const Name = z.object({
  name: z.string(), state, https: z.boolean().describe('Served with a certificate.'),
  reason: z.string().nullable().describe('What it waits for or why it failed, in a sentence for the customer.'),
  since: time, next_look: time.nullable().describe('When it is looked at again; null when nothing waits for that.'),
})
const Entry = Name.extend({
  domain: z.string(), shown: z.string().describe('As it was typed.'), names: z.array(Name).describe('All names that visitors may type.'),
  certificate_expires_on: z.string().nullable(),
  records: z.array(z.object({ purpose: z.string(), type: z.string(), name: z.string(), value: z.string() })).describe('What may be set at the DNS provider.'),
})
const Quota = z.object({ used: z.int(), limit: z.int(), left: z.int() })
const List = z.object({
  success: z.literal(true), service_id: z.string(), domains: z.array(Entry), quota: Quota,
  notices: z.array(z.object({ what: z.string(), why: z.string(), at: time })).describe('Domains that could not be added, newest last.'),
})
const Added = z.object({ success: z.literal(true), service_id: z.string(), existing: z.boolean().describe('It was there already, and is looked at again now.'), quota: Quota }).extend(Entry.shape)
const AddedWithZone = Added.extend({ zone: z.string().nullable().describe('What became of the zone, in a sentence; null when the customer is not known, or the domain is part of another.') })
const Removed = z.object({ success: z.literal(true), service_id: z.string(), domain: z.string(), status: z.string(), quota: Quota })
const Diagnosis = z.object({
  success: z.literal(true), service_id: z.string(), domain: z.string(), added: z.boolean().describe('It is connected to this site.'),
  proof: z.enum(['txt', 'cname', 'delegation', 'address']).nullable().describe('What shows now that the domain is the customer\'s.'), missing: z.string().nullable().describe('How to show it.'),
  findings: z.array(z.object({ code: z.string(), severity: z.enum(['ok', 'warning', 'error']), name: z.string(), sentence: z.string(), cure: z.string() })),
})

const adding = { group: 'Domains', body: Add, answer: Added, refuses: ['unknown-service', 'suspended', 'not-ready', 'quota'] } as const

/** Paymenter gives up after 25 s. */
const patienceMs = 15_000

export function domains(app: Hono<App>): void {
  mount(app, 'POST /action/setdomain', {
    ...adding, summary: 'Connect a domain', about: 'Accepted at once; the answer says which records to set. The same call again looks again now. A registered domain brings its www. along.',
  })(add)
  mount(app, 'POST /customdomain/add', {
    ...adding, answer: AddedWithZone, summary: 'Connect a domain, as the extension\'s form for it does',
    about: 'As `POST /action/setdomain`; a registered domain that is delegated to us gets its zone as well, when its customer is known.',
  })(async (c, fields) => ({ ...(await add(c, fields)), zone: await zoneOf(c, fields.body) }))
  mount(app, 'POST /action/deldomain', {
    ...adding, body: Ask, summary: 'Disconnect a domain', about: 'The quota is free again at once; what serves the domain is taken down behind it.', answer: Removed, refuses: ['unknown-service', 'suspended', 'not-ready'],
  })(remove)
  mount(app, 'GET /action/getdomain', { group: 'Domains', summary: 'The domains of a site and the quota left', query: Service, answer: List, refuses: ['unknown-service'] })(
    async (c, { query: { service_id } }) => ({ success: true as const, service_id, ...(await listOf(c, service_id)) }))
  mount(app, 'GET /domains/:name/doctor', {
    group: 'Domains', summary: 'What public DNS says of a domain, and what cures it', about: 'Looks now and changes nothing; the domain need not be connected.',
    params: z.object({ name: typed }), query: Service, answer: Diagnosis, refuses: ['unknown-service', 'unavailable'],
  })(async (c, { params, query: { service_id: service } }) => {
    const { tenant } = await serviceOf(c, service)
    const name = judged(c, params.name, 'name')
    const found = await tenant.examine(name, patienceMs)
    if (!found) throw new Problem('unavailable', 'Public DNS does not answer at the moment. Please try again.')
    return { success: true, service_id: service, domain: name.name, ...found, proof: found.proof as z.infer<typeof Diagnosis>['proof'] }
  })
}

async function add(c: Context<App>, { body: { service_id: service, domain, user_id: user } }: { body: z.infer<typeof Add> }): Promise<z.infer<typeof Added>> {
  await serviceOf(c, service)
  const name = judged(c, domain, 'domain')
  if (user !== undefined) await allocator(c).ownService(c.get('connection'), service, user)
  const { answer } = await act(c, service, { do: 'set-domain', domain: name })
  const { domains: all, quota } = await listOf(c, service)
  const entry = all.find((one) => one.domain === name.name)
  if (!entry) throw new Problem('not-ready', 'The domain was taken away again meanwhile.')
  return { success: true, service_id: service, existing: answer === 'unchanged', quota, ...entry }
}

/** The seed's form makes the zone too. That the domain is accepted does not depend on it. */
async function zoneOf(c: Context<App>, { service_id: service, domain }: z.infer<typeof Add>): Promise<string | null> {
  const { name, apex } = judged(c, domain, 'domain')
  const connection = c.get('connection')
  const user = await allocator(c).ownerOf(connection, service)
  if (user === undefined || name !== apex) return null
  return (await c.env.CUSTOMER.getByName(customerKey(connection, user)).addZone({ connection, user }, `${apex}.`, connection, 'ispconfig')).message
}

async function remove(c: Context<App>, { body: { service_id: service, domain } }: { body: z.infer<typeof Ask> }): Promise<z.infer<typeof Removed>> {
  await serviceOf(c, service)
  const { name } = judged(c, domain, 'domain')
  await act(c, service, { do: 'delete-domain', name })
  const { quota } = await listOf(c, service)
  return { success: true, service_id: service, domain: name, status: 'being removed', quota }
}

async function listOf(c: Context<App>, service: string): Promise<Omit<z.infer<typeof List>, 'success' | 'service_id'>> {
  const { record, tenant } = await serviceOf(c, service)
  const limit = plans[record.spec.plan].domains
  const view = (await tenant.domains()) ?? { domains: [], used: 0, limit, notices: [] }
  const named = ({ nextLook, ...one }: (typeof view)['domains'][number]['names'][number]): z.infer<typeof Name> => ({ ...one, next_look: nextLook })
  return {
    domains: view.domains.map(({ shown, names, certificateExpiresOn, records, ...first }) => ({ ...named(first), domain: first.name, shown, names: names.map(named), certificate_expires_on: certificateExpiresOn, records })),
    quota: { used: view.used, limit, left: Math.max(0, limit - view.used) }, notices: view.notices,
  }
}

/** The one spelling of a name, or the sentence that says what to type instead. */
function judged(c: Context<App>, text: string, field: string): DomainName {
  const answer = domainName(text, configOf(c.env).cluster.zone)
  if (!answer.ok) throw new Problem('bad-request', answer.sentence, field)
  return answer.domain
}
