// The lab's playbook driver in virtual time, without any real WordPress.
import { describe, expect, test } from 'vitest'
import { playbooks } from '../../gateway/playbook-list.ts'
import { VirtualClock } from '../../lab/clock.ts'
import { labDriver } from '../../lab/wordpress/driver.ts'
import { forgetContainer, interruptContainer } from '../../lab/wordpress/inside.ts'
import { World } from '../../lab/world.ts'

const site = { hostname: 'a.test', url: 'https://a.test', title: 'A', adminEmail: 'a@b.test' }
const order = { playbook: 'install-wordpress', run: 'r1', node: 'node1', vmid: 101, parameters: site }
const look = { playbook: 'wordpress-state', run: 'r2', node: 'node1', vmid: 101, parameters: {} }

function scene(host?: Parameters<typeof labDriver>[1]) {
  const clock = new VirtualClock(0)
  const world = new World(clock, { seed: 7 })
  const containers = new Map<number, { node: string; status: string; ip?: string; template?: string }>([[101, { node: 'node1', status: 'running' }]])
  const driver = labDriver(world, host, (vmid) => containers.get(vmid))
  const run = async (request: Parameters<typeof driver.run>[0], untilMs = 300_000) => {
    const running = driver.run(request)
    await clock.advance(clock.now() + untilMs)
    return running
  }
  return { clock, world, containers, driver, run }
}

test('installs in 60 to 90 seconds of data-centre time', async () => {
  const { clock, driver } = scene()
  const running = driver.run(order)
  let endedAt = 0
  void running.then(() => { endedAt = clock.now() })
  await clock.advance(200_000)
  expect((await running).exit).toBe(0)
  expect(endedAt).toBeGreaterThanOrEqual(60_000)
  expect(endedAt).toBeLessThanOrEqual(90_000)
})

test('installs in seconds on a golden image', async () => {
  const { containers, run } = scene()
  containers.set(101, { node: 'node1', status: 'running', template: 'local:vztmpl/berth-wordpress_2026.11.23_amd64.tar.zst' })
  expect((await run(order, 12_000)).exit).toBe(0)
})

test('tells what is installed, and that it is being installed', async () => {
  const { clock, driver, run } = scene()
  expect((await run(look)).result).toEqual({ installed: false, busy: false })
  const running = driver.run(order)
  await clock.advance(clock.now() + 10_000)
  expect((await run(look, 5_000)).result).toEqual({ installed: false, busy: true })
  await clock.advance(clock.now() + 100_000)
  await running
  expect((await run(look)).result).toEqual({ installed: true, busy: false, url: site.url, title: 'A', version: '7.1.1' })
})

test('refuses an absent container, one on another node and a stopped one', async () => {
  const { containers, run } = scene()
  expect((await run({ ...order, node: 'node2' })).exit).toBe(66)
  expect((await run({ ...order, vmid: 999 })).exit).toBe(66)
  containers.set(101, { node: 'node1', status: 'stopped' })
  expect((await run(order)).exit).not.toBe(0)
  expect((await run(look)).exit).not.toBe(0)
})

test('answers a second run in the same container with busy and installs once', async () => {
  let installs = 0
  const { clock, driver } = scene({ install: async () => void installs++, personalise: async () => undefined, wp: async () => '', files: () => '', state: () => ({ installed: true, version: '9.9' }) })
  const first = driver.run(order)
  expect((await driver.run(order)).exit).toBe(75)
  await clock.advance(200_000)
  expect((await first).exit).toBe(0)
  expect(installs).toBe(1)
})

test('succeeds again without installing again', async () => {
  let installs = 0
  const { run } = scene({ install: async () => void installs++, personalise: async () => undefined, wp: async () => '', files: () => '', state: () => ({ installed: true, version: '9.9' }) })
  await run(order)
  expect(await run(order)).toMatchObject({ exit: 0, result: { installed: true, version: '9.9' } })
  expect(installs).toBe(1)
})

test.each(['stopped', 'destroyed', 'restarted'])('leaves nothing installed when the container is %s in the middle', async (how) => {
  const { clock, world, containers, driver, run } = scene()
  const running = driver.run(order)
  await clock.advance(20_000)
  if (how === 'stopped') containers.set(101, { node: 'node1', status: 'stopped' })
  if (how === 'destroyed') containers.delete(101)
  if (how === 'destroyed') forgetContainer(world, 101)
  if (how === 'restarted') interruptContainer(world, 101)
  await clock.advance(200_000)
  expect((await running).exit).not.toBe(0)
  containers.set(101, { node: 'node1', status: 'running' })
  expect((await run(look)).result).toEqual({ installed: false, busy: false })
  expect((await run(order)).exit).toBe(0)
})

test('keeps what is installed through a restart of the container', async () => {
  const { world, run } = scene()
  await run(order)
  interruptContainer(world, 101)
  expect((await run(look)).result).toMatchObject({ installed: true })
})

test('hands a failure of the real installation on and is not installed', async () => {
  const { run } = scene({ install: () => Promise.reject(new Error('no luck')), personalise: async () => undefined, wp: async () => '', files: () => '', state: () => ({ installed: false }) })
  expect(await run(order)).toEqual({ exit: 1, output: 'Error: no luck\n' })
  expect((await run(look)).result).toEqual({ installed: false, busy: false })
})

