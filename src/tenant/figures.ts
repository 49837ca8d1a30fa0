// The container's figures for a status call: asked from the cluster within the caller's patience, never kept.
import type { Reach } from '../resources/reach.ts'
import type { Lent } from './actor.ts'
import type { TenantState } from './state.ts'

/** `cpu` as a share of one core count (0–1), memory in bytes, uptime in seconds; `stale` marks last known figures. */
export interface Figures { status: string; node: string; cpu: number; mem: number; maxmem: number; uptime: number; at: number; stale: boolean }

/** Undefined when the cluster does not answer in time or there is no container. */
export async function figures(lent: Lent<Reach>, state: TenantState, waitMs: number): Promise<Figures | undefined> {
  const up = lent.clients({ operation: 'figures', attempt: 0, deadline: lent.now() + waitMs })
  const { vmid, node: home } = state.identity
  try {
    let node = home
    let status = await up.proxmox.status(home, vmid)
    if (!status) {
      node = (await up.proxmox.locate(vmid)) ?? home
      status = node === home ? undefined : await up.proxmox.status(node, vmid)
    }
    if (!status) return undefined
    const { cpu = 0, mem = 0, maxmem = 0, uptime = 0 } = status
    return { status: status.status, node, cpu, mem, maxmem, uptime, at: lent.now(), stale: false }
  } catch {
    return undefined
  }
}
