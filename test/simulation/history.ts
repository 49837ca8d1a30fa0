// One history: orders and changes of mind over time, in some weather, with some misfortune; then calm; then the checks.
import { record, register, setRecords } from '../../lab/dns/internet.ts'
import type { Seen } from '../../lab/faults.ts'
import { proofName } from '../../src/doctor/facts.ts'
import type { Action } from '../../src/domain/action.ts'
import type { Cluster } from '../../src/domain/cluster.ts'
import { domainToken, tenantKey } from '../../src/domain/names.ts'
import type { Verb } from '../../src/domain/order.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import { policy } from '../../src/engine/policy.ts'
import type { CustomerEvent } from './customers.ts'
import { dataCentre, type DataCentre, type Weather } from './data-centre.ts'
import { violationsAtRest } from './invariants.ts'
import type { Misfortune, Sabotage } from './misfortune.ts'
import { keepZone } from './platform-zone.ts'
import { Platform } from './platform.ts'
import { note, type Sometimes } from './sometimes.ts'

/** A wish of billing, a customer's action, or another configuration, at `atMs` after the start. */
export type Event = { atMs: number; service: string } & ({ verb: Verb; plan?: PlanName } | { act: Action } | { override: 'hold' | 'release' | 'abort' } | { dns: string; says: Says } | { cluster: Partial<Cluster> })

/** What an outside domain's DNS is made to say: nothing, that it leads here, or that and the token of the service's site. */
export type Says = 'nothing' | 'here' | 'token'

export interface History {
  seed: number
  events: readonly Event[]
  /** What customers ask for of zones and mail. */
  customers?: readonly CustomerEvent[]
  /** Built with the clock's start, because outages name absolute times. */
  weather?: (start: number) => Weather
  misfortune?: Misfortune
  sabotage?: Sabotage
  major?: 8 | 9
  /** Happenings to the data centre or the platform themselves. */
  also?: readonly { atMs: number; run: (platform: Platform) => void }[]
  /** How long the weather lasts; afterwards it is calm and everything must come to rest. */
  stormMs?: number
  /** When to note how things stand, in ms after the start, rising; noting changes nothing. */
  glances?: readonly number[]
  /** Called when identities have been chosen, before anything is called. */
  onCreate?: Platform['onCreate']
}

/** `rests` names the outcomes when everything was at rest then; `commits` is how many there had been. */
export interface Glance { rests: string | null; commits: number }

export interface Result {
  violations: string[]
  /** When it began (epoch ms). */
  start: number
  requests: { edge: readonly Seen[]; inside: readonly Seen[] }
  /** Virtual milliseconds until rest. */
  tookMs: number
  /** One line per journal entry, for comparing two runs. */
  journal: string[]
  commits: number
  /** How it stood at the moments that were asked for (`glances`), by their number. */
  glances: Glance[]
  outcomes: Record<string, string | null>
}

const dayMs = 86_400_000
/** Who has nothing to do for so long waits for people outside. */
const outsideMs = 300_000
/** Once it is calm, rest must come within this time: every retry, breaker and flight bound together. */
const livenessMs = 2 * 3_600_000

