// `npm run bench:claims`: how long orders take that find a site built ahead, twenty side by side, and those that find none. In the
// simulation, at true speed: the real actors, gate, gateway and clients, the simulators' durations, and a link of 40 ms to and fro.
import { linstorState } from '../lab/linstor/state.ts'
import { templates } from '../lab/proxmox/state.ts'
import { dataCentre } from '../test/simulation/data-centre.ts'
import { Platform } from '../test/simulation/platform.ts'
import { percentile } from './rig.ts'

const wanted = Number(process.argv[2] ?? 1_000)
const sideBySide = 20
const linkMs = 40
const minute = 60_000

const dc = dataCentre(1)
const direct = { ...dc.rim }
dc.rim.fetch = async (request) => {
  await dc.clock.sleep(linkMs)
  return direct.fetch(request)
}
const platform = new Platform(dc, 1)
// A thousand sites one after the other need more addresses and room than the seed has: each address rests for a day.
Object.assign(platform.cluster, { lan: { ...platform.cluster.lan, prefix: 16, first: '192.168.8.1', last: '192.168.40.250', cidr: '192.168.0.0/16' } })
linstorState(dc.world).capacityKib *= 10
const after = (ms: number): Promise<void> => dc.clock.advance(dc.clock.now() + ms)
const live = (service: string): boolean => platform.state(platform.tenant(service)!)?.rested === 'live'
let ordered = 0

/** Orders so many at once, waits until all are live and have come to rest, takes them down. Answers seconds, sorted. */
async function round(count: number): Promise<number[]> {
  const services = Array.from({ length: count }, () => `s${++ordered}`)
  for (const service of services) platform.order(service, 'create')
  const until = dc.clock.now() + 60 * minute
  do await after(1_000)
  while (!services.every((service) => platform.tenant(service) && live(service)) && dc.clock.now() < until)
  const took = services.map((service) => {
    const state = platform.state(platform.tenant(service)!)
    if (state?.rested !== 'live') throw new Error(`${service} did not come to live: ${state?.cause ?? state?.outcome}`)
    return (state.restAt - state.orderedAt) / 1_000
  })
  await after(minute)
  for (const service of services) platform.order(service, 'terminate')
  return took
}

const ready = (): number => platform.allocatorDisk.read("SELECT key FROM spare WHERE state = 'ready'").length

/** Orders that find nothing, one at a time and side by side. */
const cold = async (): Promise<[alone: number[], together: number[]]> => {
  const alone: number[] = []
  for (let n = 0; n < 40; n++) alone.push(...(await round(1)))
  return [alone, await round(sideBySide)]
}

const bare = await cold()
const golden = 'local:vztmpl/berth-wordpress_2026.11.23_amd64.tar.zst'
templates(dc.world).push(golden)
platform.cluster.template = golden
const image = await cold()
const claims: number[] = []
platform.cluster.pool = { basic: { min: sideBySide, max: sideBySide } }
while (claims.length < wanted) {
  while (ready() < sideBySide) await after(7_000)
  claims.push(...(await round(Math.min(sideBySide, wanted - claims.length))))
}
const row = (what: string, all: number[]): string => {
  const sorted = all.toSorted((a, b) => a - b)
  return `| ${what} | ${sorted.length} | ${[0.5, 0.99, 1].map((share) => percentile(sorted, share).toFixed(1)).join(' | ')} |`
}
console.log(`| order to live, at true speed, s | orders | p50 | p99 | slowest |\n|---|---|---|---|---|`)
console.log(row(`**a site was ready**, ${sideBySide} side by side`, claims))
for (const [what, [alone, together]] of [['golden image', image], ['bare template', bare]] as const) {
  console.log(row(`none was ready, ${what}, one at a time`, alone))
  console.log(row(`none was ready, ${what}, ${sideBySide} side by side`, together))
}
platform.close()
