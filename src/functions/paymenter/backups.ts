// A site's backups, as Paymenter's extension calls them: the list with its quota, make, delete, go back. Names are chosen by
// the tenant, in one transaction with the wish; nothing here calls an upstream.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { BackupName } from '../../domain/action.ts'
import type { App } from '../access.ts'
import { mount } from '../mount.ts'
import { act, ActionFields, idempotencyKey, loseNewer, serviceOf, unknownService } from './service.ts'

const Named = ActionFields.extend({ bak: BackupName.describe('The name of the backup, as the list has it.') })
const Rollback = Named.extend({ lose_newer: loseNewer })

const Listed = z.object({
  success: z.literal(true), service_id: z.string(),
  quota: z.string().describe('Of the customer\'s own backups, as `2/3`.'),
  used: z.int(), limit: z.int(),
  time_zone: z.string().describe('In which backups are dated.'),
  backups: z.array(z.object({
    name: z.string(),
    kind: z.enum(['manual', 'scheduled', 'off-site']).describe('`manual` counts against the quota. `off-site` lies on the backup storage.'),
    state: z.enum(['being made', 'ready', 'being deleted', 'failed']),
    reason: z.string().nullable().describe('Why it failed.'),
    created_at: z.iso.datetime(),
    size_bytes: z.int().nullable().describe('Null where the storage does not tell.'),
  })).describe('Oldest first.'),
  notices: z.array(z.object({ what: z.string(), why: z.string(), at: z.iso.datetime() })).describe('What could not be done, newest last.'),
})
const Done = z.object({ success: z.literal(true), service_id: z.string(), bak: z.string(), status: z.string().describe('What is under way now, or the state that it already had.') })

const action = { group: 'Backups', answer: Done, refuses: ['unknown-service', 'suspended', 'not-ready'] } as const

export function backups(app: Hono<App>): void {
  mount(app, 'GET /action/getbak', {
    group: 'Backups', summary: 'List the backups and the quota', about: 'Nightly backups are listed too; they do not count against the quota.', query: ActionFields, answer: Listed, refuses: ['unknown-service'],
  })((c, { query }) => list(c, query.service_id))
  mount(app, 'POST /action/mkbak', {
    ...action, summary: 'Make a backup', body: ActionFields, refuses: [...action.refuses, 'quota'],
    about: 'A snapshot named `BAK{DDMMYYYY}-{N}`. With the header `Idempotency-Key` the same call again answers the same backup, for as long as it is kept.',
  })(async (c, { body: { service_id: service } }) => {
    const key = idempotencyKey(c)
    const { answer, backup = '' } = await act(c, service, { do: 'make-backup', ...(key === undefined ? {} : { key }) })
    return { success: true, service_id: service, bak: backup, status: answer === 'done' ? 'being made' : 'asked for already' }
  })
  mount(app, 'POST /action/delbak', { ...action, summary: 'Delete a backup', about: 'A nightly one too.', body: Named })(async (c, { body: { service_id: service, bak } }) => {
    await act(c, service, { do: 'delete-backup', name: bak })
    return { success: true, service_id: service, bak, status: 'being deleted' }
  })
  mount(app, 'POST /action/rollback', {
    ...action, summary: 'Put a site back to a backup', body: Rollback, refuses: [...action.refuses, 'costs'],
    about: 'The storage goes back to its newest snapshot only, and an off-site copy takes the place of the whole disk: what snapshots it would cost is refused with their names, unless `lose_newer` is true. The site is away meanwhile.',
  })(async (c, { body: { service_id: service, bak, lose_newer } }) => {
    await act(c, service, { do: 'rollback', name: bak, loseNewer: lose_newer })
    return { success: true, service_id: service, bak, status: 'rolling back' }
  })
}

async function list(c: Context<App>, service: string): Promise<z.infer<typeof Listed>> {
  const { record, tenant } = await serviceOf(c, service)
  if (record.target === 'undone') throw unknownService()
  const { used, limit, backups: all, notices } = (await tenant.backups()) ?? { used: 0, limit: 0, backups: [], notices: [] }
  const iso = (at: number): string => new Date(at).toISOString()
  return {
    success: true, service_id: service, quota: `${used}/${limit}`, used, limit, time_zone: configOf(c.env).cluster.timeZone,
    backups: all.map(({ name, kind, state, reason, sizeBytes, at }) => ({ name, kind, state: words[state], reason, created_at: iso(at), size_bytes: sizeBytes })),
    notices: notices.map(({ what, why, at }) => ({ what, why, at: iso(at) })),
  }
}

/** The reports' words, as a customer reads them. */
const words = { 'being made': 'being made', good: 'ready', 'being removed': 'being deleted', failed: 'failed' } as const
