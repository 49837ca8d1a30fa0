// Proxy hosts of the proxy manager: the row is written first, nginx hears of it afterwards, and neither undoes the other.
// Parallel creates of one domain end as measured (one 201, the rest 400), although no index guards it; redirection and 404 hosts
// do not exist here, so only proxy hosts take names. Access lists: any id is stored and ignored.
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { issueCertificate } from './certbot.ts'
import { configure, unconfigure } from './nginx.ts'
import { internal, notFound, Refusal } from './refusal.ts'
import { expansion, hostAnswer, nextId, npmState, sqliteDate, type HostRow, type NpmState } from './rows.ts'
import { validated, type Field, type Shape } from './schema.ts'

const TARGET = {
  forward_scheme: { kind: 'string', among: ['http', 'https'] }, forward_host: { kind: 'string', min: 1, max: 255 },
  forward_port: { kind: 'integer', min: 1, max: 65_535 },
} as const satisfies Record<string, Field>

const LOCATION: Shape = {
  required: ['forward_scheme', 'forward_host', 'forward_port', 'path'],
  fields: {
    id: { kind: 'integer', min: 0, orNull: true }, path: { kind: 'string', min: 1 }, ...TARGET, forward_path: { kind: 'string' },
    advanced_config: { kind: 'string' },
  },
}

const FIELDS: Record<string, Field> = {
  domain_names: { kind: 'names', min: 1 }, ...TARGET, certificate_id: { kind: 'certificate' }, ssl_forced: { kind: 'boolean' },
  hsts_enabled: { kind: 'boolean' }, hsts_subdomains: { kind: 'boolean' }, trust_forwarded_proto: { kind: 'boolean' },
  http2_support: { kind: 'boolean' }, block_exploits: { kind: 'boolean' }, caching_enabled: { kind: 'boolean' },
  allow_websocket_upgrade: { kind: 'boolean' }, access_list_id: { kind: 'integer', min: 0 }, advanced_config: { kind: 'string' },
  enabled: { kind: 'boolean' }, meta: { kind: 'object' }, locations: { kind: 'list', of: LOCATION },
}

const CREATE: Shape = { required: ['domain_names', 'forward_scheme', 'forward_host', 'forward_port'], fields: FIELDS }
const UPDATE: Shape = { required: [], fields: FIELDS, some: true }
/** A validated body: any of a row's fields, and the one word a row never holds. */
type Given = Omit<Partial<HostRow>, 'certificate_id'> & { certificate_id?: number | 'new' }

const FULL = ['owner', 'certificate', 'access_list']

/** All rows whose names contain `query` anywhere, sorted by name; no paging. */
export function listHosts(world: World, query: string, expand: string | undefined): object[] {
  const state = npmState(world)
  const wanted = expansion(expand)
  if (!wanted) throw internal()
  const key = (row: HostRow): string => JSON.stringify(row.domain_names)
  return state.hosts
    .filter((row) => key(row).toLowerCase().includes(query.toLowerCase()))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
    .map((row) => hostAnswer(state, row, wanted))
}

export function getHost(world: World, id: number, expand: string | undefined): object {
  const state = npmState(world)
  const wanted = expansion(expand)
  if (!wanted) throw internal()
  return hostAnswer(state, found(state, id), wanted)
}

