// Everything that a customer's object keeps, as JSON lines: who it is, zones as they were last seen, rows (zones, records, mail), changes,
// journal. Passwords and keys never come here, so none can leave: a mailbox is an address and a size, a DKIM key the public one.
import { schemas } from '../domain/schema.ts'
import type { CustomerStorage } from './storage.ts'

/** A change may be of a whole zone file. */
const changesMost = 100

/**
 * A piece after `after`: empty at first, then `h<change>` while there are changes, then the number of a journal line; `next` is null at the
 * end. `most` lines of the journal; `now` is epoch ms.
 */
export function exportedCustomer(store: CustomerStorage, after: string, most: number, now: number): { lines: string[]; next: string | null } {
  const state = store.state()
  if (!state) return { lines: [], next: null }
  const line = (kind: string, of: object): string => JSON.stringify({ kind, customer: state.key, ...of })
  if (after === '') {
    const head = [
      line('customer', { at: now, schema: schemas.customer.version, state }),
      ...store.seen().map((zone) => line('customer-zone', { zone })),
      ...store.rows().map((step) => line('customer-step', { step })),
    ]
    return { lines: head, next: 'h0' }
  }
  if (after.startsWith('h')) {
    const changes = store.changesAfter(Number(after.slice(1)), changesMost)
    return { lines: changes.map((change) => line('customer-change', { change })), next: changes.length < changesMost ? '0' : `h${changes.at(-1)!.n}` }
  }
  const journal = store.linesAfter(Number(after), most)
  return { lines: journal.map((one) => line('customer-line', { line: one })), next: journal.length < most ? null : String(journal.at(-1)!.i) }
}
