// What may be asked for inside a site that stands, beyond its order: the playbooks that questions and jobs go by, what each is told
// and what it answers. The gateway reads the same parameters (gateway/playbook-list.ts), the node checks the same patterns again.
import * as z from 'zod'

const host = /[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*/.source
const text = (pattern: string, message: string, missing = message): z.ZodString => z.string({ error: missing }).max(300, 'is too long').regex(new RegExp(`^(?:${pattern})$`), message)

export const Login = text('[A-Za-z0-9][A-Za-z0-9 _.@-]{0,59}', 'must be the name of a user')
export const Slug = text('[a-z0-9][a-z0-9_-]{0,99}', 'must be the short name of a plugin or theme')
export const Place = text(`(?:https?://)?${host}(?::\\d{1,5})?`, 'must be a host name, with or without http:// or https://')
export const PhpVersion = text('[78]\\.\\d', 'must be a version of PHP such as 8.3', 'is required: a version of PHP such as 8.3')
export const OnOff = z.enum(['on', 'off'], { error: 'must be on or off' })
export const DumpOf = z.enum(['database', 'files', 'all'], { error: 'must be database, files or all' })

/** Questions to WP-CLI: they change nothing. */
export const WpQuestion = z.strictObject({ action: z.enum(['core-version', 'plugin-list', 'theme-list', 'cron-list'], { error: 'must be one of core-version, plugin-list, theme-list, cron-list' }) })

/** Done a second time, a replacement must find nothing: `example.com` by `www.example.com` would then be `www.www.example.com`. */
export const bearsRepeating = (from: string, to: string): boolean => !to.includes(from)
export const repeated = 'must not contain what is searched for: write both with https:// before them'

/** What WP-CLI may be told to do. */
export const WpChange = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(['core-update', 'cache-flush', 'cron-run']) }),
  z.strictObject({ action: z.enum(['plugin-update', 'theme-update']), name: Slug.optional() }),
  z.strictObject({ action: z.literal('search-replace'), from: Place, to: Place, dryRun: z.boolean() }).refine(({ from, to }) => bearsRepeating(from, to), { path: ['to'], error: repeated }),
  z.strictObject({ action: z.literal('maintenance'), state: OnOff }),
])
export type WpChange = z.infer<typeof WpChange>

/** Asked while the caller waits; leaves nothing behind but, for a while, the digest of a log-in link. */
export const Question = z.discriminatedUnion('playbook', [
  z.object({ playbook: z.literal('login-link'), parameters: z.strictObject({ login: Login.optional() }) }),
  z.object({ playbook: z.literal('disk-use'), parameters: z.strictObject({}) }),
  z.object({ playbook: z.literal('wp'), parameters: WpQuestion }),
])
export type Question = z.infer<typeof Question>

/** Changes the site, or takes its time: carried out behind the answer, one at a time, and bears to be done twice. */
export const Job = z.discriminatedUnion('playbook', [
  z.object({ playbook: z.literal('wp'), parameters: WpChange }),
  z.object({ playbook: z.literal('php-version'), parameters: z.strictObject({ version: PhpVersion }) }),
  z.object({ playbook: z.literal('dump'), parameters: z.strictObject({ what: DumpOf }) }),
])
export type Job = z.infer<typeof Job>

const bytes = z.int().min(0)

/** A plugin or a theme, as WP-CLI tells it. Of what is not updated by its name, such as must-use plugins, it says that the update is `false`. */
const Extension = z.object({ name: z.string(), status: z.string(), update: z.union([z.string(), z.boolean()]), version: z.string() })
const Extensions = z.object({ list: z.array(Extension) })
const Version = z.object({ version: z.string() })
const Changed = z.object({ changed: z.int() })
const Done = z.object({ done: z.literal(true) })
const Files = z.object({ files: z.array(z.object({ path: z.string(), bytes, sha256: z.string() })) })

/** A secret. */
export const LoginLink = z.object({ url: z.url(), expiresAt: z.string() })
export type LoginLink = z.infer<typeof LoginLink>
export const DiskUse = z.object({ totalBytes: bytes, usedBytes: bytes, freeBytes: bytes, filesBytes: bytes, uploadsBytes: bytes, databaseBytes: bytes })
export type DiskUse = z.infer<typeof DiskUse>
const CronEvents = z.object({ list: z.array(z.object({ hook: z.string(), next_run_gmt: z.string(), recurrence: z.string() })) })
export const WpAnswer = z.union([Version, Extensions, CronEvents])
export type WpAnswer = z.infer<typeof WpAnswer>

export type Answer = LoginLink | DiskUse | WpAnswer
/** What each question is answered with. */
export const answersTo: Readonly<Record<Question['playbook'], z.ZodType<Answer>>> = { 'login-link': LoginLink, 'disk-use': DiskUse, wp: WpAnswer }

/** What a job leads to; never a secret, because it is kept. */
export const JobResult = z.union([Version, Extensions, Changed, Done, Files])
export type JobResult = z.infer<typeof JobResult>

/** So many plugins or themes of a list are kept. */
const listedMax = 60

/** The result of a job as it is kept. */
export const bounded = (result: JobResult): JobResult => ('list' in result ? { list: result.list.slice(0, listedMax) } : result)

/** In the customer's words. */
export function titleOfJob({ playbook, parameters }: Job): string {
  if (playbook === 'php-version') return `Change to PHP ${parameters.version}`
  if (playbook === 'dump') return parameters.what === 'all' ? 'Dump' : `Dump of the ${parameters.what}`
  switch (parameters.action) {
    case 'core-update':
      return 'Update of WordPress'
    case 'plugin-update':
      return parameters.name === undefined ? 'Update of the plugins' : `Update of the plugin ${parameters.name}`
    case 'theme-update':
      return parameters.name === undefined ? 'Update of the themes' : `Update of the theme ${parameters.name}`
    case 'cache-flush':
      return 'Emptying of the caches'
    case 'search-replace':
      return parameters.dryRun ? 'Trial of a replacement' : 'Replacement of an address'
    case 'maintenance':
      return `Maintenance page ${parameters.state}`
    case 'cron-run':
      return 'Run of the due events'
  }
}

/** How a playbook ended that did not do it. */
export interface Ended { exit?: string | undefined; output?: string | undefined }

/** Exit codes of docs/gateway.md that prove that nothing was done, and that may be different in a moment. */
const passing = new Set(['66', '75', 'unreachable'])

/** Proxmox's words for a container that is down. */
const down = /not running/

/** It did nothing, and may be told again in a while. */
export const passes = ({ exit = '', output = '' }: Ended): boolean => passing.has(exit) || (exit === '69' && down.test(output))

/** Why it was not done, for the customer: a playbook's last word is written for people; how else it ended is nothing for them. */
export function wordsOf({ exit = '', output = '' }: Ended): string {
  const last = output.trim().split('\n').at(-1)!.replace(/\p{Cc}/gu, '').trim().slice(0, 200)
  if (down.test(last)) return 'the site does not run'
  if (exit === '75') return 'something else is under way inside the site'
  return (exit === '1' || exit === '69') && last !== '' ? last : 'the site could not do it'
}
