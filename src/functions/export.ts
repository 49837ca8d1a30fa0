// GET /operator/export: everything that tenants keep, as JSON lines, a piece at a time. Reads only.
import type { Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { tenantOf, Whose } from './whose.ts'

const Query = Whose.partial().extend({
  after: z.string().regex(/^(t[0-9a-f]{20}(\.\d{1,15})?)?$/, 'is not the "next" of a call before').default('').describe('The `next` of the call before; empty at first.'),
}).refine((query) => (query.connection === undefined) === (query.service_id === undefined), { error: 'goes with service_id: give both or neither', path: ['connection'] })

const Answer = z.object({
  success: z.literal(true),
  lines: z.array(z.string()).describe('Each is one JSON object: `kind` tenant, command, step or line.'),
  next: z.string().nullable().describe('Where to go on; null at the end.'),
})

/** Journal lines of one answer: well below what one may weigh. */
const most = 1_000

export function exports(app: Hono<App>): void {
  mount(app, 'GET /operator/export', {
    group: 'Operator', summary: 'Everything that tenants keep', about: 'Of one service, or of all, tenant after tenant. No secret is in it, but customers’ addresses are.', query: Query, answer: Answer, refuses: ['unknown-service'],
  })(async (c, { query: { connection, service_id: service, after } }) => {
    const [last = '', line = '0'] = after.split('.')
    const whose = connection === undefined || service === undefined ? undefined : (await tenantOf(c, { connection, service_id: service })).record.tenant
    const going = after.includes('.')
    // Keys of customers come before those of tenants.
    const key = whose ?? (going ? last : (await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).audited(last || 't', 1))[0])
    if (key === undefined) return { success: true, lines: [], next: null }
    const { lines, next } = await c.env.TENANT.getByName(key).exported(Number(line), most)
    return { success: true, lines, next: next === null ? (whose === undefined ? key : null) : `${key}.${next}` }
  })
}
