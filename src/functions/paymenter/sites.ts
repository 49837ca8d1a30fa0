// The calls of Paymenter's ProxmoxWP extension: names, fields and status codes as it expects them. A wish is durable before
// it is answered, whatever the cluster does; the building goes on behind it. Nothing here calls an upstream.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { inCidr } from '../../domain/cluster.ts'
import { tenantKey } from '../../domain/names.ts'
import type { Spec, Verb } from '../../domain/order.ts'
import { planNames } from '../../domain/plan.ts'
import { sendCommand } from '../../queues/commands.ts'
import { orderId, type App } from '../access.ts'
import { customerEmail } from '../customer-email.ts'
import { mount } from '../mount.ts'
import { Problem } from '../problems.ts'
import { serviceId } from '../service-id.ts'

const Service = z.object({ service_id: serviceId })

const Create = z.object({
  service_id: serviceId,
  email: customerEmail,
  plan: z.enum(planNames, { error: `must be one of ${planNames.join(', ')}` }),
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

const Status = z.object({
  success: z.literal(true), service_id: z.string(), vmid: z.int(), private_ip: z.ipv4(), subdomain: z.string(), hostname: z.string(), public_ip: z.ipv4(),
  status: z.string().describe('Of the container: running or stopped.'),
  state: z.string().describe('Of the order.'),
  plan: z.enum(planNames),
  node: z.string(),
  resources: z.object({ cpu: z.string(), memory: z.string(), uptime: z.string() }),
  live: z.boolean().describe('False when the cluster did not answer in time: the figures are the last known ones, or zero.'),
  domains: z.array(z.string()),
})

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

async function status(c: Context<App>, { service_id: service }: z.infer<typeof Service>): Promise<z.infer<typeof Status>> {
  const tenant = tenantKey(c.get('connection'), service)
  const record = await allocator(c).service(tenant)
  if (!record || record.target === 'terminated') throw unknownService()
  const stub = c.env.TENANT.getByName(tenant)
  const [view, figures] = await Promise.all([stub.view(), stub.figures(1_200)])
  const { vmid, ip, label, hostname, node } = record.identity
  const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)}MB`
  return {
    success: true, service_id: service, vmid, private_ip: ip, subdomain: label, hostname, public_ip: record.spec.publicIp,
    status: figures?.status ?? 'stopped', state: view?.status ?? 'building', plan: record.spec.plan, node: figures?.node ?? node,
    resources: {
      cpu: `${((figures?.cpu ?? 0) * 100).toFixed(1)}%`,
      memory: `${mb(figures?.mem ?? 0)} / ${mb(figures?.maxmem ?? 0)}`,
      uptime: uptime(figures?.uptime ?? 0),
    },
    // False when the cluster did not answer in time: the figures are the last known ones, or zero.
    live: figures !== undefined && !figures.stale,
    domains: [],
  }
}

/** `5 days`, `3 hours`, `2 minutes`: the seed's words. */
function uptime(seconds: number): string {
  const [amount, unit] = seconds >= 86_400 ? [seconds / 86_400, 'day'] : seconds >= 3_600 ? [seconds / 3_600, 'hour'] : [seconds / 60, 'minute']
  const whole = Math.floor(amount)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}

const unknownService = (): Problem => new Problem('unknown-service', 'There is no such service.', 'service_id')

const allocator = (c: Context<App>) => c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)
