// What is inside the lab's containers, as far as playbooks know it, and what `pct exec` and the node say when one cannot be reached.
// `epoch` counts what ended every program in it: a stop, a migration, a destruction.
import type { Driver } from '../../gateway/playbooks.ts'
import type { World } from '../world.ts'
import type { WordPressHost } from './host.ts'
import type { Stand } from './stand.ts'

/** What the driver must know of a container; undefined when there is none with that number. */
export type ContainerOf = (vmid: number) => { node: string; status: string; ip?: string; template?: string } | undefined

/** What playbooks need of the host of real sites. */
export type Host = Pick<WordPressHost, 'install' | 'personalise' | 'state' | 'wp' | 'files'>

export type Order = Parameters<Driver['run']>[0]
export type Ran = Awaited<ReturnType<Driver['run']>>

/** What is inside one container. `doing`: the playbook that holds the lock of those that change something. */
export interface Inside { installed: boolean; installing: boolean; doing?: string; url?: string; title?: string; adminEmail?: string; version?: string; stand?: Stand; epoch: number }

interface Slice { containers: Record<number, Inside>; epochs: number }

/** The id that a container's site has in the WordPress host. */
export const siteOf = (vmid: number): string => `ct${vmid}`

/** As docs/gateway.md has them. */
export const exit = { ok: 0, failed: 1, usage: 64, noContainer: 66, notHere: 69, busy: 75 }

export const slice = (world: World): Slice => world.slice('wordpress', () => ({ containers: {}, epochs: 0 }))

/** Nothing runs in any of them any more. */
export function nothingRuns(world: World): void {
  for (const inside of Object.values(slice(world).containers)) ended(inside)
}

function ended(inside: Inside): void {
  inside.installing = false
  delete inside.doing
}

/** To be called when a container stops, crashes or moves: everything that ran in it has ended, what is on its disk stays. */
export function interruptContainer(world: World, vmid: number): void {
  const inside = slice(world).containers[vmid]
  if (!inside) return
  ended(inside)
  inside.epoch = ++slice(world).epochs
  world.changed()
}

/** To be called when a container is destroyed: its disk is gone. */
export function forgetContainer(world: World, vmid: number): void {
  delete slice(world).containers[vmid]
  world.changed()
}

/** What is on the container's disk; null when WordPress was never installed there. */
export function contentOf(world: World, vmid: number): Inside | null {
  const inside = slice(world).containers[vmid]
  if (!inside?.installed) return null
  const content = { ...structuredClone(inside) }
  ended(content)
  return content
}

/** The disk holds this now, and nothing runs. */
export function putContent(world: World, vmid: number, content: Inside | null): void {
  if (content) slice(world).containers[vmid] = { ...structuredClone(content), epoch: ++slice(world).epochs }
  else delete slice(world).containers[vmid]
  world.changed()
}

export function refused(container: ContainerOf, node: string, vmid: number): Ran | undefined {
  const found = container(vmid)
  if (found?.node !== node) return { exit: exit.noContainer, output: `Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist\n` }
  if (found.status !== 'running') return { exit: exit.notHere, output: `container '${vmid}' not running!\n` }
  return undefined
}

/** Whether the container in which a program was started has gone from under it since; then nothing counts as installed by it. */
export function cutOff(world: World, container: ContainerOf, node: string, vmid: number, epoch: number): Ran | undefined {
  const inside = slice(world).containers[vmid]
  const lost = refused(container, node, vmid)
  if (!lost && inside?.epoch === epoch) return undefined
  if (inside?.epoch === epoch) interruptContainer(world, vmid)
  return lost ?? { exit: exit.notHere, output: `container '${vmid}' was stopped while the playbook ran\n` }
}
