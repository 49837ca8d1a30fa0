// `berth retry`, `hold`, `release` and `abort`: an operator's word to one tenant. What would be given up is said, and asked for,
// before anything is.
import * as z from 'zod'
import { columns, Misused, printable, utc, type Outcome } from './outcome.ts'
import type { Service } from './look.ts'
import type { Worker } from './worker.ts'

/** Asks a person; undefined when nobody is there to be asked. */
export type Confirm = ((question: string) => Promise<boolean>) | undefined

const Retried = z.object({ retried: z.number() })
export const Hold = z.object({ by: z.string(), why: z.string(), at: z.number() }).nullable()
const Held = z.object({ changed: z.boolean(), says: z.string(), hold: Hold })
const Aborted = z.object({ done: z.boolean(), says: z.string() })

const named = ({ connection, service }: Service) => ({ connection, service_id: service })

/** Stuck steps are looked at again; `customer`: those of a customer's zones, records and mail. */
export async function retry(worker: Worker, whose: Service, actor: string, customer: boolean): Promise<Outcome> {
  const { retried } = customer ? await worker.post('operator/customer/retry', { connection: whose.connection, user_id: whose.service, actor }, Retried)
    : await worker.post('operator/retry', { ...named(whose), actor }, Retried)
  return { well: true, data: { retried }, lines: [retried === 0 ? 'Nothing of it is stuck.' : `${retried} ${retried === 1 ? 'step is' : 'steps are'} looked at again.`] }
}

export async function hold(worker: Worker, whose: Service, actor: string, why: string | undefined): Promise<Outcome> {
  return told(await worker.post('operator/hold', { ...named(whose), actor, why: reason(why) }, Held))
}

export async function release(worker: Worker, whose: Service, actor: string): Promise<Outcome> {
  return told(await worker.post('operator/release', { ...named(whose), actor }, Held))
}

/** `yes`: nobody is asked. */
export async function abort(worker: Worker, whose: Service, actor: string, why: string | undefined, yes: boolean, confirm: Confirm): Promise<Outcome> {
  const order = { ...named(whose), actor, why: reason(why) }
  if (!yes) {
    const { says } = await worker.post('operator/abort', { ...order, dry_run: true }, Aborted)
    if (!confirm) throw new Misused(`--yes is required where nobody can be asked. It would mean: ${printable(says)}.`)
    if (!(await confirm(`${whose.connection}/${whose.service}: ${printable(says)}. Go on?`))) return { well: true, data: { done: false, says }, lines: ['Nothing was changed.'] }
  }
  const { done, says } = await worker.post('operator/abort', { ...order, dry_run: false }, Aborted)
  return { well: true, data: { done, says }, lines: [`Given up: ${printable(says)}.`] }
}

/** Who is held, for `status`. */
export const heldLines = (rows: readonly Record<string, string | number | null>[]): string[] =>
  columns(['  service', 'held since (UTC)', 'by', 'why'], rows.map((row) => [`  ${row['connection']}/${row['service']}`, row['held_utc'], row['held_by'], row['held_why']]))

/** `Held by …`, or nothing. */
export const holdLine = (held: z.infer<typeof Hold>): string[] => (held ? [`held by ${printable(held.by)} since ${utc(held.at)}: ${printable(held.why)}`] : [])

const told = ({ changed, says, hold: held }: z.infer<typeof Held>): Outcome => ({ well: true, data: { changed, hold: held }, lines: [says, ...holdLine(held)] })

function reason(why: string | undefined): string {
  if (why === undefined || why.trim() === '') throw new Misused('--why is required: the reason, for whoever meets it later and for the audit.')
  return why
}
