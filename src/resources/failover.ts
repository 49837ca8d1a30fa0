// Proxmox HA restarts the container on the other node when one dies: a resource, and a node-affinity rule of its own on
// Proxmox VE 9 (where groups are gone) or membership in the platform's group on 8.
import * as z from 'zod'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Reach } from './reach.ts'

export interface FailoverWish { vmid: number; nodes: readonly string[]; group: string; maxRestart: number; maxRelocate: number }

export const failover: Resource<Reach, FailoverWish, null> = {
  name: 'failover',
  title: 'High availability',
  needs: ['container', 'replicas', 'power'],
  system: 'proxmox',
  pools: () => [],
  callTimeoutMs: 20_000,
  busyMs: 900_000,
  pollMs: 3_000,
  output: z.null(),

  async observe({ up, wish, mark }): Promise<Seen<null>> {
    const sid = `ct:${wish.vmid}`
    const service = (await up.proxmox.haStatus()).find((row) => row.sid === sid)
    if (takingUp.has(service?.state ?? '')) return { state: 'busy', why: `the HA manager is taking it up (${service?.state})` }
    const { major } = await up.proxmox.version()
    const resource = await up.proxmox.haResource(sid)
    const rule = major >= 9 ? await up.proxmox.haRule(ruleName(wish)) : undefined
    if (!resource && !rule) return { state: 'absent' }
    const comment = resource?.comment ?? rule?.comment
    if (!bears(comment, mark)) return { state: 'foreign', why: `${sid} is managed by somebody else` }
    const differs: string[] = []
    if (!resource) differs.push('no HA resource')
    else if (resource.state !== 'started') differs.push(`state ${resource.state}`)
    if (major >= 9 && (!rule || list(rule.resources) !== sid || list(rule.nodes) !== [...wish.nodes].sort().join())) differs.push('no node-affinity rule')
    if (major < 9 && resource && resource.group !== wish.group) differs.push('not in the group')
    if (differs.length > 0) return { state: 'present', ok: false, differs: differs.join(', ') }
    if (service?.state === 'started') return { state: 'present', ok: true, out: null }
    return { state: 'busy', why: `the HA manager has not taken it up yet (${service?.state ?? 'not listed'})` }
  },

  async make({ up, wish, mark }, seen) {
    const sid = `ct:${wish.vmid}`
    const { major } = await up.proxmox.version()
    const group = major < 9 ? { group: wish.group } : {}
    if (major < 9 && !(await up.proxmox.haGroup(wish.group))) await up.proxmox.createHaGroup({ group: wish.group, nodes: wish.nodes.join(',') })
    const settings = { state: 'started', max_restart: wish.maxRestart, max_relocate: wish.maxRelocate, comment: mark, ...group } as const
    if (seen !== undefined && (await up.proxmox.haResource(sid))) await up.proxmox.updateHaResource(sid, settings)
    else await up.proxmox.createHaResource({ sid, ...settings })
    if (major >= 9) {
      // A rule that differs is written anew: its resources must exist, and it may be in one rule only.
      if (seen !== undefined && (await up.proxmox.haRule(ruleName(wish)))) await up.proxmox.deleteHaRule(ruleName(wish))
      await up.proxmox.createHaRule({ rule: ruleName(wish), type: 'node-affinity', nodes: wish.nodes.join(','), resources: sid, comment: mark })
    }
    return undefined
  },

  async unmake({ up, wish }) {
    const { major } = await up.proxmox.version()
    if (major >= 9) await up.proxmox.deleteHaRule(ruleName(wish))
    await up.proxmox.deleteHaResource(`ct:${wish.vmid}`)
    return undefined
  },

  async adopt({ up, wish, mark }) {
    await up.proxmox.updateHaResource(`ct:${wish.vmid}`, { comment: mark })
    return undefined
  },
}

/** States of a service between being asked for and running. https://pve.proxmox.com/wiki/High_Availability#ha_manager_crm */
const takingUp = new Set(['queued', 'request_start', 'request_start_balance', 'starting'])

const ruleName = (wish: FailoverWish): string => `berth-${wish.vmid}`

/** Proxmox lists are text, in any order, nodes perhaps with a priority behind a colon. */
const list = (text: string | undefined): string =>
  (text ?? '').split(/[\s,;]+/).filter(Boolean).map((part) => (part.startsWith('ct:') ? part : part.replace(/:.*$/, ''))).sort().join()
