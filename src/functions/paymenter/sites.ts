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
import { mount, orderId, type App } from '../access.ts'
import { fieldsOf, queryOf } from '../body.ts'
import { customerEmail } from '../customer-email.ts'
import { Problem } from '../problems.ts'
import { serviceId } from '../service-id.ts'

const Service = z.object({ service_id: serviceId })

const Create = z.object({
  service_id: serviceId,
  email: customerEmail,
  plan: z.enum(planNames, { error: `must be one of ${planNames.join(', ')}` }),
  public_ip: z.union([z.literal(''), z.ipv4()], { error: 'is not an IPv4 address' }).nullish(),
})

/** Mounts the site calls. */
export function sites(app: Hono<App>): void {
  mount(app, 'POST /create-site', createSite)
  mount(app, 'POST /delete-site', (c) => change(c, 'terminate', 'terminating'))
  mount(app, 'POST /suspend', (c) => change(c, 'suspend', 'suspending'))
  mount(app, 'POST /unsuspend', (c) => change(c, 'unsuspend', 'resuming'))
  mount(app, 'GET /status', status)
}

async function createSite(c: Context<App>): Promise<Response> {
  const { cluster, orderLinkSecret } = configOf(c.env)
  const fields = await fieldsOf(c, Create)
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
  return c.json({ success: true, vmid, private_ip: ip, subdomain: label, hostname, order: `/orders/${orderId(orderLinkSecret, tenant)}`, existing: intake.answer === 'unchanged' })
}

async function change(c: Context<App>, verb: Verb, status: string): Promise<Response> {
  const { service_id: service } = await fieldsOf(c, Service)
  const connection = c.get('connection')
  const intake = await allocator(c).intake({ verb, connection, service, actor: connection })
  if (intake.answer !== 'taken' && intake.answer !== 'unchanged') throw unknownService()
  if (intake.answer === 'taken') await sendCommand(c.env, intake.command)
  return c.json({ success: true, service_id: service, status: intake.answer === 'taken' ? status : intake.record.target })
}

async function status(c: Context<App>): Promise<Response> {
  const { service_id: service } = queryOf(c, Service)
  const tenant = tenantKey(c.get('connection'), service)
  const record = await allocator(c).service(tenant)
  if (!record || record.target === 'terminated') throw unknownService()
  const stub = c.env.TENANT.getByName(tenant)
  const [view, figures] = await Promise.all([stub.view(), stub.figures(1_200)])
  const { vmid, ip, label, hostname, node } = record.identity
  const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)}MB`
  return c.json({
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
  })
}

/** `5 days`, `3 hours`, `2 minutes`: the seed's words. */
function uptime(seconds: number): string {
  const [amount, unit] = seconds >= 86_400 ? [seconds / 86_400, 'day'] : seconds >= 3_600 ? [seconds / 3_600, 'hour'] : [seconds / 60, 'minute']
  const whole = Math.floor(amount)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}

const unknownService = (): Problem => new Problem('unknown-service', 'There is no such service.', 'service_id')

const allocator = (c: Context<App>) => c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)
