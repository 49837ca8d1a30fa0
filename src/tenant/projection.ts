// From the tenant's truth to the rows of the reporting copy. Pure; the copy may be dropped and rebuilt.
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
  audit: { tenant: string; line: number; at: number; epoch: number; event: string; step: string | null; detail: string | null }[]
}

/** What people want to read later; the rest of the journal is for recovery only. */
const forPeople = new Set(['command', 'ignored', 'turned', 'stuck', 'retried', 'rest', 'bug'])

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
    audit: lines.filter((line) => forPeople.has(line.event)).map((line) => ({
      tenant, line: line.i, at: line.at, epoch: line.epoch, event: line.event, step: line.step,
      detail: line.detail === null ? null : JSON.stringify(line.detail),
    })),
  }
}
