// Proxmox VE's verbs for high availability: resources, rules (PVE 9), groups (PVE 8), the manager's status.
// All are synchronous and change only what the manager wants: it acts within its next rounds, some 10 s each.
// Pages: https://pve.proxmox.com/pve-docs/api-viewer/index.html with the path after the `#`.

import { path } from '../http.ts'
import type { Api } from './api.ts'
import * as wire from './wire.ts'

type HaState = 'started' | 'stopped' | 'disabled' | 'ignored'

export interface HaResourceSettings { state?: HaState; max_restart?: number; max_relocate?: number; group?: string; comment?: string }

/** `nodes` is `node1:2,node2`, higher first; `resources` is `ct:101,ct:102`, already under HA, each in one such rule only. */
export interface NewHaRule {
  rule: string
  type: 'node-affinity' | 'resource-affinity'
  resources: string
  nodes?: string
  affinity?: 'positive' | 'negative'
  strict?: boolean
  disable?: boolean
  comment?: string
}

export interface NewHaGroup { group: string; nodes: string; restricted?: boolean; nofailback?: boolean; comment?: string }

const noResource = /no such resource|not HA managed/

/** The HA verbs of one API. `sid` is `ct:100`. */
export function highAvailability(api: Api) {
  return {
    /** GET /cluster/ha/resources/{sid} (#/cluster/ha/resources/{sid}) */
    haResource: (sid: string): Promise<wire.HaResource | undefined> =>
      api.find('GET', path`/cluster/ha/resources/${sid}`, wire.haResource, noResource),

    /** POST /cluster/ha/resources (#/cluster/ha/resources). PVE 9 refuses `group`. */
    createHaResource: (parameters: HaResourceSettings & { sid: string }): Promise<void> =>
      api.ask('POST', '/cluster/ha/resources', wire.nothing, { form: { ...parameters } }),

    /** PUT /cluster/ha/resources/{sid} (#/cluster/ha/resources/{sid}) */
    updateHaResource: (sid: string, parameters: HaResourceSettings & { delete?: string }): Promise<void> =>
      api.ask('PUT', path`/cluster/ha/resources/${sid}`, wire.nothing, { form: { ...parameters } }),

    /** DELETE /cluster/ha/resources/{sid} (#/cluster/ha/resources/{sid}). PVE 9 takes it out of its rules too, PVE 8 knows no `purge`. */
    deleteHaResource: (sid: string): Promise<void> =>
      api.find('DELETE', path`/cluster/ha/resources/${sid}`, wire.nothing, noResource),

    /** GET /cluster/ha/rules (#/cluster/ha/rules), PVE 9 */
    haRules: (): Promise<wire.HaRule[]> => api.ask('GET', '/cluster/ha/rules', wire.haRules),

    /** GET /cluster/ha/rules/{rule} (#/cluster/ha/rules/{rule}), PVE 9 */
    haRule: (rule: string): Promise<wire.HaRule | undefined> =>
      api.find('GET', path`/cluster/ha/rules/${rule}`, wire.haRule, /no such ha rule/i),

    /** POST /cluster/ha/rules (#/cluster/ha/rules), PVE 9. A conflict with another rule is a 400. */
    createHaRule: (parameters: NewHaRule): Promise<void> =>
      api.ask('POST', '/cluster/ha/rules', wire.nothing, { form: { ...parameters } }),

    /** DELETE /cluster/ha/rules/{rule} (#/cluster/ha/rules/{rule}), PVE 9 */
    deleteHaRule: (rule: string): Promise<void> =>
      api.find('DELETE', path`/cluster/ha/rules/${rule}`, wire.nothing, /no such ha rule/i),

    /** GET /cluster/ha/groups/{group} (#/cluster/ha/groups/{group}), PVE 8. PVE 9 answers 500 "migrated to rules". */
    haGroup: (group: string): Promise<wire.HaGroup | undefined> =>
      api.find('GET', path`/cluster/ha/groups/${group}`, wire.haGroup, /no such ha group/i),

    /** POST /cluster/ha/groups (#/cluster/ha/groups), PVE 8 */
    createHaGroup: (parameters: NewHaGroup): Promise<void> =>
      api.ask('POST', '/cluster/ha/groups', wire.nothing, { form: { ...parameters } }),

    /** GET /cluster/ha/status/current (#/cluster/ha/status/current) */
    haStatus: (): Promise<wire.HaStatusRow[]> => api.ask('GET', '/cluster/ha/status/current', wire.haStatus),
  }
}
