// The calls of Paymenter's ProxmoxWP extension: names, fields and status codes as it expects them. A wish is durable before
// it is answered, whatever the cluster does; the building goes on behind it. Nothing here calls an upstream.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { inCidr } from '../../domain/cluster.ts'
import type { Spec, Verb } from '../../domain/order.ts'
import { planNames } from '../../domain/plan.ts'
import { sendCommand } from '../../queues/commands.ts'
import { orderId, type App } from '../access.ts'
import { customerEmail } from '../customer-email.ts'
import { mount } from '../mount.ts'
import { Problem } from '../problems.ts'
import { serviceId } from '../service-id.ts'
import { ownerId } from '../user-id.ts'
import { allocator, Service, unknownService } from './service.ts'
import { Status, status } from './status.ts'

const Create = z.object({
  service_id: serviceId,
  email: customerEmail,
  plan: z.enum(planNames, { error: `must be one of ${planNames.join(', ')}` }),
  user_id: ownerId,
  public_ip: z.union([z.literal(''), z.ipv4()], { error: 'is not an IPv4 address' }).nullish().describe('The address that the site is reached at; empty for the reverse proxy.'),
})

const Created = z.object({
  success: z.literal(true),
  vmid: z.int(),
  private_ip: z.ipv4(),
  subdomain: z.string(),
  hostname: z.string(),
  order: z.string().describe('Where the order can be watched.'),
  existing: z.boolean().describe('True when the service had this site already.'),
})

const Changed = z.object({ success: z.literal(true), service_id: z.string(), status: z.string().describe('What is under way now, or the state that it already had.') })

const changing = { group: 'Sites', body: Service, answer: Changed, refuses: ['unknown-service'] } as const

/** Mounts the site calls. */
export function sites(app: Hono<App>): void {
  mount(app, 'POST /create-site', {
    group: 'Sites', summary: 'Order a site', about: 'The wish is durable when this answers; the building goes on behind it. For a live service it answers the same site again.',
    body: Create, answer: Created, refuses: ['conflict', 'exhausted'],
  })((c, { body }) => createSite(c, body))
  mount(app, 'POST /delete-site', { ...changing, summary: 'Terminate a site' })((c, { body }) => change(c, body, 'terminate', 'terminating'))
  mount(app, 'POST /suspend', { ...changing, summary: 'Suspend a site', about: 'Its data are kept.' })((c, { body }) => change(c, body, 'suspend', 'suspending'))
  mount(app, 'POST /unsuspend', { ...changing, summary: 'Resume a suspended site' })((c, { body }) => change(c, body, 'unsuspend', 'resuming'))
  mount(app, 'GET /status', { group: 'Sites', summary: 'A site and its live figures', query: Service, answer: Status, refuses: ['unknown-service'] })((c, { query }) => status(c, query))
}

async function createSite(c: Context<App>, fields: z.infer<typeof Create>): Promise<z.infer<typeof Created>> {
  const { cluster, orderLinkSecret } = configOf(c.env)
  const publicIp = fields.public_ip || cluster.proxy.publicIp
  if (!inCidr(publicIp, cluster.publicCidr)) throw new Problem('bad-request', `public_ip: must lie in ${cluster.publicCidr}`, 'public_ip')
  const order: Pick<Spec, 'email' | 'plan' | 'publicIp'> = { email: fields.email, plan: fields.plan, publicIp }
  const connection = c.get('connection')
  const intake = await allocator(c).intake({ verb: 'create', connection, service: fields.service_id, actor: connection, order })
  if (intake.answer === 'conflict') throw new Problem('conflict', 'This service was terminated; its site cannot be created again. Please place a new order.', 'service_id')
  if (intake.answer === 'exhausted') throw new Problem('exhausted', `No more sites can be created at the moment: there are no free ${intake.what}. Please contact support; your order is not lost.`)
  if (intake.answer === 'unknown') throw new Error('a create is never unknown')
  if (fields.user_id !== undefined) await allocator(c).ownService(connection, fields.service_id, fields.user_id)
  if (intake.answer === 'taken') await sendCommand(c.env, intake.command)
  const { identity, tenant } = intake.record
  const { vmid, ip, label, hostname } = identity
  return { success: true, vmid, private_ip: ip, subdomain: label, hostname, order: `/orders/${orderId(orderLinkSecret, tenant)}`, existing: intake.answer === 'unchanged' }
}

async function change(c: Context<App>, { service_id: service }: z.infer<typeof Service>, verb: Verb, status: string): Promise<z.infer<typeof Changed>> {
  const connection = c.get('connection')
  const intake = await allocator(c).intake({ verb, connection, service, actor: connection })
  if (intake.answer !== 'taken' && intake.answer !== 'unchanged') throw unknownService()
  if (intake.answer === 'taken') await sendCommand(c.env, intake.command)
  return { success: true, service_id: service, status: intake.answer === 'taken' ? status : intake.record.target }
}
