// What every *_get, *_add, *_update and *_delete of ISPConfig does, whatever the table: one query builder over the forms.
// Unknown fields are ignored, omitted ones become '' or 0 on insert and stay on update, and true is not 'y'.
import { between, hex, shuffled } from '../random.ts'
import type { World } from '../world.ts'
import { Fault } from './fault.ts'
import { forms } from './forms.ts'
import { idColumns, ispconfigState, nextId, rowOf, type Row, type Table } from './state.ts'
import { logChange } from './served.ts'

/** A kind of row: its form and where it is kept. */
export interface Kind { form: string; table: Table }

export type Params = Record<string, unknown>

/** PHP's loose reading of a record: an object, or nothing. */
export const record = (value: unknown): Params => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Params) : {})

/** *_get: one row, or a list for -1 or a filter; what finds nothing answers false or an empty list, as it comes. */
export function get(world: World, { table }: Kind, primaryId: unknown): unknown {
  const state = ispconfigState(world)
  const nothing = world.random() < 0.5 ? false : []
  if (typeof primaryId === 'number' || (typeof primaryId === 'string' && /^-?\d+$/.test(primaryId))) {
    if (Number(primaryId) === -1) return shuffled(world.random, state.tables[table])
    if (Number(primaryId) <= 0) throw new Fault('The ID has to be > 0 or -1.')
    return rowOf(state, table, primaryId) ?? nothing
  }
  if (typeof primaryId !== 'object' || primaryId === null) return []
  const { '#OFFSET#': offset = 0, '#LIMIT#': limit = 0, ...filter } = primaryId as Params
  const conditions = Object.entries(filter).map(([name, value]) => condition(name, String(value)))
  const found = shuffled(world.random, state.tables[table].filter((row) => conditions.every((holds) => holds(row))))
  return Number(limit) > 0 ? found.slice(Number(offset), Number(offset) + Number(limit)) : found
}

/** `=` without regard to case, LIKE where the value holds a percent sign. */
function condition(name: string, value: string): (row: Row) => boolean {
  const wanted = value.toLowerCase()
  if (!value.includes('%')) return (row) => row[name]?.toLowerCase() === wanted
  const pattern = new RegExp(`^${wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('%', '.*').replaceAll('_', '.')}$`, 's')
  return (row) => pattern.test(row[name]?.toLowerCase() ?? '')
}

/** *_add: the new id, as text or as a number. */
export function add(world: World, kind: Kind, clientId: unknown, params: Params): string | number {
  const state = ispconfigState(world)
  const group = groupOf(world, clientId)
  const row = encoded(kind, params, undefined)
  complain(kind, row, state.tables[kind.table])
  const id = nextId(state, kind.table)
  const stored: Row = { [idColumns[kind.table]]: String(id), sys_userid: '1', sys_groupid: group, sys_perm_user: 'riud', sys_perm_group: 'riud', sys_perm_other: '', ...column(kind.table), ...hashed(world, kind, row, undefined) }
  state.tables[kind.table].push(stored)
  logged(world, kind.table, stored)
  return world.random() < 0.5 ? id : String(id)
}

/** *_update: merges with the stored row and answers the affected rows. Of a row that is gone it judges the parameters alone. */
export function update(world: World, kind: Kind, clientId: unknown, primaryId: unknown, params: Params): number {
  const state = ispconfigState(world)
  groupOf(world, clientId)
  const stored = rowOf(state, kind.table, primaryId)
  const row = encoded(kind, params, stored)
  complain(kind, row, state.tables[kind.table].filter((other) => other !== stored))
  if (!stored) return 0
  const changed = Object.entries(hashed(world, kind, row, stored)).filter(([name, value]) => stored[name] !== value)
  if (changed.length === 0) return 0
  Object.assign(stored, Object.fromEntries(changed))
  logged(world, kind.table, stored)
  return 1
}

/** *_delete: affected rows, 0 when there was none. */
export function remove(world: World, { table }: Kind, primaryId: unknown): number {
  const state = ispconfigState(world)
  const stored = rowOf(state, table, primaryId)
  if (!stored) return 0
  state.tables[table] = state.tables[table].filter((row) => row !== stored)
  logged(world, table, stored)
  return 1
}

/** sys_groupid of what is made for this client: 1 is the admin's. */
function groupOf(world: World, clientId: unknown): string {
  if (clientId === undefined || clientId === null || clientId === '' || Number(clientId) === 0) return '1'
  const group = ispconfigState(world).tables.sys_group.find((row) => row['client_id'] === php(clientId))
  if (!group) throw new Fault('Invalid client_id')
  return group['groupid']!
}

/** Columns that a table has beyond its form. */
const column = (table: Table): Row => (table === 'dns_rr' ? { aux: '0' } : {})

/** PHP's texts of JSON's values: true is '1', which is no checkbox's yes. */
export const php = (value: unknown): string => (value === true ? '1' : value === false || value === null || value === undefined ? '' : typeof value === 'object' ? '' : String(value as string | number))

function encoded({ form }: Kind, params: Params, stored: Row | undefined): Row {
  return Object.fromEntries(Object.entries(forms[form]!).map(([name, { kind, box }]) => {
    const given = name in params ? php(params[name]) : kind === 'password' ? '' : stored?.[name] ?? ''
    if (box) return [name, given === '' ? box[0] : given]
    return [name, kind === 'int' ? String(Number.parseInt(given, 10) || 0) : given]
  }))
}

/** Throws the untranslated keys of all complaints, each followed by a line break. */
function complain({ form }: Kind, row: Row, others: readonly Row[]): void {
  const keys = Object.entries(forms[form]!).flatMap(([name, { rules }]) => rules.flatMap((rule) => rule(row[name]!, others, name) ?? []))
  if (keys.length > 0) throw new Fault(keys.map((key) => `${key}<br />`).join('\r\n'))
}

/** Passwords are kept as hashes; an empty one leaves the old. */
function hashed(world: World, { form }: Kind, row: Row, stored: Row | undefined): Row {
  if (!('password' in forms[form]!)) return row
  const { password = '', ...rest } = row
  return { ...rest, password: password === '' && stored ? stored['password']! : `$6$rounds=5000$${hex(world.random, 16)}$${hex(world.random, between(world.random, 40, 48))}` }
}

function logged(world: World, table: Table, row: Row): void {
  if (table === 'dns_soa' || table === 'dns_rr') logChange(world, row['server_id']!, row[table === 'dns_soa' ? 'id' : 'zone'])
  else if (table.startsWith('mail_')) logChange(world, row['server_id']!)
  world.changed()
}
