// The public DNS record of a site where the platform's own zone is kept in ISPConfig. Its rows have no comment, so a TXT record at the
// same name bears the tenant's mark: written first, deleted last, and without it nothing at that name is touched.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { bears } from '../domain/names.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { RrSettings } from '../upstreams/ispconfig/dns.ts'
import type { Rr } from '../upstreams/ispconfig/wire.ts'
import type { Reach } from './reach.ts'

/** `zone` is the platform's, no dot at its end; `dnsServer` its server's number in ISPConfig. */
export interface PanelRecordWish { hostname: string; ip: string; ttl: number; zone: string; dnsServer: number }

const Out = z.object({ id: z.int() })

/** ISPConfig's administrator: the zone is no customer's. */
const administrator = 0
/** When the row was made, in ISPConfig's words; nothing reads it, and a wish has no clock. */
const stamp = Date.UTC(2026, 0, 1)

export const panelRecord: Resource<Reach, PanelRecordWish, z.infer<typeof Out>> = {
  name: 'panel-record',
  title: 'DNS record',
  needs: ['address'],
  system: 'ispconfig',
  pools: () => ['ispconfig'],
  callTimeoutMs: 15_000,
  busyMs: 300_000,
  pollMs: 1_000,
  output: Out,

  async observe({ up, wish, mark }): Promise<Seen<z.infer<typeof Out>>> {
    const { here } = await look(up, wish)
    const marks = here.filter((row) => isMark(row, mark))
    const others = here.filter((row) => !isMark(row, mark))
    if (marks.length === 0) return others.length > 0 ? { state: 'foreign', why: taken(wish) } : { state: 'absent' }
    const [first, ...more] = others
    if (marks.length > 1 || more.length > 0) return { state: 'present', ok: false, differs: `${here.length} records` }
    if (!first || !isRight(first, wish)) return { state: 'present', ok: false, differs: 'content' }
    return { state: 'present', ok: true, out: { id: first.id } }
  },

  async make({ up, wish, mark }) {
    const { zone, here } = await look(up, wish)
    const { dns } = up.ispconfig
    const marks = here.filter((row) => isMark(row, mark))
    // A second answer under this name would split somebody else's traffic.
    if (marks.length === 0 && here.length > 0) throw new UpstreamError('ispconfig', 'refused', taken(wish), { landed: true })
    const row = (data: string): RrSettings => ({ server_id: wish.dnsServer, zone, name: label(wish), data, aux: 0, ttl: wish.ttl, active: true, stamp })
    if (marks.length === 0) await dns.rrAdd('txt', administrator, row(mark))
    for (const extra of marks.slice(1)) await dns.rrDelete('txt', extra.id)
    const [first, ...more] = here.filter((one) => one.type === 'A')
    for (const extra of more) await dns.rrDelete('a', extra.id)
    if (first) await dns.rrUpdate('a', administrator, first.id, row(wish.ip))
    else await dns.rrAdd('a', administrator, row(wish.ip))
    return undefined
  },

  async unmake({ up, wish, mark }) {
    const { here } = await look(up, wish)
    const marks = here.filter((row) => isMark(row, mark))
    if (marks.length === 0) return undefined
    for (const row of here.filter(({ type }) => type === 'A')) await up.ispconfig.dns.rrDelete('a', row.id)
    for (const row of marks) await up.ispconfig.dns.rrDelete('txt', row.id)
    return undefined
  },
}

const label = ({ hostname, zone }: PanelRecordWish): string => hostname.slice(0, -(zone.length + 1))

/** The platform's zone, and the rows at the site's name however they were entered. */
async function look(up: Reach, wish: PanelRecordWish): Promise<{ zone: number; here: Rr[] }> {
  const zone = await up.ispconfig.dns.zoneByOrigin(wish.zone)
  if (!zone) throw new UpstreamError('ispconfig', 'refused', `ISPConfig has no zone ${wish.zone}`, { landed: true })
  const names = [label(wish), `${wish.hostname}.`]
  const rows = await up.ispconfig.dns.rrGetAllByZone(zone.id)
  return { zone: zone.id, here: rows.filter(({ name }) => names.includes(name.toLowerCase())).toSorted((a, b) => a.id - b.id) }
}

const isMark = ({ type, data }: Rr, mark: string): boolean => type === 'TXT' && bears(data.replaceAll('"', ''), mark)

const isRight = ({ type, data, ttl, active }: Rr, wish: PanelRecordWish): boolean => type === 'A' && data === wish.ip && ttl === wish.ttl && active

const taken = (wish: PanelRecordWish): string => `${wish.hostname} has a record that is not ours`
