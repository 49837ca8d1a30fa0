// `berth status`, `tenants` and `tenant`: what there is and where it stands. Reads only, and says how old it is where it is a copy.
import * as z from 'zod'
import { columns, printable, utc, type Outcome } from './outcome.ts'
import { heldLines, Hold, holdLine } from './overrides.ts'
import type { Row, Worker } from './worker.ts'

export interface Service { connection: string; service: string }

const Gate = z.object({ leases: z.record(z.string(), z.number()), stopped: z.array(z.object({ system: z.string(), until: z.number(), why: z.string() })) })

/** Places taken at the cluster, and the systems that nobody is let through to. */
export const gate = (worker: Worker): Promise<z.infer<typeof Gate>> => worker.get('operator/gate', {}, Gate)

const Tenant = z.object({
  order: z.looseObject({
    status: z.string(), target: z.string(), plan: z.string(), hostname: z.string(), url: z.string().nullable(), orderedAt: z.number(), cause: z.string().nullable(),
    steps: z.array(z.looseObject({ name: z.string(), state: z.string(), attempt: z.number(), why: z.string().nullable(), since: z.number() })),
  }).nullable(),
  hold: Hold,
  journal: z.array(z.object({ i: z.number(), at: z.number(), seq: z.number(), epoch: z.number(), step: z.string().nullable(), attempt: z.number(), event: z.string(), detail: z.string().nullable() })),
})

/** The cluster at a glance. Whoever is stuck is no failure of the command: `doctor` judges. */
export async function status(worker: Worker): Promise<Outcome> {
  const [{ leases, stopped }, states, stuck, underWay, addresses, heldSites, pools] = await Promise.all([
    gate(worker), worker.rows('sites_by_state_and_plan'), worker.rows('stuck_steps'), worker.rows('under_way'), worker.rows('addresses_left'), worker.rows('held_sites'), worker.rows('pools_by_plan'),
  ])
  const sites: Record<string, number> = {}
  for (const { status: state, sites: count } of states) sites[String(state)] = (sites[String(state)] ?? 0) + Number(count)
  const held = Object.entries(leases)
  return {
    well: true,
    data: { gate: { leases, stopped }, sites, stuck, under_way: underWay, addresses, held: heldSites, pools },
    lines: [
      `Systems    ${stopped.length === 0 ? 'no breaker is open' : ''}`.trimEnd(),
      ...stopped.map(({ system, until, why }) => `  ${system}: ${printable(why)} (until ${utc(until)})`),
      `Gate       ${held.length === 0 ? 'idle' : held.map(([pool, used]) => `${pool} ${used}`).join(', ')}`,
      `Sites      ${Object.entries(sites).map(([state, count]) => `${state} ${count}`).join(', ') || 'none'}`,
      ...addresses.map((row) => `Addresses  ${text(row, 'free')} free, ${text(row, 'held')} held, ${text(row, 'quarantined')} resting (${text(row, 'cluster')}, as of ${text(row, 'as_of_utc')})`),
      ...pools.map((row) => `Pool       ${text(row, 'plan')}: ${text(row, 'ready')} of ${text(row, 'target')} ready, ${text(row, 'building')} being built, ${text(row, 'retiring')} being taken down${text(row, 'longest') === '' ? '' : ` (berth.pool/${text(row, 'longest')} since ${text(row, 'longest_utc')})`}; ${text(row, 'claims')} of ${text(row, 'arrivals')} orders of the last day found one`),
      `Under way  ${underWay.length} steps`,
      `Held       ${heldSites.length} sites`,
      ...heldLines(heldSites),
      `Stuck      ${stuck.length} steps`,
      ...columns(['  service', 'step', 'since (UTC)', 'why'], stuck.map((row) => [`  ${text(row, 'connection')}/${text(row, 'service')}`, row['step'], row['since_utc'], row['why']])),
    ],
  }
}

/** Every service that was sold, or those in one state. */
export async function tenants(worker: Worker, state: string | undefined): Promise<Outcome> {
  const rows = await worker.rows('sites', state === undefined ? {} : { status: state })
  return {
    well: true,
    data: { sites: rows },
    lines: rows.length === 0 ? [state === undefined ? 'Nothing was sold yet.' : `No site is ${printable(state)}.`] :
      columns(['service', 'state', 'plan', 'address', 'vmid', 'node', 'changed (UTC)', 'cause'],
        rows.map((row) => [`${text(row, 'connection')}/${text(row, 'service')}`, row['status'], row['plan'], row['hostname'], row['vmid'], row['node'], row['changed_utc'], row['cause']])),
  }
}

/** One tenant from its own object, with the newest lines of its journal. */
export async function tenant(worker: Worker, { connection, service }: Service): Promise<Outcome> {
  const { order, hold, journal } = await worker.get('operator/tenant', { connection, service_id: service }, Tenant)
  return {
    well: true,
    data: { order, hold, journal },
    lines: [
      order ? `${connection}/${service}: ${order.status} (wanted: ${order.target}), plan ${order.plan}, ${order.url ?? order.hostname}, ordered ${utc(order.orderedAt)}` : `${connection}/${service}: no command has arrived yet`,
      ...holdLine(hold),
      ...(order?.cause ? [`taken back because: ${printable(order.cause)}`] : []),
      '', ...columns(['step', 'state', 'calls', 'since (UTC)', 'why'], (order?.steps ?? []).map((step) => [step.name, step.state, step.attempt, utc(step.since), step.why])),
      '', ...columns(['line', 'at (UTC)', 'step', 'attempt', 'event', 'detail'], journal.map((line) => [line.i, utc(line.at), line.step, line.attempt, line.event, line.detail])),
    ],
  }
}

const text = (row: Row, column: string): string => printable(String(row[column] ?? '-'))
