// GET /operator/export: everything that tenants and customers keep, as JSON lines, a piece at a time. Reads only.
import type { Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { customerKey, isCustomer } from '../domain/names.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { Problem } from './problems.ts'
import { userId } from './user-id.ts'
import { tenantOf, Whose } from './whose.ts'

const Query = Whose.partial().extend({
  user_id: userId.optional(),
  after: z.string().regex(/^(t[0-9a-f]{20}(\.\d{1,15})?|c[0-9a-f]{20}(\.h?\d{1,15})?)?$/, 'is not the "next" of a call before').default('').describe('The `next` of the call before; empty at first.'),
}).refine(({ connection, service_id: service, user_id: user }) => (connection === undefined ? 0 : 1) === (service === undefined ? 0 : 1) + (user === undefined ? 0 : 1), {
  error: 'goes with service_id or user_id: give both or neither', path: ['connection'],
})

const Answer = z.object({
  success: z.literal(true),
  lines: z.array(z.string()).describe('Each is one JSON object: of a tenant `kind` tenant, command, step or line; of a customer customer, customer-zone, customer-step, customer-change or customer-line.'),
  next: z.string().nullable().describe('Where to go on; null at the end.'),
})

/** Journal lines of one answer: well below what one may weigh. */
const most = 1_000

export function exports(app: Hono<App>): void {
  mount(app, 'GET /operator/export', {
    group: 'Operator', summary: 'Everything that tenants and customers keep', about: 'Of one service, of one customer’s zones and mail, or of all, one after the other. No secret is in it, but customers’ addresses are.', query: Query, answer: Answer, refuses: ['unknown-service'],
  })(async (c, { query: { connection, service_id: service, user_id: user, after } }) => {
    const [last = '', place] = after.split('.')
    const allocator = c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)
    let whose: string | undefined
    if (connection !== undefined && service !== undefined) whose = (await tenantOf(c, { connection, service_id: service })).record.tenant
    else if (connection !== undefined && user !== undefined) {
      whose = customerKey(connection, user)
      if (!(await allocator.customer(whose))) throw new Problem('unknown-service', 'There is no such customer.', 'user_id')
    }
    const key = whose ?? (place === undefined ? (await allocator.audited(last, 1))[0] : last)
    if (key === undefined) return { success: true, lines: [], next: null }
    const { lines, next } = isCustomer(key) ? await c.env.CUSTOMER.getByName(key).exported(place ?? '', most) : await c.env.TENANT.getByName(key).exported(Number(place ?? 0), most)
    return { success: true, lines, next: next === null ? (whose === undefined ? key : null) : `${key}.${next}` }
  })
}
