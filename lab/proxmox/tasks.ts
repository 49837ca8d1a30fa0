// Workers: everything slow happens in a task with a UPID, step by step, each step a durable happening of the world.
// A worker that dies (node lost, killed) cleans nothing up: its locks stay, as in life.
// https://pve.proxmox.com/wiki/Proxmox_VE_API#Task_UPID
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { PveError } from './protocol.ts'
import { releaseStorage } from './storage-lock.ts'
import { type Task, elapsed, pve } from './state.ts'

/** One step of a worker; it plans the next with `next` or finishes with `end`. Throwing fails the task with the text. */
export type Worker = (world: World, task: Task, step: number) => void

interface Workers { run: Record<string, Worker>; failed: Record<string, (world: World, task: Task) =>
  void>; ended: ((world: World, task: Task) => void)[] }
const registry = new WeakMap<World, Workers>()

const workersOf = (world: World): Workers => {
  let found = registry.get(world)
  if (!found) registry.set(world, (found = { run: {}, failed: {}, ended: [] }))
  return found
}

/** Says what a type of task does, and what it undoes when it fails by itself. */
export function worker(world: World, type: string, run: Worker, failed?: (world: World, task: Task) => void): void {
  workersOf(world).run[type] = run
  if (failed) workersOf(world).failed[type] = failed
}

export const afterTask = (world: World, run: (world: World, task: Task) => void): void => void workersOf(world).ended.push(run)

export function taskHappenings(world: World): void {
  registry.delete(world)
  world.on('proxmox.task', (args: { upid: string; step: number }) => advance(world, args.upid, args.step))
  world.on('proxmox.lock-timeout', (args: { upid: string }) => {
    const { storageLock, tasks } = pve(world)
    if (!storageLock.waiters.includes(args.upid)) return
    storageLock.waiters = storageLock.waiters.filter((upid) => upid !== args.upid)
    const task = tasks[args.upid]
    if (task && task.endedAt === undefined) fail(world, task, "cfs-lock 'storage-global-lvm' error: got lock request timeout")
  })
  world.on('proxmox.lock-expired', (args: { upid: string }) => {
    if (pve(world).storageLock.holder === args.upid) releaseStorage(world, args.upid)
  })
}

/** Forks a worker and answers its UPID; the first step runs `delayMs` later. */
export function fork(world: World, node: string, type: string, id: string, user: string, memory: Task['memory'] = {}, delayMs = 200): Task {
  const state = pve(world)
  const here = state.nodes[node]!
  here.pid += between(world.random, 1, 40)
  const pstart = Math.floor(elapsed(world, here.bootedAt) / 10) % 0xffffffff
  const starttime = Math.floor(world.clock.now() / 1000)
  const digits = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0')
  const upid = `UPID:${node}:${digits(here.pid)}:${digits(pstart)}:${digits(starttime)}:${type}:${id}:${user}:`
  const task: Task = { upid, node, pid: here.pid, pstart, starttime, type, id, user, log: [], memory }
  state.tasks[upid] = task
  next(world, task, delayMs, 0)
  return task
}

export const next = (world: World, task: Task, ms: number, step: number): void => world.later(ms, 'proxmox.task', { upid: task.upid, step })

/** Runs one step now; a task that has ended runs nothing any more. */
export function advance(world: World, upid: string, step: number): void {
  const task = pve(world).tasks[upid]
  if (!task || task.endedAt !== undefined || !pve(world).nodes[task.node]!.online) return
  try {
    workersOf(world).run[task.type]!(world, task, step)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    fail(world, task, error.message.trimEnd())
  }
}

/** Ends a task; `exit` is `OK`, `WARNINGS: n` or the error text. */
export function end(world: World, task: Task, exit: string): void {
  const { guestLocks } = pve(world)
  task.endedAt = world.clock.now()
  task.endtime = Math.floor(task.endedAt / 1000)
  task.exit = exit
  task.log.push(exit === 'OK' ? 'TASK OK' : exit.startsWith('WARNINGS') ? `TASK ${exit}` : `TASK ERROR: ${exit}`)
  if (guestLocks[task.id] === task.upid) delete guestLocks[task.id]
  releaseStorage(world, task.upid)
  for (const run of workersOf(world).ended) run(world, task)
  rotate(world)
  world.changed()
}

function fail(world: World, task: Task, text: string): void {
  workersOf(world).failed[task.type]?.(world, task)
  end(world, task, text)
}

const archiveMax = 1000

/** The archive keeps about a thousand tasks. */
function rotate(world: World): void {
  const { tasks } = pve(world)
  const keys = Object.keys(tasks)
  if (keys.length <= archiveMax + 100) return
  for (const upid of keys) {
    if (Object.keys(tasks).length <= archiveMax) return
    if (tasks[upid]!.endedAt !== undefined) delete tasks[upid]
  }
}

/** SIGTERM, then SIGKILL: the worker is gone, what it did stays as it was. */
export function kill(world: World, task: Task): void {
  if (task.endedAt === undefined) end(world, task, 'received interrupt')
}

/** The node lost power: its workers died without a last line. The cluster notices a dead lock holder after 120 s. */
export function killSilently(world: World, node: string): void {
  const { tasks, guestLocks, storageLock } = pve(world)
  for (const task of Object.values(tasks)) {
    if (task.node !== node || task.endedAt !== undefined) continue
    task.endedAt = world.clock.now()
    task.endtime = Math.floor(task.endedAt / 1000)
    task.exit = 'unexpected status'
    if (guestLocks[task.id] === task.upid) delete guestLocks[task.id]
    storageLock.waiters = storageLock.waiters.filter((upid) => upid !== task.upid)
    if (storageLock.holder === task.upid) world.later(120_000, 'proxmox.lock-expired', { upid: task.upid })
  }
}

const lockWaitMs = 10_000

/** Takes the guest's file lock or tries again each second; true when held. After 10 s the task fails. */
export function holdGuest(world: World, task: Task, step: number): boolean {
  const { guestLocks } = pve(world)
  const holder = guestLocks[task.id]
  if (holder === undefined || holder === task.upid) {
    guestLocks[task.id] = task.upid
    return true
  }
  const waited = Number(task.memory['waitedMs'] ?? 0)
  if (waited >= lockWaitMs) throw new PveError(500, `can't lock file '/run/lock/lxc/pve-config-${task.id}.lock' - got timeout`)
  task.memory['waitedMs'] = waited + 1000
  next(world, task, 1000, step)
  return false
}

export const running = (world: World, id: string | number, type?: string): Task | undefined =>
  Object.values(pve(world).tasks).find((task) => task.endedAt === undefined && task.id === String(id) && (type === undefined || task.type === type))
