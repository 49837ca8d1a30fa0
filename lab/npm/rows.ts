// What Nginx Proxy Manager keeps: rows in its database, configuration files on disk, and what nginx has loaded.
// The three differ on purpose, for moments or for ever; nothing here is derived from the others behind the caller's back.
import { between, hex } from '../random.ts'
import type { World } from '../world.ts'

export interface HostRow {
  id: number
  created_on: string
  modified_on: string
  owner_user_id: number
  domain_names: string[]
  forward_scheme: string
  forward_host: string
  forward_port: number
  access_list_id: number
  certificate_id: number
  ssl_forced: boolean
  caching_enabled: boolean
  block_exploits: boolean
  advanced_config: string
  meta: Record<string, unknown>
  allow_websocket_upgrade: boolean
  http2_support: boolean
  enabled: boolean
  locations: unknown[] | null
  hsts_enabled: boolean
  hsts_subdomains: boolean
  trust_forwarded_proto: boolean
}

export interface CertificateRow {
  id: number
  created_on: string
  modified_on: string
  owner_user_id: number
  provider: string
  nice_name: string
  domain_names: string[]
  expires_on: string
  meta: Record<string, unknown>
}

/** One host as its nginx file says it, which is not always what its row says. */
export interface Site {
  id: number
  domainNames: string[]
  forwardScheme: string
  forwardHost: string
  forwardPort: number
  websockets: boolean
  http2: boolean
  sslForced: boolean
  /** 0: plain HTTP only. */
  certificateId: number
  /** What `nginx -t` says about this file by itself; '' when nothing. */
  fault: string
}

export interface NpmState {
  key: string
  user: { id: number; email: string; created_on: string; modified_on: string }
  zone: string
  nextId: number
  hosts: HostRow[]
  certificates: CertificateRow[]
  /** Certificate files on disk, which may outlive or die before their rows. */
  pems: Record<string, true>
  files: Record<string, Site>
  served: Record<string, Site>
  /** Loaded by the new workers while the old ones still answer. */
  incoming: Record<string, Site> | null
  reloads: number
  /** A foreign fault in nginx's configuration (somebody's hand, a duplicate stream): '' when none. */
  foreignFault: string
}

/** SQLite's dates: no zone, no T. */
export const sqliteDate = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

export function freshState(world: World, identity: string, zone: string): NpmState {
  const now = world.clock.now()
  const day = 86_400_000
  const born = sqliteDate(now - 90 * day)
  const state: NpmState = {
    key: hex(world.random, 64), user: { id: 1, email: identity, created_on: born, modified_on: born }, zone, nextId: between(world.random, 4, 9),
    hosts: [], certificates: [], pems: {}, files: {}, served: {}, incoming: null, reloads: 0, foreignFault: '',
  }
  // Last year's wildcard, never removed: picking by name alone finds it first.
  letsEncryptRow(state, 1, [zone, `*.${zone}`], now - 400 * day, now - 310 * day)
  letsEncryptRow(state, 3, [zone, `*.${zone}`], now - 30 * day, now + 60 * day)
  return state
}

export function letsEncryptRow(state: NpmState, id: number, names: string[], fromMs: number, toMs: number): CertificateRow {
  const dates = { from: Math.floor(fromMs / 1000), to: Math.floor(toMs / 1000) }
  const row: CertificateRow = {
    id, created_on: sqliteDate(fromMs), modified_on: sqliteDate(fromMs), owner_user_id: 1, provider: 'letsencrypt',
    nice_name: names.join(', '), domain_names: names, expires_on: sqliteDate(toMs),
    meta: {
      dns_challenge: true, dns_provider: 'cloudflare', dns_provider_credentials: 'dns_cloudflare_api_token=lab-not-a-real-token',
      key_type: 'ecdsa', letsencrypt_certificate: { cn: names[0], issuer: 'C=US, O=Let\'s Encrypt, CN=E7', dates },
    },
  }
  state.certificates.push(row)
  state.pems[id] = true
  return row
}

/** The state of the proxy manager of this world; `npm(world, …)` must have been called. */
export const npmState = (world: World): NpmState =>
  world.slice<NpmState>('npm', () => {
    throw new Error('this world has no proxy manager yet: call npm(world, …) first')
  })

/** Ids grow and leave gaps, as on a server with a history. */
export function nextId(world: World, state: NpmState): number {
  const id = state.nextId
  state.nextId += between(world.random, 1, 3)
  return id
}

export function ownerOf(state: NpmState): object {
  const { id, email, created_on, modified_on } = state.user
  return { id, created_on, modified_on, is_disabled: false, email, name: 'Berth', nickname: 'berth', avatar: '', roles: ['admin'] }
}

const EXPANDABLE = new Set(['owner', 'certificate', 'access_list', 'access_list.[clients,items]'])

/** `expand=a,b` as a list; a name that the model does not know is undefined (the server answers 500). */
export function expansion(text: string | undefined, known: ReadonlySet<string> = EXPANDABLE): string[] | undefined {
  const wanted = text ? text.split(/,(?![^[]*\])/) : []
  return wanted.every((name) => known.has(name)) ? wanted : undefined
}

export function hostAnswer(state: NpmState, row: HostRow, expand: readonly string[]): object {
  const answer: Record<string, unknown> = { ...row }
  if (expand.includes('owner')) answer.owner = ownerOf(state)
  if (expand.includes('certificate')) {
    const certificate = state.certificates.find((one) => one.id === row.certificate_id)
    answer.certificate = certificate ? { ...certificate, meta: {} } : null
  }
  if (expand.some((name) => name.startsWith('access_list'))) answer.access_list = null
  return answer
}
