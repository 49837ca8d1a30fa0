// Who may call what: one table of route -> credential, and the guards that read it. A route that is not in the table cannot
// be mounted. Keys are stored as hashes and compared in constant time.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { RequestIdVariables } from 'hono/request-id'
import { configOf } from '../config.ts'
import { Problem } from './problems.ts'

export interface App { Bindings: Env; Variables: RequestIdVariables & { connection: string; desk: string } }

/**
 * - `connection` the bearer key of a billing connection: sees and changes that connection's services only
 * - `connection-path` the same key as a segment of the path (`/k/<key>/…`), for extensions that send no header: a secret, shown nowhere
 * - `order-link` the unguessable link of one order, read only
 * - `operator`   the operator's bearer key
 * - `help-desk`  the bearer key of a help desk: asks about support keys of one connection's customers, nothing else
 * - `public`     anybody
 */
export type Credential = 'connection' | 'connection-path' | 'order-link' | 'operator' | 'help-desk' | 'public'

export const access = {
  'GET /health': 'public',
  'GET /openapi.json': 'public',
  'GET /reference': 'public',
  'POST /create-site': 'connection',
  'POST /delete-site': 'connection',
  'POST /suspend': 'connection',
  'POST /unsuspend': 'connection',
  'GET /status': 'connection',
  'POST /wp/upgrade/': 'connection',
  'POST /wp/upgrade': 'connection',
  'POST /wp/upgrade/preview': 'connection',
  'POST /action/start': 'connection',
  'POST /action/stop': 'connection',
  'POST /action/restart': 'connection',
  'POST /action/reset': 'connection',
  'POST /action/toggle': 'connection',
  'GET /action/getbak': 'connection',
  'POST /action/mkbak': 'connection',
  'POST /action/delbak': 'connection',
  'POST /action/rollback': 'connection',
  'POST /action/setdomain': 'connection',
  'POST /action/deldomain': 'connection',
  'GET /action/getdomain': 'connection',
  'POST /customdomain/add': 'connection',
  'GET /domains/:name/doctor': 'connection',
  'POST /site/login-link': 'connection',
  'GET /site/disk-use': 'connection',
  'GET /site/wp': 'connection',
  'POST /site/wp/update': 'connection',
  'POST /site/wp/search-replace': 'connection',
  'POST /site/wp/maintenance': 'connection',
  'POST /site/wp/cache-flush': 'connection',
  'POST /site/wp/cron-run': 'connection',
  'POST /site/php-version': 'connection',
  'POST /site/dump': 'connection',
  'GET /site/jobs': 'connection',
  'POST /support/create': 'connection',
  'POST /support/suspend': 'connection',
  'POST /support/unsuspend': 'connection',
  'POST /support/terminate': 'connection',
  'POST /support/verify': 'help-desk',
  'POST /customdomain/getdata': 'connection',
  'POST /customdomain/add/zone': 'connection',
  'POST /customdomain/delete/zone': 'connection',
  'POST /customdomain/add/record': 'connection',
  'POST /customdomain/delete/record': 'connection',
  'POST /k/:key/customdomain/getdata': 'connection-path',
  'POST /k/:key/customdomain/add/zone': 'connection-path',
  'POST /k/:key/customdomain/delete/zone': 'connection-path',
  'POST /k/:key/customdomain/add/record': 'connection-path',
  'POST /k/:key/customdomain/delete/record': 'connection-path',
  'GET /zones/history': 'connection',
  'POST /zones/undo': 'connection',
  'POST /zones/plan': 'connection',
  'POST /zones/apply': 'connection',
  'GET /zones/export': 'connection',
  'GET /zones/templates': 'connection',
  'POST /mail/domain/add': 'connection',
  'POST /mail/domain/delete': 'connection',
  'POST /mail/domain/get': 'connection',
  'GET /mail/check': 'connection',
  'POST /mail/mailbox/add': 'connection',
  'POST /mail/mailbox/password': 'connection',
  'POST /mail/mailbox/delete': 'connection',
  'POST /mail/alias/add': 'connection',
  'POST /mail/alias/delete': 'connection',
  'POST /mail/forward/add': 'connection',
  'POST /mail/forward/delete': 'connection',
  'GET /.well-known/mta-sts.txt': 'public',
  'GET /orders/:id': 'order-link',
  'GET /orders/:id/events': 'order-link',
  'POST /operator/retry': 'operator',
  'POST /operator/customer/retry': 'operator',
  'POST /operator/hold': 'operator',
  'POST /operator/release': 'operator',
  'POST /operator/abort': 'operator',
  'POST /operator/adopt': 'operator',
  'POST /operator/import': 'operator',
  'GET /operator/export': 'operator',
  'POST /operator/reports': 'operator',
  'GET /operator/tenant': 'operator',
  'GET /operator/gate': 'operator',
  'GET /operator/systems': 'operator',
  'GET /operator/support': 'operator',
  'GET /operator/audit/verify': 'operator',
  'GET /reports': 'operator',
  'GET /reports/:view': 'operator',
} as const satisfies Record<string, Credential>

export type Route = keyof typeof access

/** Lets pass who shows the credential, or throws a Problem. */
export const guards: Record<Credential, MiddlewareHandler<App>> = {
  public: (_c, next) => next(),
  connection: async (c, next) => {
    const key = keyOf(bearer(c), configOf(c.env).apiKeys)
    if (!key) throw new Problem('unauthorized', 'The API key is missing or wrong.')
    c.set('connection', key.connection)
    await next()
  },
  'connection-path': async (c, next) => {
    const key = keyOf(c.req.param('key') ?? '', configOf(c.env).apiKeys)
    if (!key) throw new Problem('unauthorized', 'The API key is missing or wrong.')
    c.set('connection', key.connection)
    await next()
  },
  'help-desk': async (c, next) => {
    const key = keyOf(bearer(c), configOf(c.env).helpDeskKeys)
    if (!key) throw new Problem('unauthorized', 'The help desk key is missing or wrong.')
    c.set('connection', key.connection)
    c.set('desk', key.sha256.slice(0, 16))
    await next()
  },
  operator: async (c, next) => {
    if (!sameText(configOf(c.env).operatorKeySha256, hashOf(bearer(c)))) throw new Problem('unauthorized', 'The operator key is missing or wrong.')
    await next()
  },
  'order-link': async (c, next) => {
    if (tenantOfOrder(configOf(c.env).orderLinkSecret, c.req.param('id') ?? '') === undefined) throw new Problem('not-found', 'There is no such order.')
    await next()
  },
}

/** The public id of a tenant's order: its key and a signature, so that nobody can guess another one. */
export const orderId = (secret: string, tenant: string): string => `${tenant}-${signatureOf(secret, tenant)}`

/** The tenant of an order id, or undefined when the signature is wrong. */
export function tenantOfOrder(secret: string, id: string): string | undefined {
  const [tenant = ''] = id.split('-')
  return sameText(id, orderId(secret, tenant)) ? tenant : undefined
}

const signatureOf = (secret: string, tenant: string): string => createHmac('sha256', secret).update(`order ${tenant}`).digest('hex').slice(0, 32)

/** Which of these keys was shown. Every one is compared, so that time tells nothing about which one matched. */
function keyOf<T extends { sha256: string }>(shown: string, keys: readonly T[]): T | undefined {
  const hash = hashOf(shown)
  let found: T | undefined
  for (const key of keys) if (sameText(key.sha256, hash)) found = key
  return found
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

const bearer = (c: Context<App>): string => /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
