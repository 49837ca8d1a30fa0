// `npx berth rights`: the rights that the gateway's account at Proxmox needs, as pveum commands. One line for everything that
// the gateway lets through to Proxmox (gateway/allow-list.ts) says what Proxmox asks for it; nothing else is ever granted.
import { Misused, type Outcome } from './outcome.ts'

/** Where in Proxmox's tree a privilege is granted, and whether it holds for what lies below. */
const places = {
  root: { path: '/', role: 'BerthHa', propagate: false },
  nodes: { path: '/nodes', role: 'BerthTasks', propagate: true },
  sites: { path: '/vms', role: 'BerthSites', propagate: true },
  disks: { path: '/storage/<storage>', role: 'BerthDisks', propagate: true },
  backups: { path: '/storage/<backup storage>', role: 'BerthBackups', propagate: true },
  templates: { path: '/storage/<template storage>', role: 'BerthTemplates', propagate: true },
  bridge: { path: '/sdn/zones/localnetwork/<bridge>', role: 'BerthBridge', propagate: true },
} as const

type Place = keyof typeof places

/**
 * Method and path as in the allow list -> `place:Privilege`. From `permissions` of each call in
 * https://pve.proxmox.com/pve-docs/api-viewer/ and, where that says "user: all", from what the call checks itself.
 */
export const rights: Readonly<Record<string, readonly `${Place}:${string}`[]>> = {
  'GET /version': [],
  // Shows what the account may audit.
  'GET /cluster/resources': ['sites:VM.Audit'],
  'GET /cluster/ha/resources': ['root:Sys.Audit'],
  'POST /cluster/ha/resources': ['root:Sys.Console'],
  'GET /cluster/ha/resources/{sid}': ['root:Sys.Audit'],
  'PUT /cluster/ha/resources/{sid}': ['root:Sys.Console'],
  'DELETE /cluster/ha/resources/{sid}': ['root:Sys.Console'],
  'GET /cluster/ha/rules': ['root:Sys.Audit'],
  'POST /cluster/ha/rules': ['root:Sys.Console'],
  'GET /cluster/ha/rules/{name}': ['root:Sys.Audit'],
  'PUT /cluster/ha/rules/{name}': ['root:Sys.Console'],
  'DELETE /cluster/ha/rules/{name}': ['root:Sys.Console'],
  'GET /cluster/ha/groups': ['root:Sys.Audit'],
  'POST /cluster/ha/groups': ['root:Sys.Console'],
  'GET /cluster/ha/groups/{name}': ['root:Sys.Audit'],
  'PUT /cluster/ha/groups/{name}': ['root:Sys.Console'],
  'GET /cluster/ha/status/current': ['root:Sys.Audit'],
  // Without it only tasks that this very token has started: those of HA, and of a token that was replaced, would not be seen.
  'GET /nodes/{node}/tasks': ['nodes:Sys.Audit'],
  'GET /nodes/{node}/tasks/{upid}/status': ['nodes:Sys.Audit'],
  'GET /nodes/{node}/lxc': ['sites:VM.Audit'],
  // Each option is checked by itself; the template is read, and from a backup (restore) the archive.
  'POST /nodes/{node}/lxc': [
    'sites:VM.Allocate', 'sites:VM.Config.Disk', 'sites:VM.Config.CPU', 'sites:VM.Config.Memory', 'sites:VM.Config.Network', 'sites:VM.Config.Options', 'sites:VM.Backup',
    'disks:Datastore.AllocateSpace', 'templates:Datastore.Audit', 'backups:Datastore.AllocateSpace', 'bridge:SDN.Use',
  ],
  'DELETE /nodes/{node}/lxc/{vmid}': ['sites:VM.Allocate'],
  'GET /nodes/{node}/lxc/{vmid}/config': ['sites:VM.Audit'],
  // Memory, swap and cores, and the tags with our mark.
  'PUT /nodes/{node}/lxc/{vmid}/config': ['sites:VM.Config.CPU', 'sites:VM.Config.Memory', 'sites:VM.Config.Options'],
  'PUT /nodes/{node}/lxc/{vmid}/resize': ['sites:VM.Config.Disk', 'disks:Datastore.AllocateSpace'],
  'GET /nodes/{node}/lxc/{vmid}/status/current': ['sites:VM.Audit'],
  'POST /nodes/{node}/lxc/{vmid}/status/{power}': ['sites:VM.PowerMgmt'],
  'GET /nodes/{node}/lxc/{vmid}/snapshot': ['sites:VM.Audit'],
  'POST /nodes/{node}/lxc/{vmid}/snapshot': ['sites:VM.Snapshot'],
  'DELETE /nodes/{node}/lxc/{vmid}/snapshot/{name}': ['sites:VM.Snapshot'],
  'PUT /nodes/{node}/lxc/{vmid}/snapshot/{name}/config': ['sites:VM.Snapshot'],
  'POST /nodes/{node}/lxc/{vmid}/snapshot/{name}/rollback': ['sites:VM.Snapshot'],
  'POST /nodes/{node}/vzdump': ['sites:VM.Backup', 'backups:Datastore.AllocateSpace'],
  // It lists what the account may use.
  'GET /storage': ['disks:Datastore.AllocateSpace'],
  'GET /nodes/{node}/storage/{store}/content': ['sites:VM.Backup', 'backups:Datastore.AllocateSpace'],
  'DELETE /nodes/{node}/storage/{store}/content/{archive}': ['sites:VM.Backup', 'backups:Datastore.AllocateSpace'],
  'GET /nodes/{node}/lxc/{vmid}/firewall/options': ['sites:VM.Audit'],
  'PUT /nodes/{node}/lxc/{vmid}/firewall/options': ['sites:VM.Config.Network'],
  'GET /nodes/{node}/lxc/{vmid}/firewall/rules': ['sites:VM.Audit'],
  'POST /nodes/{node}/lxc/{vmid}/firewall/rules': ['sites:VM.Config.Network'],
  'GET /nodes/{node}/lxc/{vmid}/firewall/rules/{number}': ['sites:VM.Audit'],
  'PUT /nodes/{node}/lxc/{vmid}/firewall/rules/{number}': ['sites:VM.Config.Network'],
  'DELETE /nodes/{node}/lxc/{vmid}/firewall/rules/{number}': ['sites:VM.Config.Network'],
}

