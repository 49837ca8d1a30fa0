// The Cloudflare API v4 for DNS: token check, zones, records with batch, its envelope, codes and rate limit.
// Answers take 0.1–0.3 s; the world's resolvers follow 1–2 s later (`resolve`). No idempotency keys, no upsert, as in the original.
// Not simulated: other products, other accounts, import/export/scan, cursors – asked for, they are no route and counted as strays.
import { Hono, type Context } from 'hono'
import { between, hex } from '../random.ts'
import type { World } from '../world.ts'
import { edge, publish } from './edge.ts'
import { admitted, authenticated } from './limits.ts'
import { matching, paged } from './listing.ts'
import { add, change, find, remove, shown, type DnsRecord } from './records.ts'
import { invalid, Refusal } from './refusal.ts'
import { addZone, removeZone, shownZone, zonesOf } from './zones.ts'

export { resolve, type Answer } from './edge.ts'

interface CloudflareState { records: DnsRecord[]; tokenId: string; since: string }

const BATCH_MAX = 200

/** The app, base path /client/v4. `token` is the only one that it accepts. */
export function cloudflare(world: World, options: { token: string; zoneId: string; zoneName: string; accountId?: string }): Hono {
  const { zoneId, zoneName, accountId = 'f'.repeat(32) } = options
  const state = world.slice<CloudflareState>('cloudflare', () => ({
    records: [], tokenId: hex(world.random, 32), since: new Date(world.clock.now() - 90 * 86_400_000).toISOString(),
  }))
  edge(world)
  const app = new Hono()
  const api = app.basePath('/client/v4')

  api.use(async (c, next) => {
    const headers = admitted(world)
    authenticated(c.req.header('authorization'), options.token, c.req.path.endsWith('/user/tokens/verify'))
    await world.clock.sleep(between(world.random, 50, 150))
    await next()
    // What was applied is applied: the way back is where an answer gets lost.
    await world.clock.sleep(between(world.random, 50, 150))
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
  })

  const zone = { ...zoneFacts(options), created_on: state.since, modified_on: state.since, activated_on: state.since }
  api.get('/user/tokens/verify', (c) => c.json(answer({ id: state.tokenId, status: 'active' }, { code: 10000, message: 'This API Token is valid and active' })))
  api.get('/zones', (c) => {
    const { name, status } = c.req.query()
    const all = [zone, ...zonesOf(world).map((one) => ({ ...zone, ...shownZone(world, one) }))]
    const { result, result_info } = paged(all.filter((one) => (!name || one.name === name) && (!status || one.status === status)), c.req.query())
    return c.json({ ...answer(result), result_info })
  })
  api.post('/zones', async (c) => {
    const one = addZone(world, accountId, zoneName, await json(c))
    world.changed()
    return c.json(answer({ ...zone, ...shownZone(world, one) }))
  })
  api.use('/zones/:zone/*', async (c, next) => {
    if (!/^[0-9a-f]{32}$/.test(c.req.param('zone'))) throw new Refusal(404, 7003, `Could not route to ${below(c)}, perhaps your object identifier is invalid?`)
    if (c.req.param('zone') !== zoneId && !zonesOf(world).some(({ id }) => id === c.req.param('zone'))) throw new Refusal(403, 10000, 'Authentication error')
    await next()
  })
  api.get('/zones/:zone', (c) => {
    const one = zonesOf(world).find(({ id }) => id === c.req.param('zone'))
    return c.json(answer(one ? { ...zone, ...shownZone(world, one) } : zone))
  })
  api.delete('/zones/:zone', (c) => {
    const id = c.req.param('zone')
    // Nobody deletes the platform's own.
    const gone = removeZone(world, id)
    if (!gone) throw new Refusal(id === zoneId ? 403 : 404, id === zoneId ? 10000 : 1001, id === zoneId ? 'Authentication error' : 'Invalid zone identifier')
    for (const name of new Set(gone.records.map((one) => one.name))) publish(world, name, [])
    world.changed()
    return c.json(answer({ id }))
  })
  /** The zone that is meant, its records as a list that may be replaced. */
  const meant = (c: Context): { name: string; records: DnsRecord[]; replace(records: DnsRecord[]): void } => {
    const one = zonesOf(world).find(({ id }) => id === c.req.param('zone'))
    return one ? { name: one.name, records: one.records, replace: (list) => void (one.records = list) } : { name: zoneName, records: state.records, replace: (list) => void (state.records = list) }
  }

  const records = '/zones/:zone/dns_records' as const
  const record = '/zones/:zone/dns_records/:id{[0-9a-f]{32}}' as const
  const touched = (c: Context, ...changed: (DnsRecord | undefined)[]): void => {
    const all = meant(c).records
    for (const name of new Set(changed.flatMap((one) => (one ? [one.name] : []))))
      publish(world, name, all.filter((one) => one.name === name).map(({ type, content, ttl, proxied, priority, data }) => ({ type, content: `${type === 'SRV' ? `${data?.['priority']} ` : type === 'MX' ? `${priority} ` : ''}${content}`, ttl, proxied })))
  }

  api.get(records, (c) => {
    const { result, result_info } = paged(matching(meant(c).records, c.req.query()), c.req.query())
    return c.json({ ...answer(result.map(shown)), result_info })
  })
  api.post(records, async (c) => {
    const body = await json(c)
    const zone = meant(c)
    const one = add(world, zone.name, zone.records, body)
    touched(c, one)
    return c.json(answer(shown(one)))
  })
  api.post('/zones/:zone/dns_records/batch', async (c) => {
    const body = await json(c)
    const zone = meant(c)
    // One database transaction: judged and done on a copy, which takes the place of the list only when nothing failed.
    const copy = [...zone.records]
    const { result, changed } = batch(world, zone.name, copy, body)
    zone.replace(copy)
    touched(c, ...changed)
    return c.json(answer(result))
  })
  api.get(record, (c) => c.json(answer(shown(find(meant(c).records, c.req.param('id'))))))
  api.on(['PUT', 'PATCH'], record, async (c) => {
    const body = await json(c)
    const zone = meant(c)
    const { was, is } = change(world, zone.name, zone.records, c.req.param('id'), body, c.req.method === 'PATCH')
    touched(c, was, is)
    return c.json(answer(shown(is)))
  })
  api.delete(record, (c) => {
    const one = remove(meant(c).records, c.req.param('id'))
    touched(c, one)
    return c.json(answer({ id: one.id }))
  })

  app.notFound((c) => {
    world.slice('strays', () => ({ list: [] as string[] })).list.push(`${c.req.method} ${c.req.path}`)
    return c.json(new Refusal(404, 7000, 'No route for that URI').body, 404)
  })
  app.onError((error, c) => {
    // Cloudflare answers 5xx for what it did not expect; ours must not hide a bug of the simulator.
    if (!(error instanceof Refusal)) throw error
    return c.json(error.body, error.status as 400, error.headers)
  })
  return app
}

