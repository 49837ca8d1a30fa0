// What an operator may say to a tenant: look again, hold, release, give up. Overrides are wishes like any other: they go through
// the tenant, or like billing's through the allocator, never around them.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { customerKey } from '../domain/names.ts'
import { sendCommand } from '../queues/commands.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { Problem } from './problems.ts'
import { userId } from './user-id.ts'
import { actor, connectionName, tenantOf, Whose, why } from './whose.ts'

const Retry = Whose.extend({ actor })

const Held = z.object({
  success: z.literal(true), changed: z.boolean().describe('False when it was so already.'), says: z.string(),
  hold: z.object({ by: z.string(), why: z.string(), at: z.number().describe('Epoch milliseconds.') }).nullable().describe('Who holds it now.'),
})

const Aborted = z.object({ success: z.literal(true), done: z.boolean().describe('False when it was only asked what would happen.'), says: z.string() })

export function overrides(app: Hono<App>): void {
  mount(app, 'POST /operator/retry', {
    group: 'Operator', summary: 'Look at stuck steps again', about: 'After a person has mended what was wrong.',
    body: Retry, answer: z.object({ success: z.literal(true), retried: z.int().describe('How many steps there were.') }), refuses: ['unknown-service'],
  })(async (c, { body }) => ({ success: true, retried: (await (await tenantOf(c, body)).tenant.override({ do: 'retry', actor: body.actor })).steps }))

  mount(app, 'POST /operator/customer/retry', {
    group: 'Operator', summary: 'Look at a customer’s stuck zones and records again', about: 'After a person has mended what was wrong.',
    body: z.object({ connection: connectionName, actor, user_id: userId }), answer: z.object({ success: z.literal(true), retried: z.int().describe('How many rows there were.') }),
  })(async (c, { body }) => ({ success: true, retried: await c.env.CUSTOMER.getByName(customerKey(body.connection, body.user_id)).retry(body.actor) }))

  mount(app, 'POST /operator/hold', {
    group: 'Operator', summary: 'Hold a tenant', about: 'Nothing more is called for it until it is released; what is under way is looked at until its end, and wishes that come meanwhile are taken and wait.',
    body: Whose.extend({ actor, why }), answer: Held, refuses: ['unknown-service', 'conflict'],
  })(async (c, { body }) => held(await (await tenantOf(c, body)).tenant.override({ do: 'hold', actor: body.actor, why: body.why })))

  mount(app, 'POST /operator/release', {
    group: 'Operator', summary: 'Let a held tenant go on', body: Whose.extend({ actor }), answer: Held, refuses: ['unknown-service', 'conflict'],
  })(async (c, { body }) => held(await (await tenantOf(c, body)).tenant.override({ do: 'release', actor: body.actor })))

  mount(app, 'POST /operator/abort', {
    group: 'Operator', summary: 'Give up what is in progress',
    about: 'A new order is taken back; a suspension, resumption or change of plan goes back to what stood before; a customer’s action is cleared away. A termination is final.',
    body: Whose.extend({ actor, why, dry_run: z.boolean('must be true or false').default(false).describe('Only say what would happen.') }), answer: Aborted, refuses: ['unknown-service', 'conflict'],
  })((c, { body }) => abort(c, body))
}

function held({ changed, hold, says, refused }: { changed: boolean; hold: z.infer<typeof Held>['hold']; says: string; refused?: boolean }): z.infer<typeof Held> {
  if (refused) throw new Problem('conflict', says)
  return { success: true, changed, hold, says }
}

async function abort(c: Context<App>, fields: z.infer<typeof Whose> & { actor: string; why: string; dry_run: boolean }): Promise<z.infer<typeof Aborted>> {
  const { connection, service_id: service, actor: who, dry_run: dryRun } = fields
  const { record, tenant } = await tenantOf(c, fields)
  const { says, refused, ask } = await tenant.override({ do: 'abort', actor: who, why: fields.why, seq: record.seq, dryRun })
  if (refused) throw new Problem('conflict', says)
  if (ask) {
    const intake = await c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name).intake({ connection, service, actor: who, ...ask })
    if (intake.answer !== 'taken') throw new Problem('conflict', 'Billing has asked for something else meanwhile: look at it again.')
    await sendCommand(c.env, intake.command)
  }
  return { success: true, done: !dryRun, says }
}
