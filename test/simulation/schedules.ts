// What billing may ask for, and when: the histories whose every call is failed in every way.
import type { Event } from './history.ts'

const s = 1_000
const at = (atMs: number, verb: Event['verb'], service = 'one'): Event => ({ atMs, service, verb })

/** Moments while a site is being built: before, in and after each of its long steps. */
export const moments = [0.05, 0.5, 3, 20, 45, 56, 60, 75, 110, 140, 152, 158].map((seconds) => seconds * s)

export const schedules: Record<string, readonly Event[]> = {
  provision: [at(0, 'create')],
  life: [at(0, 'create'), at(200 * s, 'suspend'), at(300 * s, 'unsuspend'), at(400 * s, 'terminate')],
  'suspended to death': [at(0, 'create'), at(200 * s, 'suspend'), at(210 * s, 'terminate')],
  flapping: [at(0, 'create'), at(200 * s, 'suspend'), at(201 * s, 'unsuspend'), at(202 * s, 'suspend'), at(203.5 * s, 'unsuspend'), at(206 * s, 'suspend')],
  'second thoughts': [at(0, 'create'), at(200 * s, 'suspend'), at(200.4 * s, 'unsuspend')],
  'third thoughts': [at(0, 'create'), at(200 * s, 'suspend'), at(203 * s, 'unsuspend')],
  ...Object.fromEntries(moments.map((ms) => [`cancelled after ${ms / s} s`, [at(0, 'create'), at(ms, 'terminate')]])),
  ...Object.fromEntries(moments.map((ms) => [`suspended after ${ms / s} s`, [at(0, 'create'), at(ms, 'suspend')]])),
  'repeated and out of order': [at(0, 'create'), at(1 * s, 'create'), at(30 * s, 'suspend'), at(31 * s, 'unsuspend'), at(32 * s, 'suspend'), at(33 * s, 'suspend'), at(90 * s, 'terminate'), at(91 * s, 'terminate'), at(92 * s, 'create')],
}
