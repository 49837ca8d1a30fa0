// What a customer may see of an order: each resource with its state, since when, attempt, and what it waits for, in plain words.
import { needs, resourceOf, type Resources } from '../engine/plan.ts'
import { instanceOf, kindOf, type Row } from '../engine/row.ts'
import { plain } from './plain.ts'
import { statusOf, type TenantState } from './state.ts'
import type { TenantStorage } from './storage.ts'

export interface StepView {
  name: string
  title: string
  /** waiting, working, done, removing, removed, off, stuck, not needed */
  state: string
  /** Calls made towards the present wish; 0 when it stands as wished. */
  attempt: number
  why: string | null
  /** Epoch ms; 0 when not yet. */
  since: number
  startedAt: number
  settledAt: number
  needs: readonly string[]
}

export interface View {
  status: string
  target: string
  plan: string
  hostname: string
  url: string | null
  orderedAt: number
  restAt: number
  cause: string | null
  steps: StepView[]
}

/** Undefined before the first command. */
export function view<Up>(store: TenantStorage, resources: Resources<Up>): View | undefined {
  const state = store.state()
  if (!state) return undefined
  const rows = new Map(store.rows().map((row) => [row.name, row]))
  const place = [...resources.keys()]
  const told = [...rows.values()].sort((a, b) => place.indexOf(kindOf(a.name)) - place.indexOf(kindOf(b.name)))
  const steps = told.flatMap((row): StepView[] => {
    const resource = resourceOf(resources, row.name)
    if (!resource) return []
    const { fails, since, startedAt, settledAt } = row
    return [{ name: row.name, title: [resource.title, instanceOf(row.name)].filter(Boolean).join(' '), state: stateOf(row, state), attempt: fails, why: whyOf(row, rows, resources) ?? (state.hold && row.phase === 'idle' ? 'paused by support' : null), since, startedAt, settledAt, needs: needs(row, resources) }]
  })
  // The cause begins with the title of the step that could not be made.
  const blamed = [...resources.values()].find(({ title }) => state.cause?.startsWith(`${title}: `))
  const site = rows.get('wordpress')?.wish as { url?: string } | undefined
  return {
    status: statusOf(state), target: state.target, plan: state.spec.plan, hostname: state.identity.hostname, url: site?.url ?? null,
    orderedAt: state.orderedAt, restAt: state.restAt, cause: state.cause === null ? null : plain(state.cause, blamed?.system), steps,
  }
}

function stateOf(row: Row, state: TenantState): string {
  if (row.phase === 'stuck') return 'stuck'
  const down = row.want === 'absent'
  if (row.phase === 'settled') return !down ? 'done' : row.attempt === 0 ? 'not needed' : state.undoing || state.target === 'terminated' ? 'removed' : 'off'
  if (row.phase === 'idle' && row.startedAt === 0) return down ? 'removing' : 'waiting'
  return down ? 'removing' : 'working'
}

function whyOf<Up>(row: Row, rows: ReadonlyMap<string, Row>, resources: Resources<Up>): string | null {
  if (row.why) return plain(row.why, resourceOf(resources, row.name)?.system)
  if (row.phase === 'settled' || row.phase === 'stuck') return null
  const open = (name: string): boolean => rows.get(name)?.phase !== 'settled'
  const title = (name: string): string => [resourceOf(resources, name)?.title ?? name, instanceOf(name)].filter(Boolean).join(' ')
  if (row.want === 'present') {
    const missing = [...needs(row, resources), ...row.after].filter(open)
    return missing.length > 0 ? `waits for: ${missing.map(title).join(', ')}` : null
  }
  const above = [...rows.values()].filter((other) => other.want === 'absent' && open(other.name) && needs(other, resources).includes(row.name))
  return above.length > 0 ? `waits until taken down: ${above.map((other) => title(other.name)).join(', ')}` : null
}
