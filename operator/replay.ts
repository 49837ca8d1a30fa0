// `berth replay`: a tenant's journal goes through the engine of this release once more, in virtual time: the same commands, the same
// answers of the gate and the systems. Says where the engine now does something else, and what it would do next. Asks nobody.
import { existsSync, readFileSync } from 'node:fs'
import { Disk } from '../lab/disk.ts'
import { VirtualClock } from '../lab/clock.ts'
import type { Action } from '../src/domain/action.ts'
import type { JournalLine } from '../src/engine/row-store.ts'
import { resources } from '../src/resources/plans.ts'
import { Actor, type Lent } from '../src/tenant/actor.ts'
import { exported } from './export.ts'
import type { Service } from './look.ts'
import { columns, Misused, utc, type Outcome } from './outcome.ts'
import { Recorded, type Difference } from './recorded.ts'
import { readSaved, type Saved } from './saved.ts'
import type { Worker } from './worker.ts'

interface Next { step: string; want: string; phase: string; at: number; why: string | null }

interface Replayed { tenant: string; service: string; lines: number; differences: Difference[]; /** What is not as wanted, and when it is due. */ next: Next[] }

/** A file that `berth export` wrote. */
export async function replayFile(file: string): Promise<Outcome> {
  if (!existsSync(file)) throw new Misused(`There is no file ${file}, and no service is called so: give <connection>/<service> or what npx berth export wrote.`)
  return replayAll(readSaved(readFileSync(file, 'utf8')))
}

export async function replayTenant(worker: Worker, of: Service): Promise<Outcome> {
  return replayAll(readSaved((await exported(worker, of)).join('\n')))
}

/** Replays all of them; well when none does anything else than it did. */
async function replayAll(all: readonly Saved[]): Promise<Outcome> {
  const data: Replayed[] = []
  for (const saved of all) data.push(await replay(saved))
  const wrong = data.filter(({ differences }) => differences.length > 0)
  return {
    well: wrong.length === 0,
    data: { tenants: data },
    lines: [
      ...data.flatMap(({ service, lines, differences, next }) => [
        `${service}: ${lines} lines, ${differences.length === 0 ? 'as recorded' : `${differences.length} differ`}`,
        ...columns(['  line', 'step', 'recorded', 'now'], differences.map((one) => [`  ${one.line}`, one.step ?? '-', one.recorded, one.now])),
        ...columns(['  next', 'wanted', 'phase', 'due (UTC)', 'why'], next.map((one) => [`  ${one.step}`, one.want, one.phase, utc(one.at), one.why])),
      ]),
      `${data.length} tenants, ${wrong.length === 0 ? 'all as recorded' : `${wrong.length} differ`}`,
    ],
  }
}

/** Two instances' clocks differ: what was written later came later. */
function inOrder(lines: readonly JournalLine[]): JournalLine[] {
  let latest = 0
  return lines.map((line) => {
    latest = line.at >= latest ? line.at : latest + momentMs
    return { ...line, at: latest }
  })
}

const momentMs = 0.01

/** Takes a few milliseconds of real time for each recorded minute. */
export async function replay(saved: Saved): Promise<Replayed> {
  const { commands, cluster, state } = saved
  const lines = inOrder(saved.lines)
  const clock = new VirtualClock(lines[0]?.at ?? 0)
  const time = { now: () => clock.now(), sleep: (ms: number) => clock.sleep(ms) }
  const recorded = new Recorded(lines, time, (goesOnAt) => {
    begin()
    cancel?.()
    cancel = clock.after(goesOnAt - clock.now(), fire)
  })
  const disk = new Disk()
  let cancel: (() => void) | undefined
  let running = false
  let actor: Actor<undefined>
  const fire = (): void => {
    if (running) return void (cancel = clock.after(50, fire))
    running = true
    const mine = actor
    const ended = (): void => {
      if (mine === actor) running = false
    }
    actor.alarm().then(ended, ended)
  }
  const begin = (): void => {
    const { storage, isOpen } = disk.open()
    running = false
    const lent: Lent<undefined> = {
      // Chance makes pauses longer: the shortest, because what was done is waited for.
      storage, cluster, ...time, random: () => 0,
      resources: new Map([...resources].map(([name, one]) => [name, recorded.behind<undefined>(one)])),
      sleep: (ms, signal) => new Promise((resolve) => {
        const stop = clock.after(ms, resolve)
        signal.addEventListener('abort', () => (stop(), resolve()), { once: true })
      }),
      clients: () => undefined,
      watch: (handle, waitMs, signal) => Promise.race([recorded.watch(handle, waitMs), new Promise<{ state: 'running' }>((resolve) => signal.addEventListener('abort', () => resolve({ state: 'running' }), { once: true }))]),
      probe: (system) => recorded.probe(system),
      gate: () => recorded.gate(),
      close: async () => undefined,
      offer: async () => undefined,
      report: async () => undefined,
      setAlarm: (at) => {
        if (!isOpen()) return
        cancel?.()
        cancel = clock.after(at - clock.now(), fire)
      },
      deleteAlarm: () => isOpen() && cancel?.(),
      changed: () => undefined,
    }
    actor = new Actor(lent)
    const journal = actor.store.journal.bind(actor.store)
    actor.store.journal = (event, step, attempt, detail) => {
      journal(event, step, attempt, detail)
      recorded.written({ event, step, attempt, detail: JSON.parse(JSON.stringify(detail)) as unknown })
    }
  }
  begin()
  for (const line of lines) clock.after(line.at - clock.now(), () => outside(line))
  /** What came from outside, when it came: commands, actions, an operator's word. */
  function outside({ event, step, detail }: JournalLine): void {
    const told = detail as { id: string; actor: string; why: string } & Action
    if (event === 'command' || event === 'ignored') {
      const command = commands.find(({ id }) => id === told.id)
      if (command) actor.accept(command)
    } else if (event === 'action') {
      const { actor: who, ...action } = told
      actor.act(action as Action, who)
    } else if (event === 'retried') actor.override({ do: 'retry', actor: told.actor })
    else if (event === 'held') actor.override({ do: 'hold', actor: told.actor, why: told.why })
    else if (event === 'released') actor.override({ do: 'release', actor: told.actor })
    else if (event === 'aborted') actor.override({ do: 'abort', actor: told.actor, why: told.why, seq: 0, dryRun: false })
    else if (event === 'turned' && step !== null && String(detail).startsWith('somebody else has shown')) actor.contested(step.slice('domain:'.length))
  }
  // A watched task is asked for again after a moment.
  await clock.advance((lines.at(-1)?.at ?? 0) + 1_000)
  recorded.ended()
  const next = actor!.store.rows().filter((row) => row.phase !== 'settled').map((row) => ({ step: row.name, want: row.want, phase: row.phase, at: row.notBefore, why: row.why }))
  disk.close()
  return { tenant: saved.tenant, service: `${state.spec.connection}/${state.spec.service}`, lines: lines.length, differences: recorded.differences, next }
}
