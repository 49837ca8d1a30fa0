// The chain of an audit, of which each tenant and each customer has one: each line is sealed with a hash over the line before it,
// so that no line can be changed, taken out or put in unnoticed. The tenant's or customer's object keeps the seals; whoever holds
// only the copy cannot forge one that it confirms.
import { createHash } from 'node:crypto'

/** A line as the reporting copy has it. `at` is epoch ms, `detail` JSON text. */
export interface AuditLine { tenant: string; line: number; at: number; epoch: number; event: string; step: string | null; detail: string | null }

export interface Seal { line: number; hash: string }

/** What stands before a tenant's first line. */
export const beforeFirst = ''

/** The seal of a line: SHA-256 (hex) over the seal before it, a line feed, and the line's values as a JSON array. */
export function hashOf(previous: string, { tenant, line, at, epoch, event, step, detail }: AuditLine): string {
  return createHash('sha256').update(`${previous}\n${JSON.stringify([tenant, line, at, epoch, event, step, detail])}`).digest('hex')
}

/** The sealed ones of a journal's lines, as the reporting copy has them. */
export const sealed = (tenant: string, lines: readonly { i: number; at: number; epoch: number; event: string; step: string | null; detail: unknown; hash: string | null }[]): (AuditLine & { hash: string })[] =>
  lines.flatMap(({ i, at, epoch, event, step, detail, hash }) => (hash === null ? [] : [{ tenant, line: i, at, epoch, event, step, detail: detail === null ? null : JSON.stringify(detail), hash }]))

export interface Break { line: number; why: string }

/**
 * Compares a stretch of the copy with the tenant's own seals of the same stretch, both in order; `previous` is the hash before
 * it. Up to line `told` the copy must be complete; later lines may still be on their way. Answers the first break.
 */
export function firstBreak(previous: string, copy: readonly (AuditLine & { hash: string })[], seals: readonly Seal[], told: number): Break | undefined {
  let hash = previous
  let next = 0
  for (const { line, hash: own } of seals) {
    const found = copy[next]
    if (found && found.line < line) return { line: found.line, why: 'the tenant never wrote this line' }
    if (found?.line !== line) {
      if (found || line <= told) return { line, why: 'the line is missing' }
      return undefined
    }
    hash = hashOf(hash, found)
    if (hash !== own) return { line, why: 'the line is not what the tenant wrote' }
    if (found.hash !== own) return { line, why: 'the hash is not the one that the tenant keeps' }
    next++
  }
  const surplus = copy[next]
  return surplus && { line: surplus.line, why: 'the tenant never wrote this line' }
}
