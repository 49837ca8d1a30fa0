// What a gateway still knows after a restart, and what two gateways with one memory know of each other.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Memory } from '../../gateway/memory.ts'
import type { Driver } from '../../gateway/playbooks.ts'
import { said, site } from './worker.ts'

const start = '/proxmox/api2/json/nodes/node1/lxc/100/status/start'
const install = '/playbooks/wordpress-state'
const order = (run: string, vmid = 100): { body: string; operation: string } => ({ body: JSON.stringify({ run, node: 'node1', vmid, parameters: {} }), operation: 't1/wordpress' })

let folder: string
const opened: DatabaseSync[] = []
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'gateway-memory-'))))
afterEach(() => {
  for (const database of opened.splice(0)) if (database.isOpen) database.close()
  rmSync(folder, { recursive: true })
})

function open(): DatabaseSync {
  const database = new DatabaseSync(path.join(folder, 'state.sqlite'))
  opened.push(database)
  return database
}

/** A gateway on the one file; `laterMs` after the first was started. */
function life({ owner = 'a', boot = 'b1', laterMs = 0, driver, database = open() }: { owner?: string; boot?: string; laterMs?: number; driver?: Driver; database?: DatabaseSync } = {}) {
  const { clock } = site()
  clock.jump(laterMs)
  const one = site(undefined, { driver, memory: new Memory(database, { owner, boot, now: clock.now() }) })
  one.clock.jump(laterMs)
  return { ...one, database, take: (request: Request): Promise<Response> => one.settled(one.post(request)) }
}

describe('after a restart a gateway', () => {
  test('does not carry out a second time what its predecessor did', async () => {
    const first = life()
    const request = await first.request('POST', start)
    expect((await first.take(request.clone())).status).toBe(200)
    first.database.close()
    const second = life({ laterMs: 2_000 })
    expect(await said(await second.take(request))).toMatchObject({ status: 401, code: 'replayed' })
    expect(second.heard).toHaveLength(0)
  })

  test('carries out what was signed before it, for nothing was forgotten', async () => {
    const first = life()
    const late = await first.request('POST', start)
    first.database.close()
    expect((await life({ laterMs: 2_000 }).take(late)).status).toBe(200)
  })

  test('refuses what was signed before it when the machine itself was down: the end of the file may be missing', async () => {
    const first = life()
    const late = await first.request('POST', start)
    first.database.close()
    expect(await said(await life({ boot: 'b2', laterMs: 2_000 }).take(late))).toMatchObject({ status: 503, fate: 'not-sent', code: 'restarted' })
  })

  test('shuts nobody out because its clock was ahead once', () => {
    const database = open()
    const at = (now: number): number => new Memory(database, { owner: 'a', boot: 'b1', now }).since
    expect([at(90_000_500), at(5_000_000), at(6_000_000)]).toEqual([90_000_000, 5_000_000, 5_000_000])
  })

  test('refuses an attempt that was overtaken before it', async () => {
    const first = life()
    const older = await first.request('POST', start, { attempt: 1 })
    await first.send('POST', start, { attempt: 2 })
    first.database.close()
    expect(await said(await life({ laterMs: 2_000 }).take(older))).toMatchObject({ status: 409, fate: 'not-sent', code: 'overtaken' })
  })

  test('knows how a run ended, and does not do it again', async () => {
    let times = 0
    const driver: Driver = { run: async () => ({ exit: 0, output: '', result: { installed: ++times } }) }
    const first = life({ driver })
    await first.send('POST', install, order('r1'))
    const again = await first.request('POST', install, order('r1'))
    const ask = await first.request('GET', '/tasks/run:r1')
    first.database.close()
    const second = life({ driver, laterMs: 1_000 })
    expect(await (await second.take(again)).json()).toEqual({ run: 'r1', state: 'ended' })
    expect(await (await second.take(ask)).json()).toMatchObject({ state: 'ended', ok: true, result: { installed: 1 } })
    expect(times).toBe(1)
  })

  test('says that a run which it was cut off from is unknown, and does not do it again', async () => {
    let times = 0
    const driver: Driver = { run: () => {
      times++
      return new Promise(() => undefined)
    } }
    const first = life({ driver })
    expect(await (await first.send('POST', install, order('r1'))).json()).toEqual({ run: 'r1', state: 'running' })
    const again = await first.request('POST', install, order('r1'))
    const ask = await first.request('GET', '/tasks/run:r1?wait=5000')
    first.database.close()
    const second = life({ driver, laterMs: 1_000 })
    expect(await (await second.take(ask)).json()).toEqual({ id: 'run:r1', state: 'unknown' })
    expect(await (await second.take(again)).json()).toEqual({ run: 'r1', state: 'unknown' })
    expect(times).toBe(1)
  })
})

