// The doctor's world: the lab's Internet DNS in virtual time, asked by the real client through the real gateway.
import { gateway } from '../../gateway/app.ts'
import { VirtualClock } from '../../lab/clock.ts'
import { cloudflare } from '../../lab/cloudflare/cloudflare.ts'
import type { Net } from '../../lab/dns/authoritative.ts'
import { portFiftyThree, resolverApp } from '../../lab/dns/dns.ts'
import { register, setRecords, record } from '../../lab/dns/internet.ts'
import { resolvers } from '../../lab/dns/resolver.ts'
import type { ServedZone } from '../../lab/ispconfig/served.ts'
import { World } from '../../lab/world.ts'
import { examine } from '../../src/doctor/findings.ts'
import type { Expected, Facts } from '../../src/doctor/facts.ts'
import { gather } from '../../src/doctor/gather.ts'
import { domainName } from '../../src/domain/domain-name.ts'
import type { ResourceRecord } from '../../src/domain/dns/answer.ts'
import type { Dns } from '../../src/upstreams/dns/client.ts'
import type { PolicyHost } from '../../src/upstreams/policy-host.ts'
import { upstreams } from '../../src/upstreams/upstreams.ts'

export const proxy = '203.0.113.10'
export const zone = 'berth.localhost'
export const expected: Expected = {
  addresses: [proxy], siteHost: `quiet-otter.${zone}`, token: 'berth-token-0123456789', nameServers: [`ns1.${zone}`, `ns2.${zone}`],
  ca: 'letsencrypt.org', zone: 'nobody’s', heldElsewhere: false,
}

export function internet(seed = 1) {
  const clock = new VirtualClock()
  const world = new World(clock, { seed })
  const served: Record<'ns1' | 'ns2', ServedZone[]> = { ns1: [], ns2: [] }
  const net: Net = { world, platformZone: zone, served: (server) => served[server] }
  cloudflare(world, { token: 'token', zoneId: 'a'.repeat(32), zoneName: zone })
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve) => {
    const cancel = clock.after(ms, resolve)
    signal?.addEventListener('abort', () => (cancel(), resolve()), { once: true })
  })
  const rim = { now: () => clock.now(), sleep }
  const entrance = gateway({
    ...rim, fetch: () => Promise.reject(new Error('nothing else is asked')), keys: { test: 'a-secret-for-these-tests' },
    upstreams: { proxmox: { urls: [], token: 'a@b!c=d' }, linstor: { urls: [] }, npm: { url: 'http://npm', identity: 'a', secret: 'b' } },
    dns: { exchange: portFiftyThree(net), allowed: [] },
  })
  const apps = resolvers.map((facts) => resolverApp(net, facts))
  /** Resolvers that nobody reaches, by number. */
  const away = new Set<number>()
  const asked: string[] = []
  /** What answers at https://mta-sts.…; the policy's own host is at Cloudflare. */
  const web = { answer: (_request: Request): Response | Promise<Response> => new Response(null, { status: 404 }) }
  world.slice('cloudflare-edge', () => ({ change: 0, names: {} as Record<string, object> })).names[`policy.${zone}`] = { change: 0, answers: [{ type: 'A', content: '104.16.0.1', ttl: 300, proxied: false }] }
  const clients = upstreams({
    gatewayUrl: 'http://gateway.test', gatewayKeyId: 'test', gatewayKey: 'a-secret-for-these-tests', cloudflareUrl: 'http://cloudflare.test/client/v4',
    cloudflareToken: 'token', cloudflareZoneId: 'a'.repeat(32), dnsResolvers: resolvers.map((_, i) => `http://r${i}.test/dns-query`),
  }, {
    ...rim,
    async fetch(request) {
      const { host } = new URL(request.url)
      asked.push(host)
      if (host.startsWith('mta-sts.')) return web.answer(request)
      if (host === 'gateway.test') return entrance.fetch(request)
      const at = Number(host[1])
      if (away.has(at)) throw new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) })
      return apps[at]!.fetch(request)
    },
  })
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false
    const end = (): void => void (over = true)
    promise.then(end, end)
    await clock.advance(clock.now())
    while (!over && (await clock.step())) { /* until it has settled */ }
    return promise
  }
  const dns = (): Dns => clients({ operation: 't1/dns', attempt: 0, deadline: clock.now() + 60_000 }).dns
  const policyHost = (): PolicyHost => clients({ operation: 't1/dns', attempt: 0, deadline: clock.now() + 60_000 }).policyHost
  const look = (name = 'example.com'): Promise<Facts> => {
    const judged = domainName(name, 'sites.berth.example')
    if (!judged.ok) throw new Error(judged.sentence)
    return run(gather(dns(), judged.domain))
  }
  return {
    world, clock, net, served, away, asked, web, dns, policyHost, run, look,
    /** Registers example.com with these records at the registrar. */
    domain: (records: ResourceRecord[], more: Parameters<typeof setRecords>[3] = {}) => {
      register(world, 'example.com')
      setRecords(world, 'example.com', records, more)
    },
    /** The doctor's findings as `code name`, and in full. */
    examine: async (wish: Partial<Expected> = {}, name = 'example.com') => {
      const all = examine(await look(name), { ...expected, ...wish })
      return { all, codes: all.map((one) => `${one.code} ${one.name}`), of: (code: string) => all.find((one) => one.code === code)! }
    },
  }
}

export const a = (name: string, address = proxy): ResourceRecord => record(name, 'A', address)
export const good = [a('example.com'), a('www.example.com')]
