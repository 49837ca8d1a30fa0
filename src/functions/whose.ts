// Which service an operator means, and who is asking: the fields that the operator's routes have in common.
import type { Context } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { poolConnection, tenantKey } from '../domain/names.ts'
import type { App } from './access.ts'
import { Problem } from './problems.ts'
import { serviceId } from './service-id.ts'

export const connectionName = z.string({ error: 'is required: the billing connection' }).describe(`The billing connection, or \`${poolConnection}\` for a site that was built ahead.`)

export const Whose = z.object({ connection: connectionName, service_id: serviceId })

/** A line of text that a person wrote for others; it stands in the audit. */
const said = (what: string, most: number) => z.string({ error: `is required: ${what}` }).trim().min(1, `is required: ${what}`).max(most, 'is too long')

export const actor = said('who asks', 80).describe('Who asks: stands in the audit.')
export const why = said('the reason, for whoever meets it later', 200).describe('The reason: stands in the audit.')

/** What the allocator said last to the object, and the object. Asked of the book first: an object comes into being by being asked. */
export async function tenantOf(c: Context<App>, whose: z.infer<typeof Whose>) {
  const key = tenantKey(whose.connection, whose.service_id)
  const record = await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).known(key)
  if (!record) throw new Problem('unknown-service', 'There is no such service.', 'service_id')
  return { record, tenant: c.env.TENANT.getByName(key) }
}
