// GET /operator/audit/verify: compares the audit in D1 with the seals that tenants and customers keep. Reads only.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { auditedTenants, auditOf } from '../db/reports.ts'
import { beforeFirst, firstBreak, type Break } from '../domain/audit-chain.ts'
import { customerKey, isCustomer, tenantKey } from '../domain/names.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { Problem } from './problems.ts'
import { serviceId } from './service-id.ts'
import { userId } from './user-id.ts'

const Query = z.object({
  connection: z.string().optional().describe('Of the one service or customer to look at, with service_id or user_id.'),
  service_id: serviceId.optional(),
  user_id: userId.optional(),
  after: z.string().max(64, 'is too long').default('').describe('The `next` of the call before; empty at first.'),
}).refine(({ connection, service_id: service, user_id: user }) => (connection === undefined ? 0 : 1) === (service === undefined ? 0 : 1) + (user === undefined ? 0 : 1), {
  error: 'goes with service_id or user_id: give both or neither', path: ['connection'],
})

const Answer = z.object({
  success: z.literal(true),
  intact: z.boolean(),
  tenants: z.int().describe('How many were looked at, customers included.'),
  lines: z.int(),
  broken: z.array(z.object({ tenant: z.string(), line: z.number(), why: z.string() })).describe('The first broken line of each tenant or customer that has one.'),
  next: z.string().nullable().describe('Where to go on; null at the end.'),
})

/** Chains of one call: each takes a few questions, and one request may ask a thousand. */
const chainsMost = 100
/** Lines looked at together. */
const stretch = 1_000

interface Verified { tenant: string; lines: number; broken?: Break }

export function audit(app: Hono<App>): void {
  mount(app, 'GET /operator/audit/verify', {
    group: 'Operator', summary: 'Whether the audit is as tenants and customers sealed it', about: 'Of one service, of one customer’s zones and mail, or of the next of all of them after `after`.',
    query: Query, answer: Answer, refuses: ['unknown-service'],
  })(async (c, { query: { connection = '', service_id: service, user_id: user, after } }) => {
    const allocator = c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)
    if (service !== undefined) {
      const key = tenantKey(connection, service)
      if (!(await allocator.service(key))) throw new Problem('unknown-service', 'There is no such service.', 'service_id')
      return answer([await verified(c, key)], null)
    }
    if (user !== undefined) {
      const key = customerKey(connection, user)
      if (!(await allocator.customer(key))) throw new Problem('unknown-service', 'There is no such customer.', 'user_id')
      return answer([await verified(c, key)], null)
    }
    const keys = await allocator.audited(after, chainsMost)
    const next = keys.length < chainsMost ? null : (keys.at(-1) ?? null)
    const known = new Set(keys)
    // Last in any order: whatever stands behind the last of them belongs to the last page.
    const strangers = (await auditedTenants(c.env.DB, after, next ?? '\uffff')).filter((key) => !known.has(key))
    const found = await Promise.all(keys.map((key) => verified(c, key)))
    return answer([...found, ...strangers.map((tenant) => ({ tenant, lines: 0, broken: { line: 0, why: 'nobody ever sold to such a tenant' } }))], next)
  })
}

const answer = (found: readonly Verified[], next: string | null): z.infer<typeof Answer> => ({
  success: true,
  intact: found.every(({ broken }) => !broken),
  tenants: found.length,
  lines: found.reduce((sum, { lines }) => sum + lines, 0),
  broken: found.flatMap(({ tenant, broken }) => (broken ? [{ tenant, ...broken }] : [])),
  next,
})

async function verified(c: Context<App>, key: string): Promise<Verified> {
  const keeper = (isCustomer(key) ? c.env.CUSTOMER : c.env.TENANT).getByName(key)
  // Asked before the copy is read, while the seals are asked for after it: what is told meanwhile is no break.
  const { told } = await keeper.seals(0, 0)
  let [after, previous, lines] = [Number.MIN_SAFE_INTEGER, beforeFirst, 0]
  for (;;) {
    const copy = await auditOf(c.env.DB, key, after, stretch)
    const { seals } = await keeper.seals(after, stretch)
    const until = copy.length < stretch ? Infinity : copy.at(-1)!.line
    const broken = firstBreak(previous, copy, seals.filter(({ line }) => line <= until), told)
    lines += copy.length
    if (broken) return { tenant: key, lines, broken }
    const last = copy.at(-1)
    if (!last || until === Infinity) return { tenant: key, lines }
    after = last.line
    previous = last.hash
  }
}
