// `pct unlock` as root on a node: takes the config lock away and asks no questions. It has no place in the HTTP interface.
// pve-container, PVE/CLI/pct.pm (unlock): https://git.proxmox.com/?p=pve-container.git
import type { World } from '../world.ts'
import { containerOn } from './state.ts'
import { PveError } from './protocol.ts'

/** Takes the lock away when it is the one that is named; what the command would print, and how it ends. */
export function unlock(world: World, node: string, vmid: number, lock: string): { exit: number; output: string } {
  try {
    const { config } = containerOn(world, node, vmid)
    if (config['lock'] === undefined) return { exit: 0, output: `container ${vmid} is not locked\n` }
    if (config['lock'] !== lock) return { exit: 1, output: `container ${vmid} is locked (${config['lock']})\n` }
    delete config['lock']
    world.changed()
    return { exit: 0, output: '' }
  } catch (error) {
    if (error instanceof PveError) return { exit: 2, output: error.message }
    throw error
  }
}