test('starts anew after the lab was stopped in the middle of a run', async () => {
  const { clock, world, containers, driver } = scene()
  void driver.run(order)
  await clock.advance(20_000)
  const later = new VirtualClock(clock.now())
  const again = labDriver(new World(later, { saved: world.save() }), undefined, (vmid) => containers.get(vmid))
  const running = again.run(order)
  await later.advance(later.now() + 200_000)
  expect((await running).exit).toBe(0)
})

test('makes what was installed for nobody somebody’s in a few seconds, twice as well as once, one run at a time', async () => {
  const { clock, driver, run } = scene()
  const personal = { ...order, playbook: 'personalise-wordpress', parameters: { hostname: 'b.test', url: 'https://b.test', title: 'B', adminEmail: 'b@b.test', address: '192.168.1.100' } }
  expect((await run(personal)).exit).toBe(1)
  await run(order)
  const running = driver.run(personal)
  await clock.advance(clock.now() + 1_000)
  expect((await driver.run(personal)).exit).toBe(75)
  await clock.advance(clock.now() + 10_000)
  expect((await running).exit).toBe(0)
  expect((await run(personal)).exit).toBe(0)
  expect((await run(look)).result).toEqual({ installed: true, busy: false, url: 'https://b.test', title: 'B', version: '7.1.1' })
})

test('leaves a site nobody’s when its container is stopped while it is made somebody’s, and refuses another container’s address', async () => {
  const { clock, world, containers, driver, run } = scene()
  const personal = { ...order, playbook: 'personalise-wordpress', parameters: { ...site, url: 'https://b.test', address: '192.168.1.100' } }
  await run(order)
  const running = driver.run(personal)
  await clock.advance(clock.now() + 500)
  interruptContainer(world, 101)
  await clock.advance(clock.now() + 10_000)
  expect((await running).exit).not.toBe(0)
  expect((await run(look)).result).toMatchObject({ busy: false, url: site.url })
  containers.set(101, { node: 'node1', status: 'running', ip: '192.168.1.101' })
  expect(await run(personal)).toMatchObject({ exit: 1, output: expect.stringContaining('192.168.1.101') as string })
})

describe('the tools of a site', () => {
  const tool = (playbook: string, parameters: Record<string, unknown> = {}) => ({ playbook, run: `${playbook} ${JSON.stringify(parameters)}`, node: 'node1', vmid: 101, parameters })
  const wp = (action: string, more: object = {}) => tool('wp', { action, ...more })
  const versions = (ran: { result?: unknown }): unknown => (ran.result as { list: { name: string; version: string; update: string }[] }).list.map(({ name, version, update }) => [name, version, update])

  test('change what is there, and tell it in the shape that the gateway promises', async () => {
    const { run } = scene()
    await run(order)
    expect(versions(await run(wp('plugin-list')))).toEqual([['akismet', '5.5', 'available'], ['hello', '1.7.2', 'none']])
    expect(versions(await run(wp('plugin-update', { name: 'akismet' })))).toEqual([['akismet', '5.6', 'none'], ['hello', '1.7.2', 'none']])
    expect(await run(wp('plugin-update', { name: 'nope' }))).toEqual({ exit: 69, output: 'there is no plugin nope\n' })
    expect((await run(wp('core-update'))).result).toEqual({ version: '7.1.2' })
    expect((await run(look)).result).toMatchObject({ version: '7.1.2' })
    expect([await run(tool('php-version', { version: '8.4' })), await run(tool('php-version', { version: '7.4' }))]).toMatchObject([{ exit: 0 }, { exit: 69, output: 'PHP 7.4 is not to be had here\n' }])
    for (const asked of [tool('login-link'), tool('disk-use'), tool('dump', { what: 'all' }), wp('theme-list'), wp('cron-list'), wp('search-replace', { from: 'a.test', to: 'b.test', dryRun: true }), wp('maintenance', { state: 'on' }), wp('cache-flush'), wp('cron-run')]) {
      const { exit, result } = await run(asked)
      expect([asked.run, exit, playbooks[asked.playbook]!.result.safeParse(result).success]).toEqual([asked.run, 0, true])
    }
  })

  test('wait for each other and are then refused, but for a look at the disk; what goes from under them leaves nothing known', async () => {
    const { clock, world, containers, driver, run } = scene()
    expect((await run(tool('disk-use'))).exit).toBe(1)
    await run(order)
    const dump = driver.run(tool('dump', { what: 'all' }))
    await clock.advance(clock.now() + 1_000)
    expect([(await run(tool('disk-use'), 2_500)).exit, await run(wp('plugin-list'), 6_000)]).toEqual([0, { exit: 75, output: 'another playbook is under way: dump\n' }])
    const lost = expect(dump).rejects.toThrow('container 101 was stopped while dump ran')
    interruptContainer(world, 101)
    await clock.advance(clock.now() + 60_000)
    await lost
    expect((await run(wp('plugin-list'))).exit).toBe(0)
    containers.set(101, { node: 'node1', status: 'stopped' })
    expect((await run(wp('plugin-list'))).exit).toBe(69)
  })
})
