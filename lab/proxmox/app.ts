// Proxmox VE 8.4 or 9.1 as its API shows it: containers on LINSTOR storage, tasks, locks, firewall files, HA. State in the slice `proxmox`.
// Not simulated: virtual machines, tickets, pools, clone, migration, scheduled backup jobs, permissions beyond what no token may do, loss of quorum.
// https://pve.proxmox.com/pve-docs/api-viewer/
import { Hono } from 'hono'
import { linstorHappenings } from '../linstor/volumes.ts'
import { proxmoxToken } from '../topology.ts'
import type { World } from '../world.ts'
import { clusterRoutes } from './cluster.ts'
import { configRoutes } from './config.ts'
import { createRoutes } from './create.ts'
import { crmHappenings } from './crm.ts'
import { destroyRoutes } from './destroy.ts'
import { firewallRoutes } from './firewall.ts'
import { haRoutes } from './ha.ts'
import { nodeHappenings } from './nodes.ts'
import { powerRoutes } from './power.ts'
import { registrar } from './protocol.ts'
import { snapshotRoutes } from './snapshots.ts'
import { pve } from './state.ts'
import { taskRoutes } from './task-routes.ts'
import { taskHappenings } from './tasks.ts'
import { vzdumpRoutes } from './vzdump.ts'

export { archives, useBackups } from './archives.ts'
export { containers, firewallConfs, haFacts, onContainerGone, onDisk, onPower } from './observers.ts'
export { failNode, restoreNode } from './nodes.ts'

/** The cluster's API under /api2/json, any node answering; `token` is `USER@REALM!TOKENID=SECRET`. Call once per world and process. */
export function proxmox(world: World, options: { major?: 8 | 9; token?: string } = {}): Hono {
  const state = pve(world)
  if (options.major !== undefined) state.major = options.major
  linstorHappenings(world)
  taskHappenings(world)
  crmHappenings(world)
  nodeHappenings(world)

  const app = new Hono()
  const on = registrar(app, world, {
    token: options.token ?? proxmoxToken,
    reach: (node) => (state.nodes[node] === undefined ? 'unknown' : state.nodes[node].online ? 'online' : 'offline'),
  })
  for (const routes of [clusterRoutes, configRoutes, createRoutes, destroyRoutes, powerRoutes, snapshotRoutes, firewallRoutes, haRoutes,
    taskRoutes, vzdumpRoutes]) routes(world, on)

  app.notFound((c) => {
    const path = c.req.path.replace(/^\/api2\/json/, '')
    world.slice('strays', () => ({ list: [] as string[] })).list.push(`${c.req.method} ${c.req.path}`)
    return c.json({ data: null, message: `Method '${c.req.method} ${path}' not implemented\n` }, 501)
  })
  return app
}
