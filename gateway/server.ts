// The gateway on the network: two listeners (the signed API, the page for suspended sites), real time, real fetch, log lines on
// standard output. The only file here that touches a clock, a timer or the environment.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { serve, type ServerType } from '@hono/node-server'
import { gateway } from './app.ts'
import { readConfig, type GatewayConfig } from './config.ts'
import type { Exchange } from './dns.ts'
import { nameServerExchange } from './dns-socket.ts'
import { Memory } from './memory.ts'
import { suspendedPage } from './pages.ts'
import type { Driver } from './playbooks.ts'
import type { Rim } from './upstream.ts'

export interface Running { port: number; suspendedPort: number; close(): Promise<void> }

const closeAfterMs = 2_000

/** What the data centre's own time and network are; the lab hands in its faster clock. */
const machine: Rim = { fetch: (request) => fetch(request), now: () => Date.now(), sleep }

/** Opens both listeners; port 0 takes a free one. Without a `driver` every playbook is refused. */
export async function openGateway(
  config: GatewayConfig,
  more: { driver?: Driver; rim?: Rim; dns?: Exchange; taskPollMs?: number; print?: (line: string) => void } = {},
): Promise<Running> {
  const { keys, upstreams, host, port, suspendedPage: page } = config
  const { driver, rim = machine, dns = nameServerExchange(), taskPollMs = 500, print = console.log } = more
  const database = new DatabaseSync(config.state ?? ':memory:')
  // Two processes cannot listen on one address, so it tells the gateways of one file apart.
  const memory = new Memory(database, { owner: `${host}:${port || randomUUID()}`, boot: bootId(), now: rim.now() })
  const app = gateway({
    ...rim,
    memory,
    keys,
    upstreams,
    driver,
    dns: { exchange: dns, allowed: config.dns.allowed },
    taskPollMs,
    log: ({ time, ...rest }) => print(JSON.stringify({ time: new Date(time).toISOString(), ...rest })),
  })
  const api = await listening(serve({ fetch: app.fetch, hostname: host, port }))
  const pages = await listening(serve({ fetch: suspendedPage, hostname: page.host, port: page.port }))
  return {
    port: (api.address() as AddressInfo).port,
    suspendedPort: (pages.address() as AddressInfo).port,
    close: async () => {
      await Promise.all([api, pages].map(closed))
      database.close()
    },
  }
}

/** Linux names each start of the machine; where nobody does, every start of ours counts as one. */
function bootId(): string {
  const file = '/proc/sys/kernel/random/boot_id'
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : randomUUID()
}

function listening(server: ServerType): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    if (server.listening) resolve(server)
    server.once('listening', () => resolve(server)).once('error', reject)
  })
}

/** What is under way may end; long polls would take half a minute, and whoever waits in one asks again. */
function closed(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), closeAfterMs).unref()
  })
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, Math.max(0, ms))
    signal?.addEventListener('abort', end)
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const running = await openGateway(readConfig(process.env))
  const stop = (): void => void running.close().then(() => process.exit(0))
  process.once('SIGINT', stop).once('SIGTERM', stop)
}
