// What a customer may do with zones and records, and what they are told. Each change is durable before it is waited for; a wish
// that was accepted is never answered as a failure. Everything is looked for among the customer's own zones only.
import { homes, lacking, type Home } from '../domain/dns/home.ts'
import { canonical, led } from '../domain/dns/answer.ts'
import type { Finding } from '../domain/dns/finding.ts'
import { ownerAsWritten, shown, within } from '../domain/dns/host-name.ts'
import { lintChange } from '../domain/dns/lint.ts'
import { identityOf, readRecord, told, type DnsRecord, type Written } from '../domain/dns/record.ts'
import { isSpf, spfLookups } from '../domain/dns/spf.ts'
import { changed, inverse, type Change } from '../domain/dns/zone-diff.ts'
import { UpstreamError } from '../domain/errors.ts'
import type { Upstreams } from '../upstreams/upstreams.ts'
import type { CustomerActor } from './actor.ts'
import { cloudflareZones, handleOf, idsOf, isOwnNs, panelZones, soon, zoneView, type Ids, type ZoneView } from './contents.ts'
import { delegatedHere, registeredDomain } from './delegated.ts'
import type { Lent } from './lent.ts'
import { madeOf } from './refusals.ts'
import type { CustomerState, Deed, HistoryItem, SeenZone } from './storage.ts'
import { homeOf, isEntryOf, originsAt, zoneRow } from './wishes.ts'

export type Answer =
  | { ok: true; message: string }
  /** `field`: which one is wrong, where a single one is. */
  | { ok: false; code: 'bad-request' | 'not-found' | 'conflict' | 'unavailable'; message: string; field?: string }

export const refused = (code: (Answer & { ok: false })['code'], message: string, field?: string): Answer & { ok: false } => ({ ok: false, code, message, ...(field === undefined ? {} : { field }) })

/** A change is waited for this long, well within the extension's 20 s; a read takes at most this long of its 10 s. */
const waitMs = 12_000
const readMs = 7_000
const zonesMax = 100
export const changesMax = 300

/** In words. */
const placeOf: Record<Home, string> = { ispconfig: 'on our own name servers', cloudflare: 'at Cloudflare' }
const away = 'The name server’s administration does not answer at the moment.'

export class Zones {
  readonly #customer: CustomerActor
  readonly #lent: Lent
  readonly whose: CustomerState
  readonly ids: Ids

  constructor(customer: CustomerActor, lent: Lent, whose: CustomerState) {
    this.#customer = customer
    this.#lent = lent
    this.whose = whose
    this.ids = idsOf(whose.key, (text) => lent.sign(text))
  }

