// What becomes of a row when our own code throws: it is tried again slowly, and set aside as poison when that keeps happening.
import { backoffMs, policy } from './policy.ts'
import type { Surroundings } from './surroundings.ts'

/** A caught bug: tried again slowly, set aside as poison when it keeps coming. The journal keeps its name, not its text. */
export function bug<Up>(name: string, all: Surroundings<Up>, error: unknown): void {
  const { book } = all
  book.transaction(() => {
    const row = book.row(name)
    if (!row) return
    const poison = row.poison + 1
    const stuck = poison >= policy.poisonMax
    const why = stuck ? 'set aside after repeated internal errors' : 'an internal error; trying again'
    const phase = stuck ? 'stuck' : row.phase === 'calling' || row.attempt > 0 ? 'unknown' : 'idle'
    book.put({ ...row, poison, phase, why, since: all.now(), notBefore: all.now() + backoffMs(poison + 4, policy.backoffMaxMs, all.random) })
    book.journal(stuck ? 'stuck' : 'bug', name, row.attempt, { error: error instanceof Error ? error.name : typeof error })
  })
}
