// What the DNS extension has no calls for: history and undo, zone files in and out, templates. JSON, with a bearer key only.
import type { Hono } from 'hono'
import * as z from 'zod'
import { templateList, templateNames } from '../domain/dns/zone-templates.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { actorOf, customerOf } from './paymenter/zones.ts'
import { Problem } from './problems.ts'
import { userId } from './user-id.ts'

const domain = z.string({ error: 'is required: the domain' }).trim().min(1, 'is required: the domain').max(300, 'is too long')
const Source = { file: z.string({ error: 'must be text' }).max(200_000, 'is too long').optional().describe('A zone file: the zone becomes what it says.'), template: z.enum(templateNames, { error: `must be one of ${templateNames.join(', ')}` }).optional() }
const one = (given: { file?: string | undefined; template?: string | undefined }): boolean => (given.file === undefined) !== (given.template === undefined)
const either = { error: 'is required: a zone file, or a template', path: ['file'] }
const Whose = z.object({ user_id: userId, domain })

const Change = z.object({
  n: z.int(), at: z.number().describe('Epoch ms.'), actor: z.string(), what: z.string(), state: z.enum(['pending', 'done', 'failed']), why: z.string().nullable(),
  undoes: z.int().nullable(), undone: z.int().nullable(),
})
const Line = z.object({ line: z.int(), message: z.string() })
const Planned = z.object({
  success: z.literal(true),
  plan: z.string().describe('What the apply call must name.'),
  changes: z.array(z.object({ action: z.enum(['create', 'update', 'delete']), before: z.string().optional(), after: z.string().optional() })),
  findings: z.array(z.object({ level: z.enum(['error', 'warning']), name: z.string(), type: z.string(), message: z.string() })),
  confirm: z.string().optional().describe('Why the apply call must carry `confirm`.'),
  problems: z.array(Line).describe('Lines that cannot be taken; while there are any nothing is applied.'),
  left: z.array(Line).describe('Lines that are left out on purpose.'),
})
const Done = z.object({ success: z.literal(true), message: z.string() })

/** A zone file is longer than a form. */
const bodyMaxBytes = 256 * 1_024

export function zoneTools(app: Hono<App>): void {
  mount(app, 'GET /zones/history', {
    group: 'DNS zones', summary: 'What was changed, newest first', query: z.object({ user_id: userId, before: z.string().regex(/^[1-9]\d{0,9}$/, 'must be the number of a change').transform(Number).optional() }), answer: z.object({ success: z.literal(true), changes: z.array(Change) }),
  })(async (c, { query }) => {
    const { object } = customerOf(c, query.user_id)
    return { success: true, changes: await object.history(query.before ?? Number.MAX_SAFE_INTEGER, 100) }
  })
  mount(app, 'POST /zones/undo', {
    group: 'DNS zones', summary: 'Take a change back', about: 'By a change of its own, which can be undone again. A deleted zone comes back with its records.',
    body: z.object({ user_id: userId, change: z.int({ error: 'is required: the number of the change' }).positive('must be the number of a change') }), answer: Done, refuses: ['not-found', 'conflict'],
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    return done(await object.undo(whose, body.change, actorOf(c)))
  })
  mount(app, 'POST /zones/plan', {
    group: 'DNS zones', summary: 'What a zone file or a template would change', body: Whose.extend(Source).refine(one, either), bodyMaxBytes, answer: Planned, refuses: ['not-found', 'conflict'],
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    const plan = await object.plan(whose, body.domain, sourceOf(body))
    if (!plan.ok) throw new Problem(plan.code, plan.message)
    if (!('plan' in plan)) throw new Error('a plan was asked for')
    const { ok: _, ...shown } = plan
    return { success: true, ...shown }
  })
  mount(app, 'POST /zones/apply', {
    group: 'DNS zones', summary: 'Do what a plan showed', about: 'All of it or nothing; refused when the zone has changed since.',
    body: Whose.extend({ ...Source, plan: z.string({ error: 'is required: the plan that was shown' }).max(64, 'is too long'), confirm: z.boolean({ error: 'must be true or false' }).default(false) }).refine(one, either), bodyMaxBytes, answer: Done, refuses: ['not-found', 'conflict'],
  })(async (c, { body }) => {
    const { whose, object } = customerOf(c, body.user_id)
    const answer = await object.plan(whose, body.domain, sourceOf(body), { plan: body.plan, confirmed: body.confirm, actor: actorOf(c) })
    if ('plan' in answer) throw new Error('a plan was to be applied')
    return done(answer)
  })
  mount(app, 'GET /zones/export', {
    group: 'DNS zones', summary: 'A zone as a zone file', query: Whose, forms: { 'text/dns': 'As BIND reads it.' }, refuses: ['not-found', 'conflict'],
  })(async (c, { query }) => {
    const { whose, object } = customerOf(c, query.user_id)
    const answer = await object.export(whose, query.domain)
    if (!answer.ok) throw new Problem(answer.code, answer.message)
    return c.body(answer.file, 200, { 'content-type': 'text/dns; charset=utf-8' })
  })
  mount(app, 'GET /zones/templates', {
    group: 'DNS zones', summary: 'The templates', answer: z.object({ success: z.literal(true), templates: z.array(z.object({ name: z.enum(templateNames), title: z.string(), about: z.string() })) }),
  })(() => ({ success: true, templates: templateList() }))
}

const sourceOf = ({ file, template }: { file?: string | undefined; template?: (typeof templateNames)[number] | undefined }) => (template === undefined ? { file: file ?? '' } : { template })

function done(answer: { ok: true; message: string } | { ok: false; code: 'bad-request' | 'not-found' | 'conflict' | 'unavailable'; message: string }) {
  if (!answer.ok) throw new Problem(answer.code, answer.message)
  return { success: true as const, message: answer.message }
}
