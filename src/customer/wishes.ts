// What a change of a customer wants, written into rows: the client, zones, records and mail, and what comes before what.
import { homes, type Home } from '../domain/dns/home.ts'
import { digestOf, identityOf, type DnsRecord } from '../domain/dns/record.ts'
import type { Change } from '../domain/dns/zone-diff.ts'
import { reopened, wish } from '../engine/plan.ts'
import type { Want, Wanted } from '../engine/resource.ts'
import type { CloudflareZoneWish } from '../resources/cloudflare-zone.ts'
import type { DnsClientWish } from '../resources/dns-client.ts'
import type { DnsEntryWish } from '../resources/dns-entry.ts'
import type { DnsZoneWish } from '../resources/dns-zone.ts'
import type { ZoneSettings } from './lent.ts'
import type { CustomerStorage, Deed, HistoryItem } from './storage.ts'

const zoneIn: Record<Home, string> = { ispconfig: 'dns-zone', cloudflare: 'cloudflare-zone' }
const entryIn: Record<Home, string> = { ispconfig: 'dns-entry', cloudflare: 'cloudflare-entry' }

/** The row of a zone, in either home. */
export const zoneRow = (origin: string, home: Home): string => `${zoneIn[home]}:${origin}`
export const isZoneRow = (name: string): boolean => Object.values(zoneIn).some((kind) => name.startsWith(`${kind}:`))
/** The rows of a zone's records, in either home. */
export const isEntryOf = (name: string, origin: string): boolean => Object.values(entryIn).some((kind) => name.startsWith(`${kind}:${origin}/`))

/** Where a zone is, or was when it went; ISPConfig has those that were made in the panel too. */
export function homeOf(store: Pick<CustomerStorage, 'row'>, origin: string): Home {
  const there = (home: Home) => store.row(zoneRow(origin, home))
  const stands = homes.find((home) => there(home)?.want === 'present') ?? homes.find((home) => there(home) && there(home)?.phase !== 'settled')
  return stands ?? 'ispconfig'
}

/** The zones that are there, coming or going in this home, as far as they were made by us. */
export const originsAt = (store: Pick<CustomerStorage, 'rows'>, home: Home): string[] =>
  store.rows().filter(({ name, want, phase }) => name.startsWith(`${zoneIn[home]}:`) && (want === 'present' || phase !== 'settled')).map(({ name }) => name.slice(zoneIn[home].length + 1))

export class Wishes {
  readonly #store: CustomerStorage
  readonly #settings: ZoneSettings

  constructor(store: CustomerStorage, settings: ZoneSettings) {
    this.#store = store
    this.#settings = settings
  }

  /** Writes what a change wants into the rows; answers their names. */
  plan(key: string, deed: Deed, now: number): string[] {
    const settings = this.#settings
    const { origin } = deed
    const home = deed.kind === 'add-zone' ? deed.home ?? 'ispconfig' : homeOf(this.#store, origin)
    const zone = zoneRow(origin, home)
    if (home === 'ispconfig' || deed.kind === 'mail') this.want('dns-client', 'present', {
      customerNo: this.#store.state()!.customerNo, username: `berth-${key}`, email: `hostmaster@${settings.platformZone}`, dnsServer: settings.dnsServer, mailServer: settings.mailServer,
    } satisfies DnsClientWish, [], now)
    if (deed.kind === 'add-zone') {
      this.want(zone, 'present', this.zone(origin, home), [], now)
      return [zone, ...deed.records.map((record) => this.#entry(origin, home, record, 'present', [zone], now))]
    }
    if (deed.kind === 'delete-zone') {
      // What is not known to be at rest must come to rest first; all the rest goes with the zone.
      const entries = this.#store.rows().filter((row) => isEntryOf(row.name, origin))
      for (const row of entries) {
        if (row.phase === 'settled') this.#store.put({ ...row, want: 'absent', out: null, owned: false })
        else this.want(row.name, 'absent', row.wish, [], now)
      }
      return [zone]
    }
    const mail = deed.kind === 'mail' ? deed.wants : []
    // The key's record stands in the zone, which may still be on its way.
    for (const one of mail) this.want(one.resource, one.want, one.wish, [...(one.after ?? []), ...(one.resource.startsWith('mail-dkim:') && one.want === 'present' ? this.#comes(zone) : [])], now)
    const names = mail.map(({ resource }) => resource)
    return mail.some(comesFirst) ? names : [...names, ...this.changes(origin, deed.changes, now)]
  }

  changes(origin: string, changes: readonly Change[], now: number): string[] {
    const home = homeOf(this.#store, origin)
    const gone = changes.flatMap((change) => (change.action === 'create' || same(change) ? [] : [this.#entry(origin, home, change.before, 'absent', [], now)]))
    // Nothing stands beside what it replaces: a CNAME is gone before the address comes. Nor does anything stand in a zone that is still to come.
    const before = [...gone, ...this.#comes(zoneRow(origin, home))]
    const come = changes.flatMap((change) => (change.action === 'delete' ? [] : [this.#entry(origin, home, change.after, 'present', before, now)]))
    return [...gone, ...come]
  }

  zone(origin: string, home: Home): DnsZoneWish | CloudflareZoneWish {
    const { nameServers, dnsServer, cloudflareAccount = '' } = this.#settings
    if (home === 'cloudflare') return { origin, account: cloudflareAccount }
    return { origin, ns: nameServers[0], dnsServer, customerNo: this.#store.state()!.customerNo }
  }

  /** The row of a zone to wait for; none for one that was made in the panel. */
  #comes(zone: string): string[] {
    return this.#store.row(zone)?.want === 'present' ? [zone] : []
  }

  #entry(origin: string, home: Home, record: DnsRecord, want: Want, after: readonly string[], now: number): string {
    const name = `${entryIn[home]}:${origin}/${digestOf(record)}`
    const known = this.#store.row(name)?.wish as DnsEntryWish | undefined
    const at = known && known.record.ttl === record.ttl ? known.at : now
    this.want(name, want, { origin, record, dnsServer: this.#settings.dnsServer, customerNo: this.#store.state()!.customerNo, at } satisfies DnsEntryWish, after, now)
    return name
  }

  /** Wants a row so, and has it looked at again even if it was: what exists is its home's to tell. */
  want(resource: string, want: Want, wished: unknown, after: readonly string[], now: number): void {
    const store = this.#store
    // A row that is new and wanted absent needs the wish as well: by it is known what to look for.
    if (!store.row(resource)) wish(store, [{ resource, want: 'present', wish: wished, after }], now)
    wish(store, [{ resource, want, wish: wished, after }], now)
    const row = store.row(resource)!
    if (row.phase === 'settled') store.put(reopened(row, now))
  }
}

/** Records that lead mail here wait for the mail domain, so that none goes astray. */
export const comesFirst = ({ resource, want }: Wanted): boolean => want === 'present' && resource.startsWith('mail-domain:')

export const waits = (item: HistoryItem): item is HistoryItem & { deed: { kind: 'mail' } } =>
  item.deed.kind === 'mail' && item.deed.changes.length > 0 && item.rows.length === item.deed.wants.length

/** Only the TTL is another: one and the same row. */
const same = (change: { action: string; before?: DnsRecord; after?: DnsRecord }): boolean =>
  change.before !== undefined && change.after !== undefined && identityOf(change.before) === identityOf(change.after)
