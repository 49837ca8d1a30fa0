// Support subscriptions in plain words: tiers, keys, and which call is taken in which state. A key is shown once, by the
// answer that makes it; what is kept is a keyed hash of it.
import { createHmac } from 'node:crypto'

/** Tier -> hours, by the clock, within which a ticket is answered. The first is what is sold when nothing is said. */
export const tiers = {
  standard: { responseHours: 24 },
  priority: { responseHours: 8 },
  urgent: { responseHours: 2 },
} as const satisfies Record<string, { responseHours: number }>

export type Tier = keyof typeof tiers

export const tierNames = Object.keys(tiers) as [Tier, ...Tier[]]

/** As billing and help desks are told. Tickets are opened while ACTIVE only; INACTIVE keeps its row. */
export const supportStatuses = ['ACTIVE', 'SUSPENDED', 'INACTIVE'] as const
export type SupportStatus = (typeof supportStatuses)[number]

export type SupportVerb = 'create' | 'suspend' | 'unsuspend' | 'terminate'

/**
 * - `accept`    the state changes
 * - `unchanged` it is so already: success, nothing is written
 * - `unknown`   there is no such subscription (any more)
 * - `conflict`  the service has one
 */
export type SupportAdmission = 'accept' | 'unchanged' | 'unknown' | 'conflict'

const table: Record<SupportStatus | 'none', Record<SupportVerb, SupportAdmission>> = {
  none: { create: 'accept', suspend: 'unknown', unsuspend: 'unknown', terminate: 'unknown' },
  ACTIVE: { create: 'conflict', suspend: 'accept', unsuspend: 'unchanged', terminate: 'accept' },
  SUSPENDED: { create: 'conflict', suspend: 'unchanged', unsuspend: 'accept', terminate: 'accept' },
  // Only a create, which makes a new key, brings it back: a late unsuspend must not revive what has ended.
  INACTIVE: { create: 'accept', suspend: 'unknown', unsuspend: 'unknown', terminate: 'unchanged' },
}

export const supportAdmission = (status: SupportStatus | undefined, verb: SupportVerb): SupportAdmission => table[status ?? 'none'][verb]

/** What an accepted verb leads to. */
export const supportStatusAfter: Record<SupportVerb, SupportStatus> = { create: 'ACTIVE', suspend: 'SUSPENDED', unsuspend: 'ACTIVE', terminate: 'INACTIVE' }

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const length = 16

/** The shape of a key, in capitals. */
export const supportKeyPattern = /^SUP-[A-Z0-9]{16}$/

/** A new key; `bytes` is a cryptographic source. Bytes beyond the largest multiple of 36 are thrown away, so that every sign is as likely as any other. */
export function newSupportKey(bytes: (count: number) => Uint8Array): string {
  const even = 256 - (256 % alphabet.length)
  let key = ''
  while (key.length < length) for (const byte of bytes(length)) if (byte < even && key.length < length) key += alphabet[byte % alphabet.length]
  return `SUP-${key}`
}

/** What is kept of a key: hex, worthless without the Worker's secret. */
export const supportKeyHash = (secret: string, key: string): string => createHmac('sha256', secret).update(`support key ${key}`).digest('hex')
