// The calls of Paymenter's SSupport extension, and a help desk's question whether a key opens a ticket. A key is told once, by
// the create that made it; a subscription of another connection is answered exactly as one that does not exist.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { supportKeyPattern, supportStatuses, tierNames, tiers, type SupportVerb } from '../../domain/support.ts'
import type { App } from '../access.ts'
import { customerEmail } from '../customer-email.ts'
import { mount } from '../mount.ts'
import { Problem } from '../problems.ts'
import { serviceId } from '../service-id.ts'

const Service = z.object({ service_id: serviceId })

/** A part of a name. Not everybody has two, and no sale fails for it. */
const name = z.string({ error: 'must be text' }).trim().max(100, 'is too long (100 characters at most)').regex(/^\P{Cc}*$/u, 'must be on one line').nullish().transform((value) => value ?? '')

const Create = Service.extend({
  email: customerEmail,
  firstname: name,
  lastname: name,
  tier: z.enum(tierNames, { error: `must be one of ${tierNames.join(', ')}` }).nullish().transform((value) => value ?? tierNames[0]),
})

const Verify = z.object({
  // As people type it.
  support_key: z.string({ error: 'is required: the support key of the customer' }).max(100, 'is too long').trim().toUpperCase().regex(supportKeyPattern, 'must be SUP- and 16 letters or digits'),
})

const status = z.enum(supportStatuses)
const tier = z.enum(tierNames)

const Created = z.object({ success: z.literal(true), service_id: z.string(), support_key: z.string().describe('Told this once and never again.'), status, tier })

const Changed = z.object({ success: z.literal(true), service_id: z.string(), status })

const Verified = z.discriminatedUnion('active', [
  z.object({
    success: z.literal(true), active: z.literal(true), status, tier, response_hours: z.int().describe('Hours within which a ticket is answered.'),
    customer: z.string(), email: z.string(), service_id: z.string(),
  }),
  z.object({ success: z.literal(true), active: z.literal(false), status }),
])

const changing = { group: 'Support', body: Service, answer: Changed, refuses: ['unknown-service'] } as const

/** Mounts the support calls. */
export function support(app: Hono<App>): void {
  mount(app, 'POST /support/create', {
    group: 'Support', summary: 'Open a support subscription', about: 'Answers a new key. A service that has a subscription is refused; one that was terminated gets another key.',
    body: Create, answer: Created, refuses: ['conflict'],
  })(create)
  mount(app, 'POST /support/suspend', { ...changing, summary: 'Suspend a support subscription' })((c, { body }) => change(c, body, 'suspend'))
  mount(app, 'POST /support/unsuspend', { ...changing, summary: 'Resume a support subscription' })((c, { body }) => change(c, body, 'unsuspend'))
  mount(app, 'POST /support/terminate', { ...changing, summary: 'End a support subscription', about: 'Its row is kept; its key opens nothing any more.' })((c, { body }) => change(c, body, 'terminate'))
  mount(app, 'POST /support/verify', {
    group: 'Support', summary: 'Whether a support key opens a ticket', about: 'Active keys only are answered with their customer.',
    body: Verify, answer: Verified, refuses: ['not-found', 'too-many'],
  })(verify)
}

async function create(c: Context<App>, { body: { service_id: service, ...wanted } }: { body: z.infer<typeof Create> }): Promise<z.infer<typeof Created>> {
  const connection = c.get('connection')
  const created = await supportDesk(c).create({ connection, service, actor: connection }, wanted)
  if (created.answer === 'conflict') throw new Problem('conflict', 'This service already has a support subscription. If its key was lost, please contact support: a new one can be made.', 'service_id')
  c.header('cache-control', 'no-store')
  const { status, tier } = created.subscription
  return { success: true, service_id: service, support_key: created.key, status, tier }
}

async function change(c: Context<App>, { service_id: service }: z.infer<typeof Service>, verb: Exclude<SupportVerb, 'create'>): Promise<z.infer<typeof Changed>> {
  const connection = c.get('connection')
  const changed = await supportDesk(c).change(verb, { connection, service, actor: connection })
  if (changed.answer === 'unknown') throw new Problem('unknown-service', 'There is no such support subscription.', 'service_id')
  return { success: true, service_id: service, status: changed.status }
}

async function verify(c: Context<App>, { body: { support_key: key } }: { body: z.infer<typeof Verify> }): Promise<z.infer<typeof Verified>> {
  const verified = await supportDesk(c).verify({ id: c.get('desk'), connection: c.get('connection') }, key)
  if (verified.answer === 'too-many') throw new Problem('too-many', 'Too many wrong support keys were asked about. Please wait a moment.')
  if (verified.answer === 'unknown') throw new Problem('not-found', 'There is no such support key.', 'support_key')
  const { status, tier, service, firstname, lastname, email } = verified.subscription
  if (status !== 'ACTIVE') return { success: true, active: false, status }
  const customer = `${firstname} ${lastname}`.trim() || email
  return { success: true, active: true, status, tier, response_hours: tiers[tier].responseHours, customer, email, service_id: service }
}

const supportDesk = (c: Context<App>) => c.env.SUPPORT.getByName(configOf(c.env).cluster.name)
