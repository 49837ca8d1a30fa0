// The calls of Paymenter's SSupport extension, and a help desk's question whether a key opens a ticket. A key is told once, by
// the create that made it; a subscription of another connection is answered exactly as one that does not exist.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { supportKeyPattern, tierNames, tiers, type SupportVerb } from '../../domain/support.ts'
import { mount, type App } from '../access.ts'
import { fieldsOf } from '../body.ts'
import { customerEmail } from '../customer-email.ts'
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

/** Mounts the support calls. */
export function support(app: Hono<App>): void {
  mount(app, 'POST /support/create', create)
  mount(app, 'POST /support/suspend', (c) => change(c, 'suspend'))
  mount(app, 'POST /support/unsuspend', (c) => change(c, 'unsuspend'))
  mount(app, 'POST /support/terminate', (c) => change(c, 'terminate'))
  mount(app, 'POST /support/verify', verify)
}

async function create(c: Context<App>): Promise<Response> {
  const { service_id: service, ...wanted } = await fieldsOf(c, Create)
  const connection = c.get('connection')
  const created = await supportDesk(c).create({ connection, service, actor: connection }, wanted)
  if (created.answer === 'conflict') throw new Problem('conflict', 'This service already has a support subscription. If its key was lost, please contact support: a new one can be made.', 'service_id')
  const { status, tier } = created.subscription
  return c.json({ success: true, service_id: service, support_key: created.key, status, tier }, 200, { 'cache-control': 'no-store' })
}

async function change(c: Context<App>, verb: Exclude<SupportVerb, 'create'>): Promise<Response> {
  const { service_id: service } = await fieldsOf(c, Service)
  const connection = c.get('connection')
  const changed = await supportDesk(c).change(verb, { connection, service, actor: connection })
  if (changed.answer === 'unknown') throw new Problem('unknown-service', 'There is no such support subscription.', 'service_id')
  return c.json({ success: true, service_id: service, status: changed.status })
}

async function verify(c: Context<App>): Promise<Response> {
  const { support_key: key } = await fieldsOf(c, Verify)
  const verified = await supportDesk(c).verify({ id: c.get('desk'), connection: c.get('connection') }, key)
  if (verified.answer === 'too-many') throw new Problem('too-many', 'Too many wrong support keys were asked about. Please wait a moment.')
  if (verified.answer === 'unknown') throw new Problem('not-found', 'There is no such support key.', 'support_key')
  const { status, tier, service, firstname, lastname, email } = verified.subscription
  if (status !== 'ACTIVE') return c.json({ success: true, active: false, status })
  const customer = `${firstname} ${lastname}`.trim() || email
  return c.json({ success: true, active: true, status, tier, response_hours: tiers[tier].responseHours, customer, email, service_id: service })
}

const supportDesk = (c: Context<App>) => c.env.SUPPORT.getByName(configOf(c.env).cluster.name)
