// The calls of Paymenter's DNS extension, word for word: zones and records of a customer. Changes answer in plain text that begins
// with `success` or is the message for the customer. Whose zone is meant when a call carries no customer is established by the
// connection's registry, never by what the caller claims: docs/decisions/0012-whose-zone-it-is.md.
import type { Context, Hono, MiddlewareHandler } from 'hono'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { homes } from '../../domain/dns/home.ts'
import { ascii } from '../../domain/dns/host-name.ts'
import { fromProxyWord } from '../../domain/dns/proxysrv.ts'
import { domainName } from '../../domain/domain-name.ts'
import { customerKey } from '../../domain/names.ts'
import type { App, Route } from '../access.ts'
import { mount } from '../mount.ts'
import { Problem, problems, type ProblemCode } from '../problems.ts'
import { maybeUser, userId } from '../user-id.ts'

const text = (what: string) => z.string({ error: `is required: ${what}` }).trim().min(1, `is required: ${what}`)
const domain = text('the domain').max(300, 'is too long')
/** As forms send them: a number, digits, or nothing. */
const whole = z.preprocess((value) => (value === '' || value === null ? undefined : typeof value === 'string' && /^\s*\d{1,10}\s*$/.test(value) ? Number(value) : value), z.int({ error: 'must be a whole number' }).optional())
const idNumber = z.preprocess((value) => (value === '' || value === null ? undefined : typeof value === 'number' ? String(value) : value), z.string({ error: 'must be a number' }).max(40, 'is too long').optional())
const value = z.preprocess((given) => given ?? undefined, z.string({ error: 'must be text' }).max(5_000, 'is too long').optional())

const home = z.preprocess((given) => (given === '' || given === null ? undefined : given), z.enum(homes, { error: `must be one of ${homes.join(', ')}` }).optional()).describe('Where the zone is kept; as configured when left out.')

const Key = z.object({ key: z.string().describe('The key of the billing connection. The whole address is a secret.') })

const AddRecord = z.object({
  user_id: maybeUser, zone_id: idNumber, type: text('the type of the record').max(10, 'is too long'), name: text('the name of the record').max(300, 'is too long'), ttl: whole,
  priority: whole, ip: value, target: value, exchange: value, txt: value, ns: value, data: value.describe('The content of SRV (weight, port, host), CAA, TLSA, or of any type.'),
})

const Data = z.object({
  zones: z.array(z.object({
    zone: z.object({
      id: z.string(), name: z.string(),
      records: z.record(z.string(), z.object({
        id: z.string(), type: z.string(), name: z.string(), data: z.string(), ttl: z.int(), priority: z.int().optional(), active: z.enum(['y', 'n']).describe('`n` while it is on its way.'),
      })),
      name_servers: z.array(z.string()).optional().describe('Of a zone at Cloudflare: to which the domain must be delegated.'),
      delegated: z.boolean().optional().describe('Of a zone at Cloudflare: whether it is.'),
    }),
  })),
  stale: z.boolean().describe('True when ISPConfig or Cloudflare does not answer and this is what was seen last.'),
})

/** What the object answers, or a Problem that says why not. */
type Told = { ok: true; message: string } | { ok: false; code: Extract<ProblemCode, 'bad-request' | 'not-found' | 'conflict' | 'unavailable'>; message: string }

/** Refusals of a plain-text call are plain text too. */
const plainText: MiddlewareHandler<App> = async (c, next) => {
  await next()
  const { error } = c
  if (!error) return
  const [said, status] = error instanceof Problem ? [error.message, problems[error.code].status] : ['Something went wrong on our side. Nothing was lost; please try again.', 500] as const
  const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8', 'x-request-id': c.get('requestId') })
  c.res = undefined
  c.res = new Response(said, { status, headers })
}

const changing = { group: 'DNS zones', forms: { 'text/plain': 'Begins with `success`, or is the message for the customer.' }, refuses: ['not-found', 'conflict'], before: [plainText] } as const