describe('two gateways with one memory', () => {
  test('carry a request out once, whichever hears it first', async () => {
    const [one, other] = [life({ owner: 'a' }), life({ owner: 'b' })]
    const request = await one.request('POST', start)
    const [first, second] = await Promise.all([one.take(request.clone()), other.take(request.clone())])
    expect(new Set([first.status, second.status])).toEqual(new Set([200, 401]))
    expect(one.heard.length + other.heard.length).toBe(1)
  })

  test('let no attempt through that the other heard overtaken', async () => {
    const [one, other] = [life({ owner: 'a' }), life({ owner: 'b' })]
    const older = await one.request('POST', start, { attempt: 1 })
    expect((await one.send('POST', start, { attempt: 2 })).status).toBe(200)
    expect(await said(await other.take(older))).toMatchObject({ status: 409, code: 'overtaken' })
  })

  test('run a playbook once, and either tells how it ended', async () => {
    let end = (): void => undefined
    let times = 0
    const driver: Driver = { run: () => {
      times++
      return new Promise((resolve) => (end = () => resolve({ exit: 0, output: 'done' })))
    } }
    const [one, other] = [life({ owner: 'a', driver }), life({ owner: 'b', driver })]
    await one.send('POST', install, order('r1'))
    expect(await (await other.take(await one.request('POST', install, order('r1')))).json()).toEqual({ run: 'r1', state: 'running' })
    expect(await said(await other.take(await one.request('POST', install, order('r1', 101))))).toMatchObject({ status: 409, code: 'run' })
    const answer = await other.take(await one.request('GET', '/tasks/run:r1?wait=5000'))
    other.clock.after(1_200, () => end())
    expect(await other.settled(answer.json())).toMatchObject({ state: 'ended', ok: true, output: 'done' })
    expect(times).toBe(1)
  })

  test('give up a run whose gateway never came back', async () => {
    const one = life({ owner: 'a', driver: { run: () => new Promise(() => undefined) } })
    await one.send('POST', install, order('r1'))
    one.database.close()
    const state = async (laterMs: number): Promise<unknown> => {
      const other = life({ owner: 'b', laterMs })
      return (await other.settled((await other.send('GET', '/tasks/run:r1', { nonce: `nonce-after-${laterMs}` })).json()) as { state: string }).state
    }
    expect([await state(3_500_000), await state(3_700_000)]).toEqual(['running', 'unknown'])
  })
})

describe('the memory', () => {
  test('says that it is full instead of forgetting, and has room again in time', async () => {
    const clock = site().clock
    const one = site(undefined, { memory: new Memory(open(), { owner: 'a', boot: 'b1', now: clock.now(), most: 3 }) })
    for (let i = 0; i < 3; i++) expect((await one.send('GET', '/proxmox/api2/json/version')).status).toBe(200)
    expect(await said(await one.send('GET', '/proxmox/api2/json/version'))).toMatchObject({ status: 503, fate: 'not-sent', code: 'full' })
    one.clock.jump(67_000)
    expect((await one.send('GET', '/proxmox/api2/json/version')).status).toBe(200)
  })

  test('holds no parameter of a playbook', async () => {
    const one = life({ driver: { run: async () => ({ exit: 0, output: '' }) } })
    const parameters = { hostname: 'a.example.test', url: 'https://a.example.test', title: 'Secret title', adminEmail: 'person@example.test' }
    await one.send('POST', '/playbooks/install-wordpress', { body: JSON.stringify({ run: 'r1', node: 'node1', vmid: 100, parameters }) })
    const rows = JSON.stringify(one.database.prepare('SELECT * FROM runs').all())
    expect(rows).toContain('run:r1')
    for (const value of Object.values(parameters)) expect(rows).not.toContain(value)
  })

  test('that can no longer be written lets nothing through', async () => {
    const one = life()
    one.database.close()
    expect(await said(await one.send('POST', start))).toMatchObject({ status: 503, fate: 'not-sent', code: 'memory' })
    expect(one.heard).toHaveLength(0)
  })
})
