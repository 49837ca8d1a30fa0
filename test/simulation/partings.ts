// Where schedules that begin alike part: up to then they are one and the same run.
import type { Event } from './history.ts'
import { schedules } from './schedules.ts'

/** The earlier schedule that this one is like until `atMs` after the start. */
export interface Parting { from: string; atMs: number }

/** When two lists of events begin to differ; undefined when they do at once. */
function partingOf(one: readonly Event[], other: readonly Event[]): number | undefined {
  const sorted = [one, other].map((events) => events.toSorted((a, b) => a.atMs - b.atMs))
  const [mine, theirs] = [sorted[0]!, sorted[1]!]
  let i = 0
  while (i < mine.length && i < theirs.length && JSON.stringify(mine[i]) === JSON.stringify(theirs[i])) i++
  const atMs = Math.min(mine[i]?.atMs ?? Infinity, theirs[i]?.atMs ?? Infinity)
  return i === 0 || atMs === Infinity ? undefined : atMs
}

const names = Object.keys(schedules)
const found = new Map<string, Parting>()
for (const [i, name] of names.entries())
  for (const from of names.slice(0, i)) {
    const atMs = partingOf(schedules[name]!, schedules[from]!)
    if (atMs !== undefined && atMs > (found.get(name)?.atMs ?? 0)) found.set(name, { from, atMs })
  }

export const partings = {
  /** The earlier schedule from which this one parts last. */
  of: (schedule: string): Parting | undefined => found.get(schedule),
  /** All moments at which any two part, rising. */
  moments: [...new Set([...found.values()].map(({ atMs }) => atMs))].toSorted((a, b) => a - b) as readonly number[],
}
