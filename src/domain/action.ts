// What a customer may ask of a site that stands, beyond billing's verbs, and how it is answered. Names of backups are chosen
// and quotas are counted in the tenant itself, in one transaction with the wish.
import * as z from 'zod'
import { Job } from './site-tools.ts'

/** `BAK…` are snapshots, `OFF…` off-site copies. */
export const BackupName = z.string({ error: 'is required: the name of a backup' }).regex(/^(BAK|OFF)\d{8}-\d{1,4}$/, 'is not the name of a backup, like BAK11122025-1')

/** `loseNewer`: the caller has been told which newer backups it costs and wants it all the same. */
export const Action = z.discriminatedUnion('do', [
  z.object({ do: z.literal('start') }),
  z.object({ do: z.literal('stop') }),
  z.object({ do: z.literal('restart') }),
  z.object({ do: z.literal('toggle') }),
  z.object({ do: z.literal('reset'), loseNewer: z.boolean() }),
  z.object({ do: z.literal('make-backup'), key: z.string().optional() }),
  // The schedule's: tonight's backup, and what is no longer kept.
  z.object({ do: z.literal('nightly') }),
  z.object({ do: z.literal('delete-backup'), name: BackupName }),
  z.object({ do: z.literal('rollback'), name: BackupName, loseNewer: z.boolean() }),
  z.object({ do: z.literal('set-domain'), domain: z.object({ name: z.string(), apex: z.string(), names: z.array(z.string()), shown: z.string() }) }),
  z.object({ do: z.literal('delete-domain'), name: z.string() }),
  z.object({ do: z.literal('job'), job: Job, key: z.string().optional() }),
])
export type Action = z.infer<typeof Action>

/**
 * - `suspended` refused while the service is suspended
 * - `not-ready` still being built, or something else is under way
 * - `quota`     the plan's limit is reached
 * - `unknown`   there is no such site, or no such thing of its
 * - `costs`     it would take newer backups with it: `costs` names them
 */
export type RefusalCode = 'suspended' | 'not-ready' | 'quota' | 'unknown' | 'costs'

/** `done`: the wish is durable; `unchanged`: it stood so already. `message` is fit for the customer. */
export type Acted =
  | { answer: 'done' | 'unchanged'; enabled?: boolean; backup?: string; job?: number }
  | { answer: 'refused'; code: RefusalCode; message: string; costs?: string[] }

/** What a question came to. `silent`: no answer in time; `failed`: it was tried, and could not be. `message` is fit for the customer. */
export type Told<T> = { answer: 'told'; result: T } | { answer: 'refused'; code: RefusalCode | 'silent' | 'failed'; message: string }
