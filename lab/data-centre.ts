// The data centre as it looks from outside: Proxmox, LINSTOR, Nginx Proxy Manager, ISPConfig and Cloudflare on loopback ports, the
// real gateway in front of the first four, WordPress processes behind the reverse proxy. Never listens on anything but the loopback.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import { parseConfig } from '../gateway/config.ts'
import type { Driver } from '../gateway/playbooks.ts'
import { openGateway } from '../gateway/server.ts'
import { cloudflare, resolve as resolveName } from './cloudflare/cloudflare.ts'
import type { Net } from './dns/authoritative.ts'
import { challengeOf } from './dns/certificate-authority.ts'
import { portFiftyThree, resolverApp } from './dns/dns.ts'
import { resolve as resolveAnywhere, resolvers } from './dns/resolver.ts'
import { FAULTS, faulty, plan, random, type Fetch } from './faults.ts'
import { ispconfig } from './ispconfig/ispconfig.ts'
import { servedZones } from './ispconfig/served.ts'
import { linstor } from './linstor/app.ts'
import { npm } from './npm/npm.ts'
import { containers, proxmox } from './proxmox/app.ts'
import { admits } from './proxmox/observers.ts'
import { recorded, type Service } from './recorder.ts'
import { dmz, proxmoxToken } from './topology.ts'
import type { World } from './world.ts'

/** What runs inside the containers, and how the gateway gets there. */
export interface Sites {
  /** Carries the gateway's playbooks out; without one the gateway goes by `ssh`, in the words of its configuration. */
  driver?(world: World): Driver
  ssh?: object
  /** Called once, before anything happens: from then on the sites go with their containers. */
  follow(world: World): void
  /** Where the site of a container that runs answers. */
  address(vmid: number): Promise<URL | undefined>
}

export interface DataCentreOptions {
  /** Undefined: what the world runs already, 9 in a new one. */
  pve: 8 | 9 | undefined
  chaos: boolean
  /** Hears every upstream exchange as a JSON line. */
  record: ((line: string) => void) | undefined
  logDir: string
  gatewayKey: { id: string; secret: string }
  cloudflareToken: string
  zone: { id: string; name: string }
  /** Where the reverse proxy finds the suspension page, in the data centre's own addresses. */
  suspendedPage: { host: string; port: number }
  /** The reverse proxy's private address. */
  proxyAddress: string
  sites: Sites
}

export interface DataCentre {
  gatewayUrl: string
  cloudflareUrl: string
  /** DNS over HTTPS. */
  dnsResolvers: string[]
  /** Every listener, for people. */
  places: { name: string; url: string }[]
  /** The real address behind a private one; undefined when nothing listens there. */
  resolve(address: string, port: number): Promise<URL | undefined>
  /** True when the world's resolvers lead this name to the reverse proxy. */
  published(name: string): boolean
  close(): Promise<void>
}

/** One request in so many fails with --chaos: an order makes a few dozen, so most orders meet a fault or two. */
const chaosRate = 0.04
/** A log-in page where an answer should be means that credentials were revoked: rightly that waits for a person, so chaos leaves it out. */
const chaosFaults = FAULTS.filter((fault) => fault !== 'login')
const ispconfigAccount = { username: 'berth', password: 'lab-ispconfig-secret' }
const npmAccount = { identity: 'berth@berth.localhost', secret: 'lab-npm-secret' }

