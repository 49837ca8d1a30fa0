// The upstreams, the gate and the tasks as a journal tells of them: each question of a step is answered with what its next line says
// was seen, at the time when it was seen. Whoever asks what was never asked gets no answer; a resource that the journal's release did not
// have stands as it is wanted.
import * as z from 'zod'
import { UpstreamError, type System } from '../src/domain/errors.ts'
import type { Gate, TaskEnd } from '../src/domain/gate.ts'
import type { Context, Resource, Seen, Started } from '../src/engine/resource.ts'
import type { JournalLine } from '../src/engine/row-store.ts'
import { kindOf } from '../src/engine/row.ts'
import { endsOf } from './ends.ts'

export interface Time { now(): number; sleep(ms: number): Promise<void> }

/** A journal line without what differs from run to run. */
export const said = ({ event, attempt, detail }: Pick<JournalLine, 'event' | 'attempt' | 'detail'>): string => `${event}${attempt > 0 ? ` ${attempt}` : ''}${detail === null ? '' : ` ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`}`

export interface Difference { step: string | null; /** Number of the recorded line, 0 after the last. */ line: number; recorded: string; now: string }

/** The gate's answer was under way at most this long: until a safety alarm came for an instance that had ended. */
const hopMs = 20_000

/** An answer is not late before this. */
const answerMs = 500

/** Nobody asks again before this. */
const neverMs = 86_400_000

export class Recorded {
  readonly differences: Difference[] = []
  readonly #time: Time
  readonly #steps: Map<string | null, JournalLine[]>
  /** How many lines of a step have come again. */
  readonly #come = new Map<string | null, number>()
  readonly #strayed = new Set<string | null>()
  /** Let through by the gate since it was last parked. */
  readonly #through = new Map<string, boolean>()
  readonly #lines: readonly JournalLine[]
  /** Steps that the journal speaks of. */
  readonly #known: ReadonlySet<string>
  readonly #ends: ReadonlySet<number>
  readonly #end: (goesOnAt: number) => void

  /** `end`: the instance ended here, and the next one began at that time (epoch ms). */
  constructor(lines: readonly JournalLine[], time: Time, end: (goesOnAt: number) => void) {
    this.#lines = lines
    this.#ends = endsOf(lines)
    this.#end = end
    this.#time = time
    this.#steps = Map.groupBy(lines, ({ step }) => step)
    this.#known = new Set(lines.flatMap(({ step, event, detail }) => [...(step === null ? [] : [step]), ...(event === 'planned' ? (detail as { steps: string[] }).steps : [])]))
  }

