// The queue only delivers: repeats and disorder are harmless, what cannot be read or delivered is kept for people, and the
// watchdog makes up for whatever was lost.
import { createExecutionContext, createMessageBatch, createScheduledController, evictDurableObject, getQueueResult, runInDurableObject, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Command, Verb } from '../../src/domain/order.ts'
import worker from '../../src/index.ts'
import { allocator, newService, order, recordOf, tenantOf, until } from './billing.ts'
import { disconnect } from './upstream.ts'

beforeEach(() => {
  disconnect()
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Delivers these bodies in this order; answers what was acknowledged and what is to come again. */
async function deliver(bodies: readonly unknown[], queue = 'commands', attempts = 1) {
  const batch = createMessageBatch(queue, bodies.map((body, i) => ({ id: `${crypto.randomUUID()}-${i}`, timestamp: new Date(), attempts, body })))
  const retried = batch.messages.map((message) => vi.spyOn(message, 'retry'))
  const context = createExecutionContext()
  await worker.queue(batch, env)
  const result = await getQueueResult(batch, context)
  return { ids: batch.messages.map((message) => message.id), acks: result.explicitAcks, retries: result.retryMessages.length, delays: retried.flatMap((spy) => spy.mock.calls.map(([options]) => options?.delaySeconds)) }
}

const tick = async (laterMs = 0): Promise<void> => {
  const context = createExecutionContext()
  await worker.scheduled(createScheduledController({ cron: '* * * * *', scheduledTime: new Date(Date.now() + laterMs) }), env)
  await waitOnExecutionContext(context)
}

/** Commands of one service, as they would be sent, with nothing sent. */
async function commands(service: string, ...verbs: Verb[]): Promise<Command[]> {
  const taken: Command[] = []
  for (const verb of verbs) {
    const intake = await allocator().intake({ verb, connection: 'test', service, actor: 'test', order: { email: 'a@example.com', plan: 'basic', publicIp: '203.0.113.10' } })
    if (intake.answer !== 'taken') throw new Error(intake.answer)
    taken.push(intake.command)
  }
  return taken
}

const letters = async () => (await env.DB.prepare('SELECT id, reason, body FROM dead_letters ORDER BY at').all<{ id: string; reason: string; body: string }>()).results

const open = async (service: string): Promise<Command[]> => (await allocator().unconfirmed(Date.now() + 1, 1_000)).filter((one) => one.spec.service === service)

const inboxOf = (service: string) => runInDurableObject(tenantOf(service), (_object, state) => state.storage.sql.exec('SELECT id FROM inbox ORDER BY seq').toArray().map((row) => row['id']))

it('carries an order from billing to its tenant by itself', async () => {
  const service = newService()
  await order(service)
  await expect.poll(async () => (await tenantOf(service).view())?.status).toBe('building')
  await expect.poll(() => open(service)).toEqual([])
})

it('counts the addresses that are left, for the reports', async () => {
  await tick()
  const { held, free } = (await env.DB.prepare('SELECT held, free FROM addresses_left').first<{ held: number; free: number }>())!
  expect(held).toBeGreaterThan(0)
  expect(held + free).toBe(154)
})

it('takes each command once, however often and in whatever order it comes', async () => {
  const service = newService()
  const [create, suspend, terminate] = await commands(service, 'create', 'suspend', 'terminate')
  const { ids, acks } = await deliver([terminate, create, suspend, terminate, create])
  expect(acks.sort()).toEqual(ids.sort())
  await deliver([suspend, create])
  expect(await inboxOf(service)).toEqual([create!.id, suspend!.id, terminate!.id])
  expect((await tenantOf(service).view())?.target).toBe('terminated')
  expect(await open(service)).toEqual([])
})

it('buries an unreadable message at once, whatever it is, and takes the rest of its batch', async () => {
  const service = newService()
  const [create] = await commands(service, 'create')
  const unreadable = [null, 'text', 7, [], {}, { ...create, seq: 'one' }, { ...create, verb: 'destroy' }, { ...create, identity: { ...create!.identity, vmid: '1' } }]
  const before = (await letters()).length
  const { ids, acks, retries } = await deliver([...unreadable, create])
  expect(acks.sort()).toEqual(ids.sort())
  expect(retries).toBe(0)
  expect((await letters()).slice(before).map((letter) => letter.reason)).toEqual(unreadable.map(() => 'unreadable'))
  expect(await inboxOf(service)).toEqual([create!.id])
})

it('brings a command again, later and later, when its tenant cannot be reached', async () => {
  const [create] = await commands(newService(), 'create')
  const release = (version: number) => runInDurableObject(env.TENANT.getByName(create!.tenant), (_object, state) => void state.storage.sql.exec('UPDATE meta SET schema_version = ?', version))
  await release(99)
  const delays = []
  for (const attempts of [1, 3, 30]) delays.push(...(await deliver([create], 'commands', attempts)).delays)
  expect(delays).toEqual([2, 8, 300])
  expect(await open(create!.spec.service)).toEqual([create])
  await release(1)
})

it('keeps what could not be delivered, in every environment, once', async () => {
  const [create] = await commands(newService(), 'create')
  for (const queue of ['commands-dead', 'commands-dead-staging']) {
    const { ids, acks } = await deliver([create], queue)
    expect(acks).toEqual(ids)
    expect((await letters()).filter((letter) => letter.id === ids[0])).toEqual([{ id: ids[0], reason: 'undeliverable', body: JSON.stringify(create) }])
  }
  expect(await open(create!.spec.service)).toEqual([create])
})

it('keeps a huge letter cut short', async () => {
  const { ids } = await deliver([{ text: 'x'.repeat(20_000) }])
  expect((await letters()).find((letter) => letter.id === ids[0])?.body).toHaveLength(4_000)
})

it('sends again what no tenant has confirmed, and leaves alone what is fresh', async () => {
  const service = newService()
  await commands(service, 'create')
  await tick()
  expect(await open(service)).toHaveLength(1)
  await tick(11_000)
  await expect.poll(() => open(service)).toEqual([])
  await until(service, 'building')
})

it('sends again what the queue did not take when it was ordered', async () => {
  const send = vi.spyOn(env.COMMANDS, 'send').mockRejectedValue(new Error('queue is overloaded'))
  const service = newService()
  const site = await order(service)
  expect(send).toHaveBeenCalledOnce()
  vi.restoreAllMocks()
  expect((await recordOf(service)).identity.vmid).toBe(site.vmid)
  await tick(11_000)
  await until(service, 'building')
})

it('pokes tenants that have been silent, though one of them cannot be reached', async () => {
  const broken = newService()
  const lost = newService()
  for (const service of [broken, lost]) {
    const [create] = await commands(service, 'create')
    await deliver([create])
    await expect.poll(async () => await env.DB.prepare('SELECT as_of FROM tenants WHERE service = ?').bind(service).first('as_of')).not.toBeNull()
  }
  await runInDurableObject(tenantOf(broken), (_object, state) => {
    state.storage.sql.exec('DROP TABLE meta')
    state.storage.sql.exec('CREATE VIEW meta AS SELECT 1 AS id')
  })
  await evictDurableObject(tenantOf(broken))
  const forget = () => runInDurableObject(tenantOf(lost), async (_object, state) => {
    await state.storage.deleteAlarm()
    return state.storage.getAlarm()
  })
  await expect.poll(forget).toBeNull()
  await env.DB.batch([
    env.DB.prepare('UPDATE tenants SET as_of = 1 WHERE service = ?').bind(broken),
    env.DB.prepare('UPDATE tenants SET as_of = 2 WHERE service = ?').bind(lost),
  ])
  await tick()
  await expect.poll(() => runInDurableObject(tenantOf(lost), (_object, state) => state.storage.getAlarm()), { interval: 5 }).not.toBeNull()
})
