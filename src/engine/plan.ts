// The plan is the rows: this file changes what they are wanted to be and says which of them may be driven now. Pure.
import { flightEndOf } from './doubt.ts'
import type { Resource, Wanted } from './resource.ts'
import { desire, freshRow, instanceOf, kindOf, type Notebook, type Row } from './row.ts'

/** By resource name; a row's resource is found by `resourceOf`, because rows may be instances. */
export type Resources<Up> = ReadonlyMap<string, Resource<Up>>

export const resourceOf = <Up>(resources: Resources<Up>, row: string): Resource<Up> | undefined => resources.get(kindOf(row))

/**
 * Writes the wishes into the rows. A row whose wish is new is looked at again before it is touched; one that was stuck
 * gets a new chance; one whose call is under way keeps its phase, because that call must become known first.
 * Returns the names of the rows that changed.
 */
export function wish(book: Notebook, wanted: readonly Wanted[], now: number): string[] {
  const changed: string[] = []
  for (const { resource, want, wish: wished, after = [] } of wanted) {
    const known = book.row(resource)
    const row = known ?? freshRow(resource, now)
    const next = { ...row, want, wish: want === 'absent' ? (row.wish ?? wished) : wished, after }
    const same = known !== undefined && desire(row) === desire(next)
    if (same && row.phase !== 'stuck') {
      if (JSON.stringify(row.after) !== JSON.stringify(after)) book.put(next)
      continue
    }
    book.put(reopened(next, now))
    if (!same) changed.push(resource)
  }
  return changed
}

/** The row, to be taken up again at once. */
export function reopened(row: Row, now: number): Row {
  const underWay = row.phase === 'calling' || row.phase === 'waiting'
  return {
    ...row,
    phase: underWay ? row.phase : row.attempt > 0 ? 'unknown' : 'idle',
    fails: 0, blind: 0, poison: 0, refusal: null, why: null, proved: false,
    notBefore: now, busySince: underWay ? row.busySince : 0, since: underWay ? row.since : now, startedAt: underWay ? row.startedAt : 0, settledAt: 0,
    version: row.version + 1,
  }
}

/** The gate has room again: what was parked may ask at once. */
export function unparked(book: Notebook, now: number): void {
  for (const row of book.rows()) if (row.parked && row.notBefore > now) book.put({ ...row, notBefore: now })
}

/** A pause longer than this, with nothing under way, is no reason to keep others out. */
const pauseKeptMs = 30_000

/** Something of it is or may be under way upstream, or it will be looked at soon: it keeps its places at the gate. Not for hours of somebody else's work. Asked by the gate before it takes one back. */
export const holdsLease = (row: Row | undefined, now: number): boolean =>
  row?.phase === 'calling' || (row?.phase === 'waiting' && !(row.long && row.doubtSince === 0)) || (row?.phase === 'unknown' && (row.doubtSince > 0 || row.notBefore <= now + pauseKeptMs))

/**
 * The same, asked by the gate after a while. A row that waits for others of its owner, and whose lost request cannot land any more, gives
 * its place back: those others may be waiting for that very place.
 */
export function stillHolds<Up>(name: string, rows: readonly Row[], resources: Resources<Up>, now: number): boolean {
  const row = rows.find((one) => one.name === name)
  if (!row || !holdsLease(row, now)) return false
  return row.phase === 'waiting' || now < flightEndOf(row) || ready(row, resources, new Map(rows.map((one) => [one.name, one])))
}

/** These rows are looked at now instead of when they would be. */
export function soon(book: Notebook, names: readonly string[], now: number): void {
  for (const row of names.flatMap((name) => book.row(name) ?? [])) if (row.notBefore > now) book.put({ ...row, notBefore: now })
}

/** It ends with what it lives in, which is going too: nothing of its own is called any more. */
export function dissolves<Up>(row: Row, resources: Resources<Up>, rows: ReadonlyMap<string, Row>): boolean {
  const inside = resourceOf(resources, row.name)?.inside
  return row.want === 'absent' && inside !== undefined && rows.get(inside)?.want === 'absent'
}

/** True when everything stands so that this row may be driven: what it needs is there, or what needs it is gone. */
export function ready<Up>(row: Row, resources: Resources<Up>, rows: ReadonlyMap<string, Row>): boolean {
  if (row.phase === 'settled' || row.phase === 'stuck') return false
  if (!row.after.every((name) => rows.get(name)?.phase === 'settled')) return false
  if (row.want === 'present')
    return needs(row, resources).every((name) => {
      const need = rows.get(name)
      return need?.phase === 'settled' && need.want === 'present'
    })
  for (const other of rows.values())
    if (other.want === 'absent' && other.phase !== 'settled' && needs(other, resources).includes(row.name)) return false
  return true
}

/** While a person holds the tenant, only what may be under way is looked at. */
export const moves = (row: Row, held: boolean): boolean => !held || row.phase !== 'idle'

/** Names of the rows that this one stands on. */
export const needs = <Up>(row: Row, resources: Resources<Up>): string[] =>
  (resourceOf(resources, row.name)?.needs ?? []).map((name) => name.replace(/\*$/, instanceOf(row.name)))

/**
 * Where the whole list stands: `rest` when all is as wanted but for what waits for people outside or trails behind, `held` when only a person's hand
 * keeps it from going on, `stuck` when what is left waits for a person of ours. `dueAt` (epoch ms) is when the next row is due, at
 * rest too; undefined when none is.
 */
export function standing<Up>(rows: ReadonlyMap<string, Row>, resources: Resources<Up>, held: boolean): { state: 'rest' | 'held' | 'stuck' | 'open'; dueAt: number | undefined } {
  const open = [...rows.values()].filter((row) => row.phase !== 'settled')
  const due = open.filter((row) => ready(row, resources, rows))
  const all = open.filter((row) => !aside(row, resources, rows))
  // What somebody waits for may stand on what nobody waits for: then that counts as well.
  const ours = all.every((row) => row.want === 'present' && row.phase !== 'stuck' && resourceOf(resources, row.name)?.trails) ? [] : all
  const moving = due.filter((row) => moves(row, held))
  const state = ours.length === 0 ? 'rest' : ours.some((row) => moving.includes(row)) ? 'open' : ours.some((row) => due.includes(row)) ? 'held' : 'stuck'
  return { state, dueAt: moving.length === 0 ? undefined : Math.min(...moving.map((row) => row.notBefore)) }
}

/** It is being made at the pace of people outside, stands already on what is at rest for now, or stands on something that is aside. */
const aside = <Up>(row: Row, resources: Resources<Up>, rows: ReadonlyMap<string, Row>): boolean =>
  row.want === 'present' && row.phase !== 'stuck' && (resourceOf(resources, row.name)?.aside === true ||
    (row.adopt === true && needs(row, resources).some((name) => rows.get(name)?.want === 'absent')) ||
    [...needs(row, resources), ...row.after].some((name) => {
      const other = rows.get(name)
      return other !== undefined && other.phase !== 'settled' && aside(other, resources, rows)
    }))
