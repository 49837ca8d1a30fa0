// The data centre of the simulation: one world in virtual time, the lab's simulators, the real gateway between them and the
// Worker, and two unreliable links: Worker to gateway (`edge`), and everything to the upstreams (`inside`).
import { appendFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { gateway } from '../../gateway/app.ts'
import { Memory } from '../../gateway/memory.ts'
import { cloudflare } from '../../lab/cloudflare/cloudflare.ts'
import { VirtualClock } from '../../lab/clock.ts'
import type { Net } from '../../lab/dns/authoritative.ts'
import { challengeOf } from '../../lab/dns/certificate-authority.ts'
import { portFiftyThree, resolverApp } from '../../lab/dns/dns.ts'
import { resolvers } from '../../lab/dns/resolver.ts'
import { faulty, plan, type Fetch, type Plan, type Rule } from '../../lab/faults.ts'
import { ispconfig } from '../../lab/ispconfig/ispconfig.ts'
import { servedZones } from '../../lab/ispconfig/served.ts'
import { linstor } from '../../lab/linstor/app.ts'
import { npm } from '../../lab/npm/npm.ts'
import { containers, onPower, proxmox } from '../../lab/proxmox/app.ts'
import { recorded, type Service } from '../../lab/recorder.ts'
import { proxmoxToken } from '../../lab/topology.ts'
import { labDriver } from '../../lab/wordpress/driver.ts'
import { forgetContainer, interruptContainer } from '../../lab/wordpress/inside.ts'
import { keepContent } from '../../lab/wordpress/kept.ts'
import { World } from '../../lab/world.ts'
import type { Rim } from '../../src/upstreams/http.ts'
import type { UpstreamSettings } from '../../src/upstreams/upstreams.ts'

const key = 'simulation-signing-secret'
const zoneId = '5d1f6a0c9b7e4f3a8c2d1e0f9a8b7c6d'

export const settings: UpstreamSettings = {
  gatewayUrl: 'http://gateway.test', gatewayKeyId: 'sim', gatewayKey: key,
  cloudflareUrl: 'http://cloudflare.test/client/v4', cloudflareToken: 'simulated-token', cloudflareZoneId: zoneId,
  dnsResolvers: ['http://resolver-a.test/dns-query', 'http://resolver-b.test/dns-query', 'http://resolver-c.test/dns-query'],
}

export interface Weather { edge?: readonly Rule[]; inside?: readonly Rule[] }

export interface DataCentre {
  major: 8 | 9
  clock: VirtualClock
  world: World
  rim: Rim
  edge: Plan
  inside: Plan
  /** The gateway process dies and comes back; `keeps` its nonces, fences and runs, or has lost the file. */
  restartGateway(keeps: boolean): void
  /** What a system does instead of answering as it should: another answer, or an error as fetch throws it; undefined lets it answer. */
  spoilt: Partial<Record<Service, (request: Request) => Response | undefined>>
  /** How far the gateway's clock is ahead of everybody else's. */
  gatewayAheadMs: number
}

const file = process.env['BERTH_RECORD']

/** Where every exchange is recorded, when somebody wants it: a test run with BERTH_RECORD=<file> appends them there. */
export const recording: { write: ((line: string) => void) | undefined } = { write: file ? (line) => appendFileSync(file, `${line}\n`) : undefined }

/** A fresh data centre. The same seed and weather give the same run. */
export function dataCentre(seed: number, weather: Weather = {}, major: 8 | 9 = 9): DataCentre {
  const clock = new VirtualClock()
  const world = new World(clock, { seed })
  const account = { identity: 'berth@example.com', secret: 'simulated-secret' }
  const panel = { username: 'berth', password: 'simulated-password' }
  const net: Net = { world, platformZone: 'berth.localhost', served: (server) => servedZones(world, server) }
  const apps = {
    pve: proxmox(world, { major, token: proxmoxToken }),
    linstor: linstor(world),
    npm: npm(world, { ...account, zone: 'berth.localhost', challenge: challengeOf(net, '203.0.113.10') }),
    ispconfig: ispconfig(world, { ...panel, seeds: [{ customerNo: '10017', origin: 'somebody-else.example.' }] }),
    cloudflare: cloudflare(world, { token: settings.cloudflareToken, zoneId, zoneName: 'berth.localhost' }),
  }
  // A gateway that polls for a task is not interesting at every second, and most of all it is not worth a fault each time.
  const inside = plan(clock, weather.inside ?? [], (request) => !request.url.includes('/status') || !request.url.includes('/tasks/'))
  const edge = plan(clock, weather.edge ?? [])
  const behind = (service: Service): Fetch => {
    const answer: Fetch = async (request) => dc.spoilt[service]?.(request) ?? apps[service].fetch(request)
    const { write } = recording
    return faulty(write ? recorded(service, answer, write, major) : answer, inside)
  }
  const links: Record<string, Fetch> = {
    'node1:8006': behind('pve'), 'node2:8006': behind('pve'), 'linstor:3370': behind('linstor'), 'npm:81': behind('npm'), 'ispconfig:8080': behind('ispconfig'), 'cloudflare.test': behind('cloudflare'),
  }
  for (const [i, url] of settings.dnsResolvers.entries()) {
    const app = resolverApp(net, resolvers[i]!)
    links[new URL(url).host] = faulty(async (request) => app.fetch(request), inside)
  }
  const fetchInside: Fetch = (request) => {
    const link = links[new URL(request.url).host]
    if (!link) throw new Error(`nobody listens at ${request.url}`)
    return link(request)
  }
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      signal?.addEventListener('abort', () => (cancel(), resolve()), { once: true })
    })
  const driver = labDriver(world, undefined, (vmid) => containers(world).find((one) => one.vmid === vmid))
  keepContent(world)
  onPower(world, ({ event, vmid }) => {
    if (event === 'destroyed') forgetContainer(world, vmid)
    else if (event === 'stopped') interruptContainer(world, vmid)
  })
  const startGateway = (kept: DatabaseSync) => gateway({
    keys: { sim: key },
    upstreams: { proxmox: { urls: ['http://node1:8006', 'http://node2:8006'], token: proxmoxToken }, linstor: { urls: ['http://linstor:3370'] }, npm: { url: 'http://npm:81', ...account }, ispconfig: { url: 'http://ispconfig:8080', ...panel } },
    driver, dns: { exchange: portFiftyThree(net), allowed: [] }, fetch: fetchInside, now: () => clock.now() + dc.gatewayAheadMs, sleep, taskPollMs: 1_000, memory: new Memory(kept, { owner: 'sim', boot: 'sim', now: clock.now() }),
  })
  const dc: DataCentre = {
    major, clock, world, edge, inside, spoilt: {}, gatewayAheadMs: 0,
    rim: { fetch: fetchInside, now: () => clock.now(), sleep },
    restartGateway: (keeps) => {
      if (!keeps) kept = new DatabaseSync(':memory:')
      entrance = startGateway(kept)
    },
  }
  let kept = new DatabaseSync(':memory:')
  let entrance = startGateway(kept)
  links['gateway.test'] = faulty(async (request) => entrance.fetch(request), edge)
  return dc
}
