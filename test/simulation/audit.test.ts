// The copy of the audit comes out whole and as it was sealed, wherever the power is cut and whatever report is lost; and the
// invariant that says so is awake.
import { describe, expect, it } from 'vitest'
import { hashOf } from '../../src/domain/audit-chain.ts'
import { live, type History } from './history.ts'

const events: History['events'] = [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 400_000, service: 'one', verb: 'suspend' }, { atMs: 500_000, service: 'one', verb: 'terminate' }]
const every = (n: number): number[] => Array.from({ length: 30 }, (_, i) => (i + 1) * n)

describe('the audit of each tenant verifies', () => {
  it.each([[1, 3], [2, 5], [3, 11]])('when reports are lost and the power is cut again and again (seed %i)', async (seed, n) => {
    const { violations, outcomes } = await live({ seed, events, misfortune: { reportLoss: 0.5, crashAtCommits: every(n), zombies: seed % 2 === 0 } })
    expect([violations, outcomes]).toEqual([[], { one: 'terminated' }])
  })
})

describe('a tenant is caught that', () => {
  it('goes on when the copy did not take its lines', async () => {
    const { violations } = await live({ seed: 1, events, misfortune: { reportLoss: 1 }, sabotage: { lend: (lent) => ({ ...lent, report: (told) => lent.report(told).catch(() => undefined) }) } })
    expect(violations.join()).toMatch(/of the audit: the line is missing/)
  })

  it('seals its lines only when it tells them, from memory', async () => {
    const { violations } = await live({
      seed: 1, events, misfortune: { crashAtCommits: every(20) },
      sabotage: {
        lend: (lent) => {
          let hash = ''
          return { ...lent, report: (told) => lent.report({ ...told, audit: told.audit.map((line) => ({ ...line, hash: (hash = hashOf(hash, line)) })) }) }
        },
      },
    })
    expect(violations.join()).toMatch(/of the audit: the hash is not the one that the tenant keeps/)
  })
})
