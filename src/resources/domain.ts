// A custom domain: shown to be the customer's by public DNS (docs/domains.md), then held at the allocator, then waited for until it
// leads here. Nothing is changed in anybody's DNS. It is the first to come and the last to go: as long as it is held, nobody else
// here serves the name.
import * as z from 'zod'
import { leadsHere, looks, proofName, type Expected, type Facts } from '../doctor/facts.ts'
import { examine } from '../doctor/findings.ts'
import { gather } from '../doctor/gather.ts'
import { proofOf } from '../doctor/proof.ts'
import type { Claim } from '../domain/claim.ts'
import { led } from '../domain/dns/answer.ts'
import type { DomainName } from '../domain/domain-name.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { asked, type Reach } from './reach.ts'

/** `host` is one of the domain's names: its first, or the one with www. that only has to lead here. */
export interface DomainWish { host: string; domain: DomainName; expected: Omit<Expected, 'zone' | 'heldElsewhere'> }

const Out = z.object({
  way: z.enum(['txt', 'cname', 'delegation', 'address']),
  /** The holder over whom it is claimed, before it is held. */
  over: z.string().nullable(),
})
type Out = z.infer<typeof Out>

const hourMs = 3_600_000

export const domain: Resource<Reach, DomainWish, Out> = {
  name: 'domain',
  title: 'Domain',
  needs: [],
  given: true,
  aside: true,
  system: 'dns',
  pools: () => [],
  callTimeoutMs: 20_000,
  busyMs: 14 * 24 * hourMs,
  pollMs: 30_000,
  pollMaxMs: 2 * hourMs,
  output: Out,

  async observe({ up, wish, tenant, want }): Promise<Seen<Out>> {
    const { name } = wish.domain
    const first = wish.host === name
    const claim = await asked(up.allocator.claimOf(name))
    const ours = claim?.tenant === tenant
    if (want === 'absent') return ours && first ? { state: 'present', ok: true, out: { way: claim.way, over: null } } : { state: 'absent' }
    if (!ours && !first) return { state: 'busy', why: `waits for ${name}` }
    if (claim?.contender === tenant) {
      await asked(up.allocator.remind(name))
      return { state: 'busy', why: `${name} is being taken away from another site here` }
    }
    const facts = await gather(up.dns, first ? wish.domain : { ...wish.domain, names: [wish.host] })
    const { whose, servers } = await asked(up.allocator.zoneFor(tenant, `${wish.domain.apex}.`))
    const expected: Expected = { ...wish.expected, ...(servers ? { nameServers: servers } : {}), zone: whose, heldElsewhere: claim !== undefined && !ours }
    if (ours) return leadsHere(facts, wish.host, expected) ? { state: 'present', ok: true, out: { way: claim.way, over: null } } : { state: 'busy', why: `waiting for DNS: ${cureOf(facts, expected, wish.host)}` }
    const proof = proofOf(facts, expected)
    if ('missing' in proof) return { state: 'busy', why: `waiting for DNS: ${proof.missing}` }
    if (claim && stands(claim, facts)) return { state: 'busy', why: `waiting for DNS: ${name} is held by another site here whose TXT record still stands at ${proofName(wish.domain.apex)}: delete that record.` }
    return { state: 'present', ok: false, differs: `shown by ${proof.way}, to be held`, out: { way: proof.way, over: claim?.tenant ?? null } }
  },

  async make({ up, wish, tenant }, seen) {
    const found = seen?.state === 'present' ? Out.parse(seen.out) : undefined
    if (found) await asked(up.allocator.claim({ name: wish.domain.name, tenant, token: wish.expected.token, ...found }))
    return undefined
  },

  async unmake({ up, wish, tenant }) {
    if (wish.host === wish.domain.name) await asked(up.allocator.unclaim(wish.domain.name, tenant))
    return undefined
  },
}

/** The holder has shown a token, and it is still published: two tokens are nobody's better right. */
function stands(claim: Claim, facts: Facts): boolean {
  const record = proofName(facts.domain.apex)
  return [...looks(facts.resolved, record, 'TXT'), ...looks(facts.authoritative, record, 'TXT')].some((answer) => led(answer, record, 'TXT').values.includes(claim.token))
}

/** The first thing that is wrong with this name, and its cure. */
function cureOf(facts: Facts, expected: Expected, host: string): string {
  const found = examine(facts, expected).filter(({ severity }) => severity !== 'ok')
  const worst = found.find((one) => one.name === host) ?? found.find((one) => one.severity === 'error') ?? found[0]
  return worst ? `${worst.sentence} ${worst.cure}` : `not all name servers and resolvers lead ${host} to us yet.`
}
