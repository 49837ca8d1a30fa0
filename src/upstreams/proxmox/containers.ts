// Proxmox VE's verbs for containers, their snapshots and tasks, in Proxmox's words. Absence is undefined.
// A long write answers with the UPID of a task: the handle of what was started, never proof that it was done.
// Pages: https://pve.proxmox.com/pve-docs/api-viewer/index.html with the path after the `#`.

import type { Fields } from '../http.ts'
import { path } from '../http.ts'
import type { Api } from './api.ts'
import * as wire from './wire.ts'

/** Parameters of PUT config that we set; sizes in MB, cores whole, `delete` a comma list of keys. */
export interface ContainerSettings {
  hostname?: string
  description?: string
  tags?: string
  cores?: number
  cpulimit?: number
  memory?: number
  swap?: number
  net0?: string
  nameserver?: string
  searchdomain?: string
  features?: string
  onboot?: boolean
  protection?: boolean
  delete?: string
  digest?: string
}

/** `unprivileged` has no default worth trusting: PVE 8 takes 0, PVE 9 takes 1. */
export interface NewContainer extends Omit<ContainerSettings, 'delete' | 'digest'> {
  vmid: number
  ostemplate: string
  rootfs: string
  unprivileged: boolean
  storage?: string
  password?: string
  'ssh-public-keys'?: string
  pool?: string
  start?: boolean
}

export interface TaskFilter { vmid?: number; source?: 'archive' | 'active' | 'all'; typefilter?: string; since?: number; limit?: number }

const noContainer = /^Configuration file '.*' does not exist/
const noSnapshot = /^(Configuration file|snapshot) '.*' does not exist/

