// The clients against the lab's simulators in virtual time, with a stand-in for the gateway that only passes on:
// it checks the signature, takes its own headers away, adds the upstream's credentials and says that the upstream answered.

import type { Hono } from 'hono'
import { VirtualClock } from '../../lab/clock.ts'
import { World } from '../../lab/world.ts'
import type { Rim } from '../../src/upstreams/http.ts'
import { signatureAgeMaxMs, verified } from '../../src/upstreams/signature.ts'
import type { Upstreams } from '../../src/upstreams/upstreams.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'

export interface Behind { proxmox?: Hono; linstor?: Hono; npm?: Hono; cloudflare?: Hono }
export const cloudflareZone = '0123456789abcdef0123456789abcdef'
const key = { id: 'worker', secret: 'for tests' }

/** A world, the clients on it, and `run`, which lets virtual time pass until a promise has settled. */
export function labEnd(build: (world: World) => Behind, credentials: { npm?: () => string; proxmox?: string } = {}) {
  const clock = new VirtualClock()
  const world = new World(clock)
  const behind = build(world)
  const rim: Rim = {
    now: () => clock.now(),
    sleep: (ms, signal) => new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      signal?.addEventListener('abort', cancel)
    }),
    async fetch(request) {
      const url = new URL(request.url)
      if (url.hostname === 'cloudflare.test') return await behind.cloudflare!.fetch(request)
      const body = await request.text()
      const content = body === '' ? {} : { body }
      const verdict = await verified({ method: request.method, url: request.url, headers: request.headers, ...content }, { [key.id]: key.secret }, clock.now())
      if (!verdict.ok) throw new Error(`a request that is not signed for ${signatureAgeMaxMs} ms: ${verdict.reason}`)
      const [, system = '', rest = ''] = /^\/(\w+)(\/.*)$/.exec(url.pathname) ?? []
      const headers = new Headers({ 'content-type': request.headers.get('content-type') ?? '' })
      if (system === 'npm') headers.set('authorization', `Bearer ${credentials.npm?.() ?? ''}`)
      if (system === 'proxmox') headers.set('authorization', `PVEAPIToken=${credentials.proxmox ?? ''}`)
      const answer = await behind[system as keyof Behind]!.fetch(new Request(`http://upstream.test${rest}${url.search}`, { method: request.method, headers, ...content }))
      const passed = new Response(await answer.text(), { status: answer.status, headers: answer.headers })
      passed.headers.set('Berth-Landed', '1')
      return passed
    },
  }
  const clients = upstreams({
    gatewayUrl: 'https://gate.test/', gatewayKeyId: key.id, gatewayKey: key.secret,
    cloudflareUrl: 'https://cloudflare.test/client/v4', cloudflareToken: 'token', cloudflareZoneId: cloudflareZone, dnsResolvers: ['https://doh.test/1', 'https://doh.test/2'],
  }, rim)
  return {
    world,
    clock,
    up: (): Upstreams => clients({ operation: 't1a2b/test', attempt: 1, deadline: clock.now() + 60_000 }),
    run: async <T>(promise: Promise<T>): Promise<T> => {
      let over = false
      const end = (): void => { over = true }
      promise.then(end, end)
      await clock.advance(clock.now())
      while (!over && (await clock.step())) { /* until it has settled */ }
      return promise
    },
    strays: (): string[] => world.slice('strays', () => ({ list: [] as string[] })).list,
  }
}
