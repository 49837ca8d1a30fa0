// Would another plan do? What the tenant knows, and what the cluster says within the caller's patience.
import { planChange, type PlanChange } from '../domain/plan-change.ts'
import type { PlanName } from '../domain/plan.ts'
import type { Figures } from './figures.ts'
import { siteView } from './site-view.ts'
import type { TenantState } from './state.ts'

const gib = 2 ** 30

/** Asked only when it matters: how the container does, and by how many GB its disk may grow. */
interface Asking { figures: () => Promise<Figures | undefined>; room: () => Promise<number | undefined> }

/** `movable`: a copy of the site has a place to lie while it moves to a smaller disk. */
export async function preview(state: TenantState, to: PlanName, movable: boolean, ask: Asking): Promise<PlanChange> {
  const { diskGb, domains } = siteView(state)
  const facts = { movable, plan: state.spec.plan, served: state.served, site: state.site, diskGb, domains: domains.names, usedGb: undefined, freeGb: undefined }
  const first = planChange(facts, to)
  if (first.after.diskGb === diskGb) return first
  if (first.after.diskGb > diskGb) return planChange({ ...facts, freeGb: await ask.room() }, to)
  const figures = await ask.figures()
  const usedGb = figures?.status === 'running' && !figures.stale && figures.disk > 0 ? figures.disk / gib : undefined
  return planChange({ ...facts, usedGb }, to)
}
