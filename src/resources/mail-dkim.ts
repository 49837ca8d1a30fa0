// The DKIM record of a mail domain: what ISPConfig holds as the public key, published in the customer's zone. ISPConfig is asked at
// each look, so a key that was changed in the panel is published too.
import * as z from 'zod'
import { UpstreamError } from '../domain/errors.ts'
import { dkimKey, dkimName, dkimSelector, dkimText, isDkim } from '../domain/mail/dkim.ts'
import type { Home } from '../domain/dns/home.ts'
import type { DnsRecord } from '../domain/dns/record.ts'
import type { Resource, Seen } from '../engine/resource.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import { openCloudflareZone } from './cloudflare-zone.ts'
import { mailDomain } from './mail-domain.ts'
import { ownMail } from './mail-rows.ts'
import { openPanelZone } from './panel-zone.ts'
import { inPanel } from './panel.ts'
import type { Held, OpenZone } from './zone-home.ts'

/** `domain` in A-labels, no dot at the end; `origin` the zone in which it lies, and its home (ISPConfig when left out); `at` is when it was asked for (epoch ms). */
export interface MailDkimWish { customerNo: string; domain: string; origin: string; home?: Home; dnsServer: number; at: number }

const Out = z.object({})
const ttl = 3_600

export const mailDkim: Resource<Upstreams, MailDkimWish, z.infer<typeof Out>> = {
  name: 'mail-dkim',
  title: 'DKIM record',
  needs: ['dns-client', `${mailDomain.name}:*`],
  ...inPanel,
  output: Out,

  async observe({ up, wish, mark }): Promise<Seen<z.infer<typeof Out>>> {
    const { held, record } = await look(up, wish, mark)
    const [first] = held
    if (!first) return { state: 'absent' }
    const right = held.length === 1 && record !== undefined && first.record?.data === record.data && first.active
    return right ? { state: 'present', ok: true, out: {} } : { state: 'present', ok: false, differs: 'another key' }
  },

  async make({ up, wish, mark }) {
    const { zone, held, record } = await look(up, wish, mark)
    if (!zone) throw new UpstreamError(wish.home ?? 'ispconfig', 'refused', `the zone ${wish.origin} is not there`, { landed: true })
    if (!record) throw new UpstreamError('ispconfig', 'refused', 'the mail server has no DKIM key for the domain', { landed: true })
    const [first, ...more] = held
    for (const one of more) await zone.remove(one)
    await (first ? zone.change(first, record, wish.at) : zone.add(record, wish.at))
    return undefined
  },

  async unmake({ up, wish, mark }) {
    const { zone, held } = await look(up, wish, mark)
    for (const one of held) await zone!.remove(one)
    return undefined
  },
}

/** The record as it should be, and what stands at its name and publishes any key. */
async function look(up: Upstreams, wish: MailDkimWish, mark: string): Promise<{ zone: OpenZone | undefined; held: Held[]; record: DnsRecord | undefined }> {
  const { own } = await ownMail(up, wish)
  const name = dkimName(own?.dkim_selector || dkimSelector, `${wish.domain}.`)
  const key = dkimKey(own?.dkim_public)
  const record: DnsRecord | undefined = key === undefined ? undefined : { name, type: 'TXT', ttl, priority: null, data: dkimText(key) }
  const zone = await (wish.home === 'cloudflare' ? openCloudflareZone : openPanelZone)(up, wish, mark)
  return { zone, held: (zone?.records ?? []).filter((one) => one.record !== undefined && isDkim(one.record, name)), record }
}