/** The container verbs of one API. `node` is a node's name, times are epoch seconds as Proxmox has them. */
export function containers(api: Api) {
  const at = (node: string, vmid: number): string => path`/nodes/${node}/lxc/${vmid}`
  return {
    /** GET /version (#/version) */
    async version(): Promise<{ version: string; major: number }> {
      const { version } = await api.ask('GET', '/version', wire.version)
      return { version, major: Number.parseInt(version, 10) }
    },

    /**
     * POST /nodes/{node}/lxc (#/nodes/{node}/lxc). Proxmox writes a config that holds only `lock: create`, then the
     * task adds description and tags. A vmid in use is a 500 that touches nothing.
     */
    createContainer: (node: string, parameters: NewContainer): Promise<string> =>
      api.ask('POST', path`/nodes/${node}/lxc`, wire.upid, { form: { ...parameters } }),

    /** GET /nodes/{node}/lxc/{vmid}/config (#/nodes/{node}/lxc/{vmid}/config). Undefined: not on this node. */
    containerConfig: (node: string, vmid: number): Promise<wire.ContainerConfig | undefined> =>
      api.find('GET', `${at(node, vmid)}/config`, wire.containerConfig, noContainer),

    /** GET /cluster/resources?type=vm (#/cluster/resources). The node that has the guest; existence is immediate. */
    async locate(vmid: number): Promise<string | undefined> {
      const rows = await api.ask('GET', '/cluster/resources', wire.clusterResources, { query: { type: 'vm' } })
      return rows.find((row) => row.vmid === vmid)?.node
    },

    /** GET /nodes/{node}/lxc/{vmid}/status/current (#/nodes/{node}/lxc/{vmid}/status/current). Sizes in bytes, uptime in seconds. */
    status: (node: string, vmid: number): Promise<wire.ContainerStatus | undefined> =>
      api.find('GET', `${at(node, vmid)}/status/current`, wire.containerStatus, noContainer),

    /** POST /nodes/{node}/lxc/{vmid}/status/start (#/nodes/{node}/lxc/{vmid}/status/start). One that runs is a 500. */
    start: (node: string, vmid: number): Promise<string> =>
      api.ask('POST', `${at(node, vmid)}/status/start`, wire.upid, { form: {} }),

    /**
     * POST /nodes/{node}/lxc/{vmid}/status/shutdown (#/nodes/{node}/lxc/{vmid}/status/shutdown). `timeout` in seconds.
     * For a guest under HA the task only queues the request and `forceStop` is ignored.
     */
    shutdown: (node: string, vmid: number, parameters: { timeout?: number; forceStop?: boolean } = {}): Promise<string> =>
      api.ask('POST', `${at(node, vmid)}/status/shutdown`, wire.upid, { form: { ...parameters } }),

    /** PUT /nodes/{node}/lxc/{vmid}/config (#/nodes/{node}/lxc/{vmid}/config). Synchronous; a 500 may have applied a part. */
    setConfig: (node: string, vmid: number, parameters: ContainerSettings): Promise<void> =>
      api.ask('PUT', `${at(node, vmid)}/config`, wire.nothing, { form: { ...parameters } }),

    /** PUT /nodes/{node}/lxc/{vmid}/resize (#/nodes/{node}/lxc/{vmid}/resize). `size` absolute, e.g. `40G`; the present size and smaller ones are a 500. */
    resize: (node: string, vmid: number, parameters: { disk: 'rootfs'; size: string }): Promise<string> =>
      api.ask('PUT', `${at(node, vmid)}/resize`, wire.upid, { form: { ...parameters } }),

    /** DELETE /nodes/{node}/lxc/{vmid} (#/nodes/{node}/lxc/{vmid}). Undefined: there is none on this node. */
    destroyContainer: (
      node: string, vmid: number, parameters: { purge?: boolean; 'destroy-unreferenced-disks'?: boolean; force?: boolean } = {},
    ): Promise<string | undefined> => api.find('DELETE', at(node, vmid), wire.upid, noContainer, { query: { ...parameters } }),

    /** GET /nodes/{node}/tasks (#/nodes/{node}/tasks). The default source, `archive`, hides running tasks. */
    tasks: (node: string, filter: TaskFilter = {}): Promise<wire.Task[]> =>
      api.ask('GET', path`/nodes/${node}/tasks`, wire.tasks, { query: { ...filter } satisfies Fields }),

    /** GET /nodes/{node}/tasks/{upid}/status (#/nodes/{node}/tasks/{upid}/status). Undefined: the log was rotated away, look at the object. */
    taskStatus(upid: string): Promise<wire.TaskStatus | undefined> {
      const node = upid.split(':')[1] ?? ''
      return api.find('GET', path`/nodes/${node}/tasks/${upid}/status`, wire.taskStatus, /no such task/)
    },

    /** GET /nodes/{node}/lxc/{vmid}/snapshot (#/nodes/{node}/lxc/{vmid}/snapshot), without the pseudo entry `current`. */
    async snapshots(node: string, vmid: number): Promise<wire.Snapshot[] | undefined> {
      const rows = await api.find('GET', `${at(node, vmid)}/snapshot`, wire.snapshots, noContainer)
      return rows?.filter((row) => row.name !== 'current')
    },

    /** GET /nodes/{node}/lxc/{vmid}/snapshot: the snapshot that the present state grew out of, as the pseudo entry `current` tells. */
    async presentSnapshot(node: string, vmid: number): Promise<string | undefined> {
      const rows = await api.find('GET', `${at(node, vmid)}/snapshot`, wire.snapshots, noContainer)
      return rows?.find((row) => row.name === 'current')?.parent
    },

    /** POST /nodes/{node}/lxc/{vmid}/snapshot (#/nodes/{node}/lxc/{vmid}/snapshot) */
    createSnapshot: (node: string, vmid: number, parameters: { snapname: string; description?: string }): Promise<string> =>
      api.ask('POST', `${at(node, vmid)}/snapshot`, wire.upid, { form: { ...parameters } }),

    /** PUT /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config (#/nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config) */
    describeSnapshot: (node: string, vmid: number, snapname: string, description: string): Promise<void> =>
      api.ask('PUT', `${at(node, vmid)}${path`/snapshot/${snapname}/config`}`, wire.nothing, { form: { description } }),

    /** POST /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/rollback (#/nodes/{node}/lxc/{vmid}/snapshot/{snapname}/rollback). Stops a container that runs. */
    rollback: (node: string, vmid: number, snapname: string): Promise<string> =>
      api.ask('POST', `${at(node, vmid)}${path`/snapshot/${snapname}/rollback`}`, wire.upid, { form: {} }),

    /** DELETE /nodes/{node}/lxc/{vmid}/snapshot/{snapname} (#/nodes/{node}/lxc/{vmid}/snapshot/{snapname}). Undefined: there is none. */
    deleteSnapshot: (node: string, vmid: number, snapname: string, parameters: { force?: boolean } = {}): Promise<string | undefined> =>
      api.find('DELETE', `${at(node, vmid)}${path`/snapshot/${snapname}`}`, wire.upid, noSnapshot, { query: { ...parameters } }),
  }
}
