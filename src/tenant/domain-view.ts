// What a customer may see of the custom domains: where each of its names stands and why, since when, when it is looked at next, and
// which records would bring it here. Pure.
import { proofName } from '../doctor/facts.ts'
import type { Cluster } from '../domain/cluster.ts'
import { plans } from '../domain/plan.ts'
import { domainsOf, type Domain, type DomainHost } from '../domain/site.ts'
import type { Row } from '../engine/row.ts'
import { certificate } from '../resources/certificate.ts'
import { expectedOf } from '../resources/domain-lines.ts'
import { resources } from '../resources/plans.ts'
import { plain } from './plain.ts'
import type { TenantState } from './state.ts'

export const domainStates = ['waiting for DNS', 'verifying', 'certificate requested', 'live', 'failed', 'being removed'] as const
export type DomainState = (typeof domainStates)[number]

/** One name that visitors may type. Times are epoch ms. */
export interface NameView { name: string; state: DomainState; https: boolean; reason: string | null; since: number; nextLook: number | null }

/** A record that the customer may set at the DNS provider. */
export interface RecordView { purpose: string; type: string; name: string; value: string }

export interface DomainView extends NameView {
  shown: string
  names: NameView[]
  /** As the proxy manager has it; null while there is none. */
  certificateExpiresOn: string | null
  records: RecordView[]
}

export interface DomainsView {
  domains: DomainView[]
  used: number
  limit: number
  /** Domains that could not be added, newest last. */
  notices: { what: string; why: string; at: number }[]
}

type Rows = ReadonlyMap<string, Row>

/** Where the first name of each domain stands, for reports. `certificateExpiresAt` is as of the last look, the proxy manager's time taken for UTC. */
export function domainRows(state: TenantState, rows: readonly Row[]): { domain: string; state: DomainState; reason: string | null; since: number; certificateExpiresAt: number | null }[] {
  const all = new Map(rows.map((row) => [row.name, row]))
  return domainsOf(state.site).map((item) => {
    const { state: where, reason, since } = nameView(item, item.hosts[0]!, all, 0)
    const at = Date.parse(`${expiryOf(item, all)?.replace(' ', 'T').replace(/Z$/, '')}Z`)
    return { domain: item.name, state: where, reason, since, certificateExpiresAt: Number.isNaN(at) ? null : at }
  })
}

/** All domains as they stand. */
export function domainsView(state: TenantState, rows: readonly Row[], cluster: Cluster, now: number): DomainsView {
  const all = new Map(rows.map((row) => [row.name, row]))
  const domains = domainsOf(state.site)
  return {
    domains: domains.map((item) => domainView(item, state, all, cluster, now)),
    used: domains.filter(({ want }) => want === 'present').length, limit: plans[state.spec.plan].domains,
    notices: state.site.notices.filter(({ what }) => what.startsWith('Domain ')),
  }
}

function domainView(item: Domain, state: TenantState, rows: Rows, cluster: Cluster, now: number): DomainView {
  const names = item.hosts.map((host) => nameView(item, host, rows, now))
  const first = names[0]!
  return { ...first, shown: item.shown, names, certificateExpiresOn: expiryOf(item, rows), records: recordsOf(item, state, cluster) }
}

const expiryOf = (item: Domain, rows: Rows): string | null => certificate.output.safeParse(rows.get(`certificate:${item.name}`)?.out).data?.expiresOn || null

function nameView(item: Domain, host: DomainHost, rows: Rows, now: number): NameView {
  const row = rowThatCounts(item, host, rows)
  const state = stateOf(item, host, rows)
  const https = state === 'live' && host.certificate !== null
  const technical = row?.why ? plain(row.why, resources.get(row.name.split(':')[0]!)?.system) : null
  const why = technical?.replace(/^waiting for DNS: /, '') ?? null
  return {
    name: host.name, state, https, reason: item.failed ?? (https ? null : why), since: row?.since ?? item.at,
    nextLook: row && row.phase !== 'settled' && row.notBefore > now ? row.notBefore : null,
  }
}

/** The first row that is not as wanted, or the last of them. */
function rowThatCounts(item: Domain, host: DomainHost, rows: Rows): Row | undefined {
  const [domain, request, door] = ['domain', 'certificate', 'domain-host'].map((kind) => rows.get(`${kind}:${host.name}`))
  return item.want === 'absent' ? domain : [domain, request, door].find((row) => row !== undefined && row.phase !== 'settled') ?? door
}

function stateOf(item: Domain, host: DomainHost, rows: Rows): DomainState {
  if (item.failed !== null) return 'failed'
  if (item.want === 'absent' || host.want === 'absent') return 'being removed'
  const domain = rows.get(`domain:${host.name}`)
  if (domain?.phase === 'stuck') return 'failed'
  if (domain?.phase !== 'settled') return domain?.why?.startsWith('waiting for DNS') ? 'waiting for DNS' : 'verifying'
  const door = rows.get(`domain-host:${host.name}`)
  return host.tried && door?.phase === 'settled' && door.want === 'present' ? 'live' : 'certificate requested'
}

/** Every way that leads here; which of them somebody takes is theirs to choose. */
function recordsOf(item: Domain, state: TenantState, cluster: Cluster): RecordView[] {
  const { addresses, siteHost, token, nameServers } = expectedOf(state.key, state.spec, state.identity, cluster)
  const record = (purpose: string, type: string, name: string, value: string): RecordView => ({ purpose, type, name, value })
  return [
    record('shows that the domain is yours', 'TXT', proofName(item.apex), token),
    ...item.hosts.map(({ name }) => record('leads visitors here', 'A', name, addresses[0]!)),
    // No other record may stand beside a CNAME, so never at the registered domain itself.
    ...item.hosts.filter(({ name }) => name !== item.apex).map(({ name }) => record('leads visitors here, in place of its A record', 'CNAME', name, siteHost)),
    ...nameServers.map((server) => record('in place of all others, at the registrar, when the zone is here', 'NS', item.apex, server)),
  ]
}
