// A tenant whose things stood before it came: it was live from the first moment, so nothing of it is ever taken back by ourselves, and
// what was seen is marked, never made.
import type { Adoption } from '../domain/order.ts'
import { freshHost, rowsOf, type Item } from '../domain/site.ts'
import { reopened } from '../engine/plan.ts'
import type { TenantState } from './state.ts'
import type { TenantStorage } from './storage.ts'

/** `born` as it is with all that was seen. */
export function adoptedState(born: TenantState, { domains, backups, suspended }: Adoption, now: number): TenantState {
  const fresh = { want: 'present', failed: null } as const
  const items: Item[] = [
    ...backups.map(({ name, at }): Item => ({ kind: 'backup', name, by: 'customer', made: true, at, ...fresh })),
    ...domains.map(({ names, ...domain }): Item => ({ kind: 'domain', ...domain, hosts: names.map(freshHost), at: now, ...fresh })),
  ]
  // Names of backups count up per day and are never used twice.
  const newest = backups.toSorted((a, b) => a.at - b.at).at(-1)?.name
  const [, day = '', count = '0'] = /^BAK(\d{8})-(\d+)$/.exec(newest ?? '') ?? []
  const was = suspended ? 'suspended' : 'live'
  return { ...born, served: true, rested: was, stood: { target: was, plan: born.spec.plan }, site: { ...born.site, items, named: { day, count: Number(count) } } }
}

/** The rows are wanted already. */
export function adoptRows(store: TenantStorage, { rows, container }: Adoption, actor: string): void {
  for (const row of rows.flatMap((name) => store.row(name) ?? [])) store.put({ ...row, adopt: true, ...(row.name === 'container' ? { out: container } : {}) })
  store.journal('adopted', null, 0, { actor, rows })
}

/**
 * What was to be adopted and is wanted gone before it was: it is this tenant's all the same, so it is looked at, marked and taken down. The
 * door of a custom domain whose turn has not come is wanted absent too; that one stays.
 */
export function dismiss(store: TenantStorage, now: number): void {
  const { target, site } = store.state()!
  for (const row of store.rows()) {
    if (!row.adopt || row.owned || row.want !== 'absent') continue
    const item = site.items.find((one) => rowsOf(one).includes(row.name))
    if (target === 'terminated' || !item || item.want === 'absent') store.put({ ...reopened(row, now), owned: true })
  }
}
