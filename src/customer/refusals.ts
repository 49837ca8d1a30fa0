// A record that its home does not take: it is not wanted any more, what it was to replace stays, all else of the change goes on, and
// the customer is told which record it was.
import { digestOf, identityOf, told, type DnsRecord } from '../domain/dns/record.ts'
import type { Change } from '../domain/dns/zone-diff.ts'
import type { Row } from '../engine/row.ts'
import type { DnsEntryWish } from '../resources/dns-entry.ts'
import { sentence } from './sentence.ts'
import type { CustomerStorage, HistoryItem, Refused } from './storage.ts'
import { isEntryOf, type Wishes } from './wishes.ts'

type Update = Change & { action: 'update' }

const isRowOf = (row: string, record: DnsRecord): boolean => row.endsWith(`/${digestOf(record)}`)
const changesOf = ({ deed }: Pick<HistoryItem, 'deed'>): Change[] =>
  deed.kind === 'records' || deed.kind === 'mail' ? deed.changes : deed.kind === 'add-zone' ? deed.records.map((after): Change => ({ action: 'create', after })) : []

/** Takes a record's row out of the changes that are under way and want it; false when there are none. */
export function refuse(store: CustomerStorage, wishes: Wishes, row: Row, reason: string, now: number): boolean {
  const wish = row.wish as DnsEntryWish
  const { record } = wish
  const under = store.pending().filter((item) => item.rows.includes(row.name) && isEntryOf(row.name, item.deed.origin))
  const items = under.filter((item) => changesOf(item).some((change) => change.action !== 'delete' && identityOf(change.after) === identityOf(record)))
  const newest = items.at(-1)
  if (!newest) {
    // What should have come back in the place of a refused record is refused as well.
    const back = under.filter((item) => item.refused?.some(({ kept }) => kept && identityOf(kept) === identityOf(record)))
    for (const item of back) store.putChange({ ...item, refused: item.refused!.map((one) => (one.kept && identityOf(one.kept) === identityOf(record) ? { ...one, kept: null } : one)) })
    if (back.length > 0) wishes.want(row.name, 'absent', wish, [], now)
    return back.length > 0
  }
  const kept = former(newest, row)
  const place = kept && store.row(newest.rows.find((name) => isRowOf(name, kept))!)
  if (place?.name !== row.name) wishes.want(row.name, 'absent', wish, [], now)
  if (kept && place) wishes.want(place.name, 'present', { ...(place.wish as DnsEntryWish), record: kept }, place.name === row.name ? [] : [row.name], now)
  for (const item of items) {
    const one: Refused = { row: row.name, record, why: sentence(reason), kept: item === newest ? kept ?? null : null }
    const refused = [...(item.refused ?? []).filter((other) => other.row !== row.name), one]
    store.putChange({ ...item, refused, why: whyOf({ ...item, refused }, false) })
  }
  return true
}

/** What a refused record was to replace and comes back, unless it has been refused before or something else comes under its name. */
function former(item: HistoryItem, { name, wish }: Row): DnsRecord | undefined {
  const { record } = wish as DnsEntryWish
  const changes = changesOf(item)
  const update = changes.find((change): change is Update => change.action === 'update' && identityOf(change.after) === identityOf(record))
  if (!update || item.refused?.some(({ row }) => row === name)) return undefined
  const beside = changes.some((change) => change !== update && change.action !== 'delete' && change.after.name === update.before.name)
  return beside && identityOf(update.before) !== identityOf(record) ? undefined : update.before
}

/** The changes that were made, without those whose record was refused. */
export const madeOf = (item: Pick<HistoryItem, 'deed' | 'refused'>): Change[] =>
  changesOf(item).flatMap((change): Change[] => {
    const no = change.action === 'delete' ? undefined : item.refused?.find(({ record }) => identityOf(record) === identityOf(change.after))
    if (!no) return [change]
    return change.action === 'create' || no.kept ? [] : change.action === 'update' ? [{ action: 'delete', before: change.before }] : []
  })

/** Nothing of the change is under way: what was refused has been told, whatever becomes of its row. */
export const isThrough = (store: CustomerStorage, { rows, refused = [] }: HistoryItem): boolean =>
  rows.every((name) => store.row(name)?.phase === 'settled' || refused.some(({ row, kept }) => row === name && kept === null))

/** Which records were refused and why, and what of the change stands (`over`) or is still on its way. */
export function whyOf(item: HistoryItem, over: boolean): string {
  const { refused = [], deed } = item
  const why = [...new Set(refused.map((one) => one.why))].join(' ')
  const changes = changesOf(item)
  if (deed.kind === 'records' && changes.length === 1 && changes[0]!.action === 'create') return why
  const replaces = (record: DnsRecord): boolean => changes.some((change) => change.action === 'update' && identityOf(change.after) === identityOf(record))
  const names = refused.map(({ record, kept }) => `${told(record)}${kept ? ' (what was there before stays)' : replaces(record) ? ' (what was there before is gone)' : ''}`)
  const rest = deed.kind !== 'records' || changes.length > refused.length ? ` All else of this change ${over ? 'is done' : 'is on its way'}.` : ''
  return `${names.length === 1 ? 'This record was' : 'These records were'} refused: ${names.join(', ')}.${rest} ${why}`
}
