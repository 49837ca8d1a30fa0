// Power cuts: every object is aborted abruptly at any moment of a provision, nothing in memory survives, and it still ends live.
import { abortAllDurableObjects } from 'cloudflare:test'
import { expect, it } from 'vitest'
import { tenantKey } from '../../src/domain/names.ts'
import { newService, order, tenantOf, until } from './billing.ts'
import { connect, everything } from './upstream.ts'

/** Whose call of which step a request is: the gateway's fence says so, and Cloudflare's record names the site. */
async function callOf(request: Request, hostnames: Map<string, string>): Promise<string | undefined> {
  const operation = request.headers.get('berth-operation')
  if (operation !== null) return operation
  const text = decodeURIComponent(request.url) + (await request.clone().text())
  for (const [hostname, key] of hostnames) if (text.includes(hostname)) return `${key}/dns-record`
  return undefined
}

/** Steps of an order that call out for themselves; the address is the allocator's. */
let steps: string[] = []

it('has all of its steps before the power is ever cut', async () => {
  connect()
  await order('calm')
  await until('calm', 'live')
  steps = (await tenantOf('calm').view())!.steps.map(({ name }) => name).filter((name) => name !== 'address')
  expect(steps).toContain('wordpress')
})

/**
 * One order for each step, all at once, each held up at a request of its step: `before` nothing has left, `after` it has
 * been answered but nobody has heard. Then the power is cut for all of them together.
 */
it.each([
  ['before the first call of each step', 'before', 1],
  ['after the first call of each step', 'after', 1],
  ['after the second request of each step', 'after', 2],
] as const)('ends live when every object dies %s', async (_moment, side, nth) => {
  // A disk that is as large as it should be is seen by one request.
  const these = nth === 1 ? steps : steps.filter((step) => step !== 'disk')
  const wanted = new Map<string, number>(these.map((step) => [`${tenantKey('test', `${step}-${side}-${nth}`)}/${step}`, nth]))
  const hostnames = new Map<string, string>()
  let held = 0
  connect(async (request, onward) => {
    const call = (await callOf(request, hostnames)) ?? ''
    const left = wanted.get(call)
    if (left === undefined) return onward()
    wanted.set(call, left - 1)
    if (left !== 1) return onward()
    if (side === 'after') await onward()
    held++
    return new Promise<never>(() => undefined)
  })
  const services = these.map((step) => `${step}-${side}-${nth}`)
  await Promise.all(services.map(async (service) => {
    const { hostname } = await order(service)
    hostnames.set(hostname, tenantKey('test', service))
  }))
  await expect.poll(() => held, { interval: 10 }).toBe(these.length)
  await abortAllDurableObjects()
  await Promise.all(services.map((service) => until(service, 'live')))
}, 30_000)

it('leaves exactly one of each thing behind, however often it died', async () => {
  // The first snapshot is nobody's reason to wait: it comes after the site is live.
  await expect.poll(async () => (await everything()).filter((thing) => thing.kind === 'snapshot').length).toBe(3 * steps.length)
  const things = await everything()
  const containers = things.filter((thing) => thing.kind === 'container')
  expect(containers).toHaveLength(3 * steps.length)
  for (const kind of ['volume', 'snapshot', 'firewall', 'ha resource', 'ha rule', 'proxy host', 'dns record', 'site'] as const)
    expect(things.filter((thing) => thing.kind === kind)).toHaveLength(containers.length)
})

it('ends live when it dies three times at rest between its steps', async () => {
  const service = newService()
  connect()
  await order(service)
  for (const moment of ['container', 'power', 'wordpress']) {
    await expect.poll(async () => {
      const view = await tenantOf(service).view().catch(() => undefined)
      return view?.steps.find((step) => step.name === moment)?.state
    }, { interval: 5 }).toBe('done')
    await abortAllDurableObjects()
  }
  await until(service, 'live')
})
