// Every upstream call of every schedule × every fault, and every commit of the tenant × a power cut. Cases are data with a
// name that replays them: `npm run simulate -- --case '<name>'`.
import { FAULTS, nth, type Fault } from '../../lab/faults.ts'
import { live, type Result } from './history.ts'
import { schedules } from './schedules.ts'
import type { Sabotage } from './misfortune.ts'
import type { Sometimes } from './sometimes.ts'

export type Link = 'inside' | 'edge'
export type Case =
  | { schedule: string; link: Link; call: number; fault: Fault }
  | { schedule: string; commit: number; zombie: boolean }

export const nameOf = (one: Case): string =>
  'fault' in one ? `${one.schedule} / ${one.link} call ${one.call} / ${one.fault}` : `${one.schedule} / power cut at commit ${one.commit}${one.zombie ? ' / zombie' : ''}`

/** Runs the schedule once without faults to count its calls and commits, and answers all of its cases. */
export async function casesOf(schedule: string, seed = 1): Promise<Case[]> {
  const calm = await live({ seed, events: schedules[schedule]! })
  if (calm.violations.length > 0) throw new Error(`${schedule} fails without any fault: ${calm.violations.join('; ')}`)
  const calls = (link: Link): Case[] =>
    Array.from({ length: calm.requests[link] }, (_, i) => i + 1).flatMap((call) => FAULTS.map((fault): Case => ({ schedule, link, call, fault })))
  const cuts = Array.from({ length: calm.commits }, (_, i) => i + 1).flatMap((commit) => [false, true].map((zombie): Case => ({ schedule, commit, zombie })))
  return [...calls('inside'), ...calls('edge'), ...cuts]
}

export function runCase(one: Case, seed = 1, sometimes?: Sometimes, sabotage: Sabotage = {}): Promise<Result> {
  const events = schedules[one.schedule]!
  if ('fault' in one) return live({ seed, events, weather: () => ({ [one.link]: [nth(one.call, one.fault)] }), sabotage }, sometimes)
  return live({ seed, events, misfortune: { crashAtCommits: [one.commit], zombies: one.zombie }, sabotage }, sometimes)
}

/** Every `of`-th case, beginning with number `first`: faults and calls stay mixed because neither count divides the other. */
export const share = <T>(all: readonly T[], first: number, of: number): T[] => all.filter((_, i) => i % of === first % of)