/** The names that CLUSTER in wrangler.toml has for them. */
export interface Named { 'storage': string; 'backup storage': string; 'template storage': string; 'bridge': string }

/** The commands, for any node of the cluster, as root. */
export function pveum(named: Named): string[] {
  const all = Object.values(rights).flat()
  const lines = Object.entries(places).map(([place, { path, role, propagate }]) => {
    const privileges = [...new Set(all.filter((right) => right.startsWith(`${place}:`)).map((right) => right.slice(place.length + 1)))].sort()
    const where = path.replace(/<([a-z ]+)>/, (_, name: keyof Named) => named[name])
    return { role: `pveum role add ${role} --privs ${privileges.join(',')}`, acl: `pveum acl modify ${where} --users berth@pve --roles ${role} --propagate ${propagate ? 1 : 0}` }
  })
  return ['pveum user add berth@pve', ...lines.map(({ role }) => role), ...lines.map(({ acl }) => acl), 'pveum user token add berth@pve gateway --privsep 0']
}

export function printRights(named: Named): Outcome {
  const odd = Object.values(named).find((name) => !/^[A-Za-z][\w.-]{0,99}$/.test(name))
  if (odd !== undefined) throw new Misused(`${JSON.stringify(odd)} cannot be the name of a storage or a bridge.`)
  const commands = pveum(named)
  return { well: true, data: { commands }, lines: commands }
}