/** Mounts the calls twice: with a bearer key, and under a base URL that carries it. */
export function zones(app: Hono<App>): void {
  for (const base of ['', '/k/:key'] as const) {
    const params = base === '' ? {} : { params: Key }
    const route = <Path extends string>(path: Path): Route & `POST ${string}${Path}` => `POST ${base}${path}` as Route & `POST ${string}${Path}`
    mount(app, route('/customdomain/getdata'), { ...params, group: 'DNS zones', summary: 'A customer’s zones and records', body: z.object({ user_id: userId }), answer: Data, refuses: ['unavailable'] })(async (c, { body }) => {
      const { whose, object } = customerOf(c, body.user_id)
      const data = await object.data(whose)
      if (!data.ok) throw new Problem(data.code, data.message)
      return { zones: data.zones, stale: data.stale }
    })
    mount(app, route('/customdomain/add/zone'), { ...changing, ...params, summary: 'Create a zone', about: 'Kept in ISPConfig, the domain must be delegated to both name servers; at Cloudflare, the answer says to which it must be.', body: z.object({ user_id: userId, domain, home }) })(async (c, { body }) => {
      const judged = domainName(body.domain, configOf(c.env).cluster.zone)
      if (!judged.ok) throw new Problem('bad-request', judged.sentence)
      const { whose, object } = customerOf(c, body.user_id)
      return told(c, await object.addZone(whose, `${judged.domain.name}.`, actorOf(c), body.home))
    })
    mount(app, route('/customdomain/delete/zone'), { ...changing, ...params, summary: 'Delete a zone and its records', about: 'It can be undone.', body: z.object({ user_id: maybeUser, domain }) })(async (c, { body }) => {
      const name = absolute(body.domain)
      const { whose, object } = customerOf(c, body.user_id ?? (await ownerByName(c, name)))
      return told(c, await object.deleteZone(whose, name, actorOf(c)))
    })
    mount(app, route('/customdomain/add/record'), { ...changing, ...params, summary: 'Add a record, or change its TTL', about: '`PROXYSRV` stands for the address of the reverse proxy.', body: AddRecord })(async (c, { body }) => {
      const user = body.user_id ?? (body.zone_id === undefined ? await ownerByName(c, absolute(body.name)) : await ownerById(c, body.zone_id))
      const { whose, object } = customerOf(c, user)
      return told(c, await object.addRecord(whose, { id: body.zone_id }, written(body, configOf(c.env).cluster.proxy.publicIp), actorOf(c)))
    })
    mount(app, route('/customdomain/delete/record'), { ...changing, ...params, summary: 'Delete a record', body: z.object({ user_id: maybeUser, zone_id: idNumber.pipe(text('the id of the zone')), rc_id: idNumber.pipe(text('the id of the record')) }) })(async (c, { body }) => {
      const { whose, object } = customerOf(c, body.user_id ?? (await ownerById(c, body.zone_id)))
      return told(c, await object.deleteRecord(whose, body.zone_id, body.rc_id, actorOf(c)))
    })
  }
}

/** The object of a customer of the caller's own connection; `whose` is the caller's to say only in part. */
export function customerOf(c: Context<App>, user: string) {
  const whose = { connection: c.get('connection'), user }
  return { whose, object: c.env.CUSTOMER.getByName(customerKey(whose.connection, user)) }
}

export const actorOf = (c: Context<App>): string => c.get('connection')

function written(body: z.output<typeof AddRecord>, proxyIp: string) {
  const type = body.type.toUpperCase()
  const field = { A: body.ip, AAAA: body.ip, MX: body.exchange, TXT: body.txt, NS: body.ns }[type] ?? body.target
  return { type, name: body.name, ttl: body.ttl ?? 3_600, priority: body.priority, data: fromProxyWord(field ?? body.data ?? '', proxyIp) }
}

function told(c: Context<App>, answer: Told): Response {
  if (!answer.ok) throw new Problem(answer.code, answer.message)
  return c.text(answer.message)
}

/** As names of zones are kept: lower case, ASCII, with the dot at the end. */
const absolute = (name: string): string => `${(ascii(name.trim()) ?? name.trim().toLowerCase()).replace(/\.$/, '')}.`

const noZone = (): Problem => new Problem('not-found', 'There is no such zone.')

async function ownerById(c: Context<App>, id: string): Promise<string> {
  const user = await registry(c).zoneById(c.get('connection'), id)
  if (user === undefined) throw noZone()
  return user
}

/** A name can be guessed, so its owner must have looked at the zone just now. */
async function ownerByName(c: Context<App>, name: string): Promise<string> {
  const owner = await registry(c).zoneByName(c.get('connection'), name)
  if (!owner) throw noZone()
  if (!owner.looked) throw new Problem('conflict', 'This page is too old. Please reload it and try again.')
  return owner.user
}

const registry = (c: Context<App>) => c.env.ALLOCATOR.getByName(configOf(c.env).cluster.name)
