// A recursive resolver with its memory: what it has heard it repeats until the TTL is over, absences too, so that resolvers that
// were asked at different moments disagree. It checks signatures. A popular resolver is several machines, each with a memory of its
// own (`memories`). Not simulated: prefetching, answers from expired memory, rate limits, QNAME minimisation.
import type { QueryType, ResourceRecord } from '../../src/domain/dns/answer.ts'
import { pick } from '../random.ts'
import { addressOf, ask, bogus, pointer, signed, type Net } from './authoritative.ts'
import { cloudflareServers, fixedAddress, outside, record, registered, registry } from './internet.ts'
import { reply, type Reply } from './zone.ts'

/** TTLs are cut to what the resolver's operator has set, in seconds. */
export interface ResolverFacts { name: string; memories: number; ttlMin: number; ttlMax: number; absenceMax: number }

/** The three of the lab. */
export const resolvers: readonly ResolverFacts[] = [
  { name: 'one', memories: 1, ttlMin: 0, ttlMax: 86_400, absenceMax: 10_800 },
  { name: 'two', memories: 2, ttlMin: 0, ttlMax: 21_600, absenceMax: 900 },
  { name: 'three', memories: 1, ttlMin: 60, ttlMax: 43_200, absenceMax: 3_600 },
]

/** One step: the records of a name and type, a CNAME in their place, or an absence. `until` is epoch ms. */
interface Known { rcode: string; records: ResourceRecord[]; authority: ResourceRecord[]; bogus: boolean; signed: boolean; until: number }

const chainMax = 8
const failureSeconds = 30
const memoryMax = 400

export interface Resolved extends Reply { authentic: boolean }

/** What the resolver says now; `unchecked` lets wrong signatures pass (CD). */
export function resolve(net: Net, facts: ResolverFacts, name: string, type: QueryType, unchecked = false): Resolved {
  const { world } = net
  const memory = world.slice<Record<string, Record<string, Known>>>('dns-resolvers', () => ({}))
  const known = (memory[facts.memories > 1 ? `${facts.name}/${pick(world.random, [...Array(facts.memories).keys()])}` : facts.name] ??= {})
  const answers: ResourceRecord[] = []
  let authentic = true
  for (let at = name, steps = 0; steps < chainMax; steps++) {
    const step = heard(net, facts, known, at, type)
    if (step.bogus && !unchecked) return { ...reply('SERVFAIL'), authentic: false }
    const leftSeconds = Math.max(0, Math.ceil(((step.until - world.clock.now()) * world.clock.speed) / 1000))
    const aged = (one: ResourceRecord): ResourceRecord => ({ ...one, ttlSeconds: Math.min(one.ttlSeconds, leftSeconds) })
    authentic &&= step.signed
    answers.push(...step.records.map(aged))
    const alias = step.records.find((one) => one.type === 'CNAME')
    if (!alias || type === 'CNAME') return { ...reply(step.rcode, { answers, authority: step.authority.map(aged) }), authentic }
    at = alias.data
  }
  return { ...reply('SERVFAIL'), authentic: false }
}

function heard(net: Net, facts: ResolverFacts, known: Record<string, Known>, name: string, type: QueryType): Known {
  const now = net.world.clock.now()
  const key = `${name} ${type}`
  const old = known[key]
  if (old && old.until > now) return old
  const fresh = iterate(net, name, type)
  const alias = fresh.answers.filter((one) => one.name === name && one.type === 'CNAME')
  const records = fresh.answers.filter((one) => one.name === name && (one.type === type || alias.includes(one)))
  const absence = fresh.authority.filter((one) => one.type === 'SOA').map((one) => Math.min(one.ttlSeconds, Number(one.data.split(' ')[6])))
  const seconds = records.length > 0 ? Math.max(facts.ttlMin, Math.min(facts.ttlMax, ...records.map((one) => one.ttlSeconds)))
    : fresh.rcode === 'SERVFAIL' ? failureSeconds : Math.min(facts.absenceMax, ...absence)
  const step: Known = {
    rcode: records.length > 0 ? 'NOERROR' : fresh.rcode, records, authority: records.length > 0 ? [] : fresh.authority,
    bogus: fresh.bogus, signed: fresh.signed, until: now + (seconds * 1000) / net.world.clock.speed,
  }
  for (const [one, { until }] of Object.entries(known)) if (until <= now || Object.keys(known).length > memoryMax) delete known[one]
  known[key] = step
  net.world.changed()
  return step
}

type Iterated = Reply & { bogus: boolean; signed: boolean }

/** Down from the registry to a server that speaks for the name. */
function iterate(net: Net, name: string, type: QueryType): Iterated {
  const plain = (answer: Reply): Iterated => ({ ...answer, bogus: false, signed: false })
  const fixed = fixedAddress(name)
  if (fixed !== undefined) return plain(reply('NOERROR', { answers: type === 'A' ? [record(name, 'A', fixed, 86_400)] : [] }))
  const reverse = pointer(net, name)
  if (reverse) return plain(reply('NOERROR', { answers: type === 'PTR' ? [reverse] : [] }))
  if (name === net.platformZone || name.endsWith(`.${net.platformZone}`)) return plain(ask(net, fixedAddress(cloudflareServers[0]!)!, name, type)!)
  const apex = registered(name)
  const domain = apex === undefined ? undefined : outside(net.world).domains[apex]
  if (!apex || !domain || (type === 'DS' && name === apex)) return plain(ask(net, registry.address, name, type)!)
  return follow(net, apex, domain.nameServers, name, type, 0)
}

function follow(net: Net, apex: string, hosts: readonly string[], name: string, type: QueryType, depth: number): Iterated {
  const start = Math.floor(net.world.random() * hosts.length)
  for (let i = 0; i < hosts.length; i++) {
    const address = addressOf(net, hosts[(start + i) % hosts.length]!)
    const answer = address === undefined ? undefined : ask(net, address, name, type)
    if (!address || !answer) continue
    if (answer.authoritative) return { ...answer, bogus: bogus(net, apex, address), signed: signed(net, apex, address) }
    const next = answer.authority.filter((one) => one.type === 'NS').map((one) => one.data)
    if (next.length > 0 && depth < 3) return follow(net, apex, next, name, type, depth + 1)
  }
  return { ...reply('SERVFAIL'), bogus: false, signed: false }
}
