// Ties the WordPress processes to their containers: a site answers only while its container runs, its files follow the container's
// snapshots and archives, and it is gone with it.
// Wishes for one site are carried out one after the other, the newest last.
import type { Sites } from './data-centre.ts'
import { containers, onDisk, onPower, type PowerEvent } from './proxmox/observers.ts'
import { labDriver } from './wordpress/driver.ts'
import { forgetContainer, interruptContainer, siteOf } from './wordpress/inside.ts'
import type { WordPressHost } from './wordpress/host.ts'
import { keepContent } from './wordpress/kept.ts'
import type { World } from './world.ts'

/** The lab's own sites: PHP processes of this machine. */
export const labSites = (host: WordPressHost, log: (line: string) => void): Sites => ({
  driver: (world) => labDriver(world, host, (vmid) => containers(world).find((one) => one.vmid === vmid)),
  follow(world) {
    keepContent(world)
    followContainers(world, host, log)
  },
  address: (vmid) => host.address(siteOf(vmid)),
})

/** Follows from now on, and makes up for what happened while nobody looked. `log` hears of what could not be done. */
function followContainers(world: World, host: WordPressHost, log: (line: string) => void): void {
  const last = new Map<number, Promise<void>>()

  function follow({ event, vmid }: Pick<PowerEvent, 'event' | 'vmid'>): void {
    if (event !== 'started') interruptContainer(world, vmid)
    if (event === 'destroyed') forgetContainer(world, vmid)
    const wish = { started: 'start', stopped: 'stop', destroyed: 'destroy' } as const
    after(vmid, event, () => host[wish[event]](siteOf(vmid)))
  }

  function after(vmid: number, event: string, run: () => Promise<void>): void {
    const done = (last.get(vmid) ?? Promise.resolve()).then(run)
      .catch((error: unknown) => log(`site of container ${vmid} was not ${event}: ${error instanceof Error ? error.message : String(error)}`))
    last.set(vmid, done)
    void done.then(() => last.get(vmid) === done && last.delete(vmid))
  }

  onPower(world, follow)
  onDisk(world, ({ event, vmid, name }) => {
    const wish = { kept: 'keep', 'brought back': 'bringBack', dropped: 'drop' } as const
    after(vmid, event, () => host[wish[event]](siteOf(vmid), name))
  })
  for (const { vmid, status } of containers(world)) if (status === 'stopped') follow({ event: 'stopped', vmid })
}
