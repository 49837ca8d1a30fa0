// Tokens of the proxy manager and its broken answers to wrong ones (2.15.1, lib/access.js throws `undefined`):
// there is no 401, and a missing right looks like a missing path. Tokens look like RS256 JWTs of one day;
// the signature is an HMAC under the world's key, so a token outlives a restart and dies with the world. No 2FA.
import { createHmac } from 'node:crypto'
import { hex } from '../random.ts'
import type { World } from '../world.ts'
import { internal, notFound, Refusal } from './refusal.ts'
import { npmState } from './rows.ts'
import { validated, type Shape } from './schema.ts'

const LOGIN: Shape = {
  required: ['identity', 'secret'],
  fields: { identity: { kind: 'string', min: 1 }, scope: { kind: 'string', min: 1, among: ['user'] }, secret: { kind: 'string', min: 1 } },
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const signature = (key: string, text: string): string =>
  Buffer.concat([0, 1, 2, 3].map((block) => createHmac('sha512', key).update(`${block}${text}`).digest())).toString('base64url')

/** A token living `jwtMs`, said to expire after `saidMs` (the two differ for one unit, see `lifetimes`). */
function issue(world: World, jwtMs: number, saidMs = jwtMs): { token: string; expires: string } {
  const iat = Math.floor(world.clock.now() / 1000)
  const payload = { iss: 'api', attrs: { id: 1 }, scope: ['user'], jti: hex(world.random, 24), iat, exp: iat + Math.floor(jwtMs / 1000) }
  const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(payload)}`
  return { token: `${text}.${signature(npmState(world).key, text)}`, expires: new Date(world.clock.now() + saidMs).toISOString() }
}

const DAY = 86_400_000
const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY, w: 7 * DAY, y: 365 * DAY }

/** `expiry=3M` says three months and lives three minutes: moment and jsonwebtoken read the letter differently. */
function lifetimes(expiry: string): { jwtMs: number; saidMs: number } {
  const [, count, unit] = /^(\d+)([smhdwyM])$/.exec(expiry) ?? []
  if (!count || !unit) throw new Refusal(400, `Invalid expiry time: ${expiry}`)
  if (unit === 'M') return { jwtMs: Number(count) * 60_000, saidMs: Number(count) * 30 * DAY }
  const ms = Number(count) * UNITS[unit]!
  return { jwtMs: ms, saidMs: ms }
}

/** POST /tokens: half a second of bcrypt, then a token or 400 – an unknown user lacks `message_i18n`. */
export async function logIn(world: World, account: { identity: string; secret: string }, body: unknown): Promise<object> {
  const { identity, secret } = validated(LOGIN, body)
  if (String(identity).toLowerCase() !== account.identity.toLowerCase()) {
    await world.clock.sleep(30)
    throw new Refusal(400, 'Invalid email or password')
  }
  await world.clock.sleep(500 + world.random() * 400)
  if (secret !== account.secret) throw new Refusal(400, 'Invalid email or password', { i18n: 'error.invalid-auth' })
  return issue(world, DAY)
}

/** GET /tokens with a valid token: a fresh one, one day or as long as `expiry` asks. */
export function refresh(world: World, expiry: string | undefined): object {
  const { jwtMs, saidMs } = lifetimes(expiry ?? '1d')
  return issue(world, jwtMs, saidMs)
}

/** True for a valid token, false for none at all (also for `bearer` in lower case); 500 for a foreign one, 400 for an expired one. */
export function bearer(world: World, header: string | undefined): boolean {
  const token = /^Bearer (.+)$/.exec(header ?? '')?.[1]
  if (token === undefined) return false
  const dot = token.lastIndexOf('.')
  const text = token.slice(0, Math.max(0, dot))
  if (token.slice(dot + 1) !== signature(npmState(world).key, text)) throw internal()
  const { exp } = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }
  if (exp * 1000 > world.clock.now()) return true
  const i18n = { name: 'TokenExpiredError', message: 'jwt expired', expiredAt: new Date(exp * 1000).toISOString() }
  throw new Refusal(400, 'Token has expired', { i18n })
}

/** What a request without a right gets: the 404 of an unknown path, or 500 where the router stumbles differently. */
export const forbidden = (method: string, path: string): Refusal =>
  (method === 'POST' && path === '/nginx/proxy-hosts') || path === '/users/me' || path === '/tokens' ? internal() : notFound(path)
