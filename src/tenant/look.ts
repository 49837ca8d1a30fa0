// An operator's look at what stands upstream before it is adopted: a whole site, or what is in the place of one step. Reads only.
import type { Cluster } from '../domain/cluster.ts'
import { UpstreamError } from '../domain/errors.ts'
import { mark } from '../domain/names.ts'
import { targetOf } from '../domain/lifecycle.ts'
import type { Adoption, Command } from '../domain/order.ts'
import { contextOf } from '../engine/context.ts'
import { told } from '../engine/doubt.ts'
import { resourceOf, type Resources } from '../engine/plan.ts'
import type { Reach } from '../resources/reach.ts'
import { examineSite, type Examined } from './adoption.ts'
import { newborn } from './state.ts'
import type { TenantStorage } from './storage.ts'

interface Asking { now(): number; clients(call: { operation: string; attempt: number; deadline: number }): Reach; cluster: Cluster; resources: Resources<Reach> }

/** `adoptable`: it stands without our mark, and may be given it. */
export interface Looked { says: string; adoptable: boolean }

/** What a site would be as a tenant by this command; a system that does not answer is a finding that blocks. */
export async function lookAtSite(lent: Asking, command: Command, domains: Adoption['domains'], waitMs: number): Promise<Examined> {
  const now = lent.now()
  try {
    return await examineSite(lent.clients({ operation: 'adopt', attempt: 0, deadline: now + waitMs }), newborn({ ...command, target: targetOf(command.verb, 'live') }, now), domains, lent.cluster)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    return { findings: [{ step: error.system, says: `does not answer: ${error.message.slice(0, 300)}`, blocks: true }], adoption: undefined }
  }
}

/** What stands in the place of one step. Undefined when the tenant has no such step that is wanted. */
export async function lookAtStep(store: TenantStorage, lent: Asking, step: string, waitMs: number): Promise<Looked | undefined> {
  const [state, row, resource] = [store.state(), store.row(step), resourceOf(lent.resources, step)]
  if (!state || row?.want !== 'present' || !resource) return undefined
  const { key: tenant, identity: { epoch } } = state
  const identity = { tenant, epoch, mark: state.identity.ahead?.mark ?? mark(tenant, epoch) }
  const all = { identity, book: store, clients: (call: { operation: string; attempt: number; deadline: number }) => lent.clients(call) }
  try {
    const seen = await resource.observe(contextOf(all, row, lent.now(), lent.now() + waitMs))
    if (seen.state === 'busy') return { says: `busy: ${seen.why}`, adoptable: false }
    return { says: told(seen), adoptable: seen.state === 'foreign' && resource.adopt !== undefined }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    return { says: `no answer: ${error.message.slice(0, 300)}`, adoptable: false }
  }
}
