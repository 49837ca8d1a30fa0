// The HA manager at work: rounds of the cluster resource manager, its local starts and stops, fencing and recovery.
// Not simulated: migrations (failback, changed rules), affinity between resources, loss of quorum, watchdog details.
// https://pve.proxmox.com/wiki/High_Availability
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { placesFor, planRound } from './ha-state.ts'
import { type HaResource, type HaService, type Task, pve } from './state.ts'
import { afterTask, fork, running } from './tasks.ts'

const agent = 'root@pam'
/** Locks that a dead node can have left and that recovery takes away (PVE::HA::Manager, recover_fenced_service). */
const recoverable = new Set(['backup', 'mounted', 'migrate', 'clone', 'rollback', 'snapshot', 'snapshot-delete'])

export function crmHappenings(world: World): void {
  world.on('proxmox.crm', () => {
    pve(world).ha.roundPlanned = false
    round(world)
  })
  world.on('proxmox.fence', (args: { node: string; failures: number; recover: boolean }) => fence(world, args))
  afterTask(world, (_, task) => {
    const service = pve(world).ha.services[`ct:${task.id}`]
    if (!service) return
    const failed = task.exit !== 'OK' && !task.exit?.startsWith('WARNINGS')
    if (task.user === agent && failed && task.type === 'vzstart') startFailed(world, task, service)
    if (task.user === agent && failed && task.type === 'vzshutdown') service.state = 'error'
    planRound(world)
  })
}

function round(world: World): void {
  const { ha, containers, nodes } = pve(world)
  for (const sid of Object.keys(ha.services)) if (!ha.resources[sid] || ha.resources[sid].state === 'ignored') delete ha.services[sid]
  let again = false
  for (const resource of Object.values(ha.resources)) {
    const container = containers[resource.sid.slice(3)]
    if (!container || resource.state === 'ignored') continue
    const service = (ha.services[resource.sid] ??= { node: container.node, state: 'queued', tries: 0, relocations: 0 })
    if (service.state === 'recovery') recover(world, resource, service)
    if (service.state === 'fence' || service.state === 'recovery' || !nodes[container.node]!.online) {
      again ||= service.state === 'recovery'
      continue
    }
    if (service.state === 'error') {
      if (resource.state !== 'disabled') continue
      service.state = 'stopped'
      service.tries = service.relocations = 0
    }
    service.node = container.node
    const wanted = resource.state === 'started' || resource.state === 'enabled'
    if (container.running === wanted) {
      service.state = wanted ? 'started' : 'stopped'
      service.tries = 0
      continue
    }
    again = true
    service.state = wanted ? 'started' : 'request_stop'
    if (running(world, container.vmid)) continue
    if (wanted) fork(world, container.node, 'vzstart', String(container.vmid), agent)
    else fork(world, container.node, 'vzshutdown', String(container.vmid), agent, { timeout: 60, forceStop: 1 })
  }
  if (again) planRound(world)
}

/** Restart here, then elsewhere, then give up until a person sets the state `disabled`. */
function startFailed(world: World, task: Task, service: HaService): void {
  const { ha, containers } = pve(world)
  const sid = `ct:${task.id}`
  const resource = ha.resources[sid]
  const container = containers[task.id]
  if (!resource || !container) return
  if (++service.tries <= (resource.max_restart ?? 1)) return
  const other = placesFor(world, sid).find((node) => node !== container.node)
  if (other === undefined || ++service.relocations > (resource.max_relocate ?? 1)) {
    service.state = 'error'
    return
  }
  service.tries = 0
  container.node = service.node = other
}

/** 60 s after the loss services are marked for fencing, 120 s after it they are recovered elsewhere. */
export function planFencing(world: World, node: string): void {
  const { failures } = pve(world).nodes[node]!
  world.later(60_000, 'proxmox.fence', { node, failures, recover: false })
  world.later(120_000, 'proxmox.fence', { node, failures, recover: true })
}

function fence(world: World, args: { node: string; failures: number; recover: boolean }): void {
  const { nodes, ha } = pve(world)
  const lost = nodes[args.node]!
  if (lost.online || lost.failures !== args.failures) return
  if (ha.master === args.node) ha.master = Object.keys(nodes).find((name) => nodes[name]!.online) ?? ha.master
  for (const [sid, resource] of Object.entries(ha.resources)) {
    const container = pve(world).containers[sid.slice(3)]
    if (container?.node !== args.node || resource.state === 'ignored') continue
    const service = (ha.services[sid] ??= { node: args.node, state: 'queued', tries: 0, relocations: 0 })
    service.state = args.recover ? 'recovery' : 'fence'
    if (args.recover) recover(world, resource, service)
  }
  if (args.recover) planRound(world)
}

/** Moves the config to a survivor and starts it there if it is to run. */
function recover(world: World, resource: HaResource, service: HaService): void {
  const container = pve(world).containers[resource.sid.slice(3)]
  const target = placesFor(world, resource.sid)[0]
  if (!container || target === undefined) return
  container.node = service.node = target
  service.tries = 0
  if (recoverable.has(String(container.config['lock']))) delete container.config['lock']
  service.state = resource.state === 'started' || resource.state === 'enabled' ? 'started' : 'request_stop'
  if (service.state === 'started') fork(world, target, 'vzstart', String(container.vmid), agent, {}, between(world.random, 1500, 2500))
}
