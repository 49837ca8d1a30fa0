// `npm run bench:overhead`: one order at true speed, measured against the upstreams' own times on its critical path
// (create the container, start it, install WordPress; nobody waits for the first snapshot). What is left is ours: Worker, gateway, polling, waiting.
import { pve } from '../lab/proxmox/state.ts'
import { openRig, until } from './rig.ts'

const speed = Number(process.argv[2] ?? 1)
const asked = new Map<string, number>()
let installing = 0
let installed = 0
const rig = await openRig(speed, {
  exchange: (line) => {
    const { responseBody } = JSON.parse(line) as { responseBody: string }
    const upid = /"data":"(UPID:[^"]+)"/.exec(responseBody)?.[1]
    if (upid && !asked.has(upid)) asked.set(upid, Date.now())
  },
  change: (world) => {
    const inside = Object.values(world.slice('wordpress', () => ({ containers: {} as Record<string, { installing: boolean; installed: boolean }> })).containers)[0]
    if (inside?.installing) installing ||= Date.now()
    if (inside?.installed) installed ||= Date.now()
  },
})
try {
  const { path } = await rig.create('one')
  await until(async () => ['live', 'undone', 'stuck'].includes((await rig.order(path)).status), 500)
  const order = await rig.order(path)
  if (order.status !== 'live') throw new Error(`the order ended ${order.status}: ${order.cause}`)
  const tasks = Object.values(pve(rig.world).tasks).filter((task) => ['vzcreate', 'vzstart'].includes(task.type))
  const rows: [string, number][] = tasks.map((task) => [task.type, (task.endedAt ?? 0) - (asked.get(task.upid) ?? 0)])
  rows.push(['install WordPress', installed - installing])
  const critical = rows.reduce((sum, [, ms]) => sum + ms, 0)
  const total = order.restAt - order.orderedAt
  console.log(`| on the critical path, at ${speed} × real time | s |\n|---|---|`)
  for (const [name, ms] of rows) console.log(`| ${name} | ${(ms / 1000).toFixed(2)} |`)
  console.log(`| **upstreams together** | **${(critical / 1000).toFixed(2)}** |\n| order to live | ${(total / 1000).toFixed(2)} |`)
  console.log(`| **overhead of the control plane** | **${((total / critical - 1) * 100).toFixed(1)} %** (${((total - critical) / 1000).toFixed(2)} s) |`)
} finally {
  await rig.close()
}
