// GET /orders/:id: the page that a customer watches, the same as JSON, and its events as they happen.
import type { Context, Hono } from 'hono'
import { accepts } from 'hono/accepts'
import { NONCE, secureHeaders } from 'hono/secure-headers'
import { streamSSE } from 'hono/streaming'
import * as z from 'zod'
import { configOf } from '../../config.ts'
import { usualDurations } from '../../db/reports.ts'
import { tenantOfOrder, type App } from '../access.ts'
import { mount } from '../mount.ts'
import { Problem } from '../problems.ts'
import { OrderView } from './order-view.ts'
import { orderPage } from './page.ts'

const params = z.object({ id: z.string().describe('The unguessable id that `order` of a created site ends with.') })

const Order = z.object({ order: OrderView, usual_ms: z.record(z.string(), z.number()).describe('The usual duration of each step in milliseconds; empty while there is no history.') })

export function orders(app: Hono<App>): void {
  mount(app, 'GET /orders/:id', {
    group: 'Orders', summary: 'How far an order is', about: 'A page for browsers; JSON with `Accept: application/json` or without a preference.',
    params, answer: Order, forms: { 'text/html': 'The page that a customer watches.' },
    before: [secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], scriptSrc: [NONCE], styleSrc: [NONCE], connectSrc: ["'self'"], imgSrc: ["'self'", 'data:'], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] }, referrerPolicy: 'no-referrer' })],
  })(show)
  mount(app, 'GET /orders/:id/events', {
    group: 'Orders', summary: 'An order as it goes on', about: 'Events: `clock` (epoch ms, now and then), `usual` (usual duration of each step, once), `order` (the order, now and after each change).',
    params, forms: { 'text/event-stream': 'Server-sent events, until the reader goes away.' },
  })(events)
}

/** HTML for browsers, JSON for machines (`Accept: application/json` or no preference). */
async function show(c: Context<App>): Promise<Response | z.infer<typeof Order>> {
  const type = accepts(c, { header: 'Accept', supports: ['application/json', 'text/html'], default: 'application/json' })
  c.header('cache-control', 'no-store')
  c.header('x-robots-tag', 'noindex')
  if (type === 'text/html') return c.html(orderPage(c.get('secureHeadersNonce') ?? ''))
  const view = await tenant(c).view()
  if (!view) throw new Problem('not-found', 'The order has been taken and will appear here in a moment.')
  return { order: view, usual_ms: await usual(c.env) }
}

/** A quiet stream is taken for dead by proxies; the clock that goes over it also tells a page how wrong its own is. */
const heartbeatMs = 15_000

function events(c: Context<App>): Response {
  c.header('cache-control', 'no-store')
  c.header('x-accel-buffering', 'no')
  return streamSSE(c, async (stream) => {
    const watching = await tenant(c).watch()
    const reader = watching.pipeThrough(new TextDecoderStream()).getReader()
    const clock = (): Promise<void> => stream.writeSSE({ event: 'clock', data: String(Date.now()), retry: 2_000 })
    await clock()
    const heartbeat = setInterval(() => void clock().catch(() => undefined), heartbeatMs)
    stream.onAbort(() => {
      clearInterval(heartbeat)
      void reader.cancel().catch(() => undefined)
    })
    await stream.writeSSE({ event: 'usual', data: JSON.stringify(await usual(c.env)) })
    let rest = ''
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done || stream.aborted) return
        const lines = (rest + value).split('\n')
        rest = lines.pop() ?? ''
        const newest = lines.at(-1)
        if (newest) await stream.writeSSE({ event: 'order', data: newest })
      }
    } finally {
      clearInterval(heartbeat)
    }
  })
}

/** History helps to say how long it will take; without it the page says so. */
const usual = (env: Env): Promise<Record<string, number>> => usualDurations(env.DB).catch(() => ({}))

const tenant = (c: Context<App>) => c.env.TENANT.getByName(tenantOfOrder(configOf(c.env).orderLinkSecret, c.req.param('id') ?? '') ?? '')
