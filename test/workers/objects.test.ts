// The tenant's object: a command counts once and the newest wins, an alarm is set whenever it rests unfinished, nothing is lost.
import { abortAllDurableObjects, createScheduledController, evictAllDurableObjects, evictDurableObject, listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, it } from 'vitest'
import { configOf } from '../../src/config.ts'
import type { Command } from '../../src/domain/order.ts'
import worker from '../../src/index.ts'
import { allocator, newService, order, post, recordOf, tenantOf, until } from './billing.ts'
import { connect, disconnect, everything } from './upstream.ts'

beforeEach(disconnect)

/** A command that exists, made without the queue. */
async function command(service = newService()): Promise<Command> {
  const order = { email: 'a.customer@example.com', plan: 'basic', publicIp: '203.0.113.10' } as const
  const intake = await allocator().intake({ verb: 'create', connection: 'test', service, actor: 'test', order })
  if (intake.answer !== 'taken') throw new Error(intake.answer)
  return intake.command
}

const stubOf = (one: Command) => env.TENANT.getByName(one.tenant)

const journalOf = (one: Command): Promise<{ event: string; step: string | null; detail: string | null }[]> =>
  runInDurableObject(stubOf(one), (_object, state) => state.storage.sql.exec<{ event: string; step: string | null; detail: string | null }>('SELECT event, step, detail FROM journal ORDER BY i').toArray())

const alarmOf = (one: Command): Promise<number | null> => runInDurableObject(stubOf(one), (_object, state) => state.storage.getAlarm())

it('holds up nobody by what a newer release has written', async () => {
  connect(() => new Promise(() => undefined))
  const create = await command()
  await stubOf(create).accept(create)
  const leases = async () => (await env.GATE.getByName('lab').usage()).leases
  await expect.poll(leases).toMatchObject({ npm: 1 })
  await runInDurableObject(stubOf(create), (_object, state) => void state.storage.sql.exec('UPDATE meta SET schema_version = 99'))
  await abortAllDurableObjects()
  await expect.poll(leases).toEqual({})
})

it('accepts the same command once', async () => {
  const create = await command()
  expect(await stubOf(create).accept(create)).toBe('accepted')
  expect(await stubOf(create).accept(create)).toBe('duplicate')
  await evictDurableObject(stubOf(create))
  expect(await stubOf(create).accept(create)).toBe('duplicate')
  expect((await journalOf(create)).filter((line) => line.event === 'command')).toHaveLength(1)
})

it('ignores what is older than the newest it has heard', async () => {
  const create = await command()
  const suspend: Command = { ...create, id: `${create.tenant}.3`, seq: 3, verb: 'suspend' }
  const late: Command = { ...create, id: `${create.tenant}.2`, seq: 2, verb: 'terminate' }
  expect(await stubOf(create).accept(create)).toBe('accepted')
  expect(await stubOf(create).accept(suspend)).toBe('accepted')
  expect(await stubOf(create).accept(late)).toBe('ignored')
  expect((await stubOf(create).view())?.target).toBe('suspended')
})

it('takes the newest first when it arrives first', async () => {
  const create = await command()
  const terminate: Command = { ...create, id: `${create.tenant}.2`, seq: 2, verb: 'terminate' }
  expect(await stubOf(create).accept(terminate)).toBe('accepted')
  expect(await stubOf(create).accept(create)).toBe('ignored')
  await until(create.spec.service, 'terminated')
  expect((await journalOf(create)).filter((line) => line.event === 'call' && line.step !== 'address')).toEqual([])
})

it('stays terminated, whatever comes', async () => {
  const create = await command()
  await stubOf(create).accept({ ...create, verb: 'terminate' })
  for (const [i, verb] of (['create', 'unsuspend', 'suspend'] as const).entries())
    expect(await stubOf(create).accept({ ...create, id: `later.${i}`, seq: 5 + i, verb })).toBe('ignored')
  await until(create.spec.service, 'terminated')
})

it('has an alarm whenever it rests unfinished', async () => {
  const create = await command()
  await stubOf(create).accept(create)
  for (let look = 0; look < 5; look++) {
    // Between the moment when an alarm fires and the first line of its handler there is none: the platform holds it then.
    await expect.poll(() => alarmOf(create), { interval: 2 }).not.toBeNull()
    expect((await stubOf(create).view())?.status).toBe('building')
    await evictAllDurableObjects()
    await expect.poll(() => alarmOf(create), { interval: 2 }).not.toBeNull()
  }
})

it('has no alarm once it rests finished', async () => {
  connect()
  const create = await command()
  await stubOf(create).accept(create)
  await until(create.spec.service, 'live')
  await expect.poll(() => alarmOf(create)).toBeNull()
})

it('keeps everything when it is evicted', async () => {
  connect()
  const service = newService()
  const site = await order(service)
  await until(service, 'live')
  await expect.poll(async () => (await tenantOf(service).view())?.steps.every((step) => step.state === 'done')).toBe(true)
  const before = await tenantOf(service).view()
  await evictAllDurableObjects()
  expect(await tenantOf(service).view()).toEqual(before)
  expect(await order(service)).toEqual({ ...site, existing: true })
})

