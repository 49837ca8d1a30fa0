// Nginx Proxy Manager 2.15.1 as observed on the wire: tokens, proxy hosts and certificates under /api, with its traps.
// Not simulated: 2FA, users and permissions, redirection/404 hosts, streams, access lists, settings, audit log, certificate upload –
// asking for them is answered like any unknown path and counted as a stray.
import { Hono, type Context } from 'hono'
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { challengeWith, type Challenge } from './certbot.ts'
import { createCertificate, deleteCertificate, getCertificate, idOf, listCertificates } from './certificates.ts'
import { nginx } from './nginx.ts'
import { createHost, deleteHost, getHost, listHosts, switchHost, updateHost } from './proxy-hosts.ts'
import { internal, notFound, Refusal } from './refusal.ts'
import { freshState, npmState, ownerOf } from './rows.ts'
import { bearer, forbidden, logIn, refresh } from './tokens.ts'

export { restart } from './certbot.ts'
export { breakNginx, route } from './nginx.ts'
export type { Site } from './rows.ts'

const BODY_MAX = 100 * 1024
const QUERY_MAX = 255

/** The app, base path /api. `zone` names the seeded wildcard certificate (one valid, one expired of the same names). */
export function npm(world: World, options: { identity: string; secret: string; zone?: string; challenge?: Challenge }): Hono {
  if (options.challenge) challengeWith(world, options.challenge)
  world.slice('npm', () => freshState(world, options.identity, options.zone ?? 'berth.localhost'))
  nginx(world)
  const app = new Hono()
  const api = app.basePath('/api')
  const reading = (): Promise<void> => world.clock.sleep(between(world.random, 8, 40))

  app.get('/api', (c) => c.redirect('/api/', 302))
  app.get('/api/', (c) => c.json({ status: 'OK', setup: true, version: { major: 2, minor: 15, revision: 1 } }))

  api.post('/tokens', async (c) => c.json(await logIn(world, options, await json(c))))
  api.get('/tokens', async (c) => {
    guard(world, c)()
    await reading()
    return c.json(refresh(world, c.req.query('expiry')))
  })
  api.get('/users/me', async (c) => {
    guard(world, c)()
    await reading()
    const expand = c.req.query('expand')
    if (expand && expand !== 'permissions') throw internal()
    const manage = Object.fromEntries(['proxy_hosts', 'redirection_hosts', 'dead_hosts', 'streams', 'access_lists', 'certificates'].map((name) => [name, 'manage']))
    return c.json({ ...ownerOf(npmState(world)), ...(expand ? { permissions: { visibility: 'all', ...manage } } : {}) })
  })

  api.get('/nginx/proxy-hosts', async (c) => {
    guard(world, c)()
    await reading()
    return c.json(listHosts(world, query(c), c.req.query('expand')))
  })
  api.post('/nginx/proxy-hosts', async (c) => {
    const authorised = guard(world, c)
    return c.json(await createHost(world, await json(c), authorised), 201)
  })
  api.get('/nginx/proxy-hosts/:id', async (c) => {
    guard(world, c)()
    await reading()
    return c.json(getHost(world, idOf(c.req.param('id')), c.req.query('expand')))
  })
  api.put('/nginx/proxy-hosts/:id', async (c) => {
    const authorised = guard(world, c)
    return c.json(await updateHost(world, idOf(c.req.param('id')), await json(c), authorised))
  })
  api.delete('/nginx/proxy-hosts/:id', async (c) => {
    guard(world, c)()
    await deleteHost(world, idOf(c.req.param('id')))
    return c.json(true)
  })
  api.post('/nginx/proxy-hosts/:id/:verb{enable|disable}', async (c) => {
    guard(world, c)()
    await switchHost(world, idOf(c.req.param('id')), c.req.param('verb') === 'enable')
    return c.json(true)
  })

  api.get('/nginx/certificates', async (c) => {
    guard(world, c)()
    await reading()
    return c.json(listCertificates(world, query(c), c.req.query('expand')))
  })
  api.post('/nginx/certificates', async (c) => {
    const authorised = guard(world, c)
    return c.json(await createCertificate(world, await json(c), authorised), 201)
  })
  api.get('/nginx/certificates/:id{[0-9]+}', async (c) => {
    guard(world, c)()
    await reading()
    return c.json(getCertificate(world, idOf(c.req.param('id')), c.req.query('expand')))
  })
  api.delete('/nginx/certificates/:id', async (c) => {
    guard(world, c)()
    await deleteCertificate(world, idOf(c.req.param('id')))
    return c.json(true)
  })

  app.notFound((c) => {
    world.slice('strays', () => ({ list: [] as string[] })).list.push(`${c.req.method} ${c.req.path}`)
    const path = below(c)
    return c.json(notFound(path).body(path), 404)
  })
  app.onError((error, c) => {
    // The real server answers 500 for anything it did not expect; ours must not hide a bug of the simulator.
    if (!(error instanceof Refusal)) throw error
    return c.json(error.body(below(c)), error.status as 400)
  })
  return app
}

/** The path as Express sees it behind its own nginx: without /api. */
const below = (c: Context): string => c.req.path.replace(/^\/api/, '')

/** Judges the token now (garbage and expired fail at once); the answer throws when there was none: the body is judged before. */
function guard(world: World, c: Context): () => void {
  const known = bearer(world, c.req.header('authorization'))
  return () => {
    if (!known) throw forbidden(c.req.method, below(c))
  }
}

function query(c: Context): string {
  const text = c.req.query('query') ?? ''
  if (text.length > QUERY_MAX) throw internal(400)
  return text
}

/** The body as express.json gives it: undefined unless it is declared as JSON. */
async function json(c: Context): Promise<unknown> {
  const text = await c.req.text()
  if (text.length > BODY_MAX) throw internal(413)
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) return undefined
  if (!/^\s*[[{]/.test(text)) throw internal(400)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw internal(400)
  }
}