export async function live(history: History, sometimes?: Sometimes): Promise<Result> {
  const { seed, events, misfortune = {}, sabotage = {}, major = 9, also = [], glances = [], stormMs = 15 * 60_000 } = history
  let calm = false
  const start = Date.UTC(2026, 0, 1)
  const weather = history.weather?.(start) ?? {}
  const hush = (rules: Weather['edge']): Weather['edge'] => rules?.map((rule) => (seen) => (calm ? undefined : rule(seen)))
  const dc = dataCentre(seed, { edge: hush(weather.edge) ?? [], inside: hush(weather.inside) ?? [] }, major)
  const platform = new Platform(dc, seed, misfortune, sabotage)
  try {
    platform.onCreate = history.onCreate
    for (const event of events) dc.clock.after(event.atMs, () => {
      if ('act' in event) platform.act(event.service, event.act)
      else if ('override' in event) platform.override(event.service, event.override)
      else if ('cluster' in event) {
        if (event.cluster.zoneHome) keepZone(platform, event.cluster.zoneHome)
        Object.assign(platform.cluster, event.cluster)
      }
      else if ('dns' in event) publish(platform, event.service, event.dns, event.says)
      else platform.order(event.service, event.verb, event.plan)
    })
    for (const event of history.customers ?? []) dc.clock.after(event.atMs, () => platform.customers.ask(event))
    for (const { atMs, run } of also) dc.clock.after(atMs, () => run(platform))
    const noted: Glance[] = []
    // From the calm on a longer history would have gone on differently.
    let helped = false
    // Scheduled last, so that of what happens at that moment already nothing of the history's own has.
    const glance = (): void => void noted.push({ rests: atRest(platform) && !helped ? JSON.stringify(outcomes(platform)) : null, commits: commits(platform) })
    for (const atMs of glances) dc.clock.after(atMs - 1, glance)
    const lastMs = Math.max(0, ...events.map((event) => event.atMs), ...(history.customers ?? []).map((event) => event.atMs), ...also.map((event) => event.atMs))
    await dc.clock.advance(start + lastMs + 1_000)
    await until(dc, () => atRest(platform), start + lastMs + stormMs)
    calm = platform.calm = true
    for (const host of platform.tenants.values()) if (platform.state(host)?.hold) {
      helped = true
      host.actor.override({ do: 'release', actor: 'operator' })
    }
    helped ||= Object.keys(platform.cluster.pool ?? {}).length > 0
    // What was lost on the way is sent again by the watchdog; whoever is stuck is helped by a person, a few times.
    for (let help = 0; help < 4; help++) {
      await until(dc, () => atRest(platform), dc.clock.now() + livenessMs)
      const stuck = [...platform.tenants.values()].filter((host) => platform.state(host)?.outcome === 'stuck')
      if (stuck.length === 0 && platform.customers.violations().length === 0) break
      helped = true
      platform.customers.retry()
      for (const host of stuck) host.actor.override({ do: 'retry', actor: 'operator' })
      await dc.clock.advance(dc.clock.now() + 1_000)
    }
    const tookMs = dc.clock.now() - start
    // Whatever could still arrive late has arrived by now.
    await dc.clock.advance(dc.clock.now() + 3 * policy.flightMs)
    while (noted.length < glances.length) glance()
    const hosts = [...platform.tenants.values()]
    if (sometimes) for (const host of hosts) note(sometimes, host.actor.store.linesAfter(0, 100_000))
    return {
      violations: violationsAtRest(platform),
      start,
      requests: { edge: dc.edge.seen, inside: dc.inside.seen },
      tookMs,
      journal: [...platform.customers.journal(), ...hosts.flatMap((host) => host.actor.store.linesAfter(0, 100_000).map((line) => `${line.at} ${line.event} ${line.step} ${line.attempt} ${JSON.stringify(line.detail)}`))],
      commits: commits(platform),
      glances: noted,
      outcomes: outcomes(platform),
    }
  } finally {
    platform.close()
  }
}

const commits = ({ tenants }: Platform): number => Math.max(0, ...[...tenants.values()].map((host) => host.disk.commits))

const outcomes = (platform: Platform): Result['outcomes'] =>
  Object.fromEntries([...platform.tenants.values()].filter((host) => !host.key.startsWith('p')).map((host) => [platform.state(host)?.spec.service ?? host.key, platform.state(host)?.outcome ?? null]))

function publish({ dc: { world }, cluster }: Platform, service: string, apex: string, says: Says): void {
  register(world, apex)
  const here = [apex, `www.${apex}`].map((name) => record(name, 'A', cluster.proxy.publicIp))
  setRecords(world, apex, [...(says === 'nothing' ? [] : here), ...(says === 'token' ? [record(proofName(apex), 'TXT', domainToken(tenantKey('sim', service)))] : [])])
}

/** Every order that billing placed is at rest, and nothing waits for the watchdog. */
function atRest(platform: Platform): boolean {
  // Asked after every event: what is cheap to tell comes first.
  for (const host of platform.tenants.values()) {
    if (host.running) return false
    const outcome = platform.state(host)?.outcome ?? null
    if (outcome === null || (outcome !== 'stuck' && host.alarmAt !== undefined && host.alarmAt <= platform.dc.clock.now() + outsideMs)) return false
  }
  return platform.customers.atRest() && platform.allocator.unconfirmed(Infinity, 1).length === 0
}

async function until(dc: DataCentre, done: () => boolean, end: number): Promise<void> {
  const last = Math.min(end, dc.clock.now() + dayMs)
  while (!done() && (await dc.clock.step(last))) { /* on */ }
}
