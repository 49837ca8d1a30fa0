// `npm run bench:burst`: many orders at once. All must end live, none may be lost; the makespan is held against the bound that the
// upstreams' limits give: what each pool has to do, divided by how many it may do at once.
import { pve } from '../lab/proxmox/state.ts'
import { openRig, percentile, until } from './rig.ts'

const count = Number(process.argv[2] ?? 200)
const speed = Number(process.argv[3] ?? 8)
const asked = new Map<string, number>()
const installs = new Map<string, { from: number; to: number }>()
const rig = await openRig(speed, {
  exchange: (line) => {
    const upid = /"data\\":\\"(UPID:[^"\\]+)|"data":"(UPID:[^"]+)"/.exec(line)
    const name = upid?.[1] ?? upid?.[2]
    if (name && !asked.has(name)) asked.set(name, Date.now())
  },
  change: (world) => {
    const { containers } = world.slice('wordpress', () => ({ containers: {} as Record<string, { installing: boolean; installed: boolean }> }))
    for (const [vmid, inside] of Object.entries(containers)) {
      const seen = installs.get(vmid)
      if (inside.installing && !seen) installs.set(vmid, { from: Date.now(), to: 0 })
      else if (inside.installed && seen?.to === 0) seen.to = Date.now()
    }
  },
})
try {
  const start = Date.now()
  const placed = await Promise.all(Array.from({ length: count }, (_, i) => rig.create(`s${i}`)))
  const answers = placed.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  const open = new Set(placed.map(({ path }) => path))
  const outcomes: Record<string, number> = {}
  let last = start
  let said = 0
  await until(async () => {
    for (const path of [...open].slice(0, 40)) {
      const { status, restAt } = await rig.order(path)
      if (!['live', 'undone', 'stuck'].includes(status)) continue
      open.delete(path)
      outcomes[status] = (outcomes[status] ?? 0) + 1
      last = Math.max(last, restAt)
    }
    if (Date.now() - said > 20_000) {
      said = Date.now()
      console.error(`${count - open.size} of ${count} done after ${Math.round((said - start) / 1000)} s`)
      await rig.tick()
    }
    return open.size === 0
  }, 1_000)
  const nodes: Record<string, { tasks: number; installs: number }> = {}
  for (const task of Object.values(pve(rig.world).tasks)) {
    const at = asked.get(task.upid)
    if (at !== undefined && task.endedAt) (nodes[task.node] ??= { tasks: 0, installs: 0 }).tasks += task.endedAt - at
  }
  for (const [vmid, { from, to }] of installs) {
    const node = pve(rig.world).containers[vmid]?.node
    if (node && to) (nodes[node] ??= { tasks: 0, installs: 0 }).installs += to - from
  }
  const bound = Math.max(...Object.values(nodes).map(({ tasks, installs: ms }) => Math.max(tasks / 4, ms / 6)))
  const makespan = last - start
  console.log(`| ${count} orders at once, data centre at ${speed} × real time | |\n|---|---|`)
  console.log(`| ended | ${Object.entries(outcomes).map(([status, n]) => `${n} ${status}`).join(', ')} |`)
  console.log(`| answers p50 / p99 | ${percentile(answers, 0.5).toFixed(0)} / ${percentile(answers, 0.99).toFixed(0)} ms |`)
  console.log(`| makespan | ${(makespan / 1000).toFixed(0)} s |\n| bound by the upstreams' limits (4 tasks and 6 playbooks a node) | ${(bound / 1000).toFixed(0)} s |`)
  console.log(`| **makespan / bound** | **${(makespan / bound).toFixed(2)}** |`)
} finally {
  await rig.close()
}
