// The rare paths, and whether they were ever taken: a suite that never meets a late arrival proves nothing about it.
import type { JournalLine } from '../../src/engine/row-store.ts'

export const paths = [
  'unknown, then found present',
  'unknown, then absent after the flight bound, then made again',
  'busy, then settled',
  'recovered from the middle of a call',
  'parked at the gate',
  'turned back and undone',
  'cancelled while being built',
  'refused',
  'stuck, then retried by a person',
  'a task that failed',
  'older command ignored',
  'suspended while being built',
  'held in the middle of something',
  'given up by a person',
] as const
export type Sometimes = Map<(typeof paths)[number], number>

export const none = (): Sometimes => new Map(paths.map((path) => [path, 0]))

/** Counts which of the paths these journal lines have taken. */
export function note(seen: Sometimes, lines: readonly JournalLine[]): void {
  const hit = (path: (typeof paths)[number]): void => void seen.set(path, (seen.get(path) ?? 0) + 1)
  const doubt = new Map<string, 'unknown' | 'waited'>()
  const busy = new Set<string>()
  let served = false
  let last = ''
  for (const { i, event, step, detail } of lines) {
    const fate = (detail as { fate?: string } | null)?.fate
    const text = typeof detail === 'string' ? detail : ''
    if (event === 'rest' && detail === 'live') served = true
    if (event === 'command' && !served && (detail as { verb?: string }).verb === 'terminate') hit('cancelled while being built')
    if (event === 'command' && !served && (detail as { verb?: string }).verb === 'suspend') hit('suspended while being built')
    if (event === 'ignored') hit('older command ignored')
    if (event === 'turned') hit('turned back and undone')
    if (event === 'held' && lines.some((line) => line.i < i && line.event === 'call') && last !== 'rest') hit('held in the middle of something')
    if (event === 'aborted') hit('given up by a person')
    last = event
    if (event === 'retried') hit('stuck, then retried by a person')
    if (step === null) continue
    if (event === 'parked') hit('parked at the gate')
    if (event === 'recovered') hit('recovered from the middle of a call')
    if (event === 'outcome' && fate === 'refused') hit('refused')
    if (event === 'observed' && text.startsWith('task failed')) hit('a task that failed')
    if ((event === 'outcome' && fate === 'unknown') || event === 'recovered') doubt.set(step, 'unknown')
    else if (event === 'observed' && text.startsWith('absent, waiting out')) doubt.set(step, 'waited')
    else if (event === 'observed' && text.startsWith('busy')) busy.add(step)
    else if (event === 'call') {
      if (doubt.get(step) === 'waited') hit('unknown, then absent after the flight bound, then made again')
      doubt.delete(step)
    } else if (event === 'settled') {
      if (doubt.get(step) === 'unknown') hit('unknown, then found present')
      if (busy.has(step)) hit('busy, then settled')
      doubt.delete(step)
      busy.delete(step)
    }
  }
}
