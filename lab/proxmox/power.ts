// Starting and stopping containers: the requests, and the workers behind them. HA-managed guests are only asked for, the CRM acts.
// A guest is never started without good data within reach. pve-container, PVE/API2/LXC/Status.pm: https://git.proxmox.com/?p=pve-container.git
import { close, open } from '../linstor/volumes.ts'
import { between } from '../random.ts'
import { bridge } from '../topology.ts'
import type { World } from '../world.ts'
import { isManaged, planRound } from './ha-state.ts'
import { tell } from './observers.ts'
import type { Spec } from './parameters.ts'
import { type Call, PveError, type Register } from './protocol.ts'
import { onContainer } from './schemas.ts'
import { type Container, type Task, checkLock, containerOn, parts, pve, touch, volumeName } from './state.ts'
import { end, fork, holdGuest, kill, next, running, worker } from './tasks.ts'

/** Opens the disk and runs the container now; throws LINSTOR's reason when that is impossible. */
export function startNow(world: World, container: Container): void {
  const wanted = parts(container.config['net0'], 'name')['bridge']
  if (wanted !== undefined && wanted !== bridge) throw new PveError(500, `bridge '${wanted}' does not exist`)
  const volume = volumeName(container.config)
  if (volume === undefined) throw new PveError(500, 'no rootfs configured')
  try {
    open(world, volume, container.node)
  } catch (error) {
    throw new PveError(500, `startup for container '${container.vmid}' failed: ${(error as Error).message}`)
  }
  touch(world, container)
  container.running = true
  container.startedAt = world.clock.now()
  world.changed()
  tell(world, { event: 'started', vmid: container.vmid, node: container.node })
}

/** The container is off from now on, however it came to that. */
export function powerOff(world: World, container: Container): void {
  if (!container.running) return
  touch(world, container)
  container.running = false
  const volume = volumeName(container.config)
  if (volume !== undefined) close(world, volume, container.node)
  if (isManaged(world, container.vmid)) planRound(world)
  world.changed()
  tell(world, { event: 'stopped', vmid: container.vmid, node: container.node })
}

export function powerRoutes(world: World, on: Register): void {
  const flag: Spec = { type: 'boolean' }
  const timeout: Spec = { type: 'integer', min: 0 }
  const path = '/nodes/:node/lxc/:vmid/status'

  const refuseSkiplock = (values: Call['values']): void => {
    if (values['skiplock'] === 1) throw new PveError(400, 'Parameter verification failed.\n', { skiplock: 'Only root may use this option.' })
  }
  const found = (call: Call, running: boolean): Container => {
    refuseSkiplock(call.values)
    const container = containerOn(world, call.node, call.vmid)
    if (container.running !== running) throw new PveError(500, running ? `CT ${call.vmid} not running\n` : `CT ${call.vmid} already running\n`)
    return container
  }
  const managed = (call: Call, request: 'hastart' | 'hastop'): string =>
    fork(world, call.node, request, String(call.vmid), call.user, {}, between(world.random, 500, 2000)).upid

  on('POST', `${path}/start`, { ...onContainer, debug: flag, skiplock: flag }, (call) => {
    found(call, false)
    return isManaged(world, call.vmid) ? managed(call, 'hastart') : fork(world, call.node, 'vzstart', String(call.vmid), call.user).upid
  })
  on('POST', `${path}/stop`, { ...onContainer, skiplock: flag, 'overrule-shutdown': flag }, (call) => {
    found(call, true)
    if (isManaged(world, call.vmid)) return managed(call, 'hastop')
    const waiting = running(world, call.vmid, 'vzshutdown')
    if (waiting && call.values['overrule-shutdown'] === 1) kill(world, waiting)
    return fork(world, call.node, 'vzstop', String(call.vmid), call.user).upid
  })
  on('POST', `${path}/shutdown`, { ...onContainer, timeout, forceStop: flag }, (call) => {
    found(call, true)
    if (isManaged(world, call.vmid)) return managed(call, 'hastop')
    return fork(world, call.node, 'vzshutdown', String(call.vmid), call.user,
      { timeout: call.values['timeout'] ?? 60, forceStop: call.values['forceStop'] ?? 0 }).upid
  })
  on('POST', `${path}/reboot`, { ...onContainer, timeout }, (call) => {
    found(call, true)
    return fork(world, call.node, 'vzreboot', String(call.vmid), call.user, { timeout: call.values['timeout'] ?? 60 }).upid
  })

  worker(world, 'vzstart', startStep)
  worker(world, 'vzstop', stopStep)
  worker(world, 'vzshutdown', shutdownStep)
  worker(world, 'vzreboot', shutdownStep)
  worker(world, 'hastart', (_, task) => request(world, task, 'started'))
  worker(world, 'hastop', (_, task) => request(world, task, 'stopped'))
}

const own = (world: World, task: Task): Container => containerOn(world, task.node, Number(task.id))

function startStep(world: World, task: Task, step: number): void {
  const container = own(world, task)
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    checkLock(container)
    if (container.running) throw new PveError(500, `CT ${task.id} already running`)
    return next(world, task, between(world.random, 3000, 8000), 1)
  }
  startNow(world, container)
  const warned = world.random() < 0.05
  if (warned) task.log.push('WARN: Systemd 255 detected. You may need to enable nesting.')
  end(world, task, warned ? 'WARNINGS: 1' : 'OK')
}

function stopStep(world: World, task: Task, step: number): void {
  const container = own(world, task)
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    checkLock(container)
    return next(world, task, between(world.random, 500, 1500), 1)
  }
  powerOff(world, container)
  end(world, task, 'OK')
}

/** Also the first half of a reboot. Step 1: the guest went down by itself; 2: the time-out is over; 3: start again. */
function shutdownStep(world: World, task: Task, step: number): void {
  const container = own(world, task)
  const timeoutMs = Number(task.memory['timeout']) * 1000
  if (step === 0) {
    if (!holdGuest(world, task, 0)) return
    checkLock(container)
    const takesMs = container.ignoresShutdown ? Infinity : between(world.random, 2000, 6000)
    return takesMs <= timeoutMs ? next(world, task, takesMs, 1) : next(world, task, timeoutMs, 2)
  }
  if (step === 2 && task.memory['forceStop'] !== 1) throw new PveError(500,
    `command 'lxc-stop -n ${task.id} --nokill --timeout ${task.memory['timeout']}' failed: exit code 1`)
  if (step === 3) {
    startNow(world, container)
    return end(world, task, 'OK')
  }
  powerOff(world, container)
  if (task.type === 'vzreboot') next(world, task, between(world.random, 3000, 8000), 3)
  else end(world, task, 'OK')
}

/** `ha-manager set … --state`: the task ends when the request is noted, long before anything happens. */
function request(world: World, task: Task, state: string): void {
  const resource = pve(world).ha.resources[`ct:${task.id}`]
  if (!resource) throw new PveError(500, `command 'ha-manager set ct:${task.id} --state ${state}' failed: exit code 255`)
  if (pve(world).ha.services[resource.sid]?.state === 'error') throw new PveError(500,
    `service '${resource.sid}' in error state, must be disabled and fixed first`)
  task.log.push(`Requesting HA ${state === 'started' ? 'start' : 'stop'} for CT ${task.id}`)
  resource.state = state
  planRound(world)
  end(world, task, 'OK')
}