export async function openDataCentre(world: World, options: DataCentreOptions): Promise<DataCentre> {
  const { pve, record, zone, sites } = options
  const faults = plan(world.clock, options.chaos ? [random(world.random, chaosRate, chaosFaults)] : [])
  const link = (fetch: Fetch): Fetch => (options.chaos ? faulty(fetch, faults) : fetch)
  const taped = (service: Service, app: Hono, version?: 8 | 9): Fetch => {
    const plain: Fetch = async (request) => app.fetch(request)
    return record ? recorded(service, plain, record, version) : plain
  }

  const net: Net = { world, platformZone: zone.name, served: (server) => servedZones(world, server) }
  const proxmoxApp = proxmox(world, pve === undefined ? {} : { major: pve })
  const { major } = world.slice('proxmox', () => ({ major: 9 as 8 | 9 }))
  const proxmoxServer = await listening(taped('pve', proxmoxApp, major))
  const linstorServer = await listening(taped('linstor', linstor(world)))
  const npmServer = await listening(taped('npm', npm(world, { ...npmAccount, zone: zone.name, challenge: challengeOf(net, dmz.reverseProxy) })))
  const ispconfigServer = await listening(taped('ispconfig', ispconfig(world, { ...ispconfigAccount, seeds: [{ customerNo: '10017', origin: 'somebody-else.example.' }] })))
  const cloudflareServer = await listening(link(taped('cloudflare', cloudflare(world, { token: options.cloudflareToken, zoneId: zone.id, zoneName: zone.name }))))

  const resolverServers = await Promise.all(resolvers.map((facts) => resolverApp(net, facts)).map((app) => listening(link(async (request) => app.fetch(request)))))

  const driver = sites.driver?.(world)
  const gatewayLog = createWriteStream(join(options.logDir, 'gateway.log'), { flags: 'w' })
  const gateway = await openGateway(
    parseConfig({
      host: '127.0.0.1', port: 0, suspendedPage: { host: '127.0.0.1', port: 0 },
      keys: { [options.gatewayKey.id]: options.gatewayKey.secret },
      ...(sites.ssh && { ssh: sites.ssh }),
      upstreams: {
        proxmox: { urls: [proxmoxServer.url], token: proxmoxToken },
        linstor: { urls: [linstorServer.url] },
        npm: { url: npmServer.url, ...npmAccount },
        ispconfig: { url: ispconfigServer.url, ...ispconfigAccount },
      },
    }),
    {
      ...(driver && { driver }),
      dns: portFiftyThree(net),
      rim: { fetch: link((request) => fetch(request)), now: () => world.clock.now(), sleep },
      taskPollMs: Math.max(50, 500 / world.clock.speed),
      print: (line) => void gatewayLog.write(`${line}\n`),
    },
  )
  sites.follow(world)
  world.start()

  const gatewayUrl = `http://127.0.0.1:${gateway.port}`
  const suspended = new URL(`http://127.0.0.1:${gateway.suspendedPort}`)
  return {
    gatewayUrl,
    cloudflareUrl: `${cloudflareServer.url}/client/v4`,
    dnsResolvers: resolverServers.map((server) => `${server.url}/dns-query`),
    places: [
      { name: 'Gateway', url: gatewayUrl },
      { name: `Proxmox VE ${major}`, url: `${proxmoxServer.url}/api2/json` },
      { name: 'LINSTOR', url: `${linstorServer.url}/v1` },
      { name: 'Nginx Proxy Manager', url: `${npmServer.url}/api` },
      { name: 'ISPConfig', url: `${ispconfigServer.url}/remote/json.php` },
      { name: 'Cloudflare DNS', url: `${cloudflareServer.url}/client/v4` },
      ...resolverServers.map((server, i) => ({ name: `DNS resolver ${i + 1}`, url: `${server.url}/dns-query` })),
    ],
    resolve: async (address, port) => {
      if (address === options.suspendedPage.host && port === options.suspendedPage.port) return suspended
      const container = containers(world).find((one) => one.ip === address && one.status === 'running')
      return container && port === 80 && admits(world, container.vmid, options.proxyAddress, port) ? sites.address(container.vmid) : undefined
    },
    // What Cloudflare serves is asked as it is: a visitor who came too early shall not wait for a resolver to forget.
    published: (name) => (name.endsWith(`.${zone.name}`)
      ? resolveName(world, name).some((answer) => answer.type === 'A' && answer.content === dmz.reverseProxy)
      : resolveAnywhere(net, resolvers[0]!, name, 'A').answers.some((answer) => answer.type === 'A' && answer.data === dmz.reverseProxy)),
    close: async () => {
      await gateway.close()
      await Promise.all([proxmoxServer, linstorServer, npmServer, ispconfigServer, cloudflareServer, ...resolverServers].map((server) => server.close()))
      await new Promise((resolve) => gatewayLog.end(resolve))
    },
  }
}

/** A simulator on a free loopback port. A link that breaks is a connection that breaks. */
async function listening(fetch: Fetch): Promise<{ url: string; close(): Promise<void> }> {
  const answer = async (request: Request, { incoming }: HttpBindings | Http2Bindings): Promise<Response> => {
    try {
      return await fetch(request)
    } catch {
      incoming.socket.destroy()
      return new Response(null, { status: 500 })
    }
  }
  const server = serve({ fetch: answer, hostname: '127.0.0.1', port: 0, overrideGlobalObjects: false })
  if (!server.listening) await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      if ('closeAllConnections' in server) server.closeAllConnections()
    }),
  }
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const timer = setTimeout(resolve, Math.max(0, ms))
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}
