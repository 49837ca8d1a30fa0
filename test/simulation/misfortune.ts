// How the platform may misbehave, and what a test may break on purpose.
import type { Reach } from '../../src/resources/reach.ts'
import type { Actor, Lent } from '../../src/tenant/actor.ts'

/** How the platform may misbehave. Rates are probabilities per event. */
export interface Misfortune {
  /** Cut the power of the tenant object after this commit. */
  crashAtCommits?: readonly number[]
  /** A cut instance's requests still leave (it does not know yet that it was replaced). */
  zombies?: boolean
  queueLoss?: number
  queueRepeat?: number
  reportLoss?: number
  gateLoss?: number
  allocatorLoss?: number
  /** Each instance of a tenant sees a clock that is wrong by up to this much, either way. */
  skewMs?: number
}

/** Changes to the engine that a test makes on purpose, to see that the checks catch it. */
export interface Sabotage {
  lend?: (lent: Lent<Reach>, tenant: string) => Lent<Reach>
  build?: (actor: Actor<Reach>) => void
  watchdog?: boolean
}