it('does not touch what a newer release has written', async () => {
  const create = await command()
  const stub = stubOf(create)
  await stub.accept(create)
  await runInDurableObject(stub, (_object, state) => void state.storage.sql.exec('UPDATE meta SET schema_version = 99'))
  await evictDurableObject(stub)
  const rows = () => runInDurableObject(stub, (_object, state) => ['step', 'journal', 'inbox'].map((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray()))
  const before = await rows()
  const refused: unknown = await runInDurableObject(stub, (object) => {
    try {
      return object.accept({ ...create, id: 'newer', seq: 2, verb: 'terminate' })
    } catch (error) {
      return error
    }
  })
  expect(refused).toBeInstanceOf(Error)
  await runInDurableObject(stub, (object) => object.alarm())
  expect(await rows()).toEqual(before)
})

it('is suspended, resumed and taken down without a trace', async () => {
  connect()
  const service = newService()
  const site = await order(service)
  await until(service, 'live')
  expect(await (await post('/suspend', { service_id: service })).json()).toMatchObject({ success: true, status: 'suspending' })
  await until(service, 'suspended')
  expect((await everything()).find((thing) => thing.kind === 'container' && thing.of === String(site.vmid))?.what).toContain('stopped')
  await post('/unsuspend', { service_id: service })
  await until(service, 'live')
  await post('/delete-site', { service_id: service })
  await until(service, 'terminated')
  expect((await everything()).filter((thing) => [String(site.vmid), site.hostname].includes(thing.of))).toEqual([])
  expect(await allocator().held((await recordOf(service)).tenant, 1)).toBeUndefined()
})

it('takes back an order that is refused, and builds it anew with other identities', async () => {
  connect((request, onward) => (request.method === 'POST' && request.url.includes('/dns_records')
    ? Promise.resolve(Response.json({ success: false, errors: [{ code: 9005, message: 'Content for A record is invalid' }], messages: [], result: null }, { status: 400 })) : onward()))
  const service = newService()
  const first = await order(service)
  await until(service, 'undone')
  expect((await everything()).filter((thing) => [String(first.vmid), first.hostname].includes(thing.of))).toEqual([])
  await expect.poll(async () => (await recordOf(service)).target).toBe('undone')
  connect()
  const second = await order(service)
  expect(second).toMatchObject({ existing: false })
  for (const key of ['vmid', 'private_ip', 'hostname'] as const) expect(second[key]).not.toBe(first[key])
  await until(service, 'live')
})

it('waits for a person when its credentials are refused, tears nothing down, and goes on when it is told to', async () => {
  connect((request, onward) => (request.method === 'POST' && request.url.includes('/dns_records')
    ? Promise.resolve(Response.json({ success: false, errors: [{ code: 10000, message: 'Authentication error' }], messages: [], result: null }, { status: 403 })) : onward()))
  const service = newService()
  const site = await order(service)
  await until(service, 'stuck')
  expect((await everything()).some((thing) => thing.kind === 'container' && thing.of === String(site.vmid))).toBe(true)
  connect()
  expect(await tenantOf(service).override({ do: 'retry', actor: 'a person' })).toMatchObject({ steps: 1 })
  await until(service, 'live')
})

it('is one object for each order and no more', async () => {
  const before = (await listDurableObjectIds(env.TENANT)).length
  const create = await command()
  await stubOf(create).accept(create)
  await stubOf(create).accept(create)
  expect(await listDurableObjectIds(env.TENANT)).toHaveLength(before + 1)
})

it('keeps a site ready for nobody, gives it to an order as it stands, and takes down what is no longer wanted', async () => {
  connect()
  const wanted = (size: number) => runInDurableObject(allocator(), (object) => void Object.assign(configOf((object as unknown as { env: Env }).env).cluster, { pool: size === 0 ? {} : { basic: { min: size, max: size } } }))
  const tick = async () => {
    await worker.scheduled(createScheduledController({ cron: '* * * * *', scheduledTime: new Date() }), env)
    return (await env.DB.prepare('SELECT ready, building, retiring, claims FROM pools_by_plan').all()).results
  }
  await wanted(1)
  await expect.poll(tick, { interval: 100 }).toEqual([{ ready: 1, building: 0, retiring: 0, claims: 0 }])
  const service = newService()
  const site = await order(service)
  await until(service, 'live')
  const { identity } = await recordOf(service)
  expect(identity).toMatchObject({ vmid: site.vmid, ahead: { mark: expect.stringMatching(/^berth-p[0-9a-f]{20}-e1$/) as string } })
  const [line] = await tenantOf(service).journal(1_000)
  expect(JSON.parse(line!.detail!)).toMatchObject({ verb: 'create', ahead: identity.ahead!.mark })
  // One is built again; then none is wanted.
  await tick()
  await wanted(0)
  await expect.poll(tick, { interval: 100 }).toEqual([])
  expect((await env.DB.prepare("SELECT count(*) AS n FROM tenants WHERE connection = 'berth.pool'").first<{ n: number }>())!.n).toBe(0)
})