  /** All zones with their records; `stale` when a home is away and this is what was seen last. */
  async data(): Promise<{ ok: true; zones: ZoneView[]; stale: boolean } | (Answer & { ok: false })> {
    const known = await this.known()
    if (!known) return refused('unavailable', `${away} Please try again in a few minutes.`)
    return { ok: true, stale: known.stale, zones: known.zones.map((zone) => zoneView(zone, this.#customer.underWay(zone.origin).records, this.ids)) }
  }

  /** The customer's zones, those that are coming included; undefined when nobody can tell. */
  async known(): Promise<{ zones: SeenZone[]; stale: boolean } | undefined> {
    const { store } = this.#customer
    const now = this.#lent.now()
    const { whose: { key, customerNo }, ids } = this
    const { dnsServer } = this.#lent.settings
    const seen = store.seen()
    const up = this.up(readMs)
    const [panel, edge] = await Promise.all([
      fresh(panelZones(up, customerNo, dnsServer, now), seen.filter(({ cloudflare }) => !cloudflare)),
      fresh(cloudflareZones(up, { customerNo, dnsServer }, key, originsAt(store, 'cloudflare'), now), seen.filter(({ cloudflare }) => cloudflare)),
    ])
    const stale = panel.stale || edge.stale
    const zones = [...edge.zones, ...panel.zones.filter(({ origin }) => edge.zones.every((zone) => zone.origin !== origin))].sort((a, b) => (a.origin < b.origin ? -1 : 1))
    store.transaction(() => store.putSeen(zones))
    const coming = store.pending().flatMap(({ deed }): SeenZone[] => (deed.kind === 'add-zone' && zones.every(({ origin }) => origin !== deed.origin) ? [{ origin: deed.origin, zoneId: 0, at: now, records: [] }] : []))
    const all = [...zones, ...coming]
    if (stale && all.length === 0) return undefined
    if (!stale) await this.#lent.registry.seen(all.map(({ origin, cloudflare }) => ({ origin, id: ids.zone(origin), ...(cloudflare ? { servers: cloudflare.nameServers.map(canonical) } : {}) })))
    return { zones: all, stale }
  }

  /** The zone of this id, or in which this name lies. */
  async find(which: { id?: string | undefined; name?: string | undefined }): Promise<{ ok: true; zone: SeenZone; current: DnsRecord[] } | (Answer & { ok: false })> {
    const known = await this.known()
    if (!known) return refused('unavailable', `${away} Please try again in a few minutes.`)
    const name = which.name === undefined ? '' : ownerAsWritten(`${which.name.trim().replace(/\.$/, '')}.`, '.')
    const fits = known.zones.filter(({ origin }) => (which.id === undefined ? within(name, origin) : this.ids.zone(origin) === which.id))
    const zone = fits.toSorted((a, b) => b.origin.length - a.origin.length)[0]
    if (!zone) return refused('not-found', which.id === undefined ? `You have no zone for ${shown(name)}.` : 'There is no such zone.')
    const { zone: want, records } = this.#customer.underWay(zone.origin)
    if (want === 'absent') return refused('conflict', `The zone ${shown(zone.origin)} is being deleted.`)
    return { ok: true, zone, current: soon(zone, records) }
  }

  /** Its home is the one asked for, or the one for new zones; one that comes back comes back to its own. */
  async addZone(origin: string, actor: string, { home: asked, again }: { home?: Home | undefined; again?: { records: DnsRecord[]; undoes: number } } = {}): Promise<Answer> {
    const { settings, registry } = this.#lent
    const name = shown(origin)
    const made = this.#standsIn(origin)
    const home = asked ?? made ?? settings.zoneHome
    if (home === 'cloudflare' && settings.cloudflareAccount === undefined) return refused('bad-request', 'Zones are not kept at Cloudflare here.')
    const known = await this.known()
    const there = (): Answer => ({ ok: true, message: `success: the zone ${name} is there already.${this.#servers(origin)}` })
    const going = (): boolean => this.#customer.underWay(origin).zone === 'absent'
    const wait = refused('conflict', `The zone ${name} is being deleted. Please try again in a minute.`)
    if (going()) return wait
    // What was made is there as long as nobody has seen that it is not.
    if ((made !== undefined && known?.stale !== false) || known?.zones.some((zone) => zone.origin === origin)) return there()
    if (made !== undefined && made !== home) return refused('conflict', `The zone ${name} was kept ${placeOf[made]} and is not found there: create it there again.`)
    if ((known?.zones.length ?? 0) >= zonesMax) return refused('conflict', `You have ${zonesMax} zones, more are not possible.`)
    const { dns } = this.up(readMs)
    const may = await (home === 'cloudflare' ? registeredDomain(dns, name, settings.platformZone) : delegatedHere(dns, name, settings.nameServers))
    if (!may.ok) return refused(may.code, may.message)
    if (!(await registry.claim(origin, this.ids.zone(origin)))) return refused('conflict', `The zone ${name} cannot be created: the domain has a zone in another account on this platform.`)
    // Another call may have come in between; from here on nothing is waited for.
    if (going()) return wait
    const now = this.#standsIn(origin)
    if (now !== undefined && now !== made) return there()
    const record = (at: string, type: DnsRecord['type'], data: string): DnsRecord => ({ name: at, type, ttl: 3_600, priority: null, data })
    const records = [
      // Cloudflare has those of its own.
      ...(home === 'cloudflare' ? [] : settings.nameServers.map((host) => record(origin, 'NS', host))),
      ...(again?.records.filter((one) => !isOwnNs(one, origin)) ?? [record(origin, 'A', settings.proxyIp), record(`www.${origin}`, 'A', settings.proxyIp)]),
    ]
    const answer = await this.enact({ kind: 'add-zone', origin, records, ...(home === 'ispconfig' ? {} : { home }) }, { actor, what: `The zone ${name} was created`, ...(again ? { undoes: again.undoes } : {}) })
    return answer.ok ? { ok: true, message: `${answer.message}${this.#servers(origin)}` } : answer
  }

  /** The home in which a zone is wanted, when it was made here. */
  #standsIn(origin: string): Home | undefined {
    return homes.find((home) => this.#customer.store.row(zoneRow(origin, home))?.want === 'present')
  }

  /** What the registrar must be told of a zone at Cloudflare. */
  #servers(origin: string): string {
    const { nameServers = [] } = (this.#customer.store.row(zoneRow(origin, 'cloudflare'))?.out ?? {}) as { nameServers?: string[] }
    return homeOf(this.#customer.store, origin) === 'cloudflare' && nameServers.length > 0 ? ` Set the domain’s name servers to ${nameServers.join(' and ')} at your registrar: until then nobody is sent to this zone.` : ''
  }

  async deleteZone(domain: string, actor: string, undoes?: number): Promise<Answer> {
    const origin = ownerAsWritten(`${domain.trim().replace(/\.$/, '')}.`, '.')
    const found = await this.find({ name: origin })
    const gone = this.#customer.store.wasDeleted(origin)
    if (found.ok ? found.zone.origin !== origin : gone)
      return gone ? { ok: true, message: `success: the zone ${shown(origin)} is deleted already.` } : refused('not-found', `You have no zone ${shown(origin)}.`)
    if (!found.ok) return found
    if (this.#customer.store.row(`mail-domain:${shown(origin)}`)?.want === 'present') return refused('conflict', `${shown(origin)} has mail here, which would no longer be found: delete the mail domain first.`)
    const home = homeOf(this.#customer.store, origin)
    return this.enact({ kind: 'delete-zone', origin, records: found.current, ...(home === 'ispconfig' ? {} : { home }) }, { actor, what: `The zone ${shown(origin)} was deleted`, ...(undoes === undefined ? {} : { undoes }) })
  }

  async addRecord(which: { id?: string | undefined }, written: Written, actor: string): Promise<Answer> {
    const found = await this.find(which.id === undefined ? { name: written.name } : which)
    if (!found.ok) return found
    const read = readRecord(written, found.zone.origin)
    if (!read.ok) return refused('bad-request', read.problem)
    const before = found.current.find((one) => identityOf(one) === identityOf(read.record))
    const change: Change = before ? { action: 'update', before, after: read.record } : { action: 'create', after: read.record }
    return this.change(found.zone, found.current, [change], { actor, what: `The record ${told(read.record)} was ${before ? 'changed' : 'added'}` })
  }

  async deleteRecord(which: { id: string }, recordId: string, actor: string): Promise<Answer> {
    const found = await this.find(which)
    if (!found.ok) return found
    const { origin, records } = found.zone
    const is = (what: string): boolean => this.ids.record(origin, what) === recordId
    const before = found.current.find((one) => is(identityOf(one)))
    if (before) return this.change(found.zone, found.current, [{ action: 'delete', before }], { actor, what: `The record ${told(before)} was deleted` })
    if (records.some((one) => one.record === null && is(handleOf(one)))) return refused('conflict', 'This record can be changed by support only.')
    const gone = this.#customer.store.rows().some((row) => row.want === 'absent' && isEntryOf(row.name, origin) && is(identityOf((row.wish as { record: DnsRecord }).record)))
    return gone ? { ok: true, message: 'success: the record is deleted already.' } : refused('not-found', 'There is no such record in this zone.')
  }

  /** Checks a list of changes against the zone as it is now, then does all of it or nothing. */
  async change(zone: SeenZone, current: readonly DnsRecord[], changes: readonly Change[], how: { actor: string; what: string; undoes?: number }): Promise<Answer> {
    const { origin } = zone
    const have = new Map(current.map((record) => [identityOf(record), record]))
    const real = changes.filter((change) => (change.action === 'delete' ? have.has(identityOf(change.before)) : have.get(identityOf(change.after))?.ttl !== change.after.ttl))
    if (real.length === 0) return { ok: true, message: 'success: it is so already.' }
    if (real.length > changesMax) return refused('bad-request', `These are ${real.length} changes; ${changesMax} are possible at once.`)
    if (real.some((change) => isOwnNs(change.action === 'delete' ? change.before : change.after, origin))) return refused('bad-request', `The NS records of ${shown(origin)} itself cannot be changed.`)
    const findings = await this.findings(origin, current, changed(current, real))
    const errors = findings.filter(({ level }) => level === 'error')
    if (errors.length > 0) return refused('bad-request', errors.map(({ message }) => message).join(' '))
    if (this.isGoing(zone)) return refused('conflict', `The zone ${shown(origin)} is being deleted.`)
    return this.enact({ kind: 'records', origin, changes: [...real] }, how, findings)
  }

  /** What the change makes worse, the look-ups of a new SPF record included. */
  async findings(origin: string, before: readonly DnsRecord[], after: readonly DnsRecord[]): Promise<Finding[]> {
    const { dns } = this.up(5_000)
    const textsOf = async (name: string): Promise<string[] | undefined> => dns.first(name, 'TXT').then((answer) => (answer.rcode === 'SERVFAIL' ? undefined : led(answer, name, 'TXT').values), () => undefined)
    const known = new Set(before.map(identityOf))
    const spf = after.filter((record) => isSpf(record) && !known.has(identityOf(record)))
    const home = homeOf(this.#customer.store, origin)
    const lacks = after.filter((record) => before.every((one) => identityOf(one) !== identityOf(record) || one.ttl !== record.ttl)).flatMap((record): Finding[] => {
      const message = lacking(home, origin, record)
      return message === undefined ? [] : [{ level: 'error', name: record.name, type: record.type, message }]
    })
    return [...lacks, ...lintChange(origin, before, after), ...(await Promise.all(spf.map((record) => spfLookups(record, textsOf)))).flat()]
  }

  /** Takes a change back by a change of its own. */
  async undo(n: number, actor: string): Promise<Answer> {
    const item = this.#customer.store.change(n)
    if (!item) return refused('not-found', 'There is no such change.')
    if (item.undone !== null) return { ok: true, message: 'success: it is undone already.' }
    if (item.state === 'failed' && (!item.refused || (item.deed.kind === 'records' && madeOf(item).length === 0))) return refused('conflict', 'This change was never made.')
    const { deed } = item
    if (deed.kind === 'mail') return refused('conflict', 'A change of mail cannot be undone, because deleted mail does not come back. Make the opposite change.')
    if (deed.kind === 'add-zone') return this.deleteZone(deed.origin, actor, n)
    if (deed.kind === 'delete-zone') return this.addZone(deed.origin, actor, { home: deed.home ?? 'ispconfig', again: { records: deed.records, undoes: n } })
    const found = await this.find({ name: deed.origin })
    if (!found.ok) return found
    return this.change(found.zone, found.current, inverse(madeOf(item)), { actor, what: `Change ${n} was undone`, undoes: n })
  }

  /** Its deletion is under way, or has been done since it was seen. */
  isGoing({ origin, at }: SeenZone): boolean {
    const rows = homes.map((home) => this.#customer.store.row(zoneRow(origin, home)))
    return this.#customer.underWay(origin).zone === 'absent' || rows.some((row) => row?.want === 'absent' && row.settledAt >= at)
  }

  /** Puts into the audit what was done at once and leaves nothing to be made. */
  noted(actor: string, what: string): void {
    this.#customer.note(actor, what)
  }

  up(ms: number): Upstreams {
    return this.#lent.clients({ operation: `${this.whose.key}/look`, attempt: 0, deadline: this.#lent.now() + ms })
  }

  async enact(deed: Deed, how: { actor: string; what: string; undoes?: number }, findings: readonly Finding[] = []): Promise<Answer> {
    const n = this.#customer.enact(this.whose, deed, how)
    const item = await this.#customer.settled(n, waitMs)
    const notes = findings.map(({ message }) => ` Note: ${message}`).join('')
    return answerOf(item, notes)
  }
}

/** What a home says, or what was seen last when it does not answer. */
async function fresh(read: Promise<SeenZone[]>, seen: SeenZone[]): Promise<{ zones: SeenZone[]; stale: boolean }> {
  try {
    return { zones: await read, stale: false }
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    return { zones: seen, stale: true }
  }
}

function answerOf({ state, why, what, refused: not }: HistoryItem, notes: string): Answer {
  if (state === 'failed' || not) return refused('conflict', why ?? 'It could not be done.')
  const message = state === 'done'
    ? `success: ${lower(what)}. It is live within about a minute.`
    : `success: accepted, and done as soon as the name server’s administration answers (${lower(what)}).`
  return { ok: true, message: message + notes }
}

const lower = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

