// The cluster-wide lock of a shared storage (pmxcfs `cfs_lock`): one holder, waiters poll by mkdir without fairness and give up after 10 s.
// https://git.proxmox.com/?p=pve-cluster.git (PVE/Cluster.pm, cfs_lock)
import { pick } from '../random.ts'
import type { World } from '../world.ts'
import { type Task, pve } from './state.ts'

const requestTimeoutMs = 10_000

/** Runs the task's `step` as soon as it holds the lock; the task fails when it has not got it in time. */
export function lockStorage(world: World, task: Task, step: number): void {
  const { storageLock } = pve(world)
  task.memory['lockStep'] = step
  if (storageLock.holder === undefined) grant(world, task)
  else {
    storageLock.waiters.push(task.upid)
    world.later(requestTimeoutMs, 'proxmox.lock-timeout', { upid: task.upid })
  }
}

function grant(world: World, task: Task): void {
  pve(world).storageLock.holder = task.upid
  world.later(0, 'proxmox.task', { upid: task.upid, step: Number(task.memory['lockStep']) })
}

/** Gives the lock back if the task holds it; any waiter may be next. */
export function releaseStorage(world: World, upid: string): void {
  const { storageLock, tasks } = pve(world)
  storageLock.waiters = storageLock.waiters.filter((waiter) => waiter !== upid)
  if (storageLock.holder !== upid) return
  storageLock.holder = undefined
  if (storageLock.waiters.length === 0) return
  const lucky = pick(world.random, storageLock.waiters)
  storageLock.waiters = storageLock.waiters.filter((waiter) => waiter !== lucky)
  grant(world, tasks[lucky]!)
}
