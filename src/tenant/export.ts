// Everything that a tenant keeps, as JSON lines: what it is, the commands it took, its rows, its journal. No secret is in any of them.
// Who reads such lines again: operator/saved.ts.
import type { Cluster } from '../domain/cluster.ts'
import { schemas } from '../domain/schema.ts'
import type { TenantStorage } from './storage.ts'

/** Journal lines after `after`, at most `most`, led by all the rest when it is 0; `next` is null at the end. `now` is epoch ms. */
export function exported(store: TenantStorage, cluster: Cluster, after: number, most: number, now: number): { lines: string[]; next: number | null } {
  const state = store.state()
  if (!state) return { lines: [], next: null }
  const tenant = state.key
  const line = (kind: string, of: object): string => JSON.stringify({ kind, tenant, ...of })
  const head = after > 0 ? [] : [
    line('tenant', { at: now, schema: schemas.tenant.version, state, cluster }),
    ...store.commands().map((command) => line('command', { command })),
    ...store.rows().map((row) => line('step', { row })),
  ]
  const journal = store.linesAfter(after, most)
  return { lines: [...head, ...journal.map((one) => line('line', { line: one }))], next: journal.length < most ? null : (journal.at(-1)?.i ?? null) }
}