const answer = (result: unknown, ...messages: object[]): object => ({ success: true, errors: [], messages, result })

/** deletes → patches → puts → posts; stops at the first error, which the caller lets out. */
function batch(world: World, zone: string, records: DnsRecord[], body: Record<string, unknown>): { result: object; changed: DnsRecord[] } {
  const list = (name: string): Record<string, unknown>[] => (Array.isArray(body[name]) ? (body[name] as Record<string, unknown>[]) : [])
  const [deletes, patches, puts, posts] = [list('deletes'), list('patches'), list('puts'), list('posts')]
  if (deletes.length + patches.length + puts.length + posts.length > BATCH_MAX) throw invalid(1004, `A batch takes at most ${BATCH_MAX} operations.`)
  const changed: DnsRecord[] = []
  const kept = (...some: DnsRecord[]): object => {
    changed.push(...some)
    return shown(some.at(-1)!)
  }
  const edited = (merge: boolean) => (one: Record<string, unknown>): object => {
    const { was, is } = change(world, zone, records, one.id, one, merge)
    return kept(was, is)
  }
  const result = {
    deletes: deletes.map((one) => kept(remove(records, one.id))),
    patches: patches.map(edited(true)),
    puts: puts.map(edited(false)),
    posts: posts.map((one) => kept(add(world, zone, records, one))),
  }
  return { result, changed }
}

function zoneFacts(options: { zoneId: string; zoneName: string; accountId?: string }) {
  return {
    id: options.zoneId, name: options.zoneName, status: 'active', paused: false, type: 'full', development_mode: 0,
    name_servers: ['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com'], original_name_servers: null, original_registrar: null, original_dnshost: null,
    account: { id: options.accountId ?? 'f'.repeat(32), name: 'Berth' }, owner: { id: null, type: 'user', name: null },
    plan: { id: '0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee', name: 'Free Website', price: 0, currency: 'USD', is_subscribed: false, legacy_id: 'free' },
    meta: { step: 2, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false }, permissions: ['#dns_records:edit', '#dns_records:read'],
  }
}

const below = (c: Context): string => c.req.path.replace(/^\/client\/v4/, '')

async function json(c: Context): Promise<Record<string, unknown>> {
  let body: unknown
  try {
    body = await c.req.json()
  } catch {
    throw invalid(9207, 'Failed to parse request body.')
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid(9207, 'Request body is invalid.')
  return body as Record<string, unknown>
}
