// The beginning of an epoch: the tenant as it is born and, when its site was built ahead for nobody, the rows of what stands
// already, as they were seen to stand. A row is in one object's hands at a time: docs/decisions says how the other let go.
import type { Built } from '../domain/order.ts'
import { poolConnection } from '../domain/names.ts'
import { freshRow, type Row } from '../engine/row.ts'
import { newborn, type TenantState } from './state.ts'
import type { TenantStorage } from './storage.ts'

/** The oldest version of the tenant's tables (src/domain/schema.ts) whose release leaves a site built ahead as it is. */
const knowsOfPools = 2

/** What is not handed over: the address is held for another now, and the WordPress inside is still nobody's. */
const withheld = ['address', 'wordpress']

/** Writes the newborn tenant, with what is `kept` of its last epoch; one transaction of the caller's, who writes its wishes next. */
export function begin(store: TenantStorage, order: NonNullable<TenantState['next']>, kept: Partial<Pick<TenantState, 'projected' | 'hold'>>, now: number): void {
  store.putState({ ...newborn(order, now), ...kept })
  if (order.identity.ahead !== undefined || isSpare(order)) store.needs(knowsOfPools)
  for (const { name, wish, out, attempt } of order.built ?? [])
    store.put({ ...freshRow(name, now), wish: JSON.parse(wish), out: JSON.parse(out), attempt, phase: 'settled', owned: true, settledAt: now })
}

/** It is built for nobody. */
export const isSpare = ({ spec }: Pick<TenantState, 'spec'>): boolean => spec.connection === poolConnection

/** What stands and may be handed over, when a site built ahead has come to rest. */
export const offered = (rows: readonly Row[]): Built[] =>
  rows.flatMap(({ name, want, phase, wish, out, attempt }) => (want === 'present' && phase === 'settled' && !withheld.includes(name) ? [{ name, wish: JSON.stringify(wish), out: JSON.stringify(out), attempt }] : []))

/** It is finished, and the allocator has not heard of it. */
export const unoffered = (state: TenantState): boolean => isSpare(state) && state.outcome === 'live' && !state.offered
