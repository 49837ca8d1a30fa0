// A tenant whose things stood before it came: it was live from the first moment, so nothing of it is ever taken back by ourselves, and
// what was seen is marked, never made.
import type { Adoption } from '../domain/order.ts'
import { freshHost, type Item } from '../domain/site.ts'
import type { TenantState } from './state.ts'
import type { TenantStorage } from './storage.ts'

/** `born` as it is with all that was seen. */
export function adoptedState(born: TenantState, { domains, backups }: Adoption, now: number): TenantState {
  const fresh = { want: 'present', failed: null } as const
  const items: Item[] = [
    ...backups.map(({ name, at }): Item => ({ kind: 'backup', name, by: 'customer', made: true, at, ...fresh })),
    ...domains.map(({ names, ...domain }): Item => ({ kind: 'domain', ...domain, hosts: names.map(freshHost), at: now, ...fresh })),
  ]
  // Names of backups count up per day and are never used twice.
  const newest = backups.toSorted((a, b) => a.at - b.at).at(-1)?.name
  const [, day = '', count = '0'] = /^BAK(\d{8})-(\d+)$/.exec(newest ?? '') ?? []
  return { ...born, served: true, rested: 'live', stood: { target: 'live', plan: born.spec.plan }, site: { ...born.site, items, named: { day, count: Number(count) } } }
}

/** The rows are wanted already. */
export function adoptRows(store: TenantStorage, { rows, container }: Adoption, actor: string): void {
  for (const row of rows.flatMap((name) => store.row(name) ?? [])) store.put({ ...row, adopt: true, ...(row.name === 'container' ? { out: container } : {}) })
  store.journal('adopted', null, 0, { actor, rows })
}
