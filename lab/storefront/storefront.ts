// The shop that stands in for Paymenter: its server side makes the extension's HTTP calls, its pages show what they answered.
// Knows of the platform only what a billing system knows. Nothing is charged.
import { Hono, type Context } from 'hono'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import * as z from 'zod'
import { planNames, type PlanName } from '../../src/domain/plan.ts'
import { changeSite, createSite, loginLink, upgradeSite, type Call } from '../billing.ts'
import { registrar } from '../dns/registrar.ts'
import type { Mail } from '../wordpress/mailbox.ts'
import type { World } from '../world.ts'
import { mailPage } from './mail.ts'
import { confirmPage, notFoundPage, servicesList, shopPage, type Shown } from './pages.ts'
import { script } from './script.ts'
import { style } from './style.ts'

/** A service as billing remembers it. `order` is the path of its order page. */
interface Service { id: string; email: string; plan: PlanName; label: string; order: string; at: number }

export interface StorefrontOptions {
  world: World
  workerUrl(): Promise<URL>
  mails(): Mail[]
  /** `*` stands for the label. */
  siteUrl: string
  publicIp: string
  /** The platform's name servers, as customers enter them at their registrar. */
  nameServers: readonly string[]
}

const actions: Record<string, Call> = {
  suspend: 'suspend', resume: 'unsuspend', terminate: 'delete-site',
  start: 'action/start', stop: 'action/stop', restart: 'action/restart', reset: 'action/reset', toggle: 'action/toggle',
}
const Status = z.object({ order: z.object({ status: z.string() }) })

export function storefront(options: StorefrontOptions): Hono {
  const { world, siteUrl, publicIp } = options
  const book = world.slice('storefront', () => ({ services: [] as Service[], next: 1 }))
  const app = new Hono()
  app.use(secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], styleSrc: ["'self'"], scriptSrc: ["'self'"], connectSrc: ["'self'"], imgSrc: ["'self'", 'data:'], formAction: ["'self'", siteUrl], baseUri: ["'none'"], frameAncestors: ["'none'"] },
  }))
  app.use(csrf())

  const apiBase = async (): Promise<string> => (await options.workerUrl()).href

  /** What the order's own page would say; a service whose command is still on its way is being built. */
  async function statusOf(service: Service): Promise<string> {
    try {
      const answer = await fetch(new URL(service.order, await apiBase()), { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(3_000) })
      if (answer.status === 404) return 'building'
      return Status.parse(await answer.json()).order.status
    } catch {
      return 'unknown'
    }
  }

  const shown = async (): Promise<Shown[]> => {
    const newest = [...book.services].reverse()
    const states = await Promise.all(newest.map(statusOf))
    return newest.map((service, i) => ({ ...service, url: siteUrl.replace('*', service.label), status: states[i] ?? 'unknown' }))
  }
  const shop = async (c: Context, status: 200 | 400 | 409 | 503 = 200, said: { error?: string; email?: string; plan?: string } = {}) =>
    c.html(shopPage(await shown(), said), status)

  app.get('/', (c) => shop(c))
  app.get('/services', async (c) => c.html(servicesList(await shown())))
  app.get('/style.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/storefront.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  app.get('/favicon.ico', (c) => c.body(null, 204))
  app.get('/mail', (c) => c.html(mailPage(options.mails().reverse(), c.req.query('to'))))

  app.post('/buy', async (c) => {
    const form = await c.req.parseBody()
    const email = typeof form['email'] === 'string' ? form['email'].trim() : ''
    const plan = planNames.find((name) => name === form['plan'])
    if (!plan) return shop(c, 400, { error: 'Please choose a plan.', email })
    const id = String(1000 + book.next++)
    world.changed()
    const answer = await apiBase().then((base) => createSite(base, { service_id: id, email, plan, public_ip: publicIp })).catch(() => undefined)
    const { subdomain, order } = answer?.body ?? {}
    if (!answer?.ok || typeof subdomain !== 'string' || typeof order !== 'string')
      return shop(c, answer?.status === 409 ? 409 : answer?.status === 400 ? 400 : 503, { error: answer?.error ?? 'The platform is starting. Please try again in a moment.', email, plan })
    book.services.push({ id, email, plan, label: subdomain, order, at: world.clock.now() })
    world.changed()
    return c.redirect(order, 303)
  })

  app.get('/services/:id/terminate', (c) => {
    const service = book.services.find((one) => one.id === c.req.param('id'))
    return service ? c.html(confirmPage(service)) : c.html(notFoundPage(), 404)
  })

  // As a billing system would: it knows its customer, and nobody else is ever handed the link.
  app.post('/services/:id/log-in', async (c) => {
    const service = book.services.find((one) => one.id === c.req.param('id'))
    if (!service) return c.html(notFoundPage(), 404)
    const answer = await apiBase().then((base) => loginLink(base, service.id)).catch(() => undefined)
    const url = answer?.ok ? answer.body['url'] : undefined
    c.header('cache-control', 'no-store')
    return typeof url === 'string' ? c.redirect(url, 303) : shop(c, 409, { error: answer?.error ?? 'The platform is starting. Please try again in a moment.' })
  })

  app.post('/services/:id/:action', async (c) => {
    const service = book.services.find((one) => one.id === c.req.param('id'))
    const action = c.req.param('action')
    const form = await c.req.parseBody()
    const call = Object.hasOwn(actions, action) ? actions[action] : undefined
    if (!service || (!call && action !== 'upgrade')) return c.html(notFoundPage(), 404)
    const plan = planNames.find((name) => name === form['plan'])
    if (!call && !plan) return shop(c, 400, { error: 'Please choose a plan.' })
    const answer = await apiBase().then((base) => (call ? changeSite(base, call, service.id) : upgradeSite(base, service.id, plan ?? service.plan))).catch(() => undefined)
    if (answer?.ok && !call && plan) {
      service.plan = plan
      world.changed()
    }
    if (!answer?.ok) return shop(c, 409, { error: answer?.error ?? 'The platform is starting. Please try again in a moment.' })
    return c.redirect('/#services', 303)
  })

  app.route('/registrar', registrar(world, options.nameServers))
  app.notFound((c) => c.html(notFoundPage(), 404))
  return app
}
