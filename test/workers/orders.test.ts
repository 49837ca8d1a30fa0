// The order that a customer watches: as a page, as JSON, and as events that follow it and end when nobody listens.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { orderId } from '../../src/functions/access.ts'
import { tenantKey } from '../../src/domain/names.ts'
import type { View } from '../../src/tenant/view.ts'
import { call, newService, order, post, tenantOf, until } from './billing.ts'
import { connect, disconnect } from './upstream.ts'

beforeEach(disconnect)
afterEach(() => {
  vi.restoreAllMocks()
})

/** Follows an order's events: `next` waits for one of this name that satisfies, `stop` goes away. */
async function follow(link: string) {
  const answer = await call(`${link}/events`)
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async <T>(name: string, suits: (data: T) => boolean = () => true): Promise<T> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const event = Object.fromEntries(text.slice(0, end).split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]))
        text = text.slice(end + 2)
        if (event['event'] === name && suits(JSON.parse(event['data'] ?? '') as T)) return JSON.parse(event['data'] ?? '') as T
        continue
      }
      const { done, value } = await reader.read()
      if (done) throw new Error(`the events ended before ${name}`)
      text += value
    }
  }
  return { next, stop: () => reader.cancel() }
}

it('is a page for browsers, which loads nothing from elsewhere and may not be framed', async () => {
  const { order: link, hostname } = await order(newService())
  const answer = await call(link, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  const page = await answer.text()
  expect(answer.headers.get('content-type')).toContain('text/html')
  const policy = answer.headers.get('content-security-policy') ?? ''
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1]
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(page.match(/<(script|style) nonce="([^"]+)"/g)).toEqual([`<style nonce="${nonce}"`, `<script nonce="${nonce}"`])
  expect(page).not.toMatch(/(src|href)="(?!data:)/)
  expect(page).not.toContain(hostname)
  for (const [name, value] of [['cache-control', 'no-store'], ['x-robots-tag', 'noindex'], ['referrer-policy', 'no-referrer'], ['x-content-type-options', 'nosniff']] as const) expect(answer.headers.get(name)).toBe(value)
})

it('is JSON for machines, with every step in plain words and nothing internal', async () => {
  const service = newService()
  const { order: link, hostname, vmid, private_ip } = await order(service)
  await expect.poll(async () => (await call(link)).status).toBe(200)
  const text = await (await call(link, { headers: { accept: 'application/json' } })).text()
  const { order: view, usual_ms } = JSON.parse(text) as { order: View; usual_ms: unknown }
  expect(view).toMatchObject({ status: 'building', target: 'live', plan: 'basic', hostname, cause: null, restAt: 0 })
  expect(view.steps.map((step) => step.title)).toEqual(['Address and name', 'Container', ...view.steps.slice(2).map((step) => step.title)])
  for (const step of view.steps) expect(step).toEqual({ ...step, title: expect.any(String), state: expect.any(String), attempt: expect.any(Number), since: expect.any(Number) })
  expect(usual_ms).toEqual(expect.any(Object))
  for (const secret of ['a.customer@example.com', String(vmid), private_ip, tenantKey('test', service)]) expect(text).not.toContain(secret)
})

it('says so while a well-formed order is still on its way', async () => {
  const answer = await call(`/orders/${orderId(env.ORDER_LINK_SECRET, tenantKey('test', 'on its way'))}`)
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({ success: false, code: 'not-found', error: expect.stringContaining('in a moment') })
})

it('is followed from its first step to the live site', async () => {
  connect()
  const service = newService()
  const { order: link } = await order(service)
  const events = await follow(link)
  expect(await events.next<number>('clock')).toBeGreaterThan(1e12)
  expect(await events.next('usual')).toEqual(expect.any(Object))
  const states = new Map<string, Set<string>>()
  const live = await events.next<View>('order', (view) => {
    for (const step of view.steps) states.set(step.name, (states.get(step.name) ?? new Set()).add(step.state))
    return view.status === 'live'
  })
  const done = (name: string): boolean => live.steps.find((step) => step.name === name)?.state === 'done'
  expect(live.steps.map(({ name }) => name).filter((name) => !done(name) && name !== 'snapshot')).toEqual([])
  // Nobody waits for the first snapshot, and it comes all the same.
  expect(states.get('snapshot')).toContain('waiting')
  if (!done('snapshot')) await events.next<View>('order', (view) => view.status === 'live' && view.steps.every((step) => step.state === 'done'))
  await events.stop()
})

it('tells everybody who watches, and goes on when one of them goes', async () => {
  connect()
  const service = newService()
  const { order: link } = await order(service)
  await until(service, 'live')
  const [first, second] = [await follow(link), await follow(link)]
  for (const events of [first, second]) await events.next<View>('order', (view) => view.status === 'live')
  await first.stop()
  await post('/delete-site', { service_id: service })
  await second.next<View>('order', (view) => view.status === 'terminated')
  await second.stop()
})

it('is told to nobody who has gone, and nothing is left that holds its object', async () => {
  connect()
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const service = newService()
  const { order: link } = await order(service)
  await until(service, 'live')
  for (let i = 0; i < 3; i++) {
    const events = await follow(link)
    await events.next('order')
    await events.stop()
  }
  await post('/delete-site', { service_id: service })
  await until(service, 'terminated')
  await evictDurableObject(tenantOf(service))
  expect((await tenantOf(service).view())?.status).toBe('terminated')
  expect(error).not.toHaveBeenCalled()
})
