// Figures of a container for a caller who does not wait: asked within his patience, whatever the cluster does.
import { expect, it } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'
import { figures } from '../../src/tenant/figures.ts'
import type { Rim } from '../../src/upstreams/http.ts'
import { settings } from '../simulation/data-centre.ts'

/** Asks with 1.2 s of patience; answers what came and after how many milliseconds. */
async function asked(fetch: (path: string, clock: VirtualClock) => Promise<Response>) {
  const clock = new VirtualClock()
  const start = clock.now()
  const sleep: Rim['sleep'] = (ms, signal) => new Promise((resolve) => {
    const cancel = clock.after(ms, resolve)
    signal?.addEventListener('abort', () => (cancel(), resolve()), { once: true })
  })
  const clients = upstreams(settings, { fetch: (request) => fetch(new URL(request.url).pathname, clock), now: () => clock.now(), sleep })
  let ended = Infinity
  const answer = figures({ clients, now: () => clock.now(), sleep }, { vmid: 10_000, node: 'node1' }, 1_200).then((result) => {
    ended = clock.now()
    return result
  })
  await clock.advance(start + 60_000)
  return { result: await answer, ms: ended - start }
}

const landed = (body: unknown, status = 200): Response => Response.json(body, { status, headers: { 'berth-landed': '1' } })
const running = { data: { status: 'running', cpu: 0.25, mem: 1, maxmem: 2, uptime: 3 } }

it('are given up when the cluster hangs', async () => {
  expect(await asked(() => new Promise(() => undefined))).toEqual({ result: undefined, ms: 1_200 })
})

it('are given up in time when each of several answers is slow', async () => {
  const slowly = async (path: string, clock: VirtualClock): Promise<Response> => {
    await clock.sleep(900)
    return path.endsWith('/status/current') ? landed({ data: null, message: "Configuration file 'nodes/node1/lxc/10000.conf' does not exist\n" }, 500) : landed({ data: [{ vmid: 10_000, node: 'node2', type: 'lxc' }] })
  }
  const { result, ms } = await asked(slowly)
  expect(result).toBeUndefined()
  expect(ms).toBeLessThanOrEqual(1_200)
})

it('are those of the node where the container is', async () => {
  const { result } = await asked(async () => landed(running))
  expect(result).toMatchObject({ status: 'running', node: 'node1', cpu: 0.25, stale: false })
})

it('are absent when the cluster talks nonsense', async () => {
  expect((await asked(async () => new Response('<html>', { status: 502 }))).result).toBeUndefined()
})
