// What an operator may see of tenants, the gate and the systems behind; and the rebuilding of the reports.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { isCustomer } from '../domain/names.ts'
import { supportStatuses, tierNames } from '../domain/support.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { OrderView } from './orders/order-view.ts'
import { Problem } from './problems.ts'
import { tenantOf, Whose } from './whose.ts'

const After = z.object({ after: z.string('is not a text').max(64, 'is too long').default('').describe('The `next` of the call before; empty at first.') })

const JournalLine = z.object({
  i: z.int(), at: z.number().describe('Epoch milliseconds.'), seq: z.int(), epoch: z.int(), step: z.string().nullable(), attempt: z.int(),
  event: z.string(), detail: z.string().nullable().describe('JSON text.'),
})

const Hold = z.object({ by: z.string(), why: z.string(), at: z.number().describe('Epoch milliseconds.') }).describe('Who holds it.')

const supported = { status: z.enum(supportStatuses), tier: z.enum(tierNames), generation: z.int().describe('How many keys this service has had.') }

const Subscription = z.object({
  connection: z.string(), service: z.string(), email: z.string(), firstname: z.string(), lastname: z.string(), ...supported,
  createdAt: z.number().describe('Epoch milliseconds.'), changedAt: z.number().describe('Epoch milliseconds.'), version: z.int().describe('Line of the history up to which this is true.'),
})

const HistoryLine = z.object({ i: z.int(), at: z.number().describe('Epoch milliseconds.'), verb: z.string(), ...supported, actor: z.string() })

const Gate = z.object({
  success: z.literal(true),
  leases: z.record(z.string(), z.int()).describe('Leases held, by pool.'),
  stopped: z.array(z.object({ system: z.string(), until: z.number(), why: z.string() })).describe('Systems that nobody is let through to at the moment.'),
})

const Systems = z.object({
  success: z.literal(true),
  systems: z.array(z.object({ system: z.string(), why: z.string().nullable().describe('Null where it answers as it should.') })),
  cluster: z.array(z.object({
    kind: z.string().describe('replicas, tie-breaker, quorum, room, template, cluster-lock, gateway-clock; unasked: nobody could tell.'),
    subject: z.string().describe('The resource, node, storage or system.'), grave: z.boolean(), says: z.string(),
  })).describe('What is wrong in the cluster; empty when nothing is.'),
})

/** Objects of one rebuilding call: well within what one request may call. */
const most = 200

export function operator(app: Hono<App>): void {
  mount(app, 'GET /operator/tenant', {
    group: 'Operator', summary: 'Where a tenant stands, and the newest lines of its journal', about: 'Oldest first; `order` is null before the first command has arrived.',
    query: Whose, answer: z.object({ success: z.literal(true), order: OrderView.nullable(), hold: Hold.nullable(), journal: z.array(JournalLine) }), refuses: ['unknown-service'],
  })(async (c, { query }) => {
    const { tenant } = await tenantOf(c, query)
    const [order, hold, journal] = await Promise.all([tenant.view(), tenant.hold(), tenant.journal(200)])
    return { success: true, order: order ?? null, hold, journal }
  })

  mount(app, 'POST /operator/reports', {
    group: 'Operator', summary: 'Rebuild the reporting copy', about: `The next ${most} tenants and customers after \`after\` tell it everything again. Go on with \`next\` until it is null.`,
    body: After, answer: z.object({ success: z.literal(true), told: z.int(), next: z.string().nullable() }),
  })(async (c, { body: { after } }) => {
    const keys = await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).audited(after, most)
    await Promise.all(keys.map((key) => (isCustomer(key) ? c.env.CUSTOMER : c.env.TENANT).getByName(key).report()))
    if (after === '') await supportDesk(c).report()
    return { success: true, told: keys.length, next: keys.length < most ? null : keys.at(-1) ?? null }
  })

  mount(app, 'GET /operator/support', {
    group: 'Operator', summary: 'A support subscription and every change of it', about: 'Oldest first. Nobody can be told its key.',
    query: Whose, answer: z.object({ success: z.literal(true), subscription: Subscription, history: z.array(HistoryLine) }), refuses: ['unknown-service'],
  })(async (c, { query: { connection, service_id: service } }) => {
    const story = await supportDesk(c).story(connection, service)
    if (!story) throw new Problem('unknown-service', 'There is no such support subscription.', 'service_id')
    return { success: true, ...story }
  })

  mount(app, 'GET /operator/gate', { group: 'Operator', summary: 'Who holds which place at the cluster, and which systems are away', answer: Gate })(
    async (c) => ({ success: true, ...(await c.env.GATE.getByName(configOf(c.env).cluster.name).usage()) }))

  mount(app, 'GET /operator/systems', { group: 'Operator', summary: 'Whether each system answers now, and what is wrong in the cluster', about: 'Reads only; takes some seconds when one is away.', answer: Systems })(
    async (c) => ({ success: true, ...(await c.env.GATE.getByName(configOf(c.env).cluster.name).systems()) }))
}

const supportDesk = (c: Context<App>) => c.env.SUPPORT.getByName(configOf(c.env).cluster.name)
