// What an operator may do to a tenant. Overrides are wishes like any other: they go through the tenant, never around it.
import type { Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { tenantKey } from '../domain/names.ts'
import { mount, type App } from './access.ts'
import { fieldsOf } from './body.ts'
import { Problem } from './problems.ts'
import { serviceId } from './service-id.ts'

const Retry = z.object({
  connection: z.string({ error: 'is required: the billing connection' }),
  service_id: serviceId,
  actor: z.string({ error: 'is required: who asks' }).trim().min(1, 'is required: who asks').max(80, 'is too long'),
})

export function operator(app: Hono<App>): void {
  /** Stuck steps are looked at again, after a person has mended what was wrong. Answers how many there were. */
  mount(app, 'POST /operator/retry', async (c) => {
    const { connection, service_id: service, actor } = await fieldsOf(c, Retry)
    const tenant = tenantKey(connection, service)
    // Asked of the book first: an object comes into being by being asked.
    if (!(await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).service(tenant))) throw new Problem('unknown-service', 'There is no such service.', 'service_id')
    return c.json({ success: true, retried: await c.env.TENANT.getByName(tenant).retry(actor) })
  })
}
