// The gateway: the only address that the Worker knows inside the private network. Vendor paths pass through unchanged when they
// are signed, in time, not overtaken and on the allow list; it holds the upstreams' credentials and answers none of them.
// Everything it needs of the world is handed in: no clock, no timer, no environment of its own.
import { Hono } from 'hono'
import { Access, type AccessSettings } from './access.ts'
import { allowed, type Vendor } from './allow-list.ts'
import { NameServers, type Exchange as DnsExchange } from './dns.ts'
import { Fence, type Admitted } from './fence.ts'
import { changing, Ispconfig, type IspconfigAccount } from './ispconfig.ts'
import { masked } from './mask.ts'
import { forgetful, type Memory } from './memory.ts'
import { Npm, type NpmAccount } from './npm.ts'
import { Playbooks, type Driver } from './playbooks.ts'
import { Refusal } from './refusal.ts'
import { staleLock } from './stale-lock.ts'
import { Tasks, upidPattern, waitMaxMs, type TaskEnd } from './tasks.ts'
import { Servers, type Answer, type Order, type Rim } from './upstream.ts'

/** One line of the log. `time` is epoch ms; `fate` only when the gateway itself refused. Never a header's value, a body or a secret. */
export interface LogEntry {
  time: number
  method: string
  path: string
  /** The signed nonce: the one name that this request alone has. */
  request?: string
  /** Whose operation it is. */
  tenant?: string
  operation?: string
  attempt?: number
  status: number
  ms: number
  fate?: string
  code?: string
}

export interface GatewayOptions extends Rim {
  /** Key id → secret of those who may ask. */
  keys: Record<string, string>
  upstreams: {
    /** Nodes that answer for each other, e.g. `https://node1:8006`; token as `user@realm!name=secret`. */
    proxmox: { urls: string[]; token: string }
    linstor: { urls: string[]; token?: string | undefined }
    npm: NpmAccount
    /** Without an account its functions are refused. */
    ispconfig?: IspconfigAccount | undefined
  }
  /** Cloudflare Access, where it stands before this gateway: whatever it did not let through is refused. */
  access?: AccessSettings | undefined
  /** Without a driver every playbook is refused. */
  driver?: Driver | undefined
  /** How name servers are asked, and which may be although they are not public; without it none is. */
  dns?: { exchange: DnsExchange; allowed: readonly string[] } | undefined
  /** What was heard so far; without it, whatever was heard is forgotten with the process. */
  memory?: Memory | undefined
  /** How often a task that somebody waits for is looked at. */
  taskPollMs?: number
  log?(entry: LogEntry): void
}

interface Variables { body: string | undefined; admitted: Admitted | undefined; refusal: Refusal | undefined }

const bodyMaxBytes = 512 * 1024
/** However late the deadline: pveproxy itself gives a hop to another node 30 s, LINSTOR waits for its satellites. */
const timeoutsMs: Record<Vendor, number> = { proxmox: 40_000, linstor: 120_000, npm: 60_000, ispconfig: 60_000 }
const pollTimeoutMs = 5_000
const vendors: readonly Vendor[] = ['proxmox', 'linstor', 'npm', 'ispconfig']

