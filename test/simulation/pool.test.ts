// Sites built ahead, from the empty pool to the tenant's end: what an order gets, in what time, and what it costs others.
import { afterEach, describe, expect, it } from 'vitest'
import { failNode } from '../../lab/proxmox/app.ts'
import { admits } from '../../lab/proxmox/observers.ts'
import { contentOf } from '../../lab/wordpress/inside.ts'
import { nth } from '../../lab/faults.ts'
import { tenantKey } from '../../src/domain/names.ts'
import type { Resource } from '../../src/engine/resource.ts'
import { resources } from '../../src/resources/plans.ts'
import type { Reach } from '../../src/resources/reach.ts'
import { view } from '../../src/tenant/view.ts'
import { dataCentre, type Weather } from './data-centre.ts'
import { live } from './history.ts'
import { violationsAtRest } from './invariants.ts'
import type { Sabotage } from './misfortune.ts'
import { Platform } from './platform.ts'
import { schedules } from './schedules.ts'

const minute = 60_000
const open: Platform[] = []
afterEach(() => {
  for (const platform of open.splice(0)) platform.close()
})

/** A platform whose pool of `basic` sites has been filled. */
async function filled(size: number, more: Partial<Platform['cluster']> = {}, weather: Weather = {}) {
  const dc = dataCentre(1, weather)
  const platform = new Platform(dc, 1)
  open.push(platform)
  Object.assign(platform.cluster, { pool: { basic: { min: size, max: size } }, ...more })
  const after = (ms: number): Promise<void> => dc.clock.advance(dc.clock.now() + ms)
  await after(6 * minute)
  const liveAfter = async (service: string): Promise<number> => {
    const start = dc.clock.now()
    while (platform.tenant(service) === undefined || platform.state(platform.tenant(service)!)?.outcome !== 'live') {
      await after(100)
      if (dc.clock.now() > start + 20 * minute) throw new Error(`never live: ${JSON.stringify(platform.tenant(service)?.actor.store.rows().filter(({ phase }) => phase !== 'settled').map(({ name, phase, why }) => [name, phase, why]))}`)
    }
    return dc.clock.now() - start
  }
  return { dc, platform, after, liveAfter, of: (service: string) => platform.tenant(service)! }
}

const vmidOf = (platform: Platform, service: string): number => platform.allocator.service(tenantKey('sim', service))!.identity.vmid

describe('an order that finds a site built ahead', () => {
  it('is live within seconds, personal and open to visitors; its first snapshot, its name and a new site for the pool follow', async () => {
    const { dc, platform, after, liveAfter, of } = await filled(1)
    const [spare] = [...platform.tenants.values()]
    const { vmid, ip } = platform.state(spare!)!.identity
    expect(admits(dc.world, vmid, platform.cluster.proxy.privateIp, 80)).toBe(false)
    platform.order('one', 'create')
    expect(await liveAfter('one')).toBeLessThan(15_000)
    const { identity } = platform.state(of('one'))!
    expect([identity.vmid, identity.ip]).toEqual([vmid, ip])
    expect(admits(dc.world, vmid, platform.cluster.proxy.privateIp, 80)).toBe(true)
    expect(contentOf(dc.world, vmid)).toMatchObject({ url: `https://${identity.hostname}`, adminEmail: 'one@example.com' })
    expect(view(of('one').actor.store, resources)).toMatchObject({ status: 'live', url: `https://${identity.hostname}` })
    await after(6 * minute)
    expect(platform.allocator.keepPool(dc.clock.now()).pools).toMatchObject([{ ready: 1, claims: 1, arrivals: 1 }])
    expect(violationsAtRest(platform)).toEqual([])
  })

  it('gives the same answers as one that finds none, and may be suspended, backed up, reset and terminated like it', async () => {
    const { platform, after } = await filled(1)
    for (const service of ['ahead', 'cold']) platform.order(service, 'create')
    await after(4 * minute)
    const [ahead, cold] = ['ahead', 'cold'].map((service) => view(platform.tenant(service)!.actor.store, resources)!)
    const told = ({ status, target, plan, steps }: NonNullable<typeof ahead>) => ({ status, target, plan, steps: steps.filter(({ name }) => name !== 'nameplate').map(({ name, state }) => `${name} ${state}`).sort() })
    expect(told(ahead!)).toEqual(told(cold!))
    platform.act('ahead', { do: 'make-backup' })
    await after(minute)
    platform.act('ahead', { do: 'reset', loseNewer: true })
    await after(2 * minute)
    platform.order('ahead', 'suspend')
    await after(minute)
    expect(violationsAtRest(platform)).toEqual([])
    platform.order('ahead', 'terminate')
    await after(6 * minute)
    expect(platform.state(platform.tenant('ahead')!)).toMatchObject({ outcome: 'terminated', closed: true })
    expect(violationsAtRest(platform)).toEqual([])
  })

  it('gets its door by the claim where names are made of addresses', async () => {
    const { platform, after, liveAfter, of } = await filled(1, { hostNames: 'email' })
    expect(violationsAtRest(platform)).toEqual([])
    platform.order('jane', 'create')
    expect(await liveAfter('jane')).toBeLessThan(15_000)
    expect(platform.state(of('jane'))!.identity).toMatchObject({ label: 'jane', ahead: {} })
    await after(6 * minute)
    expect(violationsAtRest(platform)).toEqual([])
  })

  it('is found on the node to which high availability has moved it', async () => {
    const { dc, platform, after, liveAfter } = await filled(1)
    const [spare] = [...platform.tenants.values()]
    const { vmid, node } = platform.state(spare!)!.identity
    failNode(dc.world, node)
    await after(5 * minute)
    platform.order('one', 'create')
    expect(vmidOf(platform, 'one')).toBe(vmid)
    expect(await liveAfter('one')).toBeLessThan(2 * minute)
  })

  it('is personalised again when the playbook was cut off in the middle, and looked at before it is believed', async () => {
    const { dc, platform, after, liveAfter, of } = await filled(1)
    platform.order('one', 'create')
    await after(1_000)
    dc.restartGateway(true)
    expect(await liveAfter('one')).toBeLessThan(2 * minute)
    expect(of('one').actor.store.row('wordpress')!.attempt).toBeGreaterThanOrEqual(1)
    await after(6 * minute)
    expect(violationsAtRest(platform)).toEqual([])
  })
})

