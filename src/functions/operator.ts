// What an operator may do to a tenant. Overrides are wishes like any other: they go through the tenant, never around it.
import type { Hono } from 'hono'
import * as z from 'zod'
import { tenantKey } from '../domain/names.ts'
import { mount, type App } from './access.ts'
import { fieldsOf } from './body.ts'
import { Problem } from './problems.ts'

const Retry = z.object({ connection: z.string(), service_id: z.string(), actor: z.string().trim().min(1).max(80) })

export function operator(app: Hono<App>): void {
  /** Stuck steps are looked at again, after a person has mended what was wrong. Answers how many there were. */
  mount(app, 'POST /operator/retry', async (c) => {
    const { connection, service_id: service, actor } = await fieldsOf(c, Retry)
    const tenant = c.env.TENANT.getByName(tenantKey(connection, service))
    if (!(await tenant.view())) throw new Problem('unknown-service', 'There is no such service.', 'service_id')
    return c.json({ success: true, retried: await tenant.retry(actor) })
  })
}