  /** The engine has written this line. */
  written(line: Pick<JournalLine, 'event' | 'step' | 'attempt' | 'detail'>): void {
    const { step } = line
    if (this.#strayed.has(step) || (step !== null && !this.#known.has(step))) return
    const next = this.#next(step)
    const told = line.event === 'planned' ? { ...line, detail: { ...(line.detail as object), steps: (line.detail as { steps: string[] }).steps.filter((name) => this.#known.has(name)) } } : line
    if (next && said(next) === said(told)) {
      this.#come.set(step, (this.#come.get(step) ?? 0) + 1)
      if (this.#ends.has(next.i)) this.#end(this.#lines.find(({ i }) => i > next.i)?.at ?? next.at)
      return
    }
    // What comes after the end of the journal is what it would do now.
    if (!next) return void this.#strayed.add(step)
    this.#strayed.add(step)
    this.differences.push({ step, line: next.i, recorded: said(next), now: said(line) })
  }

  /** What was recorded and has not come again. */
  ended(): void {
    for (const step of this.#steps.keys()) {
      const next = this.#strayed.has(step) ? undefined : this.#next(step)
      if (next) this.differences.push({ step, line: next.i, recorded: said(next), now: 'nothing' })
    }
  }

  gate(): Gate {
    const asked = async (step: string) => {
      const first = this.#next(step)
      const waitMs = first && !this.#strayed.has(step) && (first.event === 'call' || first.event === 'parked') ? first.at - this.#time.now() : 0
      // Parked already, and again: that is not told twice.
      if (waitMs > hopMs && first?.event === 'call' && this.#through.get(step) === false) return { granted: false as const, waitMs, why: 'as recorded' }
      if (waitMs > 0 && waitMs <= hopMs) await this.#time.sleep(waitMs)
      const next = this.#next(step)
      // Parked twice in a row means that it was let through in between, and heard nothing.
      const again = this.#through.get(step) === false
      this.#through.set(step, next?.event !== 'parked' || again)
      // A probe is the only thing that is heard of nothing before a first call.
      if (next?.event !== 'parked' || again || this.#strayed.has(step)) return { granted: true as const, probe: again && next?.event === 'parked' && !this.#strayed.has(step) }
      const after = this.#next(step, 1)
      // What ended its wait was another wish.
      if (after && given(after)) return { granted: false as const, waitMs: neverMs, why: String(next.detail) }
      return { granted: false as const, waitMs: Math.max(1, (after?.at ?? next.at + 30_000) - this.#time.now()), why: String(next.detail) }
    }
    return { acquire: ({ step }) => asked(step), spend: ({ step }) => asked(step), report: async () => undefined }
  }

  /** Who was let through to probe has heard nothing. */
  probe(system: System): Promise<void> {
    return Promise.reject(new UpstreamError(system, 'unknown', 'nothing is recorded', { landed: true, retryAfterMs: 1 }))
  }

  /** The resource with the journal behind it. */
  behind<Up>(resource: Resource<unknown>): Resource<Up> {
    const name = (context: Context<Up, unknown>): string => (context.instance === '' ? resource.name : `${resource.name}:${context.instance}`)
    return {
      ...resource,
      // When it ended is written; how long that may take is not judged again.
      callTimeoutMs: 2 * resource.callTimeoutMs,
      ...([...this.#known].some((step) => kindOf(step) === resource.name) ? {} : { output: z.unknown() }),
      observe: (context) => this.#seen(name(context), context.want, resource),
      make: (context) => this.#called(name(context)),
      unmake: (context) => this.#called(name(context)),
      ...(resource.adopt ? { adopt: (context: Context<Up, unknown>) => this.#called(name(context)) } : {}),
    }
  }

  async watch(handle: string, waitMs: number): Promise<TaskEnd> {
    const next = this.#strayed.has(handle) ? undefined : this.#next(handle)
    const until = next?.event === 'observed' || next?.event === 'stuck' ? next.at - this.#time.now() : waitMs
    if (until > 0) await this.#time.sleep(Math.min(until, waitMs))
    if (next?.event === 'stuck' && this.#time.now() >= next.at && next.detail !== 'a task does not end') throw refusal(String(next.detail), 'gateway')
    const text = String(next?.detail)
    if (next?.event !== 'observed' || this.#time.now() < next.at) return { state: 'running' }
    if (text.startsWith('task failed: ')) return { state: 'ended', ok: false, exit: text.slice('task failed: '.length) }
    return text === 'task ended' ? { state: 'ended', ok: true, exit: 'OK' } : { state: 'unknown' }
  }

  #next(step: string | null, further = 0): JournalLine | undefined {
    return this.#steps.get(step)?.[(this.#come.get(step) ?? 0) + further]
  }

  /** What a look that got no answer has heard, when the step is given up for it; null when it is given up for something else before its next call. */
  #heard(step: string): string | null | undefined {
    for (const { event, detail } of this.#steps.get(step)?.slice(this.#come.get(step) ?? 0) ?? []) {
      if (event === 'call') return undefined
      if (event === 'turned' || event === 'stuck') return /^no answer: (.*)$/s.exec(String(detail))?.[1] ?? null
    }
    return undefined
  }

  async #seen(step: string, want: 'present' | 'absent', { system, callTimeoutMs }: Pick<Resource<unknown>, 'system' | 'callTimeoutMs'>): Promise<Seen> {
    if (!this.#known.has(step)) return want === 'present' ? { state: 'present', ok: true, out: null } : { state: 'absent' }
    const coming = this.#strayed.has(step) ? undefined : this.#next(step)
    const waitMs = (coming?.at ?? 0) - this.#time.now()
    const heard = this.#heard(step)
    // It is this look whose answer takes its time: of a task that has just ended, or before it is given up for what its call has said.
    const itself = heard === null || tells(this.#next(step, -1), 'task ')
    if (waitMs > 0 && waitMs <= (itself ? callTimeoutMs : answerMs)) await this.#time.sleep(waitMs)
    const next = this.#strayed.has(step) ? undefined : this.#next(step)
    const now = this.#time.now()
    const unheard = (retryAfterMs: number): UpstreamError => new UpstreamError(system, 'unknown', heard ?? 'nothing is recorded', { landed: true, retryAfterMs })
    if (!next) throw unheard(neverMs)
    if (now < next.at) throw unheard(next.at - now)
    if (next.event === 'parked') throw unheard(1)
    const text = typeof next.detail === 'string' ? next.detail : ''
    const after = (lead: string): string | undefined => (text.startsWith(lead) ? text.slice(lead.length) : undefined)
    const foreign = after('foreign: ') ?? after('foreign, left alone: ') ?? after('no longer bears our mark: ') ?? after('taken by something that is not ours: ')
    if (foreign !== undefined) return { state: 'foreign', why: foreign }
    const busy = after('busy: ') ?? after('busy for too long: ')
    if (busy !== undefined) return { state: 'busy', why: busy, ...(String(this.#next(step, 1)?.detail).startsWith('task ') ? { handle: step } : {}) }
    if (next.event === 'settled') return want === 'present' ? { state: 'present', ok: true, out: next.detail } : { state: 'absent' }
    if (next.event === 'bug' || (next.event === 'stuck' && text === '')) throw named(next.detail)
    if (next.event === 'stuck') throw refusal(text, system)
    // Given up while it was busy with people outside.
    if (next.event === 'turned') return { state: 'busy', why: text }
    if (next.event !== 'observed') throw unheard(neverMs)
    if (text.startsWith('absent')) return { state: 'absent' }
    return text === 'present' ? { state: 'present', ok: true, out: null } : { state: 'present', ok: false, differs: after('differs: ') ?? 'as recorded' }
  }

  /** The intent is written, so the next line says what came of it. */
  async #called(step: string): Promise<Started> {
    if (!this.#known.has(step)) return undefined
    const next = this.#strayed.has(step) ? undefined : this.#next(step)
    const waitMs = (next?.at ?? 0) - this.#time.now()
    if (waitMs > 0) await this.#time.sleep(waitMs)
    if (next?.event === 'bug') throw named(next.detail)
    if (next?.event !== 'outcome') return new Promise(() => undefined)
    if (typeof next.detail === 'string') return next.detail === 'accepted' ? { handle: step } : undefined
    const { system, fate, message, landed } = next.detail as { system: System; fate: UpstreamError['fate']; message: string; landed: boolean }
    throw new UpstreamError(system, fate, message, { landed })
  }
}

/** It was settled because it was no longer wanted, before anything was called for it. */
const given = ({ event, detail }: JournalLine): boolean => event === 'dissolved' || (event === 'settled' && detail === 'nothing was ever sent')

const tells = (line: JournalLine | undefined, lead: string): boolean => line?.event === 'observed' && String(line.detail).startsWith(lead)

/** `npm: 401 …`: a system that did not let us in. */
function refusal(text: string, otherwise: System): UpstreamError {
  const [, system = otherwise, words = text] = /^([a-z]+): (.*)$/s.exec(text) ?? []
  return new UpstreamError(system as System, 'credentials', words, { landed: true })
}

function named(detail: unknown): Error {
  const error = new Error('as recorded')
  error.name = String((detail as { error?: unknown } | null)?.error)
  return error
}
