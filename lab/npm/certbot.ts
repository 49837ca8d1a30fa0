// Certbot behind the proxy manager, and Let's Encrypt behind certbot. Its traps are kept: one run at a time, a host of the same domain
// is down while it works and comes back from a bare row when it fails, the row stands in the list before there is a certificate.
// Not simulated: renewal, revocation lists, OCSP, accounts; limits refill in windows instead of steadily.
import { resolve } from '../cloudflare/edge.ts'
import { between, hex } from '../random.ts'
import type { World } from '../world.ts'
import { reload, render } from './nginx.ts'
import { internal } from './refusal.ts'
import { letsEncryptRow, nextId, npmState, sqliteDate, type CertificateRow, type NpmState } from './rows.ts'

/** What is wrong with a name when Let's Encrypt asks for it over HTTP, in its words; undefined when nothing is. */
export type Challenge = (name: string) => string | undefined

const challenges = new WeakMap<World, Challenge>()
const certbots = new WeakMap<World, object>()

/** The proxy manager is restarted: its certbot dies, the row of the certificate that it was at stays as it is, and whoever asked gets no answer. */
export const restart = (world: World): void => void certbots.delete(world)

export const challengeWith = (world: World, challenge: Challenge): void => void challenges.set(world, challenge)

/** What Let's Encrypt remembers: requests for each set of names, and how many times it said that there were too many. */
export interface Authority { issued: { names: string; at: number }[]; failed: { names: string; at: number }[]; limited: number }
export const authority = (world: World): Authority => world.slice('letsencrypt', () => ({ issued: [], failed: [], limited: 0 }))

const weekMs = 7 * 86_400_000
const hourMs = 3_600_000
const setMax = 5
const failuresMax = 5

/**
 * One certbot run: 3–4.5 s and a row, or 500 and no row. HTTP-01 needs the name in public DNS and takes hosts of that name down
 * meanwhile; DNS-01 works inside the zone whose provider token the seed holds.
 */
export async function issueCertificate(world: World, names: string[], meta: Record<string, unknown>): Promise<CertificateRow> {
  const state = npmState(world)
  if (certbots.has(world)) throw internal(500, 'Another instance of Certbot is already running.')
  const run = {}
  certbots.set(world, run)
  const overDns = meta.dns_challenge === true
  const hosts = overDns ? [] : state.hosts.filter((host) => host.enabled && host.domain_names.some((name) => names.includes(name)))
  const now = world.clock.now()
  // It stands there from the first moment, as if it had expired in it.
  const row = letsEncryptRow(state, nextId(world, state), [...names], now, now)
  row.meta = { ...meta }
  delete state.pems[row.id]
  world.changed()
  try {
    for (const host of hosts) delete state.files[host.id]
    if (hosts.length > 0) await reload(world, state)
    const fault = wrong(world, state, names, overDns)
    await world.clock.sleep(fault === undefined ? between(world.random, 3000, 4500) : 1300)
    if (certbots.get(world) !== run) return await new Promise(() => undefined)
    if (fault !== undefined) throw internal(500, fault)
    const done = world.clock.now()
    row.expires_on = sqliteDate(done + 90 * 86_400_000)
    state.pems[row.id] = true
    authority(world).issued.push({ names: keyOf(names), at: done })
    // The files are back, but nobody tells nginx: the host stays on the default site until any later write.
    for (const host of hosts) state.files[host.id] = render(state, host)
    world.changed()
    const dates = { from: Math.floor(done / 1000), to: Math.floor((done + 90 * 86_400_000) / 1000) }
    return { ...row, meta: { ...row.meta, letsencrypt_certificate: { cn: names[0], issuer: 'C=US, O=Let\'s Encrypt, CN=E7', dates, serial: hex(world.random, 18) } } }
  } catch (error) {
    state.certificates = state.certificates.filter((one) => one !== row)
    // The rewritten file comes from a row without its relations: no TLS, no forced SSL, no access list.
    for (const host of hosts) if (state.hosts.includes(host)) state.files[host.id] = render(state, host, false)
    world.changed()
    if (hosts.length > 0) await reload(world, state)
    throw error
  } finally {
    certbots.delete(world)
  }
}

function wrong(world: World, state: NpmState, names: string[], overDns: boolean): string | undefined {
  const { issued, failed } = authority(world)
  const now = world.clock.now()
  const speed = world.clock.speed
  const lately = (list: { names: string; at: number }[], ms: number): number => list.filter((one) => one.names === keyOf(names) && (now - one.at) * speed < ms).length
  if (lately(issued, weekMs) >= setMax || lately(failed, hourMs) >= failuresMax) {
    authority(world).limited++
    return 'urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given type :: too many certificates already issued for this exact set of identifiers'
  }
  const fault = names.length === 0 ? 'no names' : names.map((name) => faultOf(world, state, name, overDns)).find((one) => one !== undefined)
  if (fault !== undefined) failed.push({ names: keyOf(names), at: now })
  return fault
}

const keyOf = (names: readonly string[]): string => [...names].sort().join(' ')

function faultOf(world: World, state: NpmState, name: string, overDns: boolean): string | undefined {
  if (overDns) return name === state.zone || name.endsWith(`.${state.zone}`) ? undefined : 'Some challenges have failed.'
  const challenge = challenges.get(world)
  if (!name.includes('*') && challenge) return challenge(name)
  return !name.includes('*') && resolve(world, name).length > 0 ? undefined : 'Some challenges have failed.'
}
