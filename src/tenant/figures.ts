// The container's figures for a status call: asked from the cluster within the caller's patience, never kept.
import type { Identity } from '../domain/order.ts'
import type { Call } from '../upstreams/http.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'

/** `cpu` as a share of one core count (0–1), memory and disk in bytes (nobody sees the disk of a stopped one: 0), uptime in seconds; `stale` marks last known figures. */
export interface Figures { status: string; node: string; cpu: number; mem: number; maxmem: number; disk: number; uptime: number; at: number; stale: boolean }

/** What asking needs of the world. */
export interface Patient<Clients extends (call: Call) => unknown> { now(): number; sleep(ms: number, signal: AbortSignal): Promise<void>; clients: Clients }
type Lent = Patient<(call: Call) => Pick<Upstreams, 'proxmox'>>

/** Undefined when the cluster does not answer within `waitMs` or there is no container. */
export const figures = (lent: Lent, identity: Pick<Identity, 'vmid' | 'node'>, waitMs: number): Promise<Figures | undefined> =>
  patiently(lent, 'figures', waitMs, async ({ proxmox }) => {
    const found = await ask(proxmox, identity)
    return found && { ...found, at: lent.now(), stale: false }
  })

/** What `ask` finds out within `waitMs`; undefined when it fails or takes longer. */
export async function patiently<Up, T>(lent: Patient<(call: Call) => Up>, operation: string, waitMs: number, ask: (up: Up) => Promise<T | undefined>): Promise<T | undefined> {
  const over = new AbortController()
  const late = lent.sleep(waitMs, over.signal).then(() => undefined)
  try {
    return await Promise.race([ask(lent.clients({ operation, attempt: 0, deadline: lent.now() + waitMs, signal: over.signal })), late])
  } catch {
    return undefined
  } finally {
    over.abort()
  }
}

async function ask(proxmox: Upstreams['proxmox'], { vmid, node: home }: Pick<Identity, 'vmid' | 'node'>): Promise<Omit<Figures, 'at' | 'stale'> | undefined> {
  let node = home
  let status = await proxmox.status(home, vmid)
  if (!status) {
    node = (await proxmox.locate(vmid)) ?? home
    status = node === home ? undefined : await proxmox.status(node, vmid)
  }
  if (!status) return undefined
  const { cpu = 0, mem = 0, maxmem = 0, disk = 0, uptime = 0 } = status
  return { status: status.status, node, cpu, mem, maxmem, disk, uptime }
}
