// A random history from one seed: tenants, changes of mind, several faults at once, power cuts, outages, restarts, lost messages.
import { plantHost, plantRecord } from './foreign.ts'
import { FAULTS, outage, random, type Fault } from '../../lab/faults.ts'
import { linstorState } from '../../lab/linstor/state.ts'
import { between, pick, seeded, shuffled, type Random } from '../../lab/random.ts'
import type { Home } from '../../src/domain/dns/home.ts'
import type { Verb } from '../../src/domain/order.ts'
import { customerEvents } from './customers.ts'
import type { Event, History } from './history.ts'
import { actionOf, actions, jobs, shop } from './schedules.ts'
import type { Sabotage } from './misfortune.ts'

const minute = 60_000

/** The same seed is the same history. */
export function randomHistory(seed: number, sabotage: Sabotage = {}): History {
  const die = seeded(seed * 2_654_435_761)
  const chance = (probability: number): boolean => die() < probability
  // A burst makes creates meet in the cluster's storage lock, whose waiters give up after 10 s.
  const burst = seed % 25 === 0
  const tenants = burst ? 14 : between(die, 1, 3)
  const events: Event[] = []
  for (let t = 1; t <= tenants; t++) {
    const service = `s${t}`
    let atMs = between(die, 0, burst ? 500 : 20_000)
    events.push({ atMs, service, verb: 'create' })
    for (let n = burst ? 0 : between(die, 0, 4); n > 0; n--) {
      atMs += chance(0.4) ? between(die, 100, 10_000) : between(die, 10_000, 4 * minute)
      events.push({ atMs, service, verb: pick<Verb>(die, ['create', 'suspend', 'unsuspend', 'suspend', 'unsuspend', 'terminate']) })
    }
  }
  // What customers do meanwhile has a chance of its own, so that what billing does stays what it was for this seed.
  const customer = seeded(seed + 3)
  for (let n = burst || customer() < 0.4 ? 0 : between(customer, 1, 6), atMs = between(customer, 120_000, 400_000); n > 0; n--) {
    atMs += customer() < 0.4 ? between(customer, 100, 10_000) : between(customer, 10_000, 3 * minute)
    events.push({ atMs, service: `s${between(customer, 1, tenants)}`, ...pick(customer, actions) })
  }
  const owner = seeded(seed + 4)
  if (!burst && owner() < 0.2) events.push(...domainEvents(owner, tenants))
  const operator = seeded(seed + 5)
  if (!burst && operator() < 0.3) events.push(...overrides(operator, tenants))
  const visitor = seeded(seed + 6)
  const customers = !burst && visitor() < 0.35 ? customerEvents(visitor, between(visitor, 0, 120_000), seeded(seed + 8)) : []
  const ahead = seeded(seed + 7)
  const pool = !burst && ahead() < 0.1
  if (pool) events.push(...poolEvents(ahead))
  const hoster = seeded(seed + 9)
  if (!burst && hoster() < 0.2) events.unshift(...zoneMoves(hoster))
  const inside = seeded(seed + 8)
  for (let n = burst || inside() < 0.75 ? 0 : between(inside, 1, 4); n > 0; n--) events.push({ atMs: between(inside, 150_000, 700_000), service: `s${between(inside, 1, tenants)}`, act: actionOf('job', pick(inside, Object.keys(jobs))) })
  const lastMs = Math.max(...events.map((event) => event.atMs))
  const faults = (): Fault[] => shuffled(die, FAULTS).slice(0, between(die, 1, FAULTS.length))
  const rate = chance(0.2) ? 0 : pick(die, [0.01, 0.03, 0.08, 0.2])
  const [edgeFaults, insideFaults] = [faults(), faults()]
  const [edgeDie, insideDie] = [seeded(seed + 1), seeded(seed + 2)]
  const blackout = chance(0.15) ? { fromMs: between(die, 0, lastMs + minute), forMs: pick(die, [30_000, 5 * minute, 30 * minute, 180 * minute]), fault: pick<Fault>(die, ['refused', 'timeout', '5xx-before']), link: pick(die, ['edge', 'inside'] as const) } : undefined
  const blackoutRule = (start: number) => (blackout ? [outage(start + blackout.fromMs, start + blackout.fromMs + blackout.forMs, blackout.fault)] : [])
  const also: NonNullable<History['also']>[number][] = []
  const sometime = (): number => between(die, 0, lastMs + 3 * minute)
  for (let n = chance(0.3) ? between(die, 1, 3) : 0; n > 0; n--) also.push({ atMs: sometime(), run: (platform) => platform.restartGate() })
  for (let n = chance(0.3) ? between(die, 1, 2) : 0; n > 0; n--) also.push({ atMs: sometime(), run: (platform) => platform.dc.restartGateway(n === 1) })
  for (let n = chance(0.4) ? between(die, 1, 4) : 0; n > 0; n--) also.push({ atMs: sometime(), run: (platform) => void (platform.tenants.size > 0 && platform.crash([...platform.tenants.values()][n % platform.tenants.size]!)) })
  if (chance(0.15)) also.push({ atMs: 1, run: (platform) => void (linstorState(platform.dc.world).tieBreakerMissing = true) })
  // A full storage pool makes the creating task fail after it was accepted.
  if (chance(0.08)) {
    const capacities: number[] = []
    also.push({ atMs: 1, run: (platform) => void (capacities.push(linstorState(platform.dc.world).capacityKib), (linstorState(platform.dc.world).capacityKib = 0)) })
    also.push({ atMs: between(die, 5_000, 90_000), run: (platform) => void (linstorState(platform.dc.world).capacityKib = capacities[0] ?? 0) })
  }
  return {
    seed, events, customers, also, sabotage, major: chance(0.25) ? 8 : 9,
    ...(chance(0.12) && !pool ? { onCreate: chance(0.5) ? plantRecord : plantHost } : {}),
    stormMs: (blackout ? blackout.fromMs + blackout.forMs : 0) + 20 * minute,
    weather: (start) => ({
      edge: [...(blackout?.link === 'edge' ? blackoutRule(start) : []), random(edgeDie, rate, edgeFaults)],
      inside: [...(blackout?.link === 'inside' ? blackoutRule(start) : []), random(insideDie, rate, insideFaults)],
    }),
    misfortune: {
      crashAtCommits: chance(0.5) ? Array.from({ length: between(die, 1, 4) }, () => between(die, 1, 60)) : [],
      zombies: chance(0.5),
      queueLoss: chance(0.3) ? 0.3 : 0,
      queueRepeat: chance(0.5) ? 0.4 : 0,
      reportLoss: chance(0.3) ? 0.3 : 0,
      gateLoss: chance(0.2) ? 0.05 : 0,
      allocatorLoss: chance(0.2) ? 0.2 : 0,
      skewMs: chance(0.25) ? 4_000 : 0,
    },
  }
}

