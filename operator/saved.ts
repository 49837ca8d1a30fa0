// What `npx berth export` wrote, read again: one tenant each, with its commands, rows and journal. Customers are passed over: their objects
// do what is said of zones and mail, which no journal of theirs tells wholly.
import * as z from 'zod'
import { Cluster } from '../src/domain/cluster.ts'
import { Command } from '../src/domain/order.ts'
import type { JournalLine } from '../src/engine/row-store.ts'
import type { Row } from '../src/engine/row.ts'
import type { TenantState } from '../src/tenant/state.ts'
import { Misused } from './outcome.ts'

export interface Saved { tenant: string; at: number; schema: number; state: TenantState; cluster: Cluster; commands: Command[]; rows: Row[]; lines: JournalLine[] }

const Line = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tenant'), tenant: z.string(), at: z.number(), schema: z.number(), state: z.looseObject({ key: z.string() }), cluster: Cluster }),
  z.object({ kind: z.literal('command'), tenant: z.string(), command: Command }),
  z.object({ kind: z.literal('step'), tenant: z.string(), row: z.looseObject({ name: z.string() }) }),
  ...(['customer', 'customer-zone', 'customer-step', 'customer-change', 'customer-line'] as const).map((kind) => z.looseObject({ kind: z.literal(kind), customer: z.string() })),
  z.object({ kind: z.literal('line'), tenant: z.string(), line: z.looseObject({ i: z.number(), at: z.number(), event: z.string() }) }),
])

/** Throws Misused, which names the line that cannot be read. */
export function readSaved(text: string): Saved[] {
  const all = new Map<string, Saved>()
  for (const [i, one] of text.split('\n').entries()) {
    if (one.trim() === '') continue
    const wrong = (why: string): Misused => new Misused(`Line ${i + 1}: ${why}. It wants what npx berth export writes.`)
    let json: unknown
    try {
      json = JSON.parse(one)
    } catch {
      throw wrong('is no JSON')
    }
    const read = Line.safeParse(json)
    if (!read.success) throw wrong(`${read.error.issues[0]?.path.join('.') || 'kind'}: ${read.error.issues[0]?.message ?? 'is not valid'}`)
    const { data } = read
    if ('customer' in data) continue
    // Rows, states and lines are as some release wrote them: whoever uses them parses what he needs.
    if (data.kind === 'tenant') {
      all.set(data.tenant, { tenant: data.tenant, at: data.at, schema: data.schema, state: data.state as unknown as TenantState, cluster: data.cluster, commands: [], rows: [], lines: [] })
      continue
    }
    const saved = all.get(data.tenant)
    if (!saved) throw wrong('comes before the line of its tenant')
    if (data.kind === 'command') saved.commands.push(data.command)
    else if (data.kind === 'step') saved.rows.push(data.row as unknown as Row)
    else saved.lines.push(data.line as unknown as JournalLine)
  }
  return [...all.values()]
}
