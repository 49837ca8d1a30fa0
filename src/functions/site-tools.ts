// The inside of a site that stands: a log-in link, how full its disk is, WP-CLI, its PHP, dumps. Questions are asked while the
// caller waits; what changes something is a job, durable in the tenant when it is answered, whose end is read with GET /site/jobs.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Told } from '../domain/action.ts'
import { bearsRepeating, DumpOf, JobResult, Login, OnOff, PhpVersion, Place, repeated, Slug, WpAnswer, WpQuestion, type DiskUse, type Job, type LoginLink, type Question, type WpChange } from '../domain/site-tools.ts'
import type { App } from './access.ts'
import { mount } from './mount.ts'
import { act, comingBack, idempotencyKey, Service, serviceOf, suspendedService, unknownService } from './paymenter/service.ts'
import { Problem } from './problems.ts'

const Asked = Service.extend({ question: WpQuestion.shape.action })
const Update = Service.extend({
  update: z.enum(['core', 'plugins', 'themes'], { error: 'must be core, plugins or themes' }),
  slug: Slug.optional().describe('The plugin or theme that is meant; without it all of them.'),
})
const Replace = Service.extend({
  search: Place.describe('The address that stands there, like `https://old.example.com`.'),
  replace: Place.describe('The one that takes its place; it must not contain the other one.'),
  dry_run: z.boolean('must be true or false').default(false).describe('Count, but change nothing.'),
}).refine(({ search, replace }) => bearsRepeating(search, replace), { path: ['replace'], error: repeated })

const answered = { success: z.literal(true), service_id: z.string() }
const Link = z.object({ ...answered, url: z.url().describe('Lets whoever opens it into wp-admin, once. A secret: kept nowhere, never answered again.'), expires_at: z.iso.datetime() })
const DiskUsed = z.object({
  ...answered, total_bytes: z.int(), used_bytes: z.int(), free_bytes: z.int(),
  files_bytes: z.int().describe('WordPress and all that lies in it.'), uploads_bytes: z.int().describe('Of these, the uploads.'), database_bytes: z.int(),
})
const Said = z.object({ ...answered, answer: WpAnswer.describe('`version`, or a `list` of plugins, themes or events.') })
const Begun = z.object({ ...answered, job: z.int().describe('Its number in `GET /site/jobs`.'), status: z.enum(['under way', 'asked for already']) })
const Jobs = z.object({
  ...answered,
  jobs: z.array(z.object({
    job: z.int(), title: z.string(), tool: z.enum(['wp', 'php-version', 'dump']),
    asked: z.record(z.string(), z.union([z.string(), z.boolean()])).describe('What the playbook was told.'),
    state: z.enum(['under way', 'done', 'failed']),
    reason: z.string().nullable().describe('Why it failed.'),
    asked_at: z.iso.datetime(), ended_at: z.iso.datetime().nullable(),
    result: JobResult.nullable().describe('Null when it has not ended well, or nobody has its result any more.'),
  })).describe('Newest first: what is under way, and the last ten that have ended.'),
})

const group = 'Site tools'
const question = { group, refuses: ['unknown-service', 'suspended', 'not-ready', 'conflict', 'unavailable'] } as const
const job = { group, answer: Begun, refuses: ['unknown-service', 'suspended', 'not-ready'] } as const
const behind = 'Done behind the answer, one job at a time: `GET /site/jobs` says what came of it. With the header `Idempotency-Key` the same call again is the same job, for as long as it is listed.'

/** Paymenter's calls give up after 25 seconds. */
const patienceMs = 20_000

