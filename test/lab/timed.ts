// Runs the virtual clock for just as long as somebody waits for something.
import type { VirtualClock } from '../../lab/clock.ts'

/** What `promise` gives, with time passing until it does; fails when nothing is left that could bring it. */
export async function timed<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let over = false
  const done = promise.finally(() => {
    over = true
  })
  done.catch(() => undefined)
  await clock.advance(clock.now())
  while (!over) if (!(await clock.step())) throw new Error('nothing more will happen, and the promise is still open')
  return done
}

/** Lets `ms` of virtual time pass. */
export const pass = (clock: VirtualClock, ms: number): Promise<void> => clock.advance(clock.now() + ms)
