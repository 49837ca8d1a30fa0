// Everything that a step waits for takes time, and a wish may change meanwhile: nothing is done for a wish that is gone.
import { expect, it } from 'vitest'
import { live } from './history.ts'
import type { Sabotage } from './misfortune.ts'

/** Holds the gate's answer for one step until `until` resolves. */
const slowGate = (step: string, until: Promise<void>): Sabotage => ({
  lend: (lent) => ({
    ...lent,
    gate: (tenant, turn) => {
      const gate = lent.gate(tenant, turn)
      return {
        ...gate,
        acquire: async (ask) => {
          const grant = await gate.acquire(ask)
          if (ask.step === step) await until
          return grant
        },
      }
    },
  }),
})

it.each(['container', 'proxy-host', 'dns-record'])('makes no %s when the termination came while the gate was asked', async (step) => {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const { violations, outcomes, journal } = await live({
    seed: 21, events: [{ atMs: 0, service: 'one', verb: 'create' }, { atMs: 5_000, service: 'one', verb: 'terminate' }], sabotage: slowGate(step, opened),
    also: [{ atMs: 6_000, run: () => open() }],
  })
  expect({ violations, outcomes }).toEqual({ violations: [], outcomes: { one: 'terminated' } })
  expect(journal.filter((line) => line.includes(` call ${step} `))).toEqual([])
})

it.each([['suspend', 'suspended'], ['unsuspend', 'live']] as const)('loses no %s that another plan overtakes in the queue', async (verb, outcome) => {
  const wishes = [['create', 0], ['suspend', 200_000], ...(verb === 'unsuspend' ? [['unsuspend', 260_000] as const] : [])] as const
  const last = wishes.at(-1)![1]
  for (const seed of [1, 2, 3, 4]) {
    const { violations, outcomes } = await live({
      seed, events: [...wishes.map(([one, atMs]) => ({ atMs, service: 'one', verb: one })), { atMs: last + 50, service: 'one', verb: 'upgrade', plan: 'standard' }], misfortune: { queueRepeat: 0.4 },
    })
    expect([seed, violations, outcomes]).toEqual([seed, [], { one: outcome }])
  }
})
