// The storefront's buttons make the extension's calls and no others.
import { afterEach, expect, it, vi } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { storefront } from '../../lab/storefront/storefront.ts'
import { World } from '../../lab/world.ts'

afterEach(() => void vi.unstubAllGlobals())

it('asks for what a customer clicked, and for nothing when there is no such button', async () => {
  const calls: string[] = []
  vi.stubGlobal('fetch', async (input: URL, init?: RequestInit) => {
    if (init?.method === 'POST') calls.push(`${input.pathname} ${typeof init.body === 'string' ? init.body : ''}`)
    return Response.json(input.pathname.startsWith('/orders/') ? { order: { status: 'live' } } : { success: true, subdomain: 'a', order: '/orders/x' })
  })
  const shop = storefront({ world: new World(new VirtualClock()), workerUrl: async () => new URL('http://worker.test/'), mails: () => [], nameServers: [], siteUrl: 'http://*.berth.test', publicIp: '203.0.113.10' })
  const click = async (path: string, body = ''): Promise<number> =>
    (await shop.request(`http://shop.test${path}`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://shop.test' } })).status
  expect(await click('/buy', 'email=a%40example.com&plan=basic')).toBe(303)
  for (const action of ['start', 'stop', 'restart', 'reset', 'toggle', 'suspend', 'resume', 'terminate']) expect(await click(`/services/1001/${action}`)).toBe(303)
  expect(await click('/services/1001/upgrade', 'plan=premium')).toBe(303)
  expect(await click('/services/1001/upgrade', 'plan=huge')).toBe(400)
  for (const path of ['/services/1001/explode', '/services/1001/toString', '/services/9/stop']) expect(await click(path)).toBe(404)
  expect(calls.slice(1)).toEqual([
    ...['/action/start', '/action/stop', '/action/restart', '/action/reset', '/action/toggle', '/suspend', '/unsuspend', '/delete-site'].map((path) => `${path} {"service_id":"1001"}`),
    '/wp/upgrade/ {"service_id":"1001","plan":"premium"}',
  ])
  expect(await (await shop.request('http://shop.test/services')).text()).toContain('<option selected>premium</option>')
})
