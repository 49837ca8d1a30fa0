// The gateway on the network: two listeners (the signed API, the page for suspended sites), real time, real connections, log lines
// on standard output. The only file here that touches a clock or a timer.
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { serve, type ServerType } from '@hono/node-server'
import { gateway } from './app.ts'
import type { GatewayConfig } from './config.ts'
import type { Exchange } from './dns.ts'
import { nameServerExchange } from './dns-socket.ts'
import { Memory } from './memory.ts'
import { suspendedPage } from './pages.ts'
import type { Driver } from './playbooks.ts'
import { Ssh } from './ssh/client.ts'
import { sshDriver } from './ssh/driver.ts'
import { within } from './tasks.ts'
import { trusting } from './trust.ts'
import type { Rim } from './upstream.ts'

export interface Running { port: number; suspendedPort: number; close(): Promise<void> }

/** The longest that a change of an upstream may take to answer: its deadline comes 20 s after it was asked for. */
const closeAfterMs = 20_000
/** For what is answered already to leave the machine, before long polls are cut off. */
const flushMs = 1_000

/** This machine's own time and network, and what ends its connections. */
export function machine(config: GatewayConfig): { rim: Rim; close: () => Promise<void> } {
  const { fetch, close } = trusting(config.trust)
  return { rim: { fetch, now: () => Date.now(), sleep }, close }
}

/** The way to the nodes, when the configuration names one. Its files lie in the service's own folder in memory, where systemd makes one. */
export function openSsh(config: GatewayConfig, rim: Pick<Rim, 'sleep'>): Ssh | undefined {
  return config.ssh && new Ssh(config.ssh, rim, process.env['RUNTIME_DIRECTORY'] ?? tmpdir())
}

/** Opens the file of what was heard; throws when it cannot be written. */
export function openMemory(config: GatewayConfig, now: number): { memory: Memory; close: () => void } {
  const database = new DatabaseSync(config.state ?? ':memory:')
  try {
    // Two processes cannot listen on one address, so it tells the gateways of one file apart.
    return { memory: new Memory(database, { owner: `${config.host}:${config.port || randomUUID()}`, boot: bootId(), now }), close: () => database.close() }
  } catch (error) {
    database.close()
    throw error
  }
}

/** Opens both listeners; port 0 takes a free one. Without `ssh` in the configuration or a `driver` every playbook is refused. */
export async function openGateway(
  config: GatewayConfig,
  more: { driver?: Driver; rim?: Rim; dns?: Exchange; taskPollMs?: number; print?: (line: string) => void } = {},
): Promise<Running> {
  const { keys, access, upstreams, host, port, suspendedPage: page } = config
  const own = machine(config)
  const { rim = own.rim, dns = nameServerExchange(), taskPollMs = 500, print = console.log } = more
  const { memory, close: closeMemory } = openMemory(config, rim.now())
  const log = ({ time, ...rest }: { time: number }): void => print(JSON.stringify({ time: new Date(time).toISOString(), ...rest }))
  const ssh = more.driver ? undefined : openSsh(config, rim)
  const driver = more.driver ?? (ssh && sshDriver(ssh, known(config), (line) => log({ time: rim.now(), ...line })))
  const app = gateway({
    ...rim,
    memory,
    keys,
    access,
    upstreams,
    driver,
    dns: { exchange: dns, allowed: config.dns.allowed },
    taskPollMs,
    log,
  })
  const underWay = new Set<Promise<Response>>()
  /** What must be answered before the end; a long poll need not: whoever waits in one asks again. */
  const answered = (request: Request): Response | Promise<Response> => {
    const answer = Promise.resolve(app.fetch(request))
    underWay.add(answer)
    return answer.finally(() => underWay.delete(answer))
  }
  // Its own Request and Response stay its own: whoever else lives in this process has those of Node.
  const api = await listening(serve({ fetch: answered, hostname: host, port, overrideGlobalObjects: false }))
  const pages = await listening(serve({ fetch: suspendedPage, hostname: page.host, port: page.port, overrideGlobalObjects: false }))
  return {
    port: (api.address() as AddressInfo).port,
    suspendedPort: (pages.address() as AddressInfo).port,
    close: async () => {
      const last = Promise.all([api, pages].map((server) => new Promise((resolve) => server.close(resolve)))).then(() => undefined)
      await within({ sleep }, (async () => {
        while (underWay.size > 0) await Promise.allSettled(underWay)
      })(), closeAfterMs)
      await within({ sleep }, last, flushMs)
      for (const server of [api, pages]) if ('closeAllConnections' in server) server.closeAllConnections()
      await last
      ssh?.close()
      await own.close()
      closeMemory()
    },
  }
}

/** What of the configuration must never stand in a log. */
function known({ keys, upstreams: { proxmox, linstor, npm, ispconfig } }: GatewayConfig): string[] {
  return [...Object.values(keys), proxmox.token, proxmox.token.split('=').at(-1)!, linstor.token ?? '', npm.secret, ispconfig?.password ?? '']
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
