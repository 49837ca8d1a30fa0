// Tells the registry which zones and mail domains of the customer have gone, so that others may have them.
import type { Row } from '../engine/row.ts'
import type { DnsZoneWish } from '../resources/dns-zone.ts'
import type { MailDomainWish } from '../resources/mail-domain.ts'
import type { Registry } from './lent.ts'
import type { CustomerStorage } from './storage.ts'

/** Written into the row of a mail domain, so that it is told once, and at least once. */
const released = 'others may have it'

/** A zone whose telling is lost is made up for when the customer next looks. */
export async function release(store: CustomerStorage, registry: Registry, since: number): Promise<void> {
  const gone = (kind: string): Row[] => store.rows().filter((row) => row.name.startsWith(kind) && row.want === 'absent' && row.phase === 'settled')
  for (const row of gone('dns-zone:')) if (row.settledAt >= since) await registry.release((row.wish as DnsZoneWish).origin)
  for (const row of gone('mail-domain:').filter(({ why }) => why !== released)) {
    await registry.releaseMail((row.wish as MailDomainWish).domain)
    const now = store.row(row.name)
    if (now?.version === row.version) store.put({ ...now, why: released })
  }
}
