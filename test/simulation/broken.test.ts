// Engines that are wrong on purpose are caught, and the right one is not: otherwise green runs mean nothing.
import { describe, expect, it } from 'vitest'
import { broken } from './broken.ts'
import { live } from './history.ts'
import { casesOf, nameOf, runCase, share, type Case } from './matrix.ts'
import type { Sabotage } from './misfortune.ts'
import { randomHistory } from './random-history.ts'

/** Late requests and random histories by turns: some engines are found out by the ones, some by the others. */
const caught = async (sabotage: () => Sabotage): Promise<string | undefined> => {
  const cases = await late()
  for (let turn = 0; turn < Math.max(cases.length, 60); turn++) {
    const one = cases[turn]
    if (one && (await runCase(one, undefined, sabotage())).violations.length > 0) return nameOf(one)
    const result = await live(randomHistory(turn + 1, sabotage())).catch((error: unknown) => ({ violations: [String(error)] }))
    if (result.violations.length > 0) return `seed ${turn + 1}`
  }
  return undefined
}

let cases: Case[] | undefined
/** Requests that arrive late, around changes of mind; neighbours are alike, so each eighth comes first. */
async function late(): Promise<Case[]> {
  if (cases) return cases
  const all = (await Promise.all(['third thoughts', 'cancelled after 0.5 s'].map((schedule) => casesOf(schedule)))).flat().filter((one) => 'fault' in one && one.fault === 'late' && one.link === 'inside')
  return (cases = Array.from({ length: 8 }, (_, first) => all.filter((_, i) => i % 8 === first)).flat())
}

describe('the checks catch an engine that', () => {
  it.each(Object.keys(broken))('%s', async (name) => {
    expect(await caught(broken[name]!)).toBeDefined()
  })

  it('but not the right one', async () => {
    for (const one of share(await late(), 0, 7)) expect((await runCase(one)).violations, nameOf(one)).toEqual([])
  })
})
