// Where in a journal an instance of the tenant ended without saying so: after which lines. Pure.
import type { JournalLine } from '../src/engine/row-store.ts'

/** Seen for nothing: after this the engine calls or decides at once, unless it is gone. */
const decides = ({ event, detail }: JournalLine): boolean => event === 'observed' && /^(?:absent|present|differs: .*)$/.test(String(detail))

/**
 * Line numbers. An end lies between a call and its recovery, or two looks of which the first came to nothing, and after no line with
 * which another call was open that went on to its outcome.
 */
export function endsOf(lines: readonly JournalLine[]): Set<number> {
  const ends = new Set<number>()
  const next = new Map<string | null, JournalLine>()
  const held = lines.filter(({ event }) => event === 'held' || event === 'released')
  for (const line of lines.toReversed()) {
    const after = next.get(line.step)
    next.set(line.step, line)
    if (line.step === null || !after) continue
    const holder = held.findLast(({ i }) => i < line.i)
    const twice = decides(line) && decides(after) && line.attempt === after.attempt && holder?.event !== 'held'
    if (after.event !== 'recovered' && !twice) continue
    const between = lines.filter(({ i }) => i >= line.i && i < after.i)
    if (between.some(({ i }) => ends.has(i))) continue
    const possible = twice ? [line] : between.filter(({ step, i }) => step !== null && !openAfter(lines, i))
    ends.add((possible.at(-1) ?? line).i)
  }
  return ends
}

/** A call that went on to its outcome was under way after line `i`. */
function openAfter(lines: readonly JournalLine[], i: number): boolean {
  const last = new Map<string | null, JournalLine>()
  for (const line of lines) if (line.i <= i) last.set(line.step, line)
  return [...last.values()].some((line) => line.event === 'call' && lines.find((one) => one.step === line.step && one.i > i)?.event === 'outcome')
}
