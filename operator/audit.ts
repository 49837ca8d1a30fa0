// `berth audit verify`: has the Worker compare the audit in D1 with what tenants and customers keep, page by page, and says what is
// broken. Reads only.
import * as z from 'zod'
import type { Outcome } from './outcome.ts'
import type { Worker } from './worker.ts'

const Page = z.object({
  intact: z.boolean(), tenants: z.number(), lines: z.number(), broken: z.array(z.object({ tenant: z.string(), line: z.number(), why: z.string() })), next: z.string().nullable(),
})

/** Of one service or customer, or of all. */
export async function verifyAudit(worker: Worker, of: Record<string, string> | undefined): Promise<Outcome> {
  const all: Omit<z.infer<typeof Page>, 'next'> = { intact: true, tenants: 0, lines: 0, broken: [] }
  for (let next: string | null = ''; next !== null;) {
    const page: z.infer<typeof Page> = await worker.get('operator/audit/verify', of ?? { after: next }, Page)
    all.intact &&= page.intact
    all.tenants += page.tenants
    all.lines += page.lines
    all.broken.push(...page.broken)
    next = page.next
  }
  const total = `${all.lines} lines of ${all.tenants} tenants and customers: ${all.intact ? 'intact' : `${all.broken.length} broken`}`
  return { well: all.intact, data: all, lines: [...all.broken.map(({ tenant, line, why }) => `tenant ${tenant}, line ${line}: ${why}`), total] }
}
