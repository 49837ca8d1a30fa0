// What the rows of a custom domain tell about its names: a certificate that came, a first try that came to nothing, a `www.` that is
// no longer wanted and gone. Pure.
import { rowsOfHost, type DomainHost } from '../domain/site.ts'
import { holdsLease } from '../engine/plan.ts'
import type { Row } from '../engine/row.ts'
import { certificate } from '../resources/certificate.ts'

/** `drop`: rows of names that are gone. Undefined when nothing has changed. */
export function tendHosts(hosts: readonly DomainHost[], rows: ReadonlyMap<string, Row>, now: number): { hosts: DomainHost[]; drop: string[] } | undefined {
  const drop: string[] = []
  const kept = hosts.flatMap((host): DomainHost[] => {
    if (host.want === 'present') return [told(host, rows.get(`certificate:${host.name}`), now)]
    const mine = rowsOfHost(host)
    if (!mine.every((name) => rows.get(name)?.phase === 'settled' && rows.get(name)?.want === 'absent')) return [host]
    drop.push(...mine)
    return []
  })
  return JSON.stringify(kept) === JSON.stringify(hosts) ? undefined : { hosts: kept, drop }
}

function told(host: DomainHost, row: Row | undefined, now: number): DomainHost {
  if (!row || row.want === 'absent') return host
  const got = row.phase === 'settled' ? certificate.output.safeParse(row.out).data : undefined
  if (got) return { ...host, certificate: got.id, tried: true, round: row.attempt }
  return waits(row, now) ? { ...host, tried: true, round: row.attempt } : host
}

/** A place at the gate and the return of a system that was away are waited for. */
const soonMs = 60_000

/** It is asked for again later, by itself or by a person. */
const waits = (row: Row, now: number): boolean =>
  row.phase === 'stuck' || (row.phase !== 'settled' && (row.attempt > 0 || row.parked) && !holdsLease(row, now) && row.notBefore > now + soonMs)
