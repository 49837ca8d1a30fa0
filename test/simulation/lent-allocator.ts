// The allocator as a tenant of the simulation reaches it: the real books, and answers that are sometimes lost.
import type { AllocatorBook } from '../../src/broker/allocator-book.ts'
import type { Claims } from '../../src/broker/claims.ts'
import type { Reach } from '../../src/resources/reach.ts'

interface Behind {
  book: AllocatorBook
  claims: Claims
  now: () => number
  lost: <T>(run: () => T) => T
  tell: (holder: string, name: string) => void
}

export function lentAllocator({ book, claims, now, lost, tell }: Behind): Reach['allocator'] {
  const remind = (name: string): void => {
    const holder = claims.contested(name)
    if (holder !== undefined) tell(holder, name)
  }
  return {
    held: async (tenant, epoch) => lost(() => book.held(tenant, epoch)),
    release: async (tenant, epoch) => lost(() => book.release(tenant, epoch, now())),
    claimOf: async (name) => lost(() => claims.of(name)),
    claim: async (wish) => lost(() => {
      const { answer } = claims.take(wish, now())
      if (answer === 'contested') remind(wish.name)
      return answer
    }),
    // No zones in these histories.
    zoneFor: async () => lost(() => ({ whose: 'nobody’s' as const, servers: null })),
    unclaim: async (name, tenant) => lost(() => claims.release(name, tenant)),
    remind: async (name) => lost(() => remind(name)),
  }
}
