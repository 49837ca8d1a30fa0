// Engines that are wrong on purpose are caught, and the right one is not: otherwise green runs mean nothing.
import { describe, expect, it } from 'vitest'
import { broken } from './broken.ts'
import { live } from './history.ts'
import { casesOf, nameOf, runCase, share, type Case } from './matrix.ts'
import type { Sabotage } from './platform.ts'
import { randomHistory } from './random-history.ts'

const caught = async (sabotage: () => Sabotage): Promise<string | undefined> => {
  for (const one of await late()) if ((await runCase(one, 1, undefined, sabotage())).violations.length > 0) return nameOf(one)
  for (let seed = 1; seed <= 60; seed++) {
    const result = await live(randomHistory(seed, sabotage())).catch((error: unknown) => ({ violations: [String(error)] }))
    if (result.violations.length > 0) return `seed ${seed}`
  }
  return undefined
}

let cases: Case[] | undefined
/** Requests that arrive late, around changes of mind. */
const late = async (): Promise<Case[]> =>
  (cases ??= (await Promise.all(['third thoughts', 'cancelled after 0.5 s'].map((schedule) => casesOf(schedule)))).flat().filter((one) => 'fault' in one && one.fault === 'late' && one.link === 'inside'))

describe('the checks catch an engine that', () => {
  it.each(Object.keys(broken))('%s', async (name) => {
    expect(await caught(broken[name]!)).toBeDefined()
  })

  it('but not the right one', async () => {
    for (const one of share(await late(), 0, 3)) expect((await runCase(one)).violations, nameOf(one)).toEqual([])
  })
})
