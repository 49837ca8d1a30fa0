// The Worker and the data centre as seen from the gateway, on virtual time: signs and sends requests, records what reaches
// the upstreams, and lets time pass until an answer is there.
import { VirtualClock } from '../../lab/clock.ts'
import { gateway, type GatewayOptions, type LogEntry } from '../../gateway/app.ts'
import { signed } from '../../src/upstreams/signature.ts'

export const keyId = 'worker-1'
export const key = 'a-key-of-the-worker-0001'
export const proxmoxToken = 'berth@pve!gateway=0f1e2d3c-proxmox-secret'
export const npmSecret = 'npm-account-secret'
export const ispconfigPassword = 'remote-user-password'

export interface Heard { url: URL; method: string; headers: Headers; body: string }
export type Upstream = (heard: Heard, nth: number) => Response | Promise<Response>

/** A gateway whose upstreams are `upstream`; everything they hear is in `heard`. */
export function site(upstream: Upstream = () => Response.json({ data: null }), more: Partial<GatewayOptions> = {}) {
  const clock = new VirtualClock()
  const heard: Heard[] = []
  const log: LogEntry[] = []
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      signal?.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  const rim = { now: () => clock.now(), sleep }
  const app = gateway({
    ...rim,
    keys: { [keyId]: key },
    upstreams: {
      proxmox: { urls: ['https://node1:8006', 'https://node2:8006'], token: proxmoxToken },
      linstor: { urls: ['http://node1:3370', 'http://node2:3370'], token: 'linstor-token-1' },
      npm: { url: 'http://npm:81', identity: 'berth@example.test', secret: npmSecret },
      ispconfig: { url: 'https://ispconfig:8080', username: 'berth', password: ispconfigPassword },
    },
    fetch: async (request) => {
      const one = { url: new URL(request.url), method: request.method, headers: request.headers, body: await request.text() }
      heard.push(one)
      return upstream(one, heard.length)
    },
    log: (entry) => void log.push(entry),
    ...more,
  })
  let nonce = 0

  /** Lets time pass until `promise` has settled, at most `mostMs` of it. */
  const settled = async <T>(promise: Promise<T>, mostMs = 120_000): Promise<T> => {
    let done = false
    const mark = (): void => void (done = true)
    promise.then(mark, mark)
    const until = clock.now() + mostMs
    await clock.advance(clock.now())
    while (!done && (await clock.step(until))) { /* next */ }
    if (!done) throw new Error(`nothing came within ${mostMs} ms`)
    return promise
  }

  interface Sending { body?: string; type?: string; operation?: string; attempt?: number; leftMs?: number; signedAt?: number; nonce?: string; spoil?: (headers: Headers) => void; headers?: Record<string, string> }
  const request = async (method: string, path: string, sending: Sending = {}): Promise<Request> => {
    const { body, type = 'application/json', operation = 't1/container', attempt = 1, leftMs = 20_000, spoil } = sending
    const url = `http://gateway${path}`
    const headers = new Headers({
      accept: 'application/json', ...sending.headers,
      'berth-operation': operation, 'berth-attempt': String(attempt), 'berth-deadline': String(clock.now() + leftMs),
    })
    if (body) headers.set('content-type', type)
    await signed({ method, url, headers, ...(body ? { body } : {}) }, { id: keyId, secret: key }, sending.signedAt ?? clock.now(), sending.nonce ?? `nonce-${++nonce}-of-the-test`)
    spoil?.(headers)
    return new Request(url, { method, headers, ...(body ? { body } : {}) })
  }
  const post = async (request: Request): Promise<Response> => app.fetch(request)
  const send = async (method: string, path: string, sending: Sending = {}): Promise<Response> => settled(post(await request(method, path, sending)))
  return { app, clock, heard, log, rim, settled, request, post, send }
}

/** What fetch rejects with when nobody listens. */
export function refusedConnect(): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }) })
}

/** What fetch rejects with when the connection breaks after the request went out. */
export function reset(): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }) })
}

/** The gateway's own words about a request: fate, code and whether an upstream answered. */
export async function said(response: Response): Promise<{ status: number; fate: string | null; landed: string | null; code: string | undefined; message: string | undefined }> {
  const { error } = (await response.clone().json().catch(() => ({}))) as { error?: { code: string; message: string } }
  return { status: response.status, fate: response.headers.get('berth-fate'), landed: response.headers.get('berth-landed'), code: error?.code, message: error?.message }
}
