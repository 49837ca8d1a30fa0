// Which playbooks there are, what each may be told, what it answers, how long it may take. The node checks the same names and
// patterns again (gateway/node/berth-node); a parameter is a word or a text, never a command.
import * as z from 'zod'
import { DiskUse, DumpOf, Login, LoginLink, OnOff, PhpVersion, WpChange, WpQuestion } from '../src/domain/site-tools.ts'

export interface Playbook {
  parameters: z.ZodType<Record<string, unknown>>
  /** What it answers when it ends well; anything else counts as not understood. */
  result: z.ZodType
  /** How long the node lets it run, in seconds. */
  seconds: number
  /** What it answers is handed over once and written down nowhere. */
  secret?: true
}

const host = /[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*/.source
const text = (pattern: string, message: string): z.ZodString => z.string().max(300).regex(new RegExp(`^(?:${pattern})$`), message)

const site = {
  hostname: text(host, 'must be a host name in lower case').max(253),
  url: text(`https?://${host}(?::\\d{1,5})?/?`, 'must be http:// or https:// and a host name, without a path'),
  title: z.string().regex(/^[^\p{Cc}]{1,200}$/u, 'must be 1 to 200 printable characters'),
  adminEmail: z.email().max(254).regex(/^.{1,64}@/, 'must have at most 64 characters before the @'),
}
const state = z.object({ installed: z.boolean(), busy: z.boolean(), url: z.string().optional(), title: z.string().optional(), version: z.string().optional() })
const bytes = z.int().min(0)
const list = z.object({ list: z.array(z.record(z.string(), z.unknown())) })

/** WP-CLI, as far as it goes: what may be asked and done, and with what. */
const wp = z.discriminatedUnion('action', [WpQuestion, ...WpChange.options])

export const playbooks: Readonly<Record<string, Playbook>> = {
  'install-wordpress': { parameters: z.strictObject(site), result: state, seconds: 1500 },
  'personalise-wordpress': { parameters: z.strictObject({ ...site, address: z.ipv4() }), result: state, seconds: 300 },
  'wordpress-state': { parameters: z.strictObject({}), result: state, seconds: 60 },
  'suspend-page': { parameters: z.strictObject({ state: OnOff }), result: z.object({ suspended: z.boolean() }), seconds: 60 },
  'login-link': { parameters: z.strictObject({ login: Login.optional() }), result: LoginLink, seconds: 60, secret: true },
  wp: { parameters: wp, result: z.union([list, z.object({ version: z.string() }), z.object({ changed: z.int() }), z.object({ done: z.literal(true) })]), seconds: 900 },
  'php-version': { parameters: z.strictObject({ version: PhpVersion }), result: z.object({ version: z.string() }), seconds: 600 },
  dump: {
    parameters: z.strictObject({ what: DumpOf }),
    result: z.object({ files: z.array(z.object({ path: z.string(), bytes, sha256: z.string() })) }), seconds: 3000,
  },
  'unlock-container': { parameters: z.strictObject({ lock: z.literal('create') }), result: z.undefined(), seconds: 60 },
  'disk-use': { parameters: z.strictObject({}), result: DiskUse, seconds: 60 },
}