/** POST: `authorised` throws after the body was judged, as in the original. The answer carries the meta from before nginx was asked. */
export async function createHost(world: World, body: unknown, authorised: () => void): Promise<object> {
  const given = validated(CREATE, body) as Given
  authorised()
  const state = npmState(world)
  await world.clock.sleep(between(world.random, 20, 60))
  refuseTaken(state, given.domain_names!, 0)
  const issuing = given.certificate_id === 'new'
  const now = sqliteDate(world.clock.now())
  const row = cleaned({
    created_on: now, modified_on: now, owner_user_id: 1, access_list_id: 0, ssl_forced: false, caching_enabled: false, block_exploits: false,
    advanced_config: '', meta: {}, allow_websocket_upgrade: false, http2_support: false, enabled: true, locations: null, hsts_enabled: false,
    hsts_subdomains: false, trust_forwarded_proto: false, ...given, certificate_id: issuing ? 0 : (given.certificate_id ?? 0),
    domain_names: [...given.domain_names!].sort(), id: nextId(world, state),
  } as HostRow)
  state.hosts.push(row)
  world.changed()
  if (issuing) row.certificate_id = await inlineCertificate(world, state, row)
  const answer = hostAnswer(state, { ...row }, FULL)
  await configure(world, state, row)
  return answer
}

/** PUT: any subset. `enabled: false` changes the row and nothing else. */
export async function updateHost(world: World, id: number, body: unknown, authorised: () => void): Promise<object> {
  const given = validated(UPDATE, body) as Given
  authorised()
  const state = npmState(world)
  await world.clock.sleep(between(world.random, 20, 60))
  if (given.domain_names) refuseTaken(state, given.domain_names, id)
  const row = found(state, id)
  const { certificate_id: certificate, ...rest } = given
  if (certificate === 'new') rest.meta = { ...row.meta, ...rest.meta }
  const certificateId = certificate === 'new' ? await inlineCertificate(world, state, { ...row, ...rest }) : certificate
  Object.assign(row, rest, certificateId === undefined ? {} : { certificate_id: certificateId })
  if (given.domain_names) row.domain_names = [...given.domain_names].sort()
  row.modified_on = sqliteDate(world.clock.now())
  cleaned(row)
  world.changed()
  if (row.enabled) await configure(world, state, row)
  return hostAnswer(state, row, FULL)
}

/** POST /{id}/enable and /{id}/disable; the second time of either is a 400. */
export async function switchHost(world: World, id: number, on: boolean): Promise<void> {
  const state = npmState(world)
  const row = found(state, id)
  if (row.enabled === on) throw new Refusal(400, `Host is already ${on ? 'enabled' : 'disabled'}`)
  row.enabled = on
  world.changed()
  await world.clock.sleep(between(world.random, 20, 60))
  await (on ? configure(world, state, row) : unconfigure(world, state, row))
}

export async function deleteHost(world: World, id: number): Promise<void> {
  const state = npmState(world)
  const row = found(state, id)
  state.hosts = state.hosts.filter((one) => one !== row)
  world.changed()
  await world.clock.sleep(between(world.random, 40, 90))
  await unconfigure(world, state, row)
}

function found(state: NpmState, id: number): HostRow {
  const row = state.hosts.find((one) => one.id === id)
  if (!row) throw notFound(id)
  return row
}

/** Disabled hosts hold their names too; the message repeats the spelling that was sent. */
function refuseTaken(state: NpmState, names: readonly string[], self: number): void {
  for (const name of names) {
    const holder = state.hosts.find((row) => row.id !== self && row.domain_names.some((taken) => taken.toLowerCase() === name.toLowerCase()))
    if (holder) throw new Refusal(400, `${name} is already in use`)
  }
}

/** What the server silently forces: no certificate, no SSL flags; no forced SSL, no HSTS. */
function cleaned(row: HostRow): HostRow {
  if (!row.certificate_id) row.ssl_forced = row.http2_support = false
  if (!row.ssl_forced) row.hsts_enabled = false
  if (!row.hsts_enabled) row.hsts_subdomains = false
  return row
}

/** `certificate_id: "new"`: when certbot fails, a new host stays and goes live over plain HTTP, and the reason is lost. */
async function inlineCertificate(world: World, state: NpmState, row: HostRow): Promise<number> {
  try {
    return (await issueCertificate(world, row.domain_names, row.meta)).id
  } catch {
    const stored = state.hosts.find((one) => one.id === row.id)
    if (stored?.enabled) await configure(world, state, stored)
    throw internal()
  }
}