/** The Node service as a web-standard app; see docs/gateway.md. */
export function gateway(options: GatewayOptions): Hono<{ Variables: Variables }> {
  const { keys, upstreams, driver } = options
  const rim: Rim = { fetch: (request) => options.fetch(request), now: () => options.now(), sleep: (ms, signal) => options.sleep(ms, signal) }
  const memory = options.memory ?? forgetful(options.now())
  const pollMs = options.taskPollMs ?? 500
  const fence = new Fence(keys, memory, () => options.now())
  const access = options.access && new Access(rim, options.access)
  const proxmox = new Servers(rim, 'proxmox', upstreams.proxmox.urls)
  const linstor = new Servers(rim, 'linstor', upstreams.linstor.urls)
  const npm = new Npm(rim, upstreams.npm, memory)
  const ispconfig = upstreams.ispconfig && new Ispconfig(rim, upstreams.ispconfig, memory)
  const proxmoxKey = { authorization: `PVEAPIToken=${upstreams.proxmox.token}` }
  const linstorKey: Record<string, string> = upstreams.linstor.token ? { authorization: `Bearer ${upstreams.linstor.token}` } : {}
  const fixedSecrets = [...Object.values(keys), upstreams.proxmox.token, upstreams.proxmox.token.split('=').at(-1)!, upstreams.linstor.token ?? '']
  const secrets = (): string[] => [...fixedSecrets, ...npm.secrets(), ...(ispconfig?.secrets() ?? [])]
  const look = (path: string): Promise<Answer> =>
    proxmox.ask({ method: 'GET', path, headers: { ...proxmoxKey, accept: 'application/json' } }, rim.now() + pollTimeoutMs)
  const tasks = new Tasks(rim, look, pollMs)
  const nameServers = new NameServers(rim, options.dns?.exchange, options.dns?.allowed ?? [])
  const playbooks = new Playbooks(rim, memory, driver, secrets, pollMs, { 'unlock-container': staleLock(rim, look) })

  const ask = (vendor: Vendor, order: Order, admitted: Admitted, changes: boolean): Promise<Answer> => {
    const keyed = (key: Record<string, string>): Order => ({ ...order, headers: { ...order.headers, ...key } })
    const deadline = Math.min(admitted.deadline, rim.now() + timeoutsMs[vendor])
    if (vendor === 'proxmox') return proxmox.ask(keyed(proxmoxKey), deadline)
    if (vendor === 'linstor') return linstor.ask(keyed(linstorKey), deadline)
    const check = (): void => fence.check(admitted, changes)
    if (vendor === 'npm') return npm.ask(order, deadline, check)
    if (!ispconfig) throw new Refusal(501, 'refused', 'ispconfig', 'this gateway knows no ISPConfig')
    return ispconfig.ask(order, deadline, check)
  }

  const app = new Hono<{ Variables: Variables }>()

  app.use(async (c, next) => {
    const time = rim.now()
    await next()
    const admitted = c.get('admitted')
    const refusal = c.get('refusal')
    options.log?.({
      time,
      method: c.req.method,
      path: new URL(c.req.url).pathname.slice(0, 500),
      ...(admitted && { request: admitted.nonce, tenant: admitted.operation.split('/')[0]!, operation: admitted.operation, attempt: admitted.attempt }),
      status: c.res.status,
      ms: Math.round(rim.now() - time),
      ...(refusal && { fate: refusal.fate, code: refusal.code }),
    })
  })

  app.get('/health', (c) => c.json({ status: 'ok', time: rim.now() }))

  app.use(async (c, next) => {
    if (access) await access.check(c.req.raw.headers.get('cf-access-jwt-assertion'))
    const body = await text(c.req.raw)
    const { method, url, headers } = c.req.raw
    c.set('admitted', await fence.admit({ method, url, headers, ...(body === undefined ? {} : { body }) }))
    c.set('body', body)
    await next()
  })

  for (const vendor of vendors)
    app.all(`/${vendor}/*`, async (c) => {
      const { method, url, headers } = c.req.raw
      const { pathname, search } = new URL(url)
      const path = pathname.slice(vendor.length + 1)
      const body = c.get('body')
      if (!pathname.startsWith(`/${vendor}/`) || !allowed(vendor, method, path, search)) throw notAllowed()
      // Every call of ISPConfig is a POST, the reading ones too.
      const changes = vendor === 'ispconfig' ? changing(path) : method !== 'GET'
      if (body !== undefined && (method === 'GET' || method === 'DELETE')) throw new Refusal(400, 'refused', 'body', `a ${method} carries no body`)
      const admitted = c.get('admitted')!
      fence.check(admitted, changes)
      const described = ['accept', 'content-type'].flatMap((name) => (headers.has(name) ? [[name, headers.get(name)!] as const] : []))
      return answered(vendor, await ask(vendor, { method, path: path + search, headers: Object.fromEntries(described), body }, admitted, changes), secrets())
    })

  app.get('/tasks/*', (c) => {
    const admitted = c.get('admitted')!
    fence.check(admitted, false)
    const { pathname, searchParams } = new URL(c.req.raw.url)
    const id = decoded(pathname.slice('/tasks/'.length))
    const asked = searchParams.get('wait') ?? '0'
    if (!/^\d{1,9}$/.test(asked)) throw new Refusal(400, 'refused', 'wait', 'wait must be milliseconds')
    const waitMs = Math.min(Number(asked), waitMaxMs, admitted.deadline - rim.now())
    if (id.startsWith('run:')) return slowly(playbooks.wait(id.slice('run:'.length), waitMs), secrets)
    if (!upidPattern.test(id)) throw new Refusal(400, 'refused', 'task', 'this is neither a UPID nor a run')
    return slowly(tasks.wait(id, waitMs), secrets)
  })

  app.get('/dns', async (c) => {
    const admitted = c.get('admitted')!
    fence.check(admitted, false)
    const answer = await nameServers.ask(new URL(c.req.raw.url).searchParams, admitted.deadline)
    return new Response(new Uint8Array(answer), { headers: { 'content-type': 'application/dns-message', 'cache-control': 'no-store', 'berth-landed': '1' } })
  })

  app.post('/playbooks/:name', (c) => {
    fence.check(c.get('admitted')!, true)
    return c.json(playbooks.start(c.req.param('name'), c.get('body')), 202)
  })

  app.all('*', () => {
    throw notAllowed()
  })

  app.onError((error, c) => {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'unknown', 'bug', 'the gateway failed')
    c.set('refusal', refusal)
    return refusal.response()
  })

  return app
}

