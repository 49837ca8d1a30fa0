// Tells the registry which zones and mail domains of the customer have gone, so that others may have them.
import { homes } from '../domain/dns/home.ts'
import type { DnsZoneWish } from '../resources/dns-zone.ts'
import type { MailDomainWish } from '../resources/mail-domain.ts'
import type { Registry } from './lent.ts'
import type { CustomerStorage } from './storage.ts'
import { isZoneRow, zoneRow } from './wishes.ts'

/** Written into the row of a mail domain, so that it is told once, and at least once. */
const released = 'others may have it'

/** A zone whose telling is lost is made up for when the customer next looks. */
export async function release(store: CustomerStorage, registry: Registry, since: number): Promise<void> {
  const gone = store.rows().filter(({ want, phase }) => want === 'absent' && phase === 'settled')
  for (const row of gone.filter(({ name }) => isZoneRow(name)).filter(({ settledAt }) => settledAt >= since)) {
    const { origin } = row.wish as Pick<DnsZoneWish, 'origin'>
    // It may have moved to its other home meanwhile.
    if (homes.every((home) => store.row(zoneRow(origin, home))?.want !== 'present')) await registry.release(origin)
  }
  for (const row of gone.filter(({ name }) => name.startsWith('mail-domain:')).filter(({ why }) => why !== released)) {
    await registry.releaseMail((row.wish as MailDomainWish).domain)
    const now = store.row(row.name)
    if (now?.version === row.version) store.put({ ...now, why: released })
  }
}
