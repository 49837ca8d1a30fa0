// The difference between what a zone has and what it should have, as a list that is shown before it is done and that can be
// turned around. A plan that changes suspiciously much is refused until somebody says that it is meant.
import { identityOf, type DnsRecord } from './record.ts'

export type Change =
  | { action: 'create'; after: DnsRecord }
  | { action: 'update'; before: DnsRecord; after: DnsRecord }
  | { action: 'delete'; before: DnsRecord }

/** Deletes first, then updates, then creates: on the way there is never a CNAME beside what it replaces. */
export function zoneDiff(current: readonly DnsRecord[], wanted: readonly DnsRecord[]): Change[] {
  const have = new Map(current.map((record) => [identityOf(record), record]))
  const want = new Map(wanted.map((record) => [identityOf(record), record]))
  const updates: Change[] = []
  for (const [identity, after] of want) {
    const before = have.get(identity)
    if (before && before.ttl !== after.ttl) updates.push({ action: 'update', before, after })
  }
  const gone = [...have].filter(([identity]) => !want.has(identity)).map(([, record]) => record)
  const creates: Change[] = []
  for (const [identity, after] of want) {
    if (have.has(identity)) continue
    const at = gone.findIndex((before) => before.name === after.name && before.type === after.type)
    const [before] = at < 0 ? [] : gone.splice(at, 1)
    if (before) updates.push({ action: 'update', before, after })
    else creates.push({ action: 'create', after })
  }
  return [...gone.map((before): Change => ({ action: 'delete', before })), ...updates, ...creates]
}

/** The records after the changes. */
export function changed(current: readonly DnsRecord[], changes: readonly Change[]): DnsRecord[] {
  const records = new Map(current.map((record) => [identityOf(record), record]))
  for (const change of changes) if (change.action !== 'create') records.delete(identityOf(change.before))
  for (const change of changes) if (change.action !== 'delete') records.set(identityOf(change.after), change.after)
  return [...records.values()]
}

/** The way back: what undoes these changes. */
export function inverse(changes: readonly Change[]): Change[] {
  const all = changes.map((change): Change => {
    if (change.action === 'create') return { action: 'delete', before: change.after }
    if (change.action === 'delete') return { action: 'create', after: change.before }
    return { action: 'update', before: change.after, after: change.before }
  })
  const order = { delete: 0, update: 1, create: 2 }
  return all.toSorted((a, b) => order[a.action] - order[b.action])
}

/** Small zones may be changed altogether; in larger ones this share is a reason to ask. */
const existingMin = 10
const shareMax = 0.3

/** Why a plan is too large to be done without being asked for twice; undefined when it is not. */
export function suspicious(current: readonly DnsRecord[], changes: readonly Change[]): string | undefined {
  if (current.length < existingMin) return undefined
  const count = (action: Change['action']): number => changes.filter((change) => change.action === action).length
  const [deletes, updates] = [count('delete'), count('update')]
  const much = (amount: number): boolean => amount / current.length > shareMax
  if (!much(deletes) && !much(updates)) return undefined
  return `This would delete ${deletes} and change ${updates} of ${current.length} records. If that is meant, confirm it.`
}
