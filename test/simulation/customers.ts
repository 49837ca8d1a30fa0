// Customers in a history: their objects beside the tenants', behind the same gate, in the same weather, with the same power cuts; what
// they ask for, and what must hold of it when all has come to rest: the home holds what was wanted, nothing else, nobody else's touched.
import type { Thing } from '../../lab/everything.ts'
import { delegate, register } from '../../lab/dns/internet.ts'
import { between, pick, seeded, type Random } from '../../lab/random.ts'
import { trouble } from '../../lab/ispconfig/ispconfig.ts'
import { Disk, Gone } from '../../lab/disk.ts'
import { MailBook } from '../../src/broker/mail-book.ts'
import { ZoneBook } from '../../src/broker/zone-book.ts'
import { zoneSettings } from '../../src/customer/lent.ts'
import type { Zones } from '../../src/customer/zones.ts'
import { beforeFirst, firstBreak, type AuditLine } from '../../src/domain/audit-chain.ts'
import { homes as dnsHomes, type Home } from '../../src/domain/dns/home.ts'
import { identityOf, type DnsRecord } from '../../src/domain/dns/record.ts'
import type { Change } from '../../src/domain/dns/zone-diff.ts'
import { CustomerHost } from '../customer/host.ts'
import type { Platform } from './platform.ts'
import { strangersThings, zonesAtRest } from './zones-at-rest.ts'

/** What a customer asks for: a zone, a record in it, mail for it, and each of them away again. */
export type Wish = 'add-zone' | 'delete-zone' | { add: string } | { delete: string } | 'add-mail' | 'delete-mail' | 'undo'
  /** Three records in one change; a CNAME in the place of an address; what the panel refuses from now on. */
  | { several: string } | { alias: string } | { refuses: string[] }
/** `home` is where a zone that is asked for shall be kept; ISPConfig when left out. */
export interface CustomerEvent { atMs: number; customer: string; zone: string; wish: Wish; home?: Home }

const nameServers = ['ns1.berth.localhost', 'ns2.berth.localhost']
const kinds = new Set<Thing['kind']>(['dns zone', 'zone record', 'mail domain', 'mailbox', 'forwarding'])

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
  ask({ customer, zone, wish, home = 'ispconfig' }: CustomerEvent): void {
    const { world } = this.#platform.dc
    register(world, zone)
    delegate(world, zone, nameServers)
    if (typeof wish === 'object' && 'refuses' in wish) return trouble(world, { stricter: wish.refuses })
    const { zones, mail } = this.#host(customer)
    const origin = `${zone}.`
    const record = (name: string) => ({ name: `${name}.${zone}`, type: 'A', ttl: 300, data: '203.0.113.20' })
    const asked = (): Promise<unknown> => {
      if (wish === 'add-zone') return zones.addZone(origin, 'sim', { home })
      if (wish === 'delete-zone') return zones.deleteZone(zone, 'sim')
      if (wish === 'add-mail') return mail.addDomain(zone, 's1', 'sim')
      if (wish === 'delete-mail') return mail.deleteDomain(zone, true, 'sim')
      if (wish === 'undo') return zones.undo(this.#host(customer).actor.store.lastChange(), 'sim')
      if ('several' in wish || 'alias' in wish) return several(zones, origin, wish)
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
    if (this.hosts.size === 0) this.#foreign = JSON.stringify(strangersThings(this.#platform.dc.world, true))
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
    const { world } = this.#platform.dc
    const wrong: string[] = JSON.stringify(strangersThings(world)) === this.#foreign ? [] : ['somebody else’s zone was touched']
    for (const { whose, actor: { store } } of this.hosts.values()) {
      const say = (text: string): void => void wrong.push(`customer ${whose.user}: ${text}`)
      const open = store.rows().filter(({ phase }) => phase !== 'settled')
      if (open.length > 0 || store.pending().length > 0) say(`not at rest: ${open.map((row) => `${row.name} ${row.want} ${row.phase} ${row.why ?? ''}`).join('; ')} (${store.pending().length} changes)`)
      const broken = firstBreak(beforeFirst, [...this.#told.get(whose.key)!.lines.values()].sort((a, b) => a.line - b.line), store.sealsAfter(0, 100_000), Infinity)
      if (broken) say(`line ${broken.line} of the audit: ${broken.why}`)
    }
    return [...wrong, ...zonesAtRest(world, [...this.hosts.values()])]
  }

  close(): void {
    for (const disk of [this.#disk, ...[...this.hosts.values()].map((host) => host.disk)]) disk.close()
  }
}

/** One change of several records, of which the panel may refuse some. */
async function several(zones: Zones, origin: string, wish: { several: string } | { alias: string }): Promise<void> {
  const found = await zones.find({ name: origin })
  if (!found.ok) return
  const record = (name: string, type: DnsRecord['type'], data: string): DnsRecord => ({ name: `${name}.${origin}`, type, ttl: 300, priority: null, data })
  const before = 'alias' in wish ? found.current.find(({ name, type }) => name === `${wish.alias}.${origin}` && type === 'A') : undefined
  const changes: Change[] = 'several' in wish
    ? [record(wish.several, 'A', '203.0.113.20'), record(wish.several, 'AAAA', '2001:db8::20'), record('text', 'TXT', wish.several)].map((after) => ({ action: 'create', after }))
    : before ? [{ action: 'update', before, after: record(wish.alias, 'CNAME', 'shops.example.net.') }] : []
  await zones.change(found.zone, found.current, changes, { actor: 'sim', what: 'Several records were changed' })
}

/** A few customers who change their minds; mail is rare, because making its key takes real time. `homes` is where they want their zones. */
export function customerEvents(die: Random, fromMs: number, homes: Random): CustomerEvent[] {
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
  const mostly = ['1', '2', '3'].map(() => (homes() < 0.5 ? 'cloudflare' : 'ispconfig'))
  const refuses = (atMs: number, names: string[]): CustomerEvent => ({ ...events[0]!, atMs, wish: { refuses: names } })
  const strict = homes() < 0.3 ? [refuses(fromMs, ['dns_cname_add', 'dns_aaaa_add']), refuses(fromMs + between(homes, 60_000, 400_000), [])] : []
  return [...strict, ...events.map((event): CustomerEvent => {
    const { wish } = event
    if (wish === 'add-zone') return { ...event, home: homes() < 0.85 ? mostly[Number(event.customer) - 1]! : pick(homes, dnsHomes) }
    if (typeof wish !== 'object' || !('add' in wish) || wish.add === '*') return event
    return { ...event, wish: pick<Wish>(homes, [wish, { several: wish.add }, { alias: wish.add }, { alias: 'www' }]) }
  })]
}
