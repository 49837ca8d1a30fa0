// GET /status: what is known of a site is told at once; the cluster is asked for live figures, and only for a moment.
import type { Context } from 'hono'
import * as z from 'zod'
import { planNames, plans } from '../../domain/plan.ts'
import type { App } from '../access.ts'
import { type Service, serviceOf } from './service.ts'

const Quota = z.object({ used: z.int(), limit: z.int() })

export const Status = z.object({
  success: z.literal(true), service_id: z.string(), vmid: z.int(), private_ip: z.ipv4(), subdomain: z.string(), hostname: z.string(), public_ip: z.ipv4(),
  status: z.string().describe('Of the container: running or stopped.'),
  state: z.string().describe('Of the order: building, live, changing, suspending, suspended, resuming, terminating, undoing, undone, stuck.'),
  plan: z.enum(planNames),
  node: z.string(),
  resources: z.object({ cpu: z.string(), memory: z.string(), disk: z.string(), uptime: z.string() }),
  live: z.boolean().describe('False when the cluster did not answer in time: the figures are the last known ones, or zero.'),
  figures_at: z.number().nullable().describe('Epoch milliseconds of the figures; null when there are none.'),
  switched: z.enum(['on', 'off']).describe("The customer's own switch; a suspension overrides it."),
  enabled: z.boolean().describe('Visitors reach the site.'),
  quotas: z.object({ backups: Quota, domains: Quota }),
  domains: z.array(z.string()),
  notices: z.array(z.object({ what: z.string(), why: z.string(), at: z.number().describe('Epoch milliseconds.') })).describe('What the customer asked for and could not be done, newest last.'),
})

/** How long the cluster may take for its figures. */
const patienceMs = 1_200

export async function status(c: Context<App>, { service_id: service }: z.infer<typeof Service>): Promise<z.infer<typeof Status>> {
  const { record, tenant } = await serviceOf(c, service)
  const [view, figures, site] = await Promise.all([tenant.view(), tenant.figures(patienceMs), tenant.site()])
  const { vmid, ip, label, hostname, node } = record.identity
  const { backups, domains } = plans[record.spec.plan]
  const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)}MB`
  const gb = (bytes: number): string => `${(bytes / 1_073_741_824).toFixed(1)}GB`
  return {
    success: true, service_id: service, vmid, private_ip: ip, subdomain: label, hostname, public_ip: record.spec.publicIp,
    status: figures?.status ?? 'stopped', state: view?.status ?? 'building', plan: record.spec.plan, node: figures?.node ?? node,
    resources: {
      cpu: `${((figures?.cpu ?? 0) * 100).toFixed(1)}%`,
      memory: `${mb(figures?.mem ?? 0)} / ${mb(figures?.maxmem ?? 0)}`,
      disk: `${gb(figures?.disk ?? 0)} / ${site?.diskGb ?? plans[record.spec.plan].diskGb}GB`,
      uptime: uptime(figures?.uptime ?? 0),
    },
    live: figures !== undefined && !figures.stale,
    figures_at: figures?.at ?? null,
    switched: site?.power ?? 'on', enabled: site?.published ?? true,
    quotas: { backups: { used: site?.backups.used ?? 0, limit: backups }, domains: { used: site?.domains.used ?? 0, limit: domains } },
    domains: site?.domains.names ?? [],
    notices: site?.notices ?? [],
  }
}

/** `5 days`, `3 hours`, `2 minutes`: the seed's words. */
function uptime(seconds: number): string {
  const [amount, unit] = seconds >= 86_400 ? [seconds / 86_400, 'day'] : seconds >= 3_600 ? [seconds / 3_600, 'hour'] : [seconds / 60, 'minute']
  const whole = Math.floor(amount)
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`
}
