// One data centre: a clock, a seeded die, plain data for each system, and things that will happen later.
// Everything that must survive a restart of the lab is in `state`; handlers are registered anew by the simulators.
import type { Clock } from './clock.ts'
import { seeded, type Random } from './random.ts'

/** Something that will happen at `at` (epoch ms), kept as data so that a restart does not forget it. */
interface Happening { id: number; at: number; kind: string; args: unknown }

interface State {
  seed: number
  draws: number
  happenings: Happening[]
  nextId: number
  slices: Record<string, unknown>
}

export class World {
  readonly clock: Clock
  readonly random: Random
  #state: State
  #handlers = new Map<string, (args: never) => void>()
  #cancels = new Map<number, () => void>()
  #onChange: (() => void) | undefined

  constructor(clock: Clock, options: { seed?: number; saved?: string | undefined; onChange?: () => void } = {}) {
    this.clock = clock
    this.#state = options.saved
      ? (JSON.parse(options.saved) as State)
      : { seed: options.seed ?? 1, draws: 0, happenings: [], nextId: 1, slices: {} }
    // A restarted world goes on with fresh draws instead of repeating the ones it has used.
    const draw = seeded(this.#state.seed + this.#state.draws * 7919)
    this.random = () => {
      this.#state.draws++
      return draw()
    }
    this.#onChange = options.onChange
  }

  /** The system's own data, made by `initial` the first time. Mutate it in place, then call `changed()`. */
  slice<T extends object>(name: string, initial: () => T): T {
    return (this.#state.slices[name] ??= initial()) as T
  }

  /** Says what a kind of happening does. Register every kind before `start`. */
  on<T>(kind: string, handler: (args: T) => void): void {
    this.#handlers.set(kind, handler as (args: never) => void)
  }

  /** Makes `kind` happen with `args` (plain data) in `ms` of data-centre time. */
  later(ms: number, kind: string, args: unknown): void {
    if (!this.#handlers.has(kind)) throw new Error(`no handler for happening "${kind}"`)
    const happening = { id: this.#state.nextId++, at: this.clock.now() + ms / this.clock.speed, kind, args }
    this.#state.happenings.push(happening)
    this.#arm(happening, ms)
    this.changed()
  }

  /** Re-arms what was still to happen when the world was saved. */
  start(): void {
    for (const happening of this.#state.happenings) this.#arm(happening, (happening.at - this.clock.now()) * this.clock.speed)
  }

  changed(): void {
    this.#onChange?.()
  }

  save(): string {
    return JSON.stringify(this.#state)
  }

  stop(): void {
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }

  #arm(happening: Happening, ms: number): void {
    this.#cancels.set(
      happening.id,
      this.clock.after(ms, () => {
        this.#cancels.delete(happening.id)
        this.#state.happenings = this.#state.happenings.filter((other) => other.id !== happening.id)
        this.#handlers.get(happening.kind)?.(happening.args as never)
        this.changed()
      }),
    )
  }
}
