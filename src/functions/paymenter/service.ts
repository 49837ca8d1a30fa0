// One service of the calling connection: found in the book before its object is asked, because an object comes into being by
// being asked. What is unknown, terminated or another connection's is the same nothing.
import type { Context } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import type { Acted, Action } from '../../domain/action.ts'
import { tenantKey } from '../../domain/names.ts'
import type { App } from '../access.ts'
import { Problem } from '../problems.ts'
import { serviceId } from '../service-id.ts'

export const Service = z.object({ service_id: serviceId })

/** As the extension's actions name it; what Paymenter believes of the service is read by nobody. */
export const ActionFields = Service.extend({ status: z.unknown().optional().describe("Paymenter's own idea of the service; our own record counts.") })

export const loseNewer = z.boolean('must be true or false').default(false).describe('Newer backups may be lost by it.')

export const allocator = (c: Context<App>) => c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)

export const unknownService = (): Problem => new Problem('unknown-service', 'There is no such service.', 'service_id')

export const suspendedService = (): Problem => new Problem('suspended', 'This service is suspended. Please settle the open invoice first.')

/** Billing has resumed it, and its object has not heard of it yet. */
export const comingBack = 'The site is just coming back from its suspension. Please try again in a moment.'

/** The service's record and its object. Throws `unknown-service`. */
export async function serviceOf(c: Context<App>, service: string) {
  const tenant = tenantKey(c.get('connection'), service)
  const record = await allocator(c).service(tenant)
  if (!record || record.target === 'terminated') throw unknownService()
  return { record, tenant: c.env.TENANT.getByName(tenant) }
}

/** Gives a customer's action to the site; what is refused is thrown as a Problem. */
export async function act(c: Context<App>, service: string, action: Action): Promise<Exclude<Acted, { answer: 'refused' }>> {
  const { record, tenant } = await serviceOf(c, service)
  // Billing's word counts from the moment it was taken, wherever its command is by now.
  if (record.target === 'suspended') throw suspendedService()
  const acted: Acted = await tenant.act(action, c.get('connection'))
  if (acted.answer !== 'refused') return acted
  if (acted.code === 'suspended') throw new Problem('not-ready', comingBack)
  if (acted.code === 'unknown') throw new Problem('unknown-service', acted.message, action.do === 'delete-domain' ? 'domain' : 'name' in action ? 'bak' : 'service_id')
  throw new Problem(acted.code, acted.message, undefined, acted.costs)
}

/** What makes a repeat of the same call the same wish; undefined without the header. */
export function idempotencyKey(c: Context<App>): string | undefined {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return undefined
  if (!/^[\x21-\x7e]{1,64}$/.test(key)) throw new Problem('bad-request', 'Idempotency-Key: must be 1 to 64 signs without spaces', 'idempotency-key')
  return key
}
