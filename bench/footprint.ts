// `npm run bench:footprint`: rows written and requests made for one provision, counted in the simulation, which runs the same
// actor, books and clients. Exact, the same on every machine.
import { dataCentre } from '../test/simulation/data-centre.ts'
import { Platform } from '../test/simulation/platform.ts'

const dc = dataCentre(1)
const platform = new Platform(dc, 1)
platform.order('one', 'create')
await dc.clock.advance(dc.clock.now() + 300_000)
const host = platform.tenant('one')!
if (platform.state(host)?.outcome !== 'live') throw new Error('the provision did not end live')
const direct = dc.inside.seen.filter((request) => request.url.includes('cloudflare.test')).length
const waits = dc.edge.seen.filter((request) => request.url.includes('/tasks/')).length
const [tenant, gate, allocator] = [host.disk.rowsWritten, platform.gateDisk.rowsWritten, platform.allocatorDisk.rowsWritten]
console.log(`| per provision | |
|---|---|
| requests of the Worker to the gateway | ${dc.edge.seen.length} (of which long polls ${waits}) |
| requests of the Worker to Cloudflare | ${direct} |
| **requests, together** | **${dc.edge.seen.length + direct}** |
| rows written by the tenant object | ${tenant} |
| rows written by the gate | ${gate} |
| rows written by the allocator | ${allocator} |
| **rows, together** | **${tenant + gate + allocator}** |`)
