// The way out of the Worker, as the tests want it: cut off, or to this file's own data centre. Every request is written down.
import { vi } from 'vitest'
import { breaker, lease } from '../../src/broker/limits.ts'
import { policy } from '../../src/engine/policy.ts'
import { resources } from '../../src/resources/plans.ts'

const out = globalThis.fetch
const patience = structuredClone({ policy, lease, pollMs: [...resources].map(([name, { pollMs }]) => [name, pollMs] as const) })
let name = ''

// A breaker that a cut-off test has opened must not hold up the next one.
Object.assign(breaker, { coolFirstMs: 50, coolMaxMs: 100, coolConfigMs: 100, probeMs: 200 })

/** Requests that the Worker has sent since the last change of the way out, as `METHOD /path`. */
export const sent: string[] = []

/** Decides what becomes of one request: `onward` takes it to the data centre. */
export type Way = (request: Request, onward: () => Promise<Response>) => Promise<Response>

/** From now on the Worker's requests go this way. */
export function through(way: Way): void {
  sent.length = 0
  globalThis.fetch = vi.fn((input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init)
    sent.push(`${request.method} ${new URL(request.url).pathname}`)
    const onward = (): Promise<Response> => {
      const marked = new Request(request)
      marked.headers.set('x-data-centre', name)
      return out(marked)
    }
    return way(request, onward)
  })
}

/** Nobody listens anywhere: each request is refused before it leaves. */
export const disconnect = (): void => through(() => Promise.reject(Object.assign(new TypeError('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })))

/** For each file: a data centre of its own that nobody reaches yet, and the engine's patience as it really is. */
export function afresh(): void {
  name = crypto.randomUUID()
  Object.assign(policy, patience.policy)
  Object.assign(lease, patience.lease)
  for (const [resource, pollMs] of patience.pollMs) Object.assign(resources.get(resource)!, { pollMs })
  disconnect()
}

/** The data centre answers, thousands of times faster than a real one; the engine's patience is scaled to it. */
export function connect(way: Way = (_request, onward) => onward()): void {
  Object.assign(policy, { backoffFirstMs: 5, backoffMaxMs: 50, blindMaxMs: 50, flightMs: 400, safetyAlarmMs: 300, watchMs: 2_000 })
  // A wake that the power cut took is made up for by asking again: in this time, as everything else here.
  Object.assign(lease, { claimMs: 400, sweepMs: 200, parkedMs: 400, askAfterMs: 1_600 })
  for (const resource of resources.values()) Object.assign(resource, { pollMs: 10 })
  through(way)
}

/** The registry delegates a domain to the platform's two name servers. */
export async function delegated(domain: string): Promise<void> {
  await out(`http://data-centre.test/delegate/${domain}`, { headers: { 'x-data-centre': name } })
}

/** Registers a domain in the data centre's Internet, if need be, and makes its DNS say this and nothing else. */
export async function publish(apex: string, records: readonly { name: string; type: string; data: string }[]): Promise<void> {
  await out('http://data-centre.test/publish', { method: 'POST', headers: { 'x-data-centre': name }, body: JSON.stringify({ apex, records }) })
}

/** What stands in the data centre, as the lab counts it. */
export async function everything(): Promise<{ kind: string; of: string; what: string }[]> {
  const answer = await out('http://data-centre.test/everything', { headers: { 'x-data-centre': name } })
  return answer.json()
}
