// What is inside a container follows its disk: kept with a snapshot or an archive, back when that is brought back, gone when it is
// dropped. Only what the playbooks know; the files themselves are the host's.
import { onDisk } from '../proxmox/observers.ts'
import type { World } from '../world.ts'
import { contentOf, putContent, type Inside } from './inside.ts'

interface Slice { kept: Record<string, Inside | null> }

/** Follows the world's disks from now on. */
export function keepContent(world: World): void {
  const { kept } = world.slice<Slice>('wordpress-kept', () => ({ kept: {} }))
  onDisk(world, ({ event, vmid, name }) => {
    const key = `${vmid} ${name}`
    if (event === 'kept') kept[key] = contentOf(world, vmid)
    else if (event === 'brought back') putContent(world, vmid, kept[key] ?? null)
    else delete kept[key]
    world.changed()
  })
}
