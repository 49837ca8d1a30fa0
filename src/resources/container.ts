// The tenant's container on replicated storage. Created under a VMID that is ours for ever, so a second create of the same
// is harmless; the description and tags are written late by Proxmox, so a container under `lock: create` is never foreign. What a node
// that died in mid-create left is unlocked, destroyed and made again.
import * as z from 'zod'
import { bears } from '../domain/names.ts'
import type { Context, Resource, Seen, Started } from '../engine/resource.ts'
import { atItsNode, locked, type Reach } from './reach.ts'

export interface ContainerWish {
  vmid: number
  node: string
  hostname: string
  ostemplate: string
  storage: string
  /** At its making; what becomes of it later is the row `disk`. */
  diskGb: number
  cores: number
  memoryMb: number
  swapMb: number
  net0: string
  nameserver: string
  searchdomain: string
}

export const ContainerOut = z.object({ vmid: z.number(), node: z.string(), volume: z.string() })
export type ContainerOut = z.infer<typeof ContainerOut>

export const container: Resource<Reach, ContainerWish, ContainerOut> = {
  name: 'container',
  title: 'Container',
  needs: ['address'],
  irreplaceable: true,
  system: 'proxmox',
  pools: (want, wish) => [want === 'present' ? 'storage-alloc' : 'storage-free', `node-tasks:${wish.node}`],
  callTimeoutMs: 20_000,
  busyMs: 1_800_000,
  pollMs: 2_000,
  output: ContainerOut,

  async observe({ up, wish, mark, want, stood, unfinished }): Promise<Seen<ContainerOut>> {
    const { vmid } = wish
    const { node, found: config } = await atItsNode(up, vmid, wish.node, (at) => up.proxmox.containerConfig(at, vmid))
    if (node === undefined) return { state: 'absent' }
    if (!config) return { state: 'busy', why: 'the container is moving' }
    if (config.lock) {
      const active = await up.proxmox.tasks(node, { vmid, source: 'active' })
      const running = active.find((task) => task.status === undefined || task.status === 'RUNNING')
      // The same lock while a backup is unpacked over a site: that one is not given up by a guess.
      if (config.lock === 'create' && !running && (want === 'absent' || !stood)) return { state: 'present', ok: false, differs: staleLock, unfinished: true, out: { vmid, node, volume: '' } }
      return { ...locked(config.lock), ...(running && config.lock !== 'backup' ? { handle: running.upid } : {}) }
    }
    if (unfinished) return { state: 'present', ok: false, differs: 'never finished', out: { vmid, node, volume: '' } }
    // Under our VMID and without a disk: what a failed way back out of a copy leaves, or a failed removal.
    if (config.rootfs === undefined) return { state: 'present', ok: false, differs: 'disk', out: { vmid, node, volume: '' } }
    if (!bears(config.tags, mark)) return { state: 'foreign', why: `container ${vmid} exists without our mark` }
    const out = { vmid, node, volume: (config.rootfs ?? '').split(',')[0] ?? '' }
    const differs: string[] = (['memory', 'swap', 'cores'] as const).filter((key) => config[key] !== sizes(wish)[key])
    return differs.length === 0 ? { state: 'present', ok: true, out } : { state: 'present', ok: false, differs: differs.join(', '), out }
  },

  async make(context, seen) {
    const { up, wish, mark, tenant, unfinished } = context
    if (seen?.state === 'present') {
      const node = seen.out?.node ?? wish.node
      if (unfinished) return away(context, seen)
      if (!seen.ok) await up.proxmox.setConfig(node, wish.vmid, sizes(wish))
      return undefined
    }
    const handle = await up.proxmox.createContainer(wish.node, {
      vmid: wish.vmid,
      ostemplate: wish.ostemplate,
      hostname: wish.hostname,
      ...sizes(wish),
      rootfs: `${wish.storage}:${wish.diskGb}`,
      net0: wish.net0,
      nameserver: wish.nameserver,
      searchdomain: wish.searchdomain,
      // Privileged by default on Proxmox VE 8, unprivileged on 9: never left to the default.
      unprivileged: true,
      features: 'nesting=1',
      onboot: true,
      tags: `berth;${mark}`,
      description: `Berth site ${wish.hostname}\ntenant ${tenant}`,
    })
    return { handle }
  },

  unmake: away,

  /** Everything that others wrote there stays. Without `firewall` at its interface the fence would hold nothing. */
  async adopt({ up, wish, mark, tenant }) {
    const { node, found: config } = await atItsNode(up, wish.vmid, wish.node, (at) => up.proxmox.containerConfig(at, wish.vmid))
    if (node === undefined || !config) return undefined
    const { tags = '', description = '', net0 = '', digest } = config
    await up.proxmox.setConfig(node, wish.vmid, {
      tags: [...tags.split(/[;,\s]+/).filter(Boolean), 'berth', mark].join(';'),
      description: `Berth site ${wish.hostname}\ntenant ${tenant}${description === '' ? '' : `\n${description}`}`,
      ...(/(?:^|,)firewall=1(?:,|$)/.test(net0) ? {} : { net0: `${net0.replace(/,firewall=0/, '')},firewall=1` }),
      ...(digest === undefined ? {} : { digest }),
    })
    return undefined
  },
}

const staleLock = 'a create lock whose task is gone'

/** One step of its removal: the lock that nobody holds any more first, for Proxmox destroys nothing under it. */
async function away({ up, wish, tenant, epoch, attempt }: Context<Reach, ContainerWish>, seen: Seen<ContainerOut> | undefined): Promise<Started> {
  const node = (seen?.state === 'present' ? seen.out?.node : undefined) ?? wish.node
  if (seen?.state === 'present' && !seen.ok && seen.differs === staleLock) {
    const run = `${tenant}-e${epoch}-unlock-${attempt}`
    await up.gateway.startPlaybook('unlock-container', { run, node, vmid: wish.vmid, parameters: { lock: 'create' } })
    return { handle: `run:${run}` }
  }
  const handle = await up.proxmox.destroyContainer(node, wish.vmid, { purge: true, 'destroy-unreferenced-disks': true })
  return handle === undefined ? undefined : { handle }
}

const sizes = (wish: ContainerWish) => ({ memory: wish.memoryMb, swap: wish.swapMb, cores: wish.cores })
