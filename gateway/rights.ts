// The rights at Proxmox that the allow list needs, no more: what `check` asks for. `npx berth rights` prints them as commands. A privilege under a
// path holds for what lies below it when it propagates.
import * as z from 'zod'

/** https://pve.proxmox.com/pve-docs/api-viewer/ names them at each call. `below`: given on any one thing under the path it is enough. */
export const rights: readonly { path: string; below: boolean; privileges: readonly string[]; why: string }[] = [
  { path: '/', below: false, privileges: ['Sys.Audit', 'Sys.Console'], why: 'high availability' },
  { path: '/nodes', below: false, privileges: ['Sys.Audit'], why: 'tasks that somebody else has started' },
  {
    path: '/vms', below: false, why: 'containers, their snapshots, backups and firewalls',
    privileges: ['VM.Allocate', 'VM.Audit', 'VM.Backup', 'VM.Config.CPU', 'VM.Config.Disk', 'VM.Config.Memory', 'VM.Config.Network', 'VM.Config.Options', 'VM.PowerMgmt', 'VM.Snapshot'],
  },
  { path: '/storage', below: true, privileges: ['Datastore.AllocateSpace', 'Datastore.Audit'], why: 'disks, the template, backups' },
  { path: '/sdn', below: true, privileges: ['SDN.Use'], why: 'the bridge of the containers' },
]

/** GET /access/permissions: by path, the privileges, 1 when they propagate. */
const answer = z.object({ data: z.record(z.string(), z.record(z.string(), z.union([z.number(), z.boolean()]))) })

/** What is missing, by path; undefined when the answer is none. */
export function missingRights(body: unknown): { path: string; privileges: string[]; why: string }[] | undefined {
  const given = answer.safeParse(body).data?.data
  if (given === undefined) return undefined
  return rights.flatMap(({ path, below, privileges, why }) => {
    // What Proxmox shows for a path is in force there; a path that it does not show has what propagates from above.
    // At the root itself nothing has to go down: high availability is asked for there, and better not anywhere below.
    const own = Object.entries((Object.hasOwn(given, path) ? given[path] : given['/']) ?? {}).flatMap(([one, propagates]) => (propagates || path === '/' ? [one] : []))
    const under = below ? Object.entries(given).filter(([one]) => one.startsWith(`${path}/`)).flatMap(([, all]) => Object.keys(all)) : []
    const missing = privileges.filter((one) => !own.includes(one) && !under.includes(one))
    return missing.length > 0 ? [{ path, privileges: missing, why }] : []
  })
}
