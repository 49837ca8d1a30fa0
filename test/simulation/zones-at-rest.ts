// What must hold of customers' zones at rest, in either home: exactly those that their history says, record by record, each with the
// mark of its customer at Cloudflare; nothing else is left, and what is somebody else's is as it was.
import { zonesOf as cloudflareZones } from '../../lab/cloudflare/zones.ts'
import { ispconfigState } from '../../lab/ispconfig/state.ts'
import type { World } from '../../lab/world.ts'
import { zoneMarkName, type Home } from '../../src/domain/dns/home.ts'
import { isDkim } from '../../src/domain/mail/dkim.ts'
import { identityOf, type DnsRecord } from '../../src/domain/dns/record.ts'
import { changed } from '../../src/domain/dns/zone-diff.ts'
import { madeOf } from '../../src/customer/refusals.ts'
import { fromCloudflare } from '../../src/resources/cloudflare-rows.ts'
import { fromRow } from '../../src/resources/dns-rows.ts'
import type { CustomerHost } from '../customer/host.ts'

/** Somebody else's: a zone that the panel holds from the beginning, and one that was made at Cloudflare by hand. */
const strangers = 'somebody-else.example.'
const byHand = 'made-by-hand.com'

/** Everything in both homes that is somebody else's; `plant` makes what was not there from the beginning. */
export function strangersThings(world: World, plant = false): unknown {
  const { tables } = ispconfigState(world)
  if (plant) {
    const [id, date] = ['e'.repeat(32), '2026-01-01T00:00:00Z']
    const record = { id, name: byHand, type: 'A', content: '192.0.2.1', ttl: 300, proxied: false, comment: null, created_on: date, modified_on: date }
    cloudflareZones(world).push({ id, name: byHand, name_servers: ['cleo.ns.cloudflare.com', 'dan.ns.cloudflare.com'], created_on: date, records: [record] })
  }
  const zones = tables.dns_soa.filter((row) => row['origin'] === strangers)
  return [
    zones, tables.dns_rr.filter((row) => zones.some((zone) => zone['id'] === row['zone'])), tables.client.filter((row) => row['customer_no'] === '10017'),
    cloudflareZones(world).filter(({ name }) => name === byHand),
  ]
}

interface Wanted { home: Home; records: DnsRecord[] }

/** The zones that should stand: the customer's history told again, what failed left out. */
function wantedZones({ actor: { store } }: CustomerHost): Map<string, Wanted> {
  const zones = new Map<string, Wanted>()
  for (const item of store.history(Infinity, 1_000).reverse()) {
    const { deed, state, refused } = item
    if (state === 'failed' && !refused) continue
    const zone = zones.get(deed.origin)
    if (deed.kind === 'add-zone') zones.set(deed.origin, { home: deed.home ?? 'ispconfig', records: changed([], madeOf(item)) })
    else if (deed.kind === 'delete-zone') zones.delete(deed.origin)
    else if (zone) zones.set(deed.origin, { ...zone, records: changed(zone.records, madeOf(item)) })
  }
  return zones
}

/** A zone as it stands: its records, undefined for what nobody could have written, and what is wrong with it. */
interface Found { home: Home; origin: string; records: (DnsRecord | undefined)[]; wrong: string[] }

/** Everybody's zones but those that were there before; `mark` is whose a zone at Cloudflare should be. */
function found(world: World, markOf: (origin: string) => string | undefined): Found[] {
  const { tables, seeded } = ispconfigState(world)
  const panel = tables.dns_soa.filter((zone) => !seeded.includes(zone['id']!)).map((zone): Found => {
    const origin = zone['origin']!
    const records = tables.dns_rr.filter((row) => row['zone'] === zone['id']).map((row) =>
      fromRow({ id: Number(row['id']), name: row['name']!, type: row['type']!, data: row['data']!, aux: Number(row['aux'] ?? 0), ttl: Number(row['ttl']), active: row['active'] === 'Y' } as Parameters<typeof fromRow>[0], origin))
    return { home: 'ispconfig', origin, records, wrong: [] }
  })
  const edge = cloudflareZones(world).filter(({ name }) => name !== byHand).map(({ name, records }): Found => {
    const origin = `${name}.`
    const isMark = (one: { name: string }): boolean => `${one.name}.` === zoneMarkName(origin)
    const marks = records.filter(isMark).length
    const strange = records.filter(({ comment }) => comment !== markOf(origin)).map((one) => `has ${one.type} ${one.name}, whose comment is ${one.comment}`)
    return { home: 'cloudflare', origin, records: records.filter((one) => !isMark(one)).map((one) => fromCloudflare(one as Parameters<typeof fromCloudflare>[0], origin)), wrong: [...(marks === 1 ? [] : [`has ${marks} marks`]), ...strange] }
  })
  return [...panel, ...edge]
}

/** Everything that is wrong with the zones and mail domains of these customers, in words. */
export function zonesAtRest(world: World, hosts: readonly CustomerHost[]): string[] {
  const wrong: string[] = []
  const { tables } = ispconfigState(world)
  const wanted = hosts.map((host) => ({ host, zones: wantedZones(host) }))
  const standing = found(world, (origin) => wanted.find(({ zones }) => zones.has(origin))?.host.whose.key)
  for (const { host, zones } of wanted) {
    const { store } = host.actor
    const say = (text: string): void => void wrong.push(`customer ${host.whose.user}: ${text}`)
    for (const [origin, { home, records }] of zones) {
      const here = standing.filter((zone) => zone.origin === origin && zone.home === home)
      if (here.length !== 1) say(`${here.length} zones ${origin} in ${home}`)
      const mail = store.row(`mail-dkim:${origin.slice(0, -1)}`)?.want === 'present'
      for (const zone of here) for (const text of [...zone.wrong, ...differences(records, zone.records, origin, mail)]) say(`${origin} ${text}`)
    }
    for (const row of store.rows().filter(({ name }) => name.startsWith('mail-domain:'))) {
      const domain = row.name.slice('mail-domain:'.length)
      const here = tables.mail_domain.filter((one) => one['domain'] === domain).length
      if (here !== (row.want === 'present' ? 1 : 0)) say(`${here} mail domains ${domain}, wanted ${row.want}`)
    }
  }
  for (const { origin, home } of standing) if (!wanted.some(({ zones }) => zones.get(origin)?.home === home)) wrong.push(`left behind: zone ${origin} in ${home}`)
  const ids = new Set(tables.dns_soa.map((zone) => zone['id']))
  for (const row of tables.dns_rr) if (!ids.has(row['zone']!)) wrong.push(`left behind: record ${row['name']} ${row['type']} of no zone`)
  return wrong
}

function differences(records: readonly DnsRecord[], there: Found['records'], origin: string, mail: boolean): string[] {
  const read = there.filter((record) => record !== undefined)
  const keys = read.filter((record) => isDkim(record, `berth._domainkey.${origin}`))
  const text = (record: DnsRecord): string => `${identityOf(record)} ${record.ttl}`
  const [have, want] = [read.filter((record) => !keys.includes(record)).map(text).sort(), records.map(text).sort()]
  return [
    ...(read.length === there.length ? [] : ['has records that nobody could have written']),
    ...(keys.length === (mail ? 1 : 0) ? [] : [`has ${keys.length} DKIM keys`]),
    ...want.filter((one) => !have.includes(one)).map((one) => `lacks ${one}`),
    ...have.filter((one, i) => !want.includes(one) || have.indexOf(one) !== i).map((one) => `has ${one}, which is not wanted`),
  ]
}
