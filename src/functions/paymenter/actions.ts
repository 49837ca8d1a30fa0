// What a customer may do with a site that stands, as Paymenter's extension calls it: power, reset, publication, another plan.
// The wish is durable in the tenant before it is answered; refused with 401 while the service is suspended.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import type { Action } from '../../domain/action.ts'
import { planChange, type PlanChange } from '../../domain/plan-change.ts'
import { planNames, plans, type PlanName } from '../../domain/plan.ts'
import { freshSite } from '../../domain/site.ts'
import { sendCommand } from '../../queues/commands.ts'
import type { App } from '../access.ts'
import { mount } from '../mount.ts'
import { Problem } from '../problems.ts'
import { act, ActionFields, allocator, loseNewer, Service, serviceOf, unknownService } from './service.ts'

const Reset = ActionFields.extend({ lose_newer: loseNewer })
const Upgrade = Service.extend({ plan: z.enum(planNames, { error: `must be one of ${planNames.join(', ')}` }) })

const Done = z.object({ success: z.literal(true), service_id: z.string(), status: z.string().describe('What is under way now, or the state that it already had.') })
const Toggled = Done.extend({ enabled: z.boolean().describe('The new state: whether visitors reach the site.') })
const Sizes = z.object({
  memory_mb: z.int(), cores: z.int(), disk_gb: z.int(), backups: z.int().describe('How many may be kept.'), domains: z.int().describe('How many may be connected.'),
})
const Preview = z.object({
  success: z.literal(true), service_id: z.string(), from: z.enum(planNames), to: z.enum(planNames), before: Sizes, after: Sizes,
  possible: z.boolean(),
  hindrance: z.string().nullable().describe('What stands in the way, in a sentence for the customer.'),
  restart: z.boolean().describe('The site is away for a while.'),
  minutes: z.int().describe('How long it takes, about.'),
})

const action = { group: 'Sites', body: ActionFields, answer: Done, refuses: ['unknown-service', 'suspended', 'not-ready'] } as const
const changing = { group: 'Sites', body: Upgrade, refuses: ['unknown-service', 'not-ready', 'quota', 'disk-use', 'exhausted'] } as const

/** How long the cluster may take to say how full the disk is and how much room there is. */
const patienceMs = 4_000

export function actions(app: Hono<App>): void {
  mount(app, 'POST /action/start', { ...action, summary: 'Switch a site on' })(power('start', 'starting', 'running'))
  mount(app, 'POST /action/stop', { ...action, summary: 'Switch a site off', about: 'It is shut down; its data are kept.' })(power('stop', 'stopping', 'stopped'))
  mount(app, 'POST /action/restart', { ...action, summary: 'Restart a site', about: 'One that is switched off is switched on.' })(power('restart', 'restarting', 'restarting'))
  mount(app, 'POST /action/reset', {
    ...action, summary: 'Put a site back to its beginning', about: 'To the snapshot made when it was built. Newer backups would be lost by it: it is refused with their names, unless `lose_newer` is true.',
    body: Reset, refuses: [...action.refuses, 'costs'],
  })(async (c, { body: { service_id: service, lose_newer } }) => {
    await act(c, service, { do: 'reset', loseNewer: lose_newer })
    return { success: true, service_id: service, status: 'resetting' }
  })
  mount(app, 'POST /action/toggle', { ...action, summary: 'Take a site off the Web, or put it back', about: 'Flips whether visitors reach it; the site itself goes on. Each call flips.', answer: Toggled })(
    async (c, { body: { service_id: service } }) => {
      const { enabled = true } = await act(c, service, { do: 'toggle' })
      return { success: true, service_id: service, status: enabled ? 'enabled' : 'disabled', enabled }
    })
  // The extension calls it with the slash.
  for (const route of ['POST /wp/upgrade/', 'POST /wp/upgrade'] as const)
    mount(app, route, {
      ...changing, summary: 'Give a site another plan', answer: Done,
      about: 'Sizes are absolute, so a repeat changes nothing. Memory and a larger disk come while the site runs. A smaller plan is refused while more is in use than it allows; for a smaller disk the site moves, and is away meanwhile: the preview says how long.',
    })(async (c, { body }) => upgrade(c, body.service_id, body.plan))
  mount(app, 'POST /wp/upgrade/preview', { ...changing, refuses: ['unknown-service'], summary: 'What another plan would mean', about: 'Changes nothing.', answer: Preview })(
    async (c, { body: { service_id: service, plan } }) => shown(service, await previewOf(c, service, plan)))
}

const power = (verb: Extract<Action['do'], 'start' | 'stop' | 'restart'>, under: string, already: string) =>
  async (c: Context<App>, { body: { service_id: service } }: { body: z.infer<typeof ActionFields> }): Promise<z.infer<typeof Done>> => {
    const { answer } = await act(c, service, { do: verb })
    return { success: true, service_id: service, status: answer === 'done' ? under : already }
  }

async function previewOf(c: Context<App>, service: string, plan: PlanName): Promise<PlanChange> {
  const { record, tenant } = await serviceOf(c, service)
  if (record.target === 'undone') throw unknownService()
  // An order whose command is still on its way has nothing that could stand in the way of more.
  return (await tenant.preview(plan, patienceMs)) ??
    planChange({ movable: false, plan: record.spec.plan, served: false, site: freshSite(plans[record.spec.plan].diskGb), diskGb: plans[record.spec.plan].diskGb, domains: [], usedGb: undefined, freeGb: undefined }, plan)
}

async function upgrade(c: Context<App>, service: string, plan: PlanName): Promise<z.infer<typeof Done>> {
  const { record } = await serviceOf(c, service)
  // The same call again is the same wish, whatever has become of it meanwhile.
  const hindrance = record.spec.plan === plan ? null : (await previewOf(c, service, plan)).hindrance
  if (hindrance) throw new Problem(hindrance.code, hindrance.message)
  const connection = c.get('connection')
  const intake = await allocator(c).intake({ verb: 'upgrade', connection, service, actor: connection, plan })
  if (intake.answer !== 'taken' && intake.answer !== 'unchanged') throw unknownService()
  if (intake.answer === 'taken') await sendCommand(c.env, intake.command)
  return { success: true, service_id: service, status: intake.answer === 'taken' ? 'upgrading' : intake.record.target }
}

function shown(service: string, { from, to, before, after, online, minutes, hindrance }: PlanChange): z.infer<typeof Preview> {
  const sizes = ({ memoryMb, cores, diskGb, backups, domains }: PlanChange['before']): z.infer<typeof Sizes> => ({ memory_mb: memoryMb, cores, disk_gb: diskGb, backups, domains })
  return { success: true, service_id: service, from, to, before: sizes(before), after: sizes(after), possible: hindrance === null, hindrance: hindrance?.message ?? null, restart: !online, minutes }
}
