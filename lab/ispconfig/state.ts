// ISPConfig's database as plain data: rows whose every value is text, sessions, the log of changes that the servers have not
// applied yet, and what the two name servers and the mail server serve right now.
import { between, seeded } from '../random.ts'
import { ispconfigServers, nameservers } from '../topology.ts'
import type { World } from '../world.ts'
import type { ServedZone } from './served.ts'

export type Row = Record<string, string>
export type Table = 'client' | 'sys_group' | 'dns_soa' | 'dns_rr' | 'mail_domain' | 'mail_user' | 'mail_forwarding'

export const idColumns: Record<Table, string> = {
  client: 'client_id', sys_group: 'groupid', dns_soa: 'id', dns_rr: 'id', mail_domain: 'domain_id', mail_user: 'mailuser_id', mail_forwarding: 'forwarding_id',
}

/** One change that the server has yet to apply; `zone` is the zone that it touches, if any. */
export interface Change { id: number; server: number; zone?: string }

export interface IspconfigState {
  tables: Record<Table, Row[]>
  next: Record<Table, number>
  sessions: { id: string; until: number; address: string }[]
  /** Failed log-ins and dead sessions, by the address that they came from. */
  failures: { address: string; at: number }[]
  /** Zones that were there before. */
  seeded: string[]
  maintenance: boolean
  /** Functions that the remote user may not call. */
  denied: string[]
  stricter: string[]
  datalog: Change[]
  nextChange: number
  /** Servers whose cron is on its way. */
  crons: number[]
  ns1: Record<string, ServedZone>
  ns2: Record<string, ServedZone>
  transferring: boolean
  mail: { domains: Row[]; users: Row[]; forwardings: Row[] }
}

/** Somebody who was there before: a client, perhaps with a zone, that is not Berth's. */
export interface Seed { customerNo: string; origin?: string }

/** The state, made at first use with gaps in the ids and with what `seeds` say. */
export function ispconfigState(world: World, seeds: readonly Seed[] = []): IspconfigState {
  return world.slice('ispconfig', () => fresh(seeds))
}

/** Dice of its own: a history that never comes here is the same as without this panel. */
function fresh(seeds: readonly Seed[]): IspconfigState {
  const random = seeded(seeds.length + 1)
  const start = (): number => between(random, 11, 60)
  const state: IspconfigState = {
    tables: { client: [], sys_group: [], dns_soa: [], dns_rr: [], mail_domain: [], mail_user: [], mail_forwarding: [] },
    next: { client: start(), sys_group: start(), dns_soa: start(), dns_rr: start(), mail_domain: start(), mail_user: start(), mail_forwarding: start() },
    sessions: [], failures: [], seeded: [], maintenance: false, denied: [], stricter: [], datalog: [], nextChange: between(random, 100, 900), crons: [], ns1: {}, ns2: {}, transferring: false,
    mail: { domains: [], users: [], forwardings: [] },
  }
  for (const { customerNo, origin } of seeds) plant(state, customerNo, origin)
  return state
}

function plant(state: IspconfigState, customerNo: string, origin: string | undefined): void {
  const client = String(nextId(state, 'client'))
  const group = String(nextId(state, 'sys_group'))
  state.tables.client.push({ client_id: client, sys_groupid: '1', customer_no: customerNo, username: `c${customerNo.toLowerCase()}`, contact_name: 'Somebody Else', email: 'somebody@example.net', password: '$6$gone' })
  state.tables.sys_group.push({ groupid: group, name: `c${customerNo.toLowerCase()}`, client_id: client })
  if (origin === undefined) return
  const id = String(nextId(state, 'dns_soa'))
  state.seeded.push(id)
  const zone = {
    id, sys_userid: '1', sys_groupid: group, server_id: String(ispconfigServers.dns), origin, ns: `${nameservers[0]}.`, mbox: 'hostmaster.example.net.', serial: '2026010101',
    refresh: '7200', retry: '540', expire: '604800', minimum: '3600', ttl: '3600', active: 'Y', xfer: '', also_notify: '', update_acl: '', dnssec_wanted: 'N',
  }
  state.tables.dns_soa.push(zone)
  const served: ServedZone = { origin, ns: zone.ns, mbox: zone.mbox, serial: Number(zone.serial), minimum: 3600, active: true, records: [] }
  state.ns1[id] = served
  state.ns2[id] = served
}

/** Ids grow and leave gaps, as in a database that rolls back now and then. */
export function nextId(state: IspconfigState, table: Table): number {
  const id = state.next[table]
  state.next[table] = id + 1 + (id % 3)
  return id
}

export const rowOf = (state: IspconfigState, table: Table, id: unknown): Row | undefined =>
  state.tables[table].find((row) => row[idColumns[table]] === String(id))
