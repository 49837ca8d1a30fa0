// Every upstream call of every schedule × every fault, and every commit of the tenant × a power cut. Cases are data with a
// name that replays them: `npm run simulate -- --case '<name>'`.
import { FAULTS, nth, type Fault, type Seen } from '../../lab/faults.ts'
import { live, type Glance, type Result } from './history.ts'
import { partings } from './partings.ts'
import { schedules } from './schedules.ts'
import type { Sabotage } from './misfortune.ts'
import type { Sometimes } from './sometimes.ts'

export type Link = 'inside' | 'edge'
export type Case =
  | { schedule: string; link: Link; call: number; fault: Fault }
  | { schedule: string; commit: number; zombie: boolean }

const whereOf = (one: Case): string => ('fault' in one ? `${one.link} call ${one.call} / ${one.fault}` : `power cut at commit ${one.commit}${one.zombie ? ' / zombie' : ''}`)

export const nameOf = (one: Case): string => `${one.schedule} / ${whereOf(one)}`

/** A read that was applied, or is applied later, has done what one that was lost has: nothing. */
const sameForReads: readonly Fault[] = ['after', 'late', '5xx-after', 'timeout-after']

/** The end of a playbook may hold a secret, which is handed over once. */
const isRead = ({ method, url }: Seen): boolean => method === 'GET' && !url.includes('/tasks/run')

interface Calm { requests: Result['requests']; commits: number; glances: Glance[]; start: number }

const calms = new Map<string, Promise<Calm>>()

/** The schedule without any fault, run once. */
function calmOf(schedule: string): Promise<Calm> {
  const run = async (): Promise<Calm> => {
    const { violations, requests, commits, glances, start } = await live({ seed: 1, events: schedules[schedule]!, glances: partings.moments })
    if (violations.length > 0) throw new Error(`${schedule} fails without any fault: ${violations.join('; ')}`)
    return { requests, commits, glances, start }
  }
  if (!calms.has(schedule)) calms.set(schedule, run())
  return calms.get(schedule)!
}

/** Runs the schedule once without faults to count its calls and commits, and answers all of its cases. */
export async function casesOf(schedule: string): Promise<Case[]> {
  const calm = await calmOf(schedule)
  const calls = (link: Link): Case[] =>
    calm.requests[link].flatMap((seen, i) => FAULTS.filter((fault) => !isRead(seen) || !sameForReads.includes(fault)).map((fault): Case => ({ schedule, link, call: i + 1, fault })))
  const cuts = Array.from({ length: calm.commits }, (_, i) => i + 1).flatMap((commit) => [false, true].map((zombie): Case => ({ schedule, commit, zombie })))
  return [...calls('inside'), ...calls('edge'), ...cuts]
}

export function runCase(one: Case, sometimes?: Sometimes, sabotage: Sabotage = {}): Promise<Result> {
  const history = { seed: 1, events: schedules[one.schedule]!, glances: partings.moments, sabotage }
  if ('fault' in one) return live({ ...history, weather: () => ({ [one.link]: [nth(one.call, one.fault)] }) }, sometimes)
  return live({ ...history, misfortune: { crashAtCommits: [one.commit], zombies: one.zombie } }, sometimes)
}

/** What a process has run, so that it runs nothing twice under two names: schedules must come in the order in which they stand. */
export class Runs {
  /** How it stood at the moments of parting, by schedule and place of the case. */
  readonly #ran = new Map<string, readonly Glance[]>()

  /**
   * Runs the case, unless it cannot differ from one that was run: a schedule that begins like an earlier one, and a fault whose consequences were over,
   * with everything at rest as without it, before the two part. Then answers undefined.
   */
  async run(one: Case, sometimes?: Sometimes): Promise<Result | undefined> {
    if (await this.#isKnown(one, one.schedule, Infinity)) return undefined
    const result = await runCase(one, sometimes)
    this.#ran.set(`${one.schedule} / ${whereOf(one)}`, result.glances)
    return result
  }

  /** Whether, up to `byMs`, the case is one that was run and was over by then. */
  async #isKnown(one: Case, schedule: string, byMs: number): Promise<boolean> {
    const parting = partings.of(schedule)
    if (!parting || !(await isBefore(one, Math.min(parting.atMs, byMs)))) return false
    const [from, atMs] = [parting.from, Math.min(parting.atMs, byMs)]
    const ran = this.#ran.get(`${from} / ${whereOf(one)}`)
    if (!ran) return this.#isKnown(one, from, atMs)
    const moment = partings.moments.indexOf(atMs)
    const calm = await calmOf(from)
    return ran[moment]!.rests !== null && ran[moment]!.rests === calm.glances[moment]!.rests
  }
}

/** Whether the fault comes, or the power is cut, before that moment in the calm run of its schedule. */
async function isBefore(one: Case, atMs: number): Promise<boolean> {
  const { requests, glances, start } = await calmOf(one.schedule)
  if ('fault' in one) return requests[one.link][one.call - 1]!.at < start + atMs - 1
  return one.commit <= glances[partings.moments.indexOf(atMs)]!.commits
}

/** Every `of`-th case, beginning with number `first`: faults and calls stay mixed because neither count divides the other. */
export const share = <T>(all: readonly T[], first: number, of: number): T[] => all.filter((_, i) => i % of === first % of)

/** The same place in every schedule goes to the same of `jobs` processes, so that each knows what it may leave out. */
export function jobOf(one: Case, jobs: number): number {
  let hash = 0
  for (const sign of whereOf(one)) hash = (Math.imul(hash, 31) + sign.charCodeAt(0)) >>> 0
  return hash % jobs
}
