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

it('leads whoever clicked to the site by a log-in link that it keeps nowhere, and says why there is none', async () => {
  let answer = Response.json({ success: true, subdomain: 'a', order: '/orders/x' })
  vi.stubGlobal('fetch', async (input: URL) => (input.pathname.startsWith('/orders/') ? Response.json({ order: { status: 'live' } }) : answer.clone()))
  const world = new World(new VirtualClock())
  const shop = storefront({ world, workerUrl: async () => new URL('http://worker.test/'), mails: () => [], nameServers: [], siteUrl: 'http://*.berth.test', publicIp: '203.0.113.10' })
  const click = (path: string, body = '') => shop.request(`http://shop.test${path}`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://shop.test' } })
  await click('/buy', 'email=a%40example.com&plan=basic')
  answer = Response.json({ success: true, url: 'http://a.berth.test/wp-login.php?berth-login=secret' })
  const led = await click('/services/1001/log-in')
  expect([led.status, led.headers.get('location'), led.headers.get('cache-control'), led.headers.get('referrer-policy')]).toEqual([303, 'http://a.berth.test/wp-login.php?berth-login=secret', 'no-store', 'no-referrer'])
  // A browser follows a form only to where the page's policy lets it.
  expect((await shop.request('http://shop.test/')).headers.get('content-security-policy')).toContain("form-action 'self' http://*.berth.test;")
  expect(JSON.stringify(world.save())).not.toContain('secret')
  answer = Response.json({ success: false, error: 'The site is switched off. Please start it first.' }, { status: 409 })
  expect(await (await click('/services/1001/log-in')).text()).toContain('The site is switched off.')
  expect((await click('/services/9/log-in')).status).toBe(404)
})
