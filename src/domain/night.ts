// When whose nightly backup is: four hours from one in the morning, spread over the tenants by their keys. The same four hours come
// again until midnight for those who were busy, suspended, skipped by a change of clocks or missed while we were down: a tenant that
// has had its turn of the day says no by itself. Pure.
import { minuteIn } from './calendar.ts'

const firstMinute = 60
export const slots = 240
const keys = 2 ** 24

/** Whose turn it is in this minute; undefined in the first hour of the day. */
export function slotNow(timeZone: string, now: number): number | undefined {
  const minute = minuteIn(timeZone, now) - firstMinute
  return minute < 0 ? undefined : minute % slots
}

/** The tenants of a slot: keys from `from` on, `below` excluded. Every key (names.ts, tenantKey) is in exactly one slot. */
export function keysOf(slot: number): { from: string; below: string } {
  const edge = (at: number): string => (at >= slots ? 'u' : `t${Math.ceil((at * keys) / slots).toString(16).padStart(6, '0')}`)
  return { from: edge(slot), below: edge(slot + 1) }
}
