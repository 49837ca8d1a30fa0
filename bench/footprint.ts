// `npm run bench:footprint`: rows written and requests made for one provision and for one nightly backup, counted in the simulation,
// which runs the same actor, books and clients. Exact, the same on every machine.
import { dataCentre } from '../test/simulation/data-centre.ts'
import { Platform } from '../test/simulation/platform.ts'

const dc = dataCentre(1)
const platform = new Platform(dc, 1)
const minuteMs = 60_000
/** Long enough for the oldest backup to be removed each night. */
const nights = { before: 20, counted: 10 }

interface Count { waits: number; gateway: number; cloudflare: number; tenant: number; alarms: number; gate: number; allocator: number }

function count(): Count {
  const host = platform.tenant('one')
  return {
    waits: dc.edge.seen.filter((request) => request.url.includes('/tasks/')).length,
    gateway: dc.edge.seen.length,
    cloudflare: dc.inside.seen.filter((request) => request.url.includes('cloudflare.test')).length,
    tenant: host?.disk.rowsWritten ?? 0, alarms: host?.alarmsSet ?? 0,
    gate: platform.gateDisk.rowsWritten, allocator: platform.allocatorDisk.rowsWritten,
  }
}

function shown(what: string, from: Count, to: Count, times = 1): string {
  const per = (key: keyof Count): number => Math.round((to[key] - from[key]) / times)
  return `| per ${what} | |
|---|---|
| requests of the Worker to the gateway | ${per('gateway')} (of which long polls ${per('waits')}) |
| requests of the Worker to Cloudflare | ${per('cloudflare')} |
| **requests, together** | **${per('gateway') + per('cloudflare')}** |
| rows written by the tenant object | ${per('tenant')} |
| alarms that it sets (a row each) | ${per('alarms')} |
| rows written by the gate | ${per('gate')} |
| rows written by the allocator | ${per('allocator')} |
| **rows, together** | **${per('tenant') + per('alarms') + per('gate') + per('allocator')}** |`
}

const start = count()
platform.order('one', 'create')
await dc.clock.advance(dc.clock.now() + 5 * minuteMs)
if (platform.state(platform.tenant('one')!)?.outcome !== 'live') throw new Error('the provision did not end live')
const live = count()

let settled = live
for (let night = 0; night < nights.before + nights.counted; night++) {
  if (night === nights.before) settled = count()
  platform.act('one', { do: 'nightly' })
  await dc.clock.advance(dc.clock.now() + 1_440 * minuteMs)
}
const made = count()
if (made.tenant === live.tenant) throw new Error('no backup was made')
console.log(`${shown('provision', start, live)}\n\n${shown('nightly backup', settled, made, nights.counted)}`)
platform.close()
