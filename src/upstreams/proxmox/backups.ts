// Proxmox VE's verbs for whole backups of containers on a backup storage, and for a container made out of one.
// A backup's name is chosen by Proxmox: ours are known by their notes.
// Pages: https://pve.proxmox.com/pve-docs/api-viewer/index.html with the path after the `#`.

import { path } from '../http.ts'
import type { Api } from './api.ts'
import * as wire from './wire.ts'

/** `rootfs` as `storage:GB` (the archive's own size when it is left out); the rest as in the archive unless given. */
export interface Restoring {
  vmid: number
  /** The archive's volid. */
  ostemplate: string
  storage: string
  rootfs?: string
  unprivileged: true
  /** Destroys the stopped container of this VMID, disk first, before anything is unpacked. */
  force?: boolean
  hostname?: string
  net0?: string
  tags?: string
  description?: string
}

const noVolume = /No such file or directory|no such volume|does not exist/i

/** The backup verbs of one API. */
export function backups(api: Api) {
  return {
    /**
     * POST /nodes/{node}/vzdump (#/nodes/{node}/vzdump), for one container. Undefined: it is not on this node, nothing was started.
     * A task that ends with "job errors" keeps its reasons in its log.
     */
    async dump(node: string, parameters: { vmid: number; storage: string; notes: string }): Promise<string | undefined> {
      const { vmid, storage, notes } = parameters
      // What is old is removed by us, one by one, never by the storage's own rules.
      const form = { vmid, storage, mode: 'snapshot', compress: 'zstd', 'notes-template': notes, remove: false }
      const said = await api.ask('POST', path`/nodes/${node}/vzdump`, wire.dumped, { form })
      return said === 'OK' ? undefined : said
    },

    /** GET /nodes/{node}/storage/{storage}/content?content=backup (#/nodes/{node}/storage/{storage}/content). Sizes in bytes, `ctime` in epoch seconds. */
    archives: (node: string, storage: string, vmid: number): Promise<wire.Archive[]> =>
      api.ask('GET', path`/nodes/${node}/storage/${storage}/content`, wire.archives, { query: { content: 'backup', vmid } }),

    /** DELETE /nodes/{node}/storage/{storage}/content/{volume} (#/nodes/{node}/storage/{storage}/content/{volume}). Undefined: gone already. */
    deleteArchive: (node: string, storage: string, volid: string): Promise<string | undefined> =>
      api.find('DELETE', path`/nodes/${node}/storage/${storage}/content/${volid}`, wire.upid.nullish().transform((upid) => upid ?? undefined), noVolume),

    /** POST /nodes/{node}/lxc with `restore` (#/nodes/{node}/lxc). A VMID in use is a 500 that touches nothing, unless `force`. */
    restoreContainer: (node: string, parameters: Restoring): Promise<string> =>
      api.ask('POST', path`/nodes/${node}/lxc`, wire.upid, { form: { ...parameters, restore: true } }),
  }
}
