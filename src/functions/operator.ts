// What an operator may do to a tenant. Overrides are wishes like any other: they go through the tenant, never around it.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { tenantKey } from '../domain/names.ts'
import { mount, type App } from './access.ts'
import { fieldsOf, queryOf } from './body.ts'
import { Problem } from './problems.ts'
import { serviceId } from './service-id.ts'

const Whose = z.object({ connection: z.string({ error: 'is required: the billing connection' }), service_id: serviceId })

const Retry = Whose.extend({
  actor: z.string({ error: 'is required: who asks' }).trim().min(1, 'is required: who asks').max(80, 'is too long'),
})

/** Tenants of one rebuilding call: well within what one request may call. */
const most = 200

export function operator(app: Hono<App>): void {
  /** Stuck steps are looked at again, after a person has mended what was wrong. Answers how many there were. */
  mount(app, 'POST /operator/retry', async (c) => {
    const { actor, ...whose } = await fieldsOf(c, Retry)
    return c.json({ success: true, retried: await (await tenantOf(c, whose)).retry(actor) })
  })

  /** Where a tenant stands, and the newest lines of its journal (oldest first). */
  mount(app, 'GET /operator/tenant', async (c) => {
    const tenant = await tenantOf(c, queryOf(c, Whose))
    const [order, journal] = await Promise.all([tenant.view(), tenant.journal(200)])
    return c.json({ success: true, order, journal })
  })

  /** The reporting copy in D1 was lost: the next `most` tenants after `after` tell it everything again. Answers where to go on, null at the end. */
  mount(app, 'POST /operator/reports', async (c) => {
    const { after } = await fieldsOf(c, z.object({ after: z.string().max(64).default('') }))
    const tenants = await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).tenants(after, most)
    await Promise.all(tenants.map((tenant) => c.env.TENANT.getByName(tenant).report()))
    if (after === '') await supportDesk(c).report()
    return c.json({ success: true, told: tenants.length, next: tenants.length < most ? null : tenants.at(-1) })
  })

  /** A support subscription and every change of it, oldest first. Nobody can be told its key. */
  mount(app, 'GET /operator/support', async (c) => {
    const { connection, service_id: service } = queryOf(c, Whose)
    const story = await supportDesk(c).story(connection, service)
    if (!story) throw new Problem('unknown-service', 'There is no such support subscription.', 'service_id')
    return c.json({ success: true, ...story })
  })

  /** Leases held by pool, and the systems whose breaker is open, with the reason. */
  mount(app, 'GET /operator/gate', async (c) => c.json({ success: true, ...(await c.env.GATE.getByName(configOf(c.env).cluster.name).usage()) }))
}

/** Asked of the book first: an object comes into being by being asked. */
async function tenantOf(c: Context<App>, whose: z.infer<typeof Whose>) {
  const key = tenantKey(whose.connection, whose.service_id)
  if (!(await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).service(key))) throw new Problem('unknown-service', 'There is no such service.', 'service_id')
  return c.env.TENANT.getByName(key)
}

const supportDesk = (c: Context<App>) => c.env.SUPPORT.getByName(configOf(c.env).cluster.name)
