// What Berth did not make becomes a tenant's: one thing in the place of a step, or a whole site. First it is looked at and compared;
// nothing is written before that is well, and then all of it at once.
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { configOf } from '../config.ts'
import { inCidr } from '../domain/cluster.ts'
import { domainName, type DomainName } from '../domain/domain-name.ts'
import { planNames } from '../domain/plan.ts'
import { sendCommand } from '../queues/commands.ts'
import type { App } from './access.ts'
import { customerEmail } from './customer-email.ts'
import { mount } from './mount.ts'
import { Problem } from './problems.ts'
import { actor, tenantOf, Whose } from './whose.ts'

const dryRun = z.boolean('must be true or false').default(true).describe('Only look and say. True unless it is said.')

const One = Whose.extend({ actor, dry_run: dryRun, step: z.string({ error: 'is required: the step, as GET /operator/tenant names it' }).regex(/^[a-z-]{2,20}(?::[A-Za-z0-9._-]{1,253})?$/, 'is not the name of a step') })

const Site = Whose.extend({
  actor, dry_run: dryRun, email: customerEmail, plan: z.enum(planNames, { error: `must be one of ${planNames.join(', ')}` }),
  vmid: z.int('must be the number of a container').min(100, 'must be the number of a container').max(999_999_999, 'must be the number of a container'),
  private_ip: z.ipv4({ error: 'is not an IPv4 address' }),
  subdomain: z.string({ error: 'is required: the first label of its name' }).regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'is not the first label of a host name'),
  public_ip: z.union([z.literal(''), z.ipv4()], { error: 'is not an IPv4 address' }).nullish().describe('Empty for the reverse proxy.'),
  suspended: z.boolean('must be true or false').default(false).describe('The service is suspended where it is now: it comes in suspended, and nothing is started.'),
  domains: z.array(z.string('is not a domain').max(300, 'is too long'), 'is not a list of domains').max(50, 'is too long').default([]).describe('Custom domains.'),
})

const Found = z.object({ step: z.string(), says: z.string(), blocks: z.boolean().describe('It must be mended before; otherwise it says what becomes of it.') })

/** Several questions to each system, some of which wait for a playbook. */
const patienceMs = 25_000

export function adopt(app: Hono<App>): void {
  mount(app, 'POST /operator/adopt', {
    group: 'Operator', summary: 'Adopt what stands in the place of a step', about: 'What was made by hand, or has lost its mark, gets the mark of this tenant; then it is made as wished. Nothing is made in its place.',
    body: One, answer: z.object({ success: z.literal(true), done: z.boolean(), says: z.string() }), refuses: ['unknown-service', 'conflict'],
  })(async (c, { body: { step, actor: who, dry_run: dry, ...whose } }) => {
    const { tenant } = await tenantOf(c, whose)
    const looked = await tenant.lookAtStep(step, patienceMs)
    if (!looked) throw new Problem('conflict', `${step}: there is no such step that is wanted.`, 'step')
    if (!looked.adoptable) throw new Problem('conflict', `${step}: ${looked.says}. Only what stands there without our mark can be adopted.`, 'step')
    if (!dry) await tenant.override({ do: 'adopt', actor: who, step, seen: looked.says })
    return { success: true, done: !dry, says: looked.says }
  })

  mount(app, 'POST /operator/import', {
    group: 'Operator', summary: 'Adopt a site that stands already', about: 'Container, record, proxy hosts, snapshots and high availability are looked at and compared first. When something blocks, nothing is written; otherwise all of it is, and the engine marks what stands. No container is ever made.',
    body: Site, answer: z.object({ success: z.literal(true), done: z.boolean(), existing: z.boolean().describe('It is a tenant already.'), possible: z.boolean(), findings: z.array(Found) }), refuses: ['conflict'],
  })((c, { body }) => importSite(c, body))
}

async function importSite(c: Context<App>, fields: z.infer<typeof Site>) {
  const { cluster } = configOf(c.env)
  const { connection, service_id: service, actor: who, email, plan, vmid, private_ip: ip, subdomain: label, dry_run: dry } = fields
  const publicIp = fields.public_ip || cluster.proxy.publicIp
  if (!inCidr(publicIp, cluster.publicCidr)) throw new Problem('bad-request', `public_ip: must lie in ${cluster.publicCidr}`, 'public_ip')
  if (!inCidr(ip, cluster.lan.cidr)) throw new Problem('bad-request', `private_ip: must lie in ${cluster.lan.cidr}`, 'private_ip')
  const domains = fields.domains.map((typed): DomainName => {
    const judged = domainName(typed, cluster.zone)
    if (!judged.ok) throw new Problem('bad-request', `domains: ${judged.sentence}`, 'domains')
    return judged.domain
  })
  const allocator = c.env.ALLOCATOR.getByName(cluster.name)
  // The node is known when it was looked at; until then any will do as a hint.
  const wish = { connection, service, actor: who, order: { email, plan, publicIp }, place: { vmid, ip, label, node: cluster.nodes[0]!.name }, suspended: fields.suspended }
  const asked = await allocator.adopt(wish)
  if (asked.answer === 'unchanged') return { success: true as const, done: false, existing: true, possible: true, findings: [] }
  if (asked.answer === 'held') throw new Problem('conflict', `${asked.what}.`)
  if (asked.answer !== 'taken') throw new Problem('conflict', 'Berth knows this service already, with another site.', 'service_id')
  const { findings, adoption } = await c.env.TENANT.getByName(asked.record.tenant).examineSite(asked.command, domains, patienceMs)
  if (!adoption || dry) return { success: true as const, done: false, existing: false, possible: adoption !== undefined, findings }
  const taken = await allocator.adopt({ ...wish, place: { ...wish.place, node: adoption.container.node }, adoption })
  if (taken.answer !== 'taken') throw new Problem('conflict', 'Somebody else has taken it meanwhile: look again.')
  await sendCommand(c.env, taken.command)
  return { success: true as const, done: true, existing: false, possible: true, findings }
}