/** Sites built ahead, orders that find them or do not, and a hoster who changes his mind about them. */
function poolEvents(die: Random): Event[] {
  const size = (atMs: number, sites: number): Event => ({ atMs, service: 'pool', cluster: { pool: { basic: { min: sites, max: sites } } } })
  const orders = Array.from({ length: between(die, 1, 3) }, (_, i): Event[] => {
    const [service, atMs] = [`a${i}`, between(die, 180_000, 500_000)]
    return [{ atMs, service, verb: 'create' }, ...(die() < 0.6 ? [{ atMs: atMs + between(die, 100, 60_000), service, verb: pick<Verb>(die, ['suspend', 'terminate', 'create']) }] : [])]
  })
  return [size(0, between(die, 1, 2)), ...orders.flat(), ...(die() < 0.5 ? [size(between(die, 60_000, 500_000), between(die, 0, 1))] : [])]
}

/** The platform's own zone in ISPConfig from the beginning, or moved there and back while sites are built and changed. */
function zoneMoves(die: Random): Event[] {
  const kept = (atMs: number, zoneHome: Home): Event => ({ atMs, service: 'zone', cluster: { zoneHome } })
  if (die() < 0.4) return [kept(0, 'ispconfig')]
  let atMs = 0
  return Array.from({ length: between(die, 1, 3) }, (_, i) => kept((atMs += between(die, 1_000, 250_000)), i % 2 === 0 ? 'ispconfig' : 'cloudflare'))
}

/** A person who stops a tenant for a while, or gives up what it is doing. */
function overrides(die: Random, tenants: number): Event[] {
  const service = `s${between(die, 1, tenants)}`
  const atMs = between(die, 1_000, 300_000)
  if (die() < 0.4) return [{ atMs, service, override: 'abort' }]
  return [{ atMs, service, override: 'hold' }, { atMs: atMs + between(die, 1_000, 400_000), service, override: 'release' }]
}

/** Customers who want the same domain, change their minds, and sometimes show a token. */
function domainEvents(die: Random, tenants: number): Event[] {
  const one = (): string => `s${between(die, 1, Math.min(2, tenants))}`
  const events = Array.from({ length: 3 }, (): Event[] => [
    { atMs: between(die, 150_000, 500_000), service: one(), act: actionOf('set-domain') },
    ...(die() < 0.5 ? [{ atMs: between(die, 170_000, 600_000), service: one(), act: actionOf('delete-domain') }] : []),
    ...(die() < 0.3 ? [{ atMs: between(die, 170_000, 600_000), service: one(), dns: shop, says: 'token' as const }] : []),
  ])
  return [{ atMs: 1, service: 's1', dns: shop, says: 'here' }, ...events.flat()]
}
