// Who may ask the Cloudflare API, and how often: 1200 requests in 5 minutes, then 429 for the rest of the window.
// The window is data-centre time; `retry-after` and `Ratelimit` count real seconds, since that is what a client waits.
// Not simulated: scopes of tokens, the 200 requests a second per address.
import type { World } from '../world.ts'
import { Refusal } from './refusal.ts'

export const REQUESTS_MAX = 1200
const WINDOW_MS = 300_000

interface Limits { windowStart: number; count: number }

/** Counts one request; the headers that every answer carries. Throws 429 when the window is used up. */
export function admitted(world: World): Record<string, string> {
  const limits = world.slice<Limits>('cloudflare-limits', () => ({ windowStart: world.clock.now(), count: 0 }))
  const now = world.clock.now()
  const windowMs = WINDOW_MS / world.clock.speed
  if (now >= limits.windowStart + windowMs || now < limits.windowStart) Object.assign(limits, { windowStart: now, count: 0 })
  limits.count++
  const left = Math.max(0, REQUESTS_MAX - limits.count)
  const seconds = Math.ceil((limits.windowStart + windowMs - now) / 1000)
  const headers = { ratelimit: `"default";r=${left};t=${seconds}`, 'ratelimit-policy': `"default";q=${REQUESTS_MAX};w=300` }
  if (limits.count <= REQUESTS_MAX) return headers
  throw new Refusal(429, 10429, 'Rate limited. Please wait and consider throttling your request speed.', { headers: { ...headers, 'retry-after': String(seconds) } })
}

/** Refuses a missing, malformed or unknown token. */
export function authenticated(header: string | undefined, token: string, verifying: boolean): void {
  if (header === undefined) throw new Refusal(400, 9106, 'Missing X-Auth-Key, X-Auth-Email or Authorization headers')
  const given = /^Bearer (\S+)$/i.exec(header)?.[1]
  if (given === undefined) throw new Refusal(400, 6003, 'Invalid request headers', { chain: { code: 6111, message: 'Invalid format for Authorization header' } })
  if (given === token) return
  throw verifying ? new Refusal(401, 1000, 'Invalid API Token') : new Refusal(403, 9109, 'Invalid access token')
}
