// Log-ins of ISPConfig's remote user: sessions of half an hour that use does not prolong, bound to the caller's address. Ten
// failures in five minutes, bad log-ins and dead sessions alike, lock the address out.
// Not simulated: log-ins of clients, allowed addresses, several remote users.
import { between, hex } from '../random.ts'
import type { World } from '../world.ts'
import { Fault } from './fault.ts'
import { ispconfigState, type IspconfigState } from './state.ts'

const lifeMs = 30 * 60_000
const failuresMost = 10
const windowMs = 5 * 60_000

/** login: a letter and 40 hex digits. */
export function logIn(world: World, account: { username: string; password: string }, given: Record<string, unknown>, address: string): string {
  const state = ispconfigState(world)
  if (state.maintenance) throw new Fault('This ISPConfig installation is currently under maintenance. We should be back shortly. Thank you for your patience.')
  if (isLocked(world, state, address)) throw new Fault('The login failure limit is reached.')
  if (!given['username']) throw new Fault('The login username is empty.')
  if (!given['password']) throw new Fault('The login password is empty.')
  const now = world.clock.now()
  state.sessions = state.sessions.filter((session) => session.until > now)
  if (given['username'] !== account.username || given['password'] !== account.password) {
    state.failures.push({ address, at: now })
    throw new Fault('The login failed. Username or password wrong.')
  }
  const id = String.fromCharCode(between(world.random, 97, 122)) + hex(world.random, 40)
  state.sessions.push({ id, until: now + lifeMs, address })
  world.changed()
  return id
}

/** Every function asks this first. */
export function checkSession(world: World, id: unknown, address: string): void {
  const state = ispconfigState(world)
  if (!id) throw new Fault('The SessionID is empty.')
  if (isLocked(world, state, address)) throw new Fault('The login failure limit is reached.')
  const session = state.sessions.find((one) => one.id === id)
  if (session && session.until > world.clock.now() && session.address === address) return
  state.failures.push({ address, at: world.clock.now() })
  world.changed()
  throw new Fault('The Session is expired or does not exist.')
}

function isLocked(world: World, state: IspconfigState, address: string): boolean {
  const since = world.clock.now() - windowMs
  state.failures = state.failures.filter((failure) => failure.at > since)
  return state.failures.filter((failure) => failure.address === address).length >= failuresMost
}

/** logout */
export function logOut(world: World, id: unknown): boolean {
  const state = ispconfigState(world)
  const before = state.sessions.length
  state.sessions = state.sessions.filter((session) => session.id !== id)
  return state.sessions.length < before
}
