// Small truths about HA that several parts ask: who is managed, where a service may run, what a purge takes along.
import { customerNodes } from '../topology.ts'
import type { World } from '../world.ts'
import { pve } from './state.ts'

/** True when requests for this guest become requests to the HA manager; `ignored` resources behave as unmanaged. */
export function isManaged(world: World, vmid: number | string): boolean {
  const resource = pve(world).ha.resources[`ct:${vmid}`]
  return resource !== undefined && resource.state !== 'ignored'
}

/** The CRM looks at its services within ten seconds, once for all that changed. */
export function planRound(world: World): void {
  const { ha } = pve(world)
  if (ha.roundPlanned) return
  ha.roundPlanned = true
  world.later(5000 + world.random() * 5000, 'proxmox.crm', {})
}

const list = (text: string): string[] => text.split(/[,;\s]+/).filter(Boolean)

/** Removes a resource and the rules that are empty without it. */
export function dropFromHa(world: World, sid: string): void {
  const { ha } = pve(world)
  if (!ha.resources[sid]) return
  delete ha.resources[sid]
  for (const rule of Object.values(ha.rules)) {
    const left = list(rule.resources).filter((other) => other !== sid)
    if (left.length === 0 || (rule.type === 'resource-affinity' && left.length < 2)) delete ha.rules[rule.rule]
    else rule.resources = left.join(',')
  }
  planRound(world)
}

/** Online nodes that may run the service, preferred ones first: by rule (9) or group (8), else every node with the storage. */
export function placesFor(world: World, sid: string): string[] {
  const { ha, nodes } = pve(world)
  const up = customerNodes.filter((node) => nodes[node]!.online)
  const rule = Object.values(ha.rules).find((one) => one.type === 'node-affinity' && one.disable !== 1 && list(one.resources).includes(sid))
  const group = ha.groups[ha.resources[sid]?.group ?? '']
  const wanted = rule?.nodes ?? group?.nodes
  if (wanted === undefined) return up
  const priority = new Map(list(wanted).map((entry) => [entry.split(':')[0]!, Number(entry.split(':')[1] ?? 0)]))
  const chosen = up.filter((node) => priority.has(node)).sort((a, b) => priority.get(b)! - priority.get(a)!)
  return chosen.length > 0 || rule?.strict === 1 || group?.restricted === 1 ? chosen : up
}
