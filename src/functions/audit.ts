// GET /operator/audit/verify: compares the audit in D1 with the seals that the tenants keep. Reads only.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { auditedTenants, auditOf } from '../db/reports.ts'
import { beforeFirst, firstBreak, type Break } from '../domain/audit-chain.ts'
import { tenantKey } from '../domain/names.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { Problem } from './problems.ts'
import { serviceId } from './service-id.ts'

const Query = z.object({
  connection: z.string().optional().describe('Of the one service to look at, with service_id.'),
  service_id: serviceId.optional(),
  after: z.string().max(64, 'is too long').default('').describe('The `next` of the call before; empty at first.'),
}).refine((query) => (query.connection === undefined) === (query.service_id === undefined), { error: 'goes with service_id: give both or neither', path: ['connection'] })

const Answer = z.object({
  success: z.literal(true),
  intact: z.boolean(),
  tenants: z.int().describe('How many were looked at.'),
  lines: z.int(),
  broken: z.array(z.object({ tenant: z.string(), line: z.number(), why: z.string() })).describe('The first broken line of each tenant that has one.'),
  next: z.string().nullable().describe('Where to go on; null at the end.'),
})

/** Tenants of one call: each takes a few questions, and one request may ask a thousand. */
const tenantsMost = 100
/** Lines looked at together. */
const stretch = 1_000

interface Verified { tenant: string; lines: number; broken?: Break }

export function audit(app: Hono<App>): void {
  mount(app, 'GET /operator/audit/verify', {
    group: 'Operator', summary: 'Whether the audit is as the tenants sealed it', about: 'Of one service, or of the next tenants after `after`.',
    query: Query, answer: Answer, refuses: ['unknown-service'],
  })(async (c, { query: { connection, service_id: service, after } }) => {
    const allocator = c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)
    if (connection !== undefined && service !== undefined) {
      const key = tenantKey(connection, service)
      if (!(await allocator.service(key))) throw new Problem('unknown-service', 'There is no such service.', 'service_id')
      return answer([await verified(c, key)], null)
    }
    const tenants = await allocator.tenants(after, tenantsMost)
    const next = tenants.length < tenantsMost ? null : (tenants.at(-1) ?? null)
    const known = new Set(tenants)
    // Last in any order: whatever stands behind the last tenant belongs to the last page.
    const strangers = (await auditedTenants(c.env.DB, after, next ?? '\uffff')).filter((tenant) => !known.has(tenant))
    const found = await Promise.all(tenants.map((tenant) => verified(c, tenant)))
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
  const tenant = c.env.TENANT.getByName(key)
  // Asked before the copy is read, while the seals are asked for after it: what is told meanwhile is no break.
  const { told } = await tenant.seals(0, 0)
  let [after, previous, lines] = [Number.MIN_SAFE_INTEGER, beforeFirst, 0]
  for (;;) {
    const copy = await auditOf(c.env.DB, key, after, stretch)
    const { seals } = await tenant.seals(after, stretch)
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
