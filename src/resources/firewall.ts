// A tenant's network fence: it answers only to the reverse proxy, cannot take a neighbour's address (IP and MAC filter) and
// cannot reach the private network. It stands before the container is first started.
import * as z from 'zod'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import { container } from './container.ts'
import { atItsNode, nodeFor, type Reach } from './reach.ts'

export interface FirewallRule { type: 'in' | 'out'; action: 'ACCEPT' | 'DROP'; source?: string; dest?: string; proto?: string; dport?: string }
/** `rules` from first to last, as the firewall reads them. */
export interface FirewallWish { rules: readonly FirewallRule[] }

/** With `ipfilter` the addresses configured for a container are the only ones it may send from. https://pve.proxmox.com/wiki/Firewall */
const options = { enable: true, ipfilter: true, macfilter: true, dhcp: false, policy_in: 'DROP', policy_out: 'ACCEPT' } as const

export const firewall: Resource<Reach, FirewallWish, null> = {
  name: 'firewall',
  title: 'Network fence',
  needs: ['container'],
  inside: 'container',
  system: 'proxmox',
  pools: () => [],
  callTimeoutMs: 20_000,
  busyMs: 300_000,
  pollMs: 1_000,
  output: z.null(),

  async observe({ up, wish, mark, output }): Promise<Seen<null>> {
    const { node: made, vmid } = output(container)
    const { node, found: set } = await atItsNode(up, vmid, made, (at) => up.proxmox.firewallOptions(at, vmid))
    if (node === undefined || !set) return { state: 'absent' }
    const ours = (await up.proxmox.firewallRules(node, vmid)).filter((rule) => bears(rule.comment, mark)).sort((a, b) => a.pos - b.pos)
    const wrong = Object.entries(options).filter(([key, value]) => (set[key as keyof typeof options] ?? false) !== value).map(([key]) => key)
    if (ours.length !== wish.rules.length || ours.some((rule, i) => text(rule) !== text(wish.rules[i]!))) wrong.push('rules')
    return wrong.length === 0 ? { state: 'present', ok: true, out: null } : { state: 'present', ok: false, differs: wrong.join(', ') }
  },

  async make({ up, wish, mark, output }, seen) {
    const { vmid, node: made } = output(container)
    const node = await nodeFor(up, { vmid, node: made }, seen)
    // Positions shift with each change, so each removal names the digest of the list that it has read.
    // A container that was never fenced has no rules yet.
    while (seen !== undefined) {
      const ours = (await up.proxmox.firewallRules(node, vmid)).find((rule) => bears(rule.comment, mark))
      if (!ours) break
      await up.proxmox.deleteFirewallRule(node, vmid, ours.pos, ours.digest)
    }
    // A new rule is put at the top, so the last one goes first.
    for (const rule of wish.rules.toReversed()) await up.proxmox.addFirewallRule(node, vmid, { ...rule, enable: true, comment: mark })
    await up.proxmox.setFirewallOptions(node, vmid, options)
    return undefined
  },

  async unmake() {
    return undefined
  },
}

const text = (rule: { type: string; action: string; source?: string | undefined; dest?: string | undefined; proto?: string | undefined; dport?: string | undefined }): string =>
  [rule.type, rule.action, rule.source, rule.dest, rule.proto, rule.dport].map((part) => part ?? '').join(' ')