export function siteTools(app: Hono<App>): void {
  mount(app, 'POST /site/login-link', {
    ...question, summary: 'A link that logs in to WordPress', body: Service.extend({ login: Login.optional().describe('The name of a user of that WordPress; without it the first administrator.') }), answer: Link,
    about: 'Good for two minutes, once. When the answer is lost, ask for a new one.',
  })(async (c, { body: { service_id: service, login } }) => {
    const { url, expiresAt } = await asked<LoginLink>(c, service, { playbook: 'login-link', parameters: login === undefined ? {} : { login } })
    c.header('cache-control', 'no-store')
    return { success: true, service_id: service, url, expires_at: new Date(expiresAt).toISOString() }
  })
  mount(app, 'GET /site/disk-use', { ...question, summary: 'What is used of the disk', query: Service, answer: DiskUsed })(async (c, { query: { service_id: service } }) => {
    const { totalBytes, usedBytes, freeBytes, filesBytes, uploadsBytes, databaseBytes } = await asked<DiskUse>(c, service, { playbook: 'disk-use', parameters: {} })
    return { success: true, service_id: service, total_bytes: totalBytes, used_bytes: usedBytes, free_bytes: freeBytes, files_bytes: filesBytes, uploads_bytes: uploadsBytes, database_bytes: databaseBytes }
  })
  mount(app, 'GET /site/wp', { ...question, summary: 'Ask WP-CLI', about: 'The version, the plugins and themes with what is new of them, the events of WP-Cron.', query: Asked, answer: Said })(
    async (c, { query: { service_id: service, question: action } }) => ({ success: true, service_id: service, answer: await asked<WpAnswer>(c, service, { playbook: 'wp', parameters: { action } }) }))
  mount(app, 'POST /site/wp/update', { ...job, summary: 'Update WordPress, its plugins or its themes', about: `${behind} Make a backup first: an update is not taken back by itself.`, body: Update })(
    (c, { body: { service_id: service, update, slug } }) => {
      if (update === 'core' && slug !== undefined) throw new Problem('bad-request', 'slug: is for plugins and themes only', 'slug')
      return begun(c, service, wp(update === 'core' ? { action: 'core-update' } : { action: update === 'plugins' ? 'plugin-update' : 'theme-update', ...(slug === undefined ? {} : { name: slug }) }))
    })
  mount(app, 'POST /site/wp/search-replace', { ...job, summary: 'Replace an address in the database', about: `${behind} Make a backup first.`, body: Replace })(
    (c, { body: { service_id: service, search, replace, dry_run: dryRun } }) => begun(c, service, wp({ action: 'search-replace', from: search, to: replace, dryRun })))
  mount(app, 'POST /site/wp/maintenance', { ...job, summary: 'Show visitors WordPress’s maintenance page, or no longer', about: behind, body: Service.extend({ state: OnOff }) })(
    (c, { body: { service_id: service, state } }) => begun(c, service, wp({ action: 'maintenance', state })))
  mount(app, 'POST /site/wp/cache-flush', { ...job, summary: 'Empty the caches of a site', about: behind, body: Service })((c, { body: { service_id: service } }) => begun(c, service, wp({ action: 'cache-flush' })))
  mount(app, 'POST /site/wp/cron-run', { ...job, summary: 'Run the events of WP-Cron that are due', about: behind, body: Service })((c, { body: { service_id: service } }) => begun(c, service, wp({ action: 'cron-run' })))
  mount(app, 'POST /site/php-version', {
    ...job, summary: 'Let a site run on another PHP', about: `${behind} When the site does not answer on it, the old one is put back, and the job has failed.`, body: Service.extend({ version: PhpVersion }),
  })((c, { body: { service_id: service, version } }) => begun(c, service, { playbook: 'php-version', parameters: { version } }))
  mount(app, 'POST /site/dump', {
    ...job, summary: 'Write out the database, the files, or both', about: `${behind} The archives lie inside the site, the newest only, and are no backup: they are lost with it.`, body: Service.extend({ what: DumpOf }),
  })((c, { body: { service_id: service, what } }) => begun(c, service, { playbook: 'dump', parameters: { what } }))
  mount(app, 'GET /site/jobs', { group, summary: 'What is being done inside a site, and what came of it', query: Service, answer: Jobs, refuses: ['unknown-service'] })(
    async (c, { query: { service_id: service } }) => {
      const { record, tenant } = await serviceOf(c, service)
      if (record.target === 'undone') throw unknownService()
      const iso = (at: number): string => new Date(at).toISOString()
      const all = (await tenant.jobs()) ?? []
      return {
        success: true, service_id: service,
        jobs: all.map(({ n, title, job: { playbook: tool, parameters }, state, why, at, endedAt, result }) =>
          ({ job: n, title, tool, asked: Object.fromEntries(Object.entries(parameters)) as Record<string, string | boolean>, state, reason: why, asked_at: iso(at), ended_at: endedAt === null ? null : iso(endedAt), result })),
      }
    })
}

/** The answer to a question; what is refused is thrown as a Problem. */
async function asked<T>(c: Context<App>, service: string, question: Question): Promise<T> {
  const { record, tenant } = await serviceOf(c, service)
  if (record.target === 'suspended') throw suspendedService()
  const told = (await tenant.ask(question, patienceMs)) as Told<T>
  if (told.answer === 'told') return told.result
  if (told.code === 'unknown') throw unknownService()
  throw new Problem(told.code === 'silent' ? 'unavailable' : told.code === 'failed' ? 'conflict' : 'not-ready', told.code === 'suspended' ? comingBack : told.message)
}

async function begun(c: Context<App>, service: string, what: Job): Promise<z.infer<typeof Begun>> {
  const key = idempotencyKey(c)
  const { answer, job: number = 0 } = await act(c, service, { do: 'job', job: what, ...(key === undefined ? {} : { key }) })
  return { success: true, service_id: service, job: number, status: answer === 'done' ? 'under way' : 'asked for already' }
}

const wp = (parameters: WpChange): Job => ({ playbook: 'wp', parameters })
