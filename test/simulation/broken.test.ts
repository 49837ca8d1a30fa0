// Engines that are wrong on purpose are caught, and the right one is not: otherwise green runs mean nothing.
import { describe, expect, it } from 'vitest'
import { broken, caughtBy } from './broken.ts'
import { live } from './history.ts'
import { casesOf, nameOf, runCase, share, type Case } from './matrix.ts'
import type { Sabotage } from './misfortune.ts'
import { randomHistory } from './random-history.ts'

/** What caught it the last time comes first; then late requests and random histories by turns: some engines are found out by the ones, some by the others. */
const caught = async (sabotage: () => Sabotage, last: number | string | undefined): Promise<number | string | undefined> => {
  const cases = await late()
  const first = cases.filter((one) => nameOf(one) === last)
  const seeds = typeof last === 'number' ? [last] : []
  for (const by of [...first, ...seeds]) if (await isCaught(by, sabotage)) return last
  for (let turn = 0; turn < Math.max(cases.length, 60); turn++) {
    const one = cases[turn]
    if (one && (await isCaught(one, sabotage))) return nameOf(one)
    if (await isCaught(turn + 1, sabotage)) return turn + 1
  }
  return undefined
}

async function isCaught(by: Case | number, sabotage: () => Sabotage): Promise<boolean> {
  const run = typeof by === 'number' ? live(randomHistory(by, sabotage())) : runCase(by, undefined, sabotage())
  return (await run.catch((error: unknown) => ({ violations: [String(error)] }))).violations.length > 0
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
    const by = await caught(broken[name]!, caughtBy[name])
    expect(by).toBeDefined()
    if (by !== caughtBy[name]) console.info(`broken.ts: '${name}' is caught by ${JSON.stringify(by)} now`)
  })

  it('but not the right one', async () => {
    for (const one of share(await late(), 0, 7)) expect((await runCase(one)).violations, nameOf(one)).toEqual([])
  })
})
