// What we read of Proxmox VE's answers, in its own words, and nothing more.
// Its field types are loose: numbers may come as text, booleans are 0 and 1.

import * as z from 'zod'

const number = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/).transform(Number)])
const flag = z.union([z.boolean(), z.number(), z.string()]).transform((value) => value === true || value === 1 || value === '1')

/** For verbs that answer null: nothing to read. */
export const nothing = z.unknown().transform((): void => undefined)

/** `UPID:node:pid:pstart:starttime:type:id:user:`; the handle of a task that was started. */
export const upid = z.string().regex(/^UPID:[^:]+:[^ ]+:$/)

/** A backup of a guest that is on another node is passed over with the word `OK` instead of a task. */
export const dumped = z.union([z.literal('OK'), upid])

export const version = z.object({ version: z.string() })

/** Existence is immediate here, figures are some 10 s stale, so they are not read. */
export const clusterResources = z.array(z.object({ vmid: number.optional(), node: z.string().optional() }))

export const containerConfig = z.object({
  digest: z.string().optional(),
  lock: z.string().optional(),
  hostname: z.string().optional(),
  // The config file's comment lines come back with a line end that nobody sent.
  description: z.string().transform((text) => text.replace(/\n$/, '')).optional(),
  tags: z.string().optional(),
  cores: number.optional(),
  cpulimit: number.optional(),
  memory: number.optional(),
  swap: number.optional(),
  rootfs: z.string().optional(),
  net0: z.string().optional(),
  nameserver: z.string().optional(),
  features: z.string().optional(),
  unprivileged: flag.optional(),
  onboot: flag.optional(),
  protection: flag.optional(),
})
export type ContainerConfig = z.infer<typeof containerConfig>

export const containerStatus = z.object({
  status: z.string(),
  lock: z.string().optional(),
  ha: z.object({ managed: flag, state: z.string().optional() }).optional(),
  uptime: number.optional(),
  cpu: number.optional(),
  cpus: number.optional(),
  mem: number.optional(),
  maxmem: number.optional(),
  disk: number.optional(),
  maxdisk: number.optional(),
})
export type ContainerStatus = z.infer<typeof containerStatus>

/** `status` is there only once the task has ended and is then its exit status. */
export const tasks = z.array(z.object({
  upid: z.string(),
  type: z.string(),
  id: z.string().nullish(),
  user: z.string(),
  starttime: number,
  endtime: number.optional(),
  status: z.string().optional(),
}))
export type Task = z.infer<typeof tasks>[number]

/** Success is the exit status `OK` or `WARNINGS: n`; `unexpected status` (a reboot cut it short) proves nothing. */
export const taskStatus = z.object({ status: z.enum(['running', 'stopped']), exitstatus: z.string().optional() })
export type TaskStatus = z.infer<typeof taskStatus>

export const snapshots = z.array(z.object({
  name: z.string(),
  description: z.string().transform((text) => text.replace(/\n$/, '')).optional(),
  /** There only while the snapshot is being made or removed. */
  snapstate: z.string().optional(),
  snaptime: number.optional(),
  parent: z.string().optional(),
}))
export type Snapshot = z.infer<typeof snapshots>[number]

/** What lies on a backup storage; `vmid` may be missing on some storages, so a listing is asked for one. */
export const archives = z.array(z.object({
  volid: z.string(),
  size: number,
  ctime: number.optional(),
  notes: z.string().optional(),
  protected: flag.optional(),
}))
export type Archive = z.infer<typeof archives>[number]

export const haResource = z.object({
  sid: z.string(),
  state: z.string().optional(),
  group: z.string().optional(),
  max_restart: number.optional(),
  max_relocate: number.optional(),
  comment: z.string().optional(),
})
export type HaResource = z.infer<typeof haResource>

export const haRule = z.object({
  rule: z.string(),
  type: z.string(),
  nodes: z.string().optional(),
  resources: z.string().optional(),
  strict: flag.optional(),
  disable: flag.optional(),
  comment: z.string().optional(),
})
export type HaRule = z.infer<typeof haRule>

export const haRules = z.array(haRule)

export const haGroup = z.object({
  group: z.string().optional(),
  nodes: z.string().optional(),
  restricted: flag.optional(),
  nofailback: flag.optional(),
  comment: z.string().optional(),
})
export type HaGroup = z.infer<typeof haGroup>

/** Rows of type quorum, master, lrm, service, fencing; each has some of these. */
export const haStatus = z.array(z.object({
  id: z.string(),
  type: z.string(),
  status: z.string().optional(),
  node: z.string().optional(),
  sid: z.string().optional(),
  state: z.string().optional(),
  request_state: z.string().optional(),
  crm_state: z.string().optional(),
  quorate: flag.optional(),
  timestamp: number.optional(),
}))
export type HaStatusRow = z.infer<typeof haStatus>[number]

export const firewallOptions = z.object({
  digest: z.string().optional(),
  enable: flag.optional(),
  dhcp: flag.optional(),
  ipfilter: flag.optional(),
  macfilter: flag.optional(),
  ndp: flag.optional(),
  radv: flag.optional(),
  policy_in: z.string().optional(),
  policy_out: z.string().optional(),
})
export type FirewallOptions = z.infer<typeof firewallOptions>

export const firewallRules = z.array(z.object({
  pos: number,
  type: z.string(),
  action: z.string(),
  digest: z.string().optional(),
  enable: flag.optional(),
  proto: z.string().optional(),
  source: z.string().optional(),
  sport: z.string().optional(),
  dest: z.string().optional(),
  dport: z.string().optional(),
  macro: z.string().optional(),
  iface: z.string().optional(),
  comment: z.string().optional(),
}))
export type FirewallRule = z.infer<typeof firewallRules>[number]

/** `clusterlocktimeout` is an option of LINBIT's plugin, in seconds. */
export const storages = z.array(z.object({ storage: z.string(), type: z.string(), clusterlocktimeout: number.optional() }))
export type Storage = z.infer<typeof storages>[number]

export const templates = z.array(z.object({ volid: z.string() }))
export type Template = z.infer<typeof templates>[number]
