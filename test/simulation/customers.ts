// Customers in a history: their objects beside the tenants', behind the same gate, in the same weather, with the same power cuts; what
// they ask for, and what must hold of it when all has come to rest: the home holds what was wanted, nothing else, nobody else's touched.
import type { Thing } from '../../lab/everything.ts'
import { delegate, register } from '../../lab/dns/internet.ts'
import { ispconfigState, type Row } from '../../lab/ispconfig/state.ts'
import { between, pick, seeded, type Random } from '../../lab/random.ts'
import { Disk, Gone } from '../../lab/disk.ts'
import { MailBook } from '../../src/broker/mail-book.ts'
import { ZoneBook } from '../../src/broker/zone-book.ts'
import { zoneSettings } from '../../src/customer/lent.ts'
import { beforeFirst, firstBreak, type AuditLine } from '../../src/domain/audit-chain.ts'
import { isDkim } from '../../src/domain/mail/dkim.ts'
import { identityOf, type DnsRecord } from '../../src/domain/dns/record.ts'
import { changed } from '../../src/domain/dns/zone-diff.ts'
import { fromRow } from '../../src/resources/dns-rows.ts'
import { CustomerHost } from '../customer/host.ts'
import type { Platform } from './platform.ts'

/** What a customer asks for: a zone, a record in it, mail for it, and each of them away again. */
export type Wish = 'add-zone' | 'delete-zone' | { add: string } | { delete: string } | 'add-mail' | 'delete-mail' | 'undo'
export interface CustomerEvent { atMs: number; customer: string; zone: string; wish: Wish }

const nameServers = ['ns1.berth.localhost', 'ns2.berth.localhost']
const kinds = new Set<Thing['kind']>(['dns zone', 'zone record', 'mail domain', 'mailbox', 'forwarding'])

/** Somebody else's zone that the panel holds from the beginning. */
const strangers = 'somebody-else.example.'

interface Told { lines: Map<number, AuditLine & { hash: string }> }

export class Customers {
  readonly hosts = new Map<string, CustomerHost>()
  readonly #platform: Platform
  readonly #told = new Map<string, Told>()
  readonly #random: Random
  readonly #disk = new Disk()
  readonly #around
  readonly #crashAtCommits: readonly number[]
  #foreign = ''

  constructor(platform: Platform, seed: number, misfortune: { crashAtCommits?: readonly number[]; zombies?: boolean; reportLoss?: number; gateLoss?: number }) {
    this.#platform = platform
    this.#random = seeded(seed ^ 0xc0de)
    this.#crashAtCommits = misfortune.crashAtCommits ?? []
    const { storage } = this.#disk.open()
    const unlucky = (rate: number | undefined): boolean => !platform.calm && rate !== undefined && this.#random() < rate
    const { dc } = platform
    this.#around = {
      dc, rim: dc.rim, zones: new ZoneBook(storage), mail: new MailBook(storage), services: { s1: 'basic' as const }, settings: zoneSettings(platform.cluster),
      gate: () => platform.gate, random: this.#random, zombies: misfortune.zombies ?? false,
      answer: async <T>(run: () => T): Promise<T> => {
        await dc.clock.sleep(1 + this.#random() * 40)
        const result = run()
        if (unlucky(misfortune.gateLoss)) throw new Error('the answer of another object was lost')
        return result
      },
      report: ({ customer, audit }: { customer: { customer: string }; audit: readonly (AuditLine & { hash: string })[] }) => {
        if (unlucky(misfortune.reportLoss)) throw new Error('D1 is away')
        const { lines } = this.#told.get(customer.customer)!
        for (const line of audit) lines.set(line.line, lines.get(line.line) ?? line)
      },
    }
  }

