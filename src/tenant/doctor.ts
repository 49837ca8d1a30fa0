// The domain doctor as a customer may call it: looks at public DNS now, within the caller's patience, and says what cures what is
// wrong. It changes nothing and needs nothing that is not known already.
import { gather } from '../doctor/gather.ts'
import { examine } from '../doctor/findings.ts'
import type { Finding } from '../doctor/finding.ts'
import { proofOf } from '../doctor/proof.ts'
import type { Cluster } from '../domain/cluster.ts'
import type { DomainName } from '../domain/domain-name.ts'
import { domainsOf } from '../domain/site.ts'
import { expectedOf } from '../resources/domain-lines.ts'
import type { Reach } from '../resources/reach.ts'
import type { TenantState } from './state.ts'

/** `proof`: how it is shown now whose the domain is, or null; then `missing` says how to show it. */
export interface Examined { findings: Finding[]; proof: string | null; missing: string | null; added: boolean }

interface Asking { now(): number; sleep(ms: number, signal: AbortSignal): Promise<void>; clients(call: { operation: string; attempt: number; deadline: number; signal?: AbortSignal }): Pick<Reach, 'dns' | 'allocator'>; cluster: Cluster }

/** Undefined when public DNS does not answer within `waitMs`. */
export async function examined(lent: Asking, state: TenantState, domain: DomainName, waitMs: number): Promise<Examined | undefined> {
  const over = new AbortController()
  const late = lent.sleep(waitMs, over.signal).then(() => undefined)
  try {
    return await Promise.race([ask(lent, state, domain, lent.now() + waitMs, over.signal), late])
  } catch {
    return undefined
  } finally {
    over.abort()
  }
}

async function ask(lent: Asking, state: TenantState, domain: DomainName, deadline: number, signal: AbortSignal): Promise<Examined> {
  const up = lent.clients({ operation: 'doctor', attempt: 0, deadline, signal })
  const [facts, claim, { whose, servers }] = await Promise.all([gather(up.dns, domain), up.allocator.claimOf(domain.name), up.allocator.zoneFor(state.key, `${domain.apex}.`)])
  const expected = { ...expectedOf(state.key, state.spec, state.identity, lent.cluster), ...(servers ? { nameServers: servers } : {}), zone: whose, heldElsewhere: claim !== undefined && claim.tenant !== state.key }
  const proof = proofOf(facts, expected)
  return {
    findings: examine(facts, expected), added: domainsOf(state.site).some(({ name, want }) => name === domain.name && want === 'present'),
    ...('way' in proof ? { proof: proof.way, missing: null } : { proof: null, missing: proof.missing }),
  }
}
