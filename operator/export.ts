// `berth export`: everything of one tenant, of one customer or of all as JSON lines. Reads only.
import * as z from 'zod'
import type { Outcome } from './outcome.ts'
import type { Service } from './look.ts'
import type { Worker } from './worker.ts'

const Piece = z.object({ lines: z.array(z.string()), next: z.string().nullable() })

/** All pieces, in order; `customer`: the service is a customer's id. */
export async function exported(worker: Worker, of: Service | undefined, customer = false): Promise<string[]> {
  const whose = of && { connection: of.connection, ...(customer ? { user_id: of.service } : { service_id: of.service }) }
  const all: string[] = []
  for (let next: string | null = ''; next !== null;) {
    const piece: z.infer<typeof Piece> = await worker.get('operator/export', { ...whose, after: next }, Piece)
    all.push(...piece.lines)
    next = piece.next
  }
  return all
}

export async function exportLines(worker: Worker, of: Service | undefined, customer = false): Promise<Outcome> {
  const lines = await exported(worker, of, customer)
  return { well: true, data: lines.map((line) => JSON.parse(line) as unknown), lines }
}
