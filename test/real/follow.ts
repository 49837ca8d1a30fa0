// Makes what the simulated Proxmox says of its containers true on the stand-in node, in the same order, one thing at a time for each
// container. Only names, addresses, tags and sizes are taken over; storage, firewall and high availability stay simulated.
import { onDisk, onPower } from '../../lab/proxmox/observers.ts'
import { pve } from '../../lab/proxmox/state.ts'
import type { World } from '../../lab/world.ts'
import type { Node } from './node.ts'

/** What the node keeps of a container's configuration. */
const taken = ['hostname', 'net0', 'tags', 'memory', 'cores']

export interface Followed {
  /** Resolves when the node has caught up. */
  settled(): Promise<void>
  /** What could not be done, in the node's words. */
  failures: string[]
}

/** Follows from now on. New containers are made of `template`. */
export function follow(world: World, node: Node, template: string): Followed {
  const last = new Map<number, Promise<void>>()
  const made = new Set<number>()
  const failures: string[] = []

  function after(vmid: number, what: string, run: () => Promise<unknown>): void {
    const done = (last.get(vmid) ?? Promise.resolve()).then(run).then(() => undefined, (error: Error & { stderr?: string }) => void failures.push(`${what} ${vmid}: ${error.stderr ?? error.message}`))
    last.set(vmid, done)
  }

  /** A container that is known there is stopped, or running when it should be. */
  async function power(vmid: number, wanted: 'start' | 'stop', options: string[]): Promise<void> {
    if (wanted === 'stop') return void (made.has(vmid) && await node.pct('stop', vmid).catch(() => undefined))
    if (made.has(vmid)) await node.pct('set', vmid, ...options)
    else await node.pct('create', vmid, template, ...options)
    made.add(vmid)
    await node.pct('start', vmid)
  }

  onPower(world, ({ event, vmid }) => {
    const config = pve(world).containers[vmid]?.config ?? {}
    const options = taken.filter((key) => config[key] !== undefined).flatMap((key) => [`--${key}`, String(config[key])])
    if (event === 'destroyed') after(vmid, 'destroy', async () => made.delete(vmid) && node.pct('destroy', vmid))
    else after(vmid, event, () => power(vmid, event === 'started' ? 'start' : 'stop', options))
  })
  onDisk(world, ({ event, vmid, name }) => {
    const words = { kept: 'snapshot', 'brought back': 'rollback', dropped: 'delsnapshot' } as const
    // Archives are the backup storage's, which the node does not have.
    if (!name.includes(':')) after(vmid, words[event], async () => made.has(vmid) && node.pct(words[event], vmid, name))
  })
  return {
    failures,
    settled: async () => void (await Promise.all(last.values())),
  }
}