  /** The customer asks; whether the power is cut meanwhile, or the answer lost, only the object can tell. */
  ask({ customer, zone, wish }: CustomerEvent): void {
    const { world } = this.#platform.dc
    register(world, zone)
    delegate(world, zone, nameServers)
    const { zones, mail } = this.#host(customer)
    const origin = `${zone}.`
    const record = (name: string) => ({ name: `${name}.${zone}`, type: 'A', ttl: 300, data: '203.0.113.20' })
    const asked = (): Promise<unknown> => {
      if (wish === 'add-zone') return zones.addZone(origin, 'sim')
      if (wish === 'delete-zone') return zones.deleteZone(zone, 'sim')
      if (wish === 'add-mail') return mail.addDomain(zone, 's1', 'sim')
      if (wish === 'delete-mail') return mail.deleteDomain(zone, true, 'sim')
      if (wish === 'undo') return zones.undo(this.#host(customer).actor.store.lastChange(), 'sim')
      if ('add' in wish) return zones.addRecord({}, record(wish.add), 'sim')
      const identity = identityOf({ name: `${wish.delete}.${origin}`, type: 'A', ttl: 300, priority: null, data: '203.0.113.20' })
      return zones.deleteRecord({ id: zones.ids.zone(origin) }, zones.ids.record(origin, identity), 'sim')
    }
    asked().catch((error: unknown) => {
      if (!(error instanceof Gone) && !String(error).endsWith('was lost')) this.#platform.violations.push(`a customer's call threw: ${String(error)}`)
    })
  }

  #host(user: string): CustomerHost {
    for (const host of this.hosts.values()) if (host.whose.user === user) return host
    if (this.hosts.size === 0) this.#foreign = JSON.stringify(foreign(this.#platform))
    const host = new CustomerHost(user, 'sim', this.#around)
    let starting = false
    host.disk.onCommit = (commit) => {
      if (this.#platform.calm || starting || !this.#crashAtCommits.includes(commit)) return
      this.#platform.crashes++
      starting = true
      host.start()
      starting = false
    }
    this.hosts.set(host.whose.key, host)
    this.#told.set(host.whose.key, { lines: new Map() })
    return host
  }

  /** Nothing is due but what waits for a person or for another day. */
  atRest(): boolean {
    const later = this.#platform.dc.clock.now() + 300_000
    return [...this.hosts.values()].every(({ running, alarmAt }) => !running && (alarmAt === undefined || alarmAt > later))
  }

  retry(): void {
    for (const { actor } of this.hosts.values()) actor.retry('operator')
  }

  isTheirs = ({ kind }: Thing): boolean => this.hosts.size > 0 && kinds.has(kind)

  journal(): string[] {
    return [...this.hosts.values()].flatMap(({ actor }) => actor.store.linesAfter(0, 100_000).map((line) => `${line.at} ${line.event} ${line.step} ${JSON.stringify(line.detail)}`))
  }

  /** Everything that is wrong, in words. */
  violations(): string[] {
    if (this.hosts.size === 0) return []
    const wrong: string[] = []
    if (JSON.stringify(foreign(this.#platform)) !== this.#foreign) wrong.push('somebody else’s zone was touched')
    const { tables } = ispconfigState(this.#platform.dc.world)
    const wanted = new Map<string, CustomerHost>()
    for (const host of this.hosts.values()) {
      const { store } = host.actor
      const say = (text: string): void => void wrong.push(`customer ${host.whose.user}: ${text}`)
      const open = store.rows().filter(({ phase }) => phase !== 'settled')
      if (open.length > 0 || store.pending().length > 0) say(`not at rest: ${open.map((row) => `${row.name} ${row.want} ${row.phase} ${row.why ?? ''}`).join('; ')} (${store.pending().length} changes)`)
      const broken = firstBreak(beforeFirst, [...this.#told.get(host.whose.key)!.lines.values()].sort((a, b) => a.line - b.line), store.sealsAfter(0, 100_000), Infinity)
      if (broken) say(`line ${broken.line} of the audit: ${broken.why}`)
      for (const [origin, records] of zonesOf(host)) {
        wanted.set(origin, host)
        const zones = tables.dns_soa.filter((row) => row['origin'] === origin)
        if (zones.length !== 1) say(`${zones.length} zones ${origin}`)
        const there = tables.dns_rr.filter((row) => row['zone'] === zones[0]?.['id'])
        for (const text of differences(records, there, origin, hasMail(host, origin))) say(`${origin} ${text}`)
      }
      for (const row of store.rows().filter(({ name }) => name.startsWith('mail-domain:'))) {
        const domain = row.name.slice('mail-domain:'.length)
        const here = tables.mail_domain.filter((one) => one['domain'] === domain).length
        if (here !== (row.want === 'present' ? 1 : 0)) say(`${here} mail domains ${domain}, wanted ${row.want}`)
      }
    }
    for (const zone of tables.dns_soa) if (zone['origin'] !== strangers && !wanted.has(zone['origin']!)) wrong.push(`left behind: zone ${zone['origin']}`)
    const ids = new Set(tables.dns_soa.map((zone) => zone['id']))
    for (const row of tables.dns_rr) if (!ids.has(row['zone']!)) wrong.push(`left behind: record ${row['name']} ${row['type']} of no zone`)
    return wrong
  }

  close(): void {
    for (const disk of [this.#disk, ...[...this.hosts.values()].map((host) => host.disk)]) disk.close()
  }
}

/** The zones that should stand, with their records: the customer's history told again, what failed left out. */
function zonesOf({ actor: { store } }: CustomerHost): Map<string, DnsRecord[]> {
  const zones = new Map<string, DnsRecord[]>()
  for (const { deed, state } of store.history(Infinity, 1_000).reverse()) {
    if (state === 'failed') continue
    if (deed.kind === 'add-zone') zones.set(deed.origin, deed.records)
    else if (deed.kind === 'delete-zone') zones.delete(deed.origin)
    else if (zones.has(deed.origin)) zones.set(deed.origin, changed(zones.get(deed.origin)!, deed.changes))
  }
  return zones
}

const hasMail = ({ actor: { store } }: CustomerHost, origin: string): boolean => store.row(`mail-dkim:${origin.slice(0, -1)}`)?.want === 'present'

function differences(records: readonly DnsRecord[], there: readonly Row[], origin: string, mail: boolean): string[] {
  const read = there.flatMap((row) => {
    const record = fromRow({ id: Number(row['id']), name: row['name']!, type: row['type']!, data: row['data']!, aux: Number(row['aux'] ?? 0), ttl: Number(row['ttl']), active: row['active'] === 'Y' } as Parameters<typeof fromRow>[0], origin)
    return record ? [record] : []
  })
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

/** Everything in the panel that is somebody else's. */
function foreign({ dc: { world } }: Platform): unknown {
  const { tables } = ispconfigState(world)
  const zones = tables.dns_soa.filter((row) => row['origin'] === strangers)
  return [zones, tables.dns_rr.filter((row) => zones.some((zone) => zone['id'] === row['zone'])), tables.client.filter((row) => row['customer_no'] === '10017')]
}

/** A few customers who change their minds; mail is rare, because making its key takes real time. */
export function customerEvents(die: Random, fromMs: number): CustomerEvent[] {
  const events: CustomerEvent[] = []
  const mail = die() < 0.1
  for (let user = between(die, 1, 2); user > 0; user--) {
    const zone = `zone-${user}.com`
    let atMs = fromMs + between(die, 0, 60_000)
    const say = (wish: Wish, by = user): void => void events.push({ atMs, customer: String(by), zone, wish })
    say('add-zone')
    for (let n = between(die, 1, 5); n > 0; n--) {
      atMs += die() < 0.4 ? between(die, 50, 8_000) : between(die, 8_000, 120_000)
      const name = pick(die, ['a', 'b', '*'])
      say(pick<Wish>(die, [{ add: name }, { add: name }, { delete: name }, 'undo', 'add-zone', 'delete-zone', ...(mail ? ['add-mail' as const, 'delete-mail' as const] : [])]), die() < 0.1 ? 3 : user)
    }
  }
  return events
}
