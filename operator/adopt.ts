// `berth adopt`: what stands in the place of a step without our mark becomes this tenant's, after a person has read what it is.
import * as z from 'zod'
import { Misused, printable, type Outcome } from './outcome.ts'
import type { Service } from './look.ts'
import type { Confirm } from './overrides.ts'
import type { Worker } from './worker.ts'

const Adopted = z.object({ done: z.boolean(), says: z.string() })

/** What stands in the place of one step. */
export async function adoptStep(worker: Worker, { connection, service }: Service, step: string, actor: string, yes: boolean, confirm: Confirm): Promise<Outcome> {
  const order = { connection, service_id: service, actor, step }
  const { says } = await worker.post('operator/adopt', { ...order, dry_run: true }, Adopted)
  if (!yes && !confirm) throw new Misused(`--yes is required where nobody can be asked. There stands: ${printable(says)}.`)
  if (!yes && !(await confirm!(`${step}: ${printable(says)}. Does it belong to ${connection}/${service}, and may it be marked and made as wished?`))) return { well: true, data: { done: false, says }, lines: ['Nothing was changed.'] }
  const { done } = await worker.post('operator/adopt', { ...order, dry_run: false }, Adopted)
  return { well: true, data: { done, says }, lines: [`${step} is being marked and made as wished.`] }
}