const notAllowed = (): Refusal => new Refusal(403, 'refused', 'not-allowed', 'this method and path are not on the allow list')

const tooLarge = (): Refusal => new Refusal(413, 'refused', 'too-large', 'the body is larger than 512 KiB')

/** The body as text, undefined when there is none; counted while it comes, because its length may not be announced. */
async function text(request: Request): Promise<string | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > bodyMaxBytes) throw tooLarge()
  if (request.body === null) return undefined
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > bodyMaxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return bytes === 0 ? undefined : Buffer.concat(chunks).toString('utf8')
}

/** pveproxy's own 595–599 and the 502 and 504 of the nginx before NPM say only that the answer was lost on their side; ISPConfig itself knows only 200. */
const fromProxy = (vendor: Vendor, status: number): boolean =>
  vendor === 'proxmox' ? status >= 595 : vendor === 'ispconfig' ? status >= 500 : vendor === 'npm' && (status === 502 || status === 504)

function answered(vendor: Vendor, answer: Answer, secrets: string[]): Response {
  const headers = new Headers({ 'cache-control': 'no-store' })
  if (answer.retryAfter !== null) headers.set('retry-after', answer.retryAfter)
  if (!fromProxy(vendor, answer.status)) headers.set('berth-landed', '1')
  const empty = answer.status === 204 || answer.status === 205 || answer.status === 304
  if (answer.contentType !== null) headers.set('content-type', answer.contentType)
  // As bytes: for a text Response would name a type of its own where the upstream named none.
  return new Response(empty ? null : new TextEncoder().encode(masked(answer.body, secrets)), { status: answer.status, headers })
}

/**
 * Headers now, the body when `end` is known: a Worker has six connections that wait for headers. The leading line break makes
 * proxies on the way pass the headers on, and JSON ignores it.
 */
function slowly(end: Promise<TaskEnd>, secrets: () => string[]): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(encoder.encode('\n'))
      controller.enqueue(encoder.encode(masked(JSON.stringify(await end), secrets())))
      controller.close()
    },
    cancel() { /* the wait ends by itself */ },
  })
  return new Response(body, { headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'refused', 'task', 'the name of the task is not encoded as a URL')
  }
}
