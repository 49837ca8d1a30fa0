// An off-site copy: the whole container as an archive on the backup storage. Proxmox chooses the archive's name, so ours are
// known by their notes, which bear our mark and the copy's name; only those are ever removed.
import * as z from 'zod'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Archive } from '../upstreams/proxmox/wire.ts'
import { nodeFor, whereabouts, type Reach } from './reach.ts'

export interface CopyWish { vmid: number; node: string; storage: string; name: string }

export const CopyOut = z.object({ volid: z.string(), sizeBytes: z.number() })
export type CopyOut = z.infer<typeof CopyOut>

/** What a dump works from, and leaves behind when its node dies. */
const working = 'vzdump'
const leftBehind = 'what an interrupted backup has left'

export const copy: Resource<Reach, CopyWish, CopyOut> = {
  name: 'copy',
  title: 'Off-site backup',
  needs: ['container', 'snapshot'],
  irreplaceable: 'given up',
  system: 'proxmox',
  pools: (want, wish) => (want === 'present' ? [`vzdump:${wish.node}`, `node-tasks:${wish.node}`] : [`node-tasks:${wish.node}`]),
  callTimeoutMs: 20_000,
  busyMs: 21_600_000,
  pollMs: 5_000,
  output: CopyOut,

  async observe({ up, wish, mark }): Promise<Seen<CopyOut>> {
    const { node, status } = await whereabouts(up, wish.vmid, wish.node)
    const [archive] = await archivesOf(up, node ?? wish.node, wish, mark)
    // Out of one of them the disk is being made: until that has ended none of them goes.
    if (status?.lock === 'create') return { state: 'busy', why: 'a backup is being unpacked' }
    if (status?.lock === 'backup') {
      if (!archive) return { state: 'busy', why: 'Proxmox is making a backup' }
    } else if (node !== undefined && (await up.proxmox.snapshots(node, wish.vmid))?.some(({ name }) => name === working)) return { state: 'present', ok: false, differs: leftBehind }
    if (!archive) return { state: 'absent' }
    if (archive.size <= 0) return { state: 'present', ok: false, differs: 'it is empty' }
    return { state: 'present', ok: true, out: { volid: archive.volid, sizeBytes: archive.size } }
  },

  async make({ up, wish, mark }, seen) {
    const node = await nodeFor(up, wish, seen)
    const [archive] = seen === undefined ? [] : await archivesOf(up, node, wish, mark)
    if (archive) return started(archive.size > 0 ? await up.proxmox.deleteSnapshot(node, wish.vmid, working) : await up.proxmox.deleteArchive(node, wish.storage, archive.volid))
    return started(await up.proxmox.dump(node, { vmid: wish.vmid, storage: wish.storage, notes: `${mark} ${wish.name}` }))
  },

  async unmake({ up, wish, mark }, seen) {
    const node = (await whereabouts(up, wish.vmid, wish.node)).node ?? wish.node
    if (seen?.state === 'present' && !seen.ok && seen.differs === leftBehind) return started(await up.proxmox.deleteSnapshot(node, wish.vmid, working))
    let handle: string | undefined
    for (const { volid } of await archivesOf(up, node, wish, mark)) handle = await up.proxmox.deleteArchive(node, wish.storage, volid)
    return started(handle)
  },
}

const started = (handle: string | undefined): { handle: string } | undefined => (handle === undefined ? undefined : { handle })

/** Ours of this name: usually one; two when a lost request landed after all. */
export async function archivesOf(up: Reach, node: string, wish: Pick<CopyWish, 'vmid' | 'storage' | 'name'>, mark: string): Promise<Archive[]> {
  const all = await up.proxmox.archives(node, wish.storage, wish.vmid)
  return all.filter(({ notes }) => bears(notes, mark) && bears(notes, wish.name))
}
