// A custom domain as the allocator has it: held by one tenant, with the proof that it was taken with.

/** How it was shown that a name is somebody's (docs/domains.md). */
export type Way = 'txt' | 'cname' | 'delegation' | 'address'

/** `token`: what the holder's TXT record holds. `contender`: who has shown a stronger proof and waits until the holder is gone. */
export interface Claim { tenant: string; way: Way; token: string; contender: string | null }

/** A zone that we keep for a domain, seen from a site: whose it is, and its name servers when they are not the platform's. */
export interface ZoneHere { whose: 'nobody’s' | 'theirs' | 'another’s' | 'not known'; servers: string[] | null }
