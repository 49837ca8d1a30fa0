// The data centres of the workerd tests, in Node: one per test file, each with the lab's simulators, the real gateway and a
// clock that runs faster. A request says in a header which one it is meant for. Never used by the Worker itself.
import { gateway } from '../../gateway/app.ts'
import { forgetful } from '../../gateway/memory.ts'
import { realClock } from '../../lab/clock.ts'
import { cloudflare } from '../../lab/cloudflare/cloudflare.ts'
import type { Net } from '../../lab/dns/authoritative.ts'
import { challengeOf } from '../../lab/dns/certificate-authority.ts'
import { portFiftyThree, resolverApp } from '../../lab/dns/dns.ts'
import { delegate, record, register, setRecords } from '../../lab/dns/internet.ts'
import { resolvers } from '../../lab/dns/resolver.ts'
import { everything } from '../../lab/everything.ts'
import { ispconfig } from '../../lab/ispconfig/ispconfig.ts'
import { servedZones } from '../../lab/ispconfig/served.ts'
import { linstor } from '../../lab/linstor/app.ts'
import { npm } from '../../lab/npm/npm.ts'
import { containers, onPower, proxmox } from '../../lab/proxmox/app.ts'
import { proxmoxToken } from '../../lab/topology.ts'
import { labDriver } from '../../lab/wordpress/driver.ts'
import { forgetContainer, interruptContainer } from '../../lab/wordpress/inside.ts'
import { keepContent } from '../../lab/wordpress/kept.ts'
import { World } from '../../lab/world.ts'
import { secrets } from './secrets.ts'

type Fetch = (request: Request) => Promise<Response>

/** Data-centre seconds per millisecond of the tests: an order's 160 s are over before they are noticed. */
const speed = 4_000
const zoneId = '5d1f6a0c9b7e4f3a8c2d1e0f9a8b7c6d'
const panel = { username: 'berth', password: 'worthless' }
const account = { identity: 'berth@example.com', secret: 'worthless' }

const open = new Map<string, Fetch>()

/** Everything that the Worker sends out: to the data centre named by `x-data-centre`, opened at its first request. */
export async function outbound(request: Request): Promise<Response> {
  const name = request.headers.get('x-data-centre')
  if (name === null) return new Response('no data centre is connected', { status: 500 })
  const answer = open.get(name) ?? dataCentre()
  open.set(name, answer)
  return answer(request)
}

function dataCentre(): Fetch {
  const world = new World(realClock(speed), { seed: 7 })
  const zone = 'berth.localhost'
  const pve = proxmox(world, { major: 9, token: proxmoxToken })
  const volumes = linstor(world)
  const net: Net = { world, platformZone: zone, served: (server) => servedZones(world, server) }
  const proxy = npm(world, { ...account, zone, challenge: challengeOf(net, '203.0.113.10') })
  const hosting = ispconfig(world, panel)
  const dns = cloudflare(world, { token: secrets.CLOUDFLARE_TOKEN, zoneId, zoneName: zone })
  const doh = resolvers.map((facts) => resolverApp(net, facts))
  keepContent(world)
  onPower(world, ({ event, vmid }) => (event === 'destroyed' ? forgetContainer(world, vmid) : event === 'stopped' ? interruptContainer(world, vmid) : undefined))
  const inside: Record<string, Fetch> = { 'node1:8006': async (request) => pve.fetch(request), 'linstor:3370': async (request) => volumes.fetch(request), 'npm:81': async (request) => proxy.fetch(request), 'ispconfig:8080': async (request) => hosting.fetch(request) }
  const [keyId = '', key = ''] = secrets.GATEWAY_KEY.split(':')
  const entrance = gateway({
    keys: { [keyId]: key },
    upstreams: { proxmox: { urls: ['http://node1:8006'], token: proxmoxToken }, linstor: { urls: ['http://linstor:3370'] }, npm: { url: 'http://npm:81', ...account }, ispconfig: { url: 'http://ispconfig:8080', ...panel } },
    driver: labDriver(world, undefined, (vmid) => containers(world).find((one) => one.vmid === vmid)),
    dns: { exchange: portFiftyThree(net), allowed: [] },
    fetch: (request) => inside[new URL(request.url).host]!(request),
    now: () => Date.now(),
    sleep: (ms, signal) => new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms))
      signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
    }),
    taskPollMs: 5,
    // It is opened by a request that was signed before.
    memory: forgetful(Date.now() - 60_000),
  })
  return async (request) => {
    const { host, pathname } = new URL(request.url)
    if (pathname === '/everything') return Response.json(everything(world))
    if (pathname.startsWith('/delegate/')) {
      delegate(world, pathname.slice('/delegate/'.length), [`ns1.${zone}`, `ns2.${zone}`])
      return new Response('delegated')
    }
    if (pathname === '/publish') {
      const { apex, records } = (await request.json()) as { apex: string; records: { name: string; type: string; data: string }[] }
      register(world, apex)
      setRecords(world, apex, records.map(({ name, type, data }) => record(name, type, data)))
      return Response.json({})
    }
    const resolver = doh[Number(/:879([567])$/.exec(host)?.[1]) - 5]
    if (resolver) return resolver.fetch(request)
    return host.endsWith(':8794') ? dns.fetch(request) : entrance.fetch(request)
  }
}