describe('the record of a name', () => {
  const plant = (platform: Platform, type: string, name: string, content: string): Promise<Response> => platform.dc.rim.fetch(new Request('http://cloudflare.test/client/v4/zones/5d1f6a0c9b7e4f3a8c2d1e0f9a8b7c6d/dns_records', {
    method: 'POST', headers: { authorization: 'Bearer simulated-token', 'content-type': 'application/json' }, body: JSON.stringify({ type, name, content, ttl: 300 }),
  }))

  it('is not made where a wildcard is seen to lead to the proxy, and taken for what it is when that is missing', async () => {
    const { platform, after, of } = await filled(0, { wildcardDns: true })
    platform.order('before', 'create')
    await after(4 * minute)
    expect(of('before').actor.store.row('dns-record')).toMatchObject({ phase: 'settled' })
    const name = `*.${platform.cluster.zone}`
    void plant(platform, 'A', name, platform.cluster.proxy.publicIp)
    await after(1_000)
    platform.order('after', 'create')
    await after(4 * minute)
    const records = platform.dc.world.slice('cloudflare', () => ({ records: [] as { name: string; content: string }[] })).records.map((one) => one.name)
    expect(records.sort()).toEqual([name, platform.state(of('before'))!.identity.hostname].sort())
    for (const service of ['before', 'after']) platform.order(service, 'terminate')
    await after(6 * minute)
    platform.foreign.push({ of: name, what: platform.cluster.proxy.publicIp })
    expect(violationsAtRest(platform)).toEqual([])
  })
})

describe('the checks', () => {
  const replacing = (name: string, change: (right: Resource<Reach>) => Partial<Resource<Reach>>): Sabotage => ({ lend: (lent) => ({ ...lent, resources: new Map([...lent.resources, [name, { ...resources.get(name)!, ...change(resources.get(name)!) }]]) }) })
  const opened = (wish: unknown) => ({ rules: [{ type: 'in', action: 'ACCEPT', source: '192.168.1.10', proto: 'tcp', dport: '80' }, ...(wish as { rules: readonly { type: string }[] }).rules.filter(({ type }) => type === 'out')] })

  it.each([
    ['opens the fence before the site is somebody’s', replacing('firewall', (right) => ({ observe: (one) => right.observe({ ...one, wish: opened(one.wish) }), make: (one, seen) => right.make({ ...one, wish: opened(one.wish) }, seen) })), /visitors get into/],
    ['takes a generic site for the customer’s', replacing('wordpress', (right) => ({ observe: async (one) => {
      const seen = await right.observe(one)
      return seen.state === 'present' ? { state: 'present', ok: true, out: { url: '', version: '' } } : seen
    }, make: async (one, seen) => ((one.wish as { personalise?: object }).personalise ? undefined : right.make(one, seen)) })), /given a WordPress that says/],
  ])('catch an engine that %s', async (_what, sabotage, said) => {
    const events = schedules['built ahead']!.slice(0, 2)
    const { violations } = await live({ seed: 1, events, sabotage })
    expect(violations.join()).toMatch(said)
  })
})

describe('a site that is nobody’s', () => {
  it('is renewed after a week, and never was without one', async () => {
    const { dc, platform, after } = await filled(1)
    const [first] = [...platform.tenants.keys()]
    let least = Infinity
    for (let hour = 0; hour < 7 * 24 + 1; hour++) {
      await after(60 * minute)
      least = Math.min(least, platform.allocator.keepPool(dc.clock.now()).pools[0]!.ready)
    }
    expect(least).toBe(1)
    expect(platform.state(platform.tenants.get(first!)!)?.outcome).toBe('terminated')
    expect(violationsAtRest(platform)).toEqual([])
  })

  it('does nothing more by itself once it is ready, so that whoever gets it is alone with it', async () => {
    const { platform, after } = await filled(1)
    const [spare] = [...platform.tenants.values()]
    const lines = spare!.actor.store.lastLine()
    platform.order('one', 'create')
    await after(500)
    spare!.actor.wake()
    platform.crash(spare!)
    platform.order('one', 'suspend')
    await after(3 * minute)
    platform.order('one', 'terminate')
    await after(6 * minute)
    expect(spare!.actor.store.lastLine()).toBe(lines)
    expect(violationsAtRest(platform)).toEqual([])
  })

  it('is not touched by a release that does not know of it, nor is the site of its tenant', async () => {
    const { platform, after, of } = await filled(1)
    platform.order('one', 'create')
    platform.order('cold', 'create')
    await after(minute)
    const version = (service: string) => of(service).disk.read('SELECT schema_version AS v FROM meta')[0]!['v']
    expect([version('one'), version('cold')]).toEqual([2, 1])
  })

  it('waits with its steps for those of an order', async () => {
    const { platform, after, liveAfter } = await filled(0, {}, { edge: [nth(1_000_000, 'timeout')] })
    platform.cluster.pool = { basic: { min: 10, max: 10 } }
    await after(minute + 1_000)
    platform.order('one', 'create')
    // As long as alone: 30 to 60 s for the container, 60 to 90 s for WordPress.
    expect(await liveAfter('one')).toBeLessThan(3 * minute)
  })
})
