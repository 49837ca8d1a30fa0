// From the tenant's truth to the rows of the reporting copy. Pure; the copy may be dropped and rebuilt.
import { sealed, type AuditLine } from '../domain/audit-chain.ts'
import type { JournalLine } from '../engine/row-store.ts'
import type { Row } from '../engine/row.ts'
import { listed } from './backups.ts'
import { domainRows } from './domain-view.ts'
import { statusOf, type TenantState } from './state.ts'

export interface Projection {
  tenant: {
    tenant: string; connection: string; service: string; email: string; plan: string; status: string; target: string; epoch: number
    vmid: number; ip: string; hostname: string; node: string; cause: string | null; heldBy: string | null; heldWhy: string | null; heldAt: number | null
    orderedAt: number; changedAt: number; restAt: number; version: number
  }
  steps: { tenant: string; epoch: number; step: string; want: string; phase: string; attempt: number; why: string | null; since: number; startedAt: number; settledAt: number; version: number }[]
  audit: (AuditLine & { hash: string })[]
  /** Rows that are no more: what they stood for has come to its end. */
  forgotten: string[]
  /** All custom domains as they stand, or null when nothing about them has changed. */
  domains: { tenant: string; domain: string; connection: string; service: string; state: string; reason: string | null; certificateExpiresAt: number | null; since: number; version: number }[] | null
  /** All backups as they stand, or null when nothing about them has changed. `at` is when it was asked for. */
  backups: { tenant: string; name: string; kind: 'manual' | 'scheduled' | 'off-site'; state: string; reason: string | null; sizeBytes: number | null; at: number; keptUntil: number | null; version: number }[] | null
}

/** `lines` are the journal lines since the last projection, at least one; their last number is the version. */
export function projection(state: TenantState, rows: readonly Row[], lines: readonly JournalLine[]): Projection {
  const version = lines.at(-1)?.i ?? 0
  const touched = new Set(lines.map((line) => line.step))
  const { key: tenant, spec, identity } = state
  const ended = state.outcome === 'terminated' || state.outcome === 'undone'
  return {
    tenant: {
      tenant, connection: spec.connection, service: spec.service, email: spec.email, plan: spec.plan, status: statusOf(state), target: state.target,
      epoch: identity.epoch, vmid: identity.vmid, ip: identity.ip, hostname: identity.hostname, node: identity.node, cause: state.cause,
      heldBy: state.hold?.by ?? null, heldWhy: state.hold?.why ?? null, heldAt: state.hold?.at ?? null,
      orderedAt: state.orderedAt, changedAt: state.changedAt, restAt: state.restAt, version,
    },
    steps: rows.filter((row) => touched.has(row.name)).map((row) => ({
      tenant, epoch: identity.epoch, step: row.name, want: row.want, phase: row.phase, attempt: row.attempt, why: row.why,
      since: row.since, startedAt: row.startedAt, settledAt: row.settledAt, version,
    })),
    audit: sealed(tenant, lines),
    forgotten: lines.flatMap((line) => (line.event === 'forgotten' ? (line.detail as { rows: string[] }).rows : [])).filter((name) => !rows.some((row) => row.name === name)),
    domains: ended ? [] : !tells(lines, /^(?:domain|certificate|domain-host):/) ? null : domainRows(state, rows).map((one) => ({ tenant, connection: spec.connection, service: spec.service, version, ...one })),
    backups: !ended && !tells(lines, /^(?:backup|copy):/) ? null : listed(state.site).filter(({ keptUntil }) => !ended || keptUntil !== null).map(({ state: word, ...one }) => ({ tenant, state: word, ...one, version })),
  }
}

/** Something about these rows, or about all items, may have changed. */
const tells = (lines: readonly JournalLine[], steps: RegExp): boolean =>
  lines.some(({ event, step }) => event === 'action' || event === 'forgotten' || event === 'rest' || (step !== null && steps.test(step)))
