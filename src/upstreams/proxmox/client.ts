// Proxmox VE as Berth speaks to it: every verb we use, by topic. No retries, no waiting for tasks, no clock.

import type { Http } from '../http.ts'
import { Api } from './api.ts'
import { backups } from './backups.ts'
import { containers } from './containers.ts'
import { firewall } from './firewall.ts'
import { highAvailability } from './ha.ts'
import { storage } from './storage.ts'

export type Proxmox = ReturnType<typeof proxmox>

/** The verbs over one `Http` whose base URL ends in /api2/json. All throw UpstreamError and nothing else. */
export function proxmox(http: Http) {
  const api = new Api(http)
  return { ...containers(api), ...backups(api), ...highAvailability(api), ...firewall(api), ...storage(api) }
}
