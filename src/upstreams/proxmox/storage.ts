// Proxmox VE's verbs for what storages there are and which templates lie on them. Reads only.
// Pages: https://pve.proxmox.com/pve-docs/api-viewer/index.html with the path after the `#`.

import { path } from '../http.ts'
import type { Api } from './api.ts'
import * as wire from './wire.ts'

/** The storage verbs of one API. */
export function storage(api: Api) {
  return {
    /** GET /storage (#/storage): as they are configured; those that the token may use. */
    storages: (): Promise<wire.Storage[]> => api.ask('GET', '/storage', wire.storages),

    /** GET /nodes/{node}/storage/{storage}/content?content=vztmpl (#/nodes/{node}/storage/{storage}/content) */
    templates: (node: string, storage: string): Promise<wire.Template[]> =>
      api.ask('GET', path`/nodes/${node}/storage/${storage}/content`, wire.templates, { query: { content: 'vztmpl' } }),
  }
}
