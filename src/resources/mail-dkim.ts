// The DKIM record of a mail domain: what ISPConfig holds as the public key, published in the customer's zone. ISPConfig is asked at
// each look, so a key that was changed in the panel is published too.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { dkimKey, dkimName, dkimSelector, dkimText, isDkim } from '../domain/mail/dkim.ts'
import type { DnsRecord } from '../domain/dns/record.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Rr } from '../upstreams/ispconfig/wire.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { fromRow, ownZone, toRow } from './dns-rows.ts'
import { mailDomain } from './mail-domain.ts'
import { ownMail } from './mail-rows.ts'
import { inPanel } from './panel.ts'

/** `domain` in A-labels, no dot at the end; `origin` the zone in which it lies; `at` is when it was asked for (epoch ms). */
export interface MailDkimWish { customerNo: string; domain: string; origin: string; dnsServer: number; at: number }

const Out = z.object({})
const ttl = 3_600

export const mailDkim: Resource<Upstreams, MailDkimWish, z.infer<typeof Out>> = {
  name: 'mail-dkim',
  title: 'DKIM record',
  needs: ['dns-client', `${mailDomain.name}:*`],
  ...inPanel,
  output: Out,

  async observe({ up, wish }): Promise<Seen<z.infer<typeof Out>>> {
    const { rows, record } = await look(up, wish)
    if (rows.length === 0) return { state: 'absent' }
    const right = rows.length === 1 && record !== undefined && fromRow(rows[0]!, wish.origin)?.data === record.data && rows[0]!.active
    return right ? { state: 'present', ok: true, out: {} } : { state: 'present', ok: false, differs: 'another key' }
  },

  async make({ up, wish }) {
    const { clientId, zone, rows, record } = await look(up, wish)
    if (clientId === undefined || zone === undefined) throw new UpstreamError('ispconfig', 'refused', `the zone ${wish.origin} is not there`, { landed: true })
    if (!record) throw new UpstreamError('ispconfig', 'refused', 'the mail server has no DKIM key for the domain', { landed: true })
    const { dns } = up.ispconfig
    const row = toRow(record, wish.origin, { zone, server: wish.dnsServer, at: wish.at })
    const [first, ...more] = rows
    for (const one of more) await dns.rrDelete('txt', one.id)
    if (first) await dns.rrUpdate('txt', clientId, first.id, row)
    else await dns.rrAdd('txt', clientId, row)
    return undefined
  },

  async unmake({ up, wish }) {
    const { rows } = await look(up, wish)
    for (const row of rows) await up.ispconfig.dns.rrDelete('txt', row.id)
    return undefined
  },
}

/** The record as it should be, and the zone's rows at its name that publish any key. */
async function look(up: Upstreams, wish: MailDkimWish): Promise<{ clientId?: number; zone?: number; rows: Rr[]; record: DnsRecord | undefined }> {
  const { own } = await ownMail(up, wish)
  const name = dkimName(own?.dkim_selector || dkimSelector, `${wish.domain}.`)
  const key = dkimKey(own?.dkim_public)
  const record: DnsRecord | undefined = key === undefined ? undefined : { name, type: 'TXT', ttl, priority: null, data: dkimText(key) }
  const { clientId, zone } = await ownZone(up, wish)
  if (clientId === undefined || !zone) return { rows: [], record }
  const rows = (await up.ispconfig.dns.rrGetAllByZone(zone.id)).filter((row) => {
    const read = fromRow(row, wish.origin)
    return read !== undefined && isDkim(read, name)
  }).toSorted((a, b) => a.id - b.id)
  return { clientId, zone: zone.id, rows, record }
}
