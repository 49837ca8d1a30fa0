// From the tenant's truth to the rows of the reporting copy. Pure; the copy may be dropped and rebuilt.
import type { AuditLine } from '../domain/audit-chain.ts'
import type { Row } from '../engine/row.ts'
import type { JournalLine } from './storage.ts'
import { statusOf, type TenantState } from './state.ts'

export interface Projection {
  tenant: {
    tenant: string; connection: string; service: string; email: string; plan: string; status: string; target: string; epoch: number
    vmid: number; ip: string; hostname: string; node: string; cause: string | null
    orderedAt: number; changedAt: number; restAt: number; version: number
  }
  steps: { tenant: string; epoch: number; step: string; want: string; phase: string; attempt: number; why: string | null; since: number; startedAt: number; settledAt: number; version: number }[]
  audit: (AuditLine & { hash: string })[]
  /** Custom domains as they stand; one that was taken away is told once more, as `removed`. */
  domains: { tenant: string; domain: string; connection: string; service: string; state: string; reason: string | null; certificateExpiresAt: number | null; since: number; version: number }[]
  /** Backups as they stand; one that is gone is told once more, as `removed`. `at` is when it was made. */
  backups: { tenant: string; name: string; kind: 'manual' | 'scheduled' | 'off-site'; state: string; reason: string | null; sizeBytes: number | null; at: number; version: number }[]
}

/** `lines` are the journal lines since the last projection, at least one; their last number is the version. */
export function projection(state: TenantState, rows: readonly Row[], lines: readonly JournalLine[]): Projection {
  const version = lines.at(-1)?.i ?? 0
  const touched = new Set(lines.map((line) => line.step))
  const { key: tenant, spec, identity } = state
  return {
    tenant: {
      tenant, connection: spec.connection, service: spec.service, email: spec.email, plan: spec.plan, status: statusOf(state), target: state.target,
      epoch: identity.epoch, vmid: identity.vmid, ip: identity.ip, hostname: identity.hostname, node: identity.node, cause: state.cause,
      orderedAt: state.orderedAt, changedAt: state.changedAt, restAt: state.restAt, version,
    },
    steps: rows.filter((row) => touched.has(row.name)).map((row) => ({
      tenant, epoch: identity.epoch, step: row.name, want: row.want, phase: row.phase, attempt: row.attempt, why: row.why,
      since: row.since, startedAt: row.startedAt, settledAt: row.settledAt, version,
    })),
    audit: lines.flatMap(({ i, at, epoch, event, step, detail, hash }) =>
      (hash === null ? [] : [{ tenant, line: i, at, epoch, event, step, detail: detail === null ? null : JSON.stringify(detail), hash }])),
    domains: [],
    backups: [],
  }
}
