// What is not known of a call that was sent: how long it may still land, and whether the system itself was heard. Pure.
import type { UpstreamError } from '../domain/errors.ts'
import { backoffMs, policy } from './policy.ts'
import type { Seen } from './resource.ts'
import type { Row } from './row.ts'

/** When the last call in doubt can no longer land (epoch ms); 0 when none is. */
export const flightEndOf = (row: Row): number => (row.doubtSince === 0 ? 0 : row.doubtSince + policy.flightMs)

/** Nothing of the system itself was heard: 429 and our own gateway's fences are answers, 5xx of a middlebox are not. */
export const silent = (error: UpstreamError): boolean => error.status === undefined || error.status >= 500

export const waitsOut = 'making sure that a lost request can no longer arrive'

export const noGate = (random: () => number) => ({ granted: false as const, waitMs: backoffMs(6, policy.backoffMaxMs, random), why: 'the gate does not answer' })

/** What was seen, as the journal has it. */
export const told = (seen: Exclude<Seen, { state: 'busy' }>): string => (seen.state === 'absent' ? 'absent' : seen.state === 'foreign' ? `foreign: ${seen.why}` : seen.ok ? 'present' : `differs: ${seen.differs}`)
