// Proxmox VE's verbs for one container's firewall. Rules are positional and a new one pushes the others down,
// so whoever deletes says the digest of the list it has read. Options do nothing without `firewall=1` on the net.
// Pages: https://pve.proxmox.com/pve-docs/api-viewer/index.html with the path after the `#`.

import { path } from '../http.ts'
import type { Api } from './api.ts'
import * as wire from './wire.ts'

type Policy = 'ACCEPT' | 'REJECT' | 'DROP'

export interface FirewallSettings {
  enable?: boolean
  dhcp?: boolean
  ipfilter?: boolean
  macfilter?: boolean
  ndp?: boolean
  radv?: boolean
  policy_in?: Policy
  policy_out?: Policy
}

export interface NewFirewallRule {
  type: 'in' | 'out' | 'forward' | 'group'
  action: string
  enable?: boolean
  proto?: string
  source?: string
  sport?: string
  dest?: string
  dport?: string
  macro?: string
  iface?: string
  comment?: string
  pos?: number
  digest?: string
}

/** The firewall verbs of one API. */
export function firewall(api: Api) {
  const at = (node: string, vmid: number): string => path`/nodes/${node}/lxc/${vmid}/firewall`
  return {
    /** GET /nodes/{node}/lxc/{vmid}/firewall/options (#/nodes/{node}/lxc/{vmid}/firewall/options). Defaults are not listed. */
    firewallOptions: (node: string, vmid: number): Promise<wire.FirewallOptions> =>
      api.ask('GET', `${at(node, vmid)}/options`, wire.firewallOptions),

    /** PUT /nodes/{node}/lxc/{vmid}/firewall/options (#/nodes/{node}/lxc/{vmid}/firewall/options) */
    setFirewallOptions: (node: string, vmid: number, parameters: FirewallSettings): Promise<void> =>
      api.ask('PUT', `${at(node, vmid)}/options`, wire.nothing, { form: { ...parameters } }),

    /** GET /nodes/{node}/lxc/{vmid}/firewall/rules (#/nodes/{node}/lxc/{vmid}/firewall/rules) */
    firewallRules: (node: string, vmid: number): Promise<wire.FirewallRule[]> =>
      api.ask('GET', `${at(node, vmid)}/rules`, wire.firewallRules),

    /** POST /nodes/{node}/lxc/{vmid}/firewall/rules (#/nodes/{node}/lxc/{vmid}/firewall/rules). At position 0 unless `pos` says otherwise. */
    addFirewallRule: (node: string, vmid: number, parameters: NewFirewallRule): Promise<void> =>
      api.ask('POST', `${at(node, vmid)}/rules`, wire.nothing, { form: { ...parameters } }),

    /** DELETE /nodes/{node}/lxc/{vmid}/firewall/rules/{pos} (#/nodes/{node}/lxc/{vmid}/firewall/rules/{pos}) */
    deleteFirewallRule: (node: string, vmid: number, pos: number, digest?: string): Promise<void> =>
      api.find('DELETE', `${at(node, vmid)}${path`/rules/${pos}`}`, wire.nothing, /no rule at position/, { query: { digest } }),
  }
}
