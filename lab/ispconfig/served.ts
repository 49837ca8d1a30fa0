// What ISPConfig's servers do with its changes, about a minute after the API said ok, and what they serve right now.
// The second name server transfers a zone only when its serial has grown: a change without a new serial never gets there.
// Not simulated: DNSSEC, zones that BIND refuses to load, mail itself.
import { between } from '../random.ts'
import { ispconfigServers } from '../topology.ts'
import type { World } from '../world.ts'
import { ispconfigState, type IspconfigState, type Row } from './state.ts'

/** Names fully qualified, in lower case, with the dot at their end; a zone that is not active answers nothing. */
export interface ServedZone {
  origin: string
  ns: string
  mbox: string
  serial: number
  minimum: number
  active: boolean
  records: { name: string; type: string; data: string; aux: number; ttl: number }[]
}

const cronKind = 'ispconfig:cron'
const transferKind = 'ispconfig:transfer'

/** The zones as this name server serves them now. */
export function servedZones(world: World, server: 'ns1' | 'ns2' = 'ns1'): ServedZone[] {
  return Object.values(ispconfigState(world)[server])
}

/** The mail server's own view: its domains, mailboxes and forwardings that are live. */
export function servedMail(world: World): { domains: Row[]; users: Row[]; forwardings: Row[] } {
  return ispconfigState(world).mail
}

/** Registers what happens later; once per world and app. */
export function servers(world: World): void {
  world.on<{ server: number }>(cronKind, ({ server }) => cron(world, server))
  world.on(transferKind, () => transfer(ispconfigState(world)))
}

/** Notes a change for a server, whose cron comes within the minute. */
export function logChange(world: World, server: string, zone?: string): void {
  const state = ispconfigState(world)
  const id = Number(server)
  state.datalog.push({ id: state.nextChange++, server: id, ...(zone === undefined ? {} : { zone }) })
  if (state.crons.includes(id)) return
  state.crons.push(id)
  world.later(between(world.random, 4_000, 62_000), cronKind, { server: id })
}

function cron(world: World, server: number): void {
  const state = ispconfigState(world)
  const mine = state.datalog.filter((change) => change.server === server)
  state.datalog = state.datalog.filter((change) => change.server !== server)
  state.crons = state.crons.filter((one) => one !== server)
  for (const zone of new Set(mine.flatMap((change) => change.zone ?? []))) render(state, zone)
  if (server === ispconfigServers.mail) {
    const { mail_domain: domains, mail_user: users, mail_forwarding: forwardings } = state.tables
    const live = (row: Row): boolean => (row['active'] ?? row['postfix']) === 'y'
    state.mail = { domains: copies(domains.filter(live)), users: copies(users.filter(live)), forwardings: copies(forwardings.filter(live)) }
  }
  if (!state.transferring) {
    state.transferring = true
    world.later(between(world.random, 500, 3_000), transferKind, {})
  }
}

const copies = (rows: Row[]): Row[] => rows.map((row) => ({ ...row }))

function render(state: IspconfigState, id: string): void {
  const soa = state.tables.dns_soa.find((row) => row['id'] === id)
  if (!soa) {
    delete state.ns1[id]
    return
  }
  const origin = dotted(soa['origin']!)
  const records = state.tables.dns_rr.filter((row) => row['zone'] === id && row['active'] === 'Y').map((row) => ({
    name: qualified(row['name']!, origin), type: row['type']!, data: row['data']!, aux: Number(row['aux'] ?? 0), ttl: Number(row['ttl']),
  }))
  state.ns1[id] = { origin, ns: soa['ns']!, mbox: soa['mbox']!, serial: Number(soa['serial']), minimum: Number(soa['minimum']), active: soa['active'] === 'Y', records }
}

function transfer(state: IspconfigState): void {
  state.transferring = false
  for (const id of Object.keys(state.ns2)) if (!state.ns1[id]) delete state.ns2[id]
  for (const [id, zone] of Object.entries(state.ns1)) {
    const known = state.ns2[id]
    if (!known || zone.serial > known.serial || zone.active !== known.active) state.ns2[id] = zone
  }
}

const dotted = (name: string): string => `${name.toLowerCase().replace(/\.$/, '')}.`

/** A name in a zone file: relative unless it ends with a dot, even when it looks complete. */
function qualified(name: string, origin: string): string {
  if (name === '' || name === '@') return origin
  return name.endsWith('.') ? name.toLowerCase() : `${name.toLowerCase()}.${origin}`
}
