// The permanent table of identities and the intake of commands. One transaction takes a wish, chooses its identities and
// makes it durable; asking again gives the same answer. VMIDs are never reused, addresses rest in quarantine, names are tombstones.
import { ipToNumber, numberToIp, type Cluster } from '../domain/cluster.ts'
import { admission, targetOf } from '../domain/lifecycle.ts'
import { labelFromEmail, randomLabel, spareName, tenantKey } from '../domain/names.ts'
import { plans, type PlanName } from '../domain/plan.ts'
import type { Built, Command, Identity, Spec } from '../domain/order.ts'
import { openOrThrow, schemas } from '../domain/schema.ts'
import type { Storage } from '../domain/sql.ts'
import type { Adopt, Intake, ServiceRecord, Wish } from './intake.ts'
import { PoolBook, type PoolFigures } from './pool-book.ts'

/** An address rests this long after it was seen to be free: ARP caches, logs and late packets must forget it. */
export const quarantineMs = 24 * 3_600_000

class Exhausted extends Error {}

export class AllocatorBook {
  readonly #storage: Storage
  readonly #cluster: Cluster
  readonly #random: () => number
  /** Sites built ahead for nobody: in the same tables' transactions. */
  readonly #pool: PoolBook

  constructor(storage: Storage, cluster: Cluster, random: () => number) {
    this.#storage = storage
    this.#cluster = cluster
    this.#random = random
    openOrThrow(storage, schemas.allocator)
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS held (kind TEXT NOT NULL, value TEXT NOT NULL, tenant TEXT NOT NULL, epoch INTEGER NOT NULL, ' +
      'state TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (kind, value))')
    sql.exec('CREATE UNIQUE INDEX IF NOT EXISTS held_once ON held (kind, tenant, epoch)')
    sql.exec('CREATE TABLE IF NOT EXISTS service (tenant TEXT PRIMARY KEY, target TEXT NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, memory INTEGER NOT NULL, ' +
      'node TEXT NOT NULL, body TEXT NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS command (id TEXT PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL)')
    sql.exec('CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL)')
    this.#pool = new PoolBook(storage, cluster, (key, plan, now) => this.#choose(key, 1, plan, '', now))
  }

  /** Takes a wish. Nothing is written unless all of it is. */
  intake(wish: Wish, now: number): Intake {
    try {
      return this.#storage.transactionSync(() => this.#intake(wish, now))
    } catch (error) {
      if (error instanceof Exhausted) return { answer: 'exhausted', what: error.message }
      throw error
    }
  }

  /** What is recorded for a service, or undefined. */
  service(tenant: string): ServiceRecord | undefined {
    const row = this.#storage.sql.exec('SELECT body FROM service WHERE tenant = ?', tenant).toArray()[0]
    return row ? (JSON.parse(String(row['body'])) as ServiceRecord) : undefined
  }

  /** What was said last to the object of this key: a service's, or a site's that was built ahead. Undefined: there is none. */
  known(key: string): { tenant: string; seq: number } | undefined {
    return this.service(key) ?? this.#pool.known(key)
  }

  /** Keys of the tenants ever known, in order, after `after`. */
  tenants(after: string, limit: number): string[] {
    return this.#storage.sql.exec('SELECT tenant FROM service WHERE tenant > ? ORDER BY tenant LIMIT ?', after, limit).toArray().map((row) => String(row['tenant']))
  }

  /** Keys of the live services from `from` on, `below` excluded. */
  live(from: string, below: string): string[] {
    return this.#storage.sql.exec("SELECT tenant FROM service WHERE tenant >= ? AND tenant < ? AND target = 'live' ORDER BY tenant", from, below).toArray().map((row) => String(row['tenant']))
  }

  /** The tenant has these commands in its inbox: they need not be sent again. */
  confirm(ids: readonly string[]): void {
    for (const id of ids) this.#storage.sql.exec('DELETE FROM command WHERE id = ?', id)
  }

  /** Commands that no tenant has confirmed since `before` (epoch ms), oldest first. */
  unconfirmed(before: number, limit: number): Command[] {
    return this.#storage.sql.exec('SELECT body FROM command WHERE at < ? ORDER BY at LIMIT ?', before, limit).toArray()
      .map((row) => JSON.parse(String(row['body'])) as Command)
  }

  /** The identities of this epoch while they are held. */
  held(tenant: string, epoch: number): Identity | undefined {
    const row = this.#storage.sql.exec("SELECT 1 FROM held WHERE kind = 'vmid' AND tenant = ? AND epoch = ? AND state = 'held'", tenant, epoch).toArray()[0]
    const identity = row && (this.service(tenant)?.identity ?? this.#pool.identity(tenant))
    return identity?.epoch === epoch ? identity : undefined
  }

  /** Gives the identities of an epoch back. Doing it twice changes nothing. */
  release(tenant: string, epoch: number, now: number): void {
    this.#storage.transactionSync(() => {
      const { sql } = this.#storage
      sql.exec("UPDATE held SET state = 'spent', since = ? WHERE tenant = ? AND epoch = ? AND state = 'held'", now, tenant, epoch)
      sql.exec('UPDATE service SET memory = 0 WHERE tenant = ? AND epoch = ?', tenant, epoch)
    })
  }

  /** An epoch has ended. A failed order may then be placed again. */
  close(tenant: string, epoch: number, outcome: 'terminated' | 'undone', now: number): void {
    this.#storage.transactionSync(() => {
      this.#pool.ended(tenant, outcome, now)
      const record = this.service(tenant)
      if (!record || record.identity.epoch !== epoch || record.target === 'terminated') return
      this.#put({ ...record, target: outcome })
    })
  }

  /** A site built ahead is finished: from now on an order may have it. */
  offer(spare: string, built: Built[], now: number): void {
    this.#pool.offer(spare, built, now)
  }

  /** Keeps the pools at their sizes: commands to send, objects to wake, and how the pools stand. Nothing is written unless all of it is. */
  keepPool(now: number): { commands: Command[]; late: string[]; pools: PoolFigures[] } {
    const commands = this.#storage.transactionSync(() => {
      const { held, quarantined, free } = this.addresses(now)
      return this.#pool.keep({ free, total: held + quarantined + free }, now)
    })
    return { commands, late: this.#pool.late(now), pools: this.#pool.figures(now) }
  }

  /** Addresses in use, in quarantine and free, for reports. */
  addresses(now: number): { held: number; quarantined: number; free: number } {
    const rows = this.#storage.sql.exec("SELECT state, since FROM held WHERE kind = 'ip'").toArray()
    const held = rows.filter((row) => row['state'] === 'held').length
    const quarantined = rows.filter((row) => row['state'] !== 'held' && Number(row['since']) > now - quarantineMs).length
    const { first, last } = this.#cluster.lan
    return { held, quarantined, free: ipToNumber(last) - ipToNumber(first) + 1 - held - quarantined }
  }

  #intake(wish: Wish, now: number): Intake {
    const tenant = tenantKey(wish.connection, wish.service)
    const record = this.service(tenant)
    const admitted = admission(record?.target, wish.verb)
    if (admitted === 'unchanged') return { answer: 'unchanged', record: record! }
    if (admitted !== 'accept') return { answer: admitted }
    let next: ServiceRecord
    let stands: Pick<Command, 'built' | 'adoption'> = {}
    if (wish.verb === 'create') {
      const spec: Spec = { connection: wish.connection, service: wish.service, ...wish.order! }
      const epoch = (record?.identity.epoch ?? 0) + 1
      const ready = this.#pool.claim(spec.plan, tenant, now)
      const identity = ready ? this.#taken(tenant, epoch, spec, ready.identity, now) : this.#choose(tenant, epoch, spec.plan, spec.email, now)
      if (ready) stands = { built: ready.built }
      next = { tenant, target: 'live', seq: (record?.seq ?? 0) + 1, spec, identity }
    } else {
      const { spec, target, seq } = record!
      const plan = wish.verb === 'upgrade' ? (wish.plan ?? spec.plan) : spec.plan
      if (wish.verb === 'upgrade' && plan === spec.plan) return { answer: 'unchanged', record: record! }
      // The table admits an undone service only to what ends it.
      next = { ...record!, target: targetOf(wish.verb, target === 'undone' ? 'terminated' : target), seq: seq + 1, spec: { ...spec, plan } }
      stands = this.#unheard(tenant, record!.identity.epoch)
    }
    const { spec, identity, seq, target } = next
    const meanwhile = wish.verb === 'upgrade' && (target === 'live' || target === 'suspended') ? { target } : {}
    const command: Command = { id: `${tenant}.${seq}`, tenant, seq, verb: wish.verb, spec, identity, ...meanwhile, ...stands, actor: wish.actor, at: now }
    return this.#take(command, next, now)
  }

  #take(command: Command, record: ServiceRecord, now: number): Intake {
    this.#put(record)
    this.#storage.sql.exec('INSERT INTO command (id, body, at) VALUES (?, ?, ?)', command.id, JSON.stringify(command), now)
    return { answer: 'taken', command, record }
  }

  /** What stood before a command that nobody has confirmed: whatever overtakes it on its way must know that. */
  #unheard(tenant: string, epoch: number): Pick<Command, 'built' | 'adoption'> {
    const rows = this.#storage.sql.exec("SELECT body FROM command WHERE id LIKE ? || '.%'", tenant).toArray()
    const first = rows.map((row) => JSON.parse(String(row['body'])) as Command).find(({ identity, built, adoption }) => identity.epoch === epoch && (built ?? adoption) !== undefined)
    return { ...(first?.built ? { built: first.built } : {}), ...(first?.adoption ? { adoption: first.adoption } : {}) }
  }

  /**
   * Takes a service that stands already, with the identities that it has; without `adoption` it only asks whether they are free.
   */
  adopt({ connection, service, actor, order, place, suspended = false, adoption }: Adopt, now: number): Intake | { answer: 'held'; what: string } {
    const tenant = tenantKey(connection, service)
    const record = this.service(tenant)
    if (record) return record.identity.vmid === place.vmid && record.target !== 'terminated' && record.target !== 'undone' ? { answer: 'unchanged', record } : { answer: 'conflict' }
    const { vmids } = this.#cluster
    if (place.vmid >= vmids.first && place.vmid <= vmids.last) return { answer: 'held', what: `VMID ${place.vmid} lies in CLUSTER.vmids, from which Berth gives its own` }
    const wanted = [['vmid', String(place.vmid)], ['ip', place.ip], ['label', place.label]] as const
    const { sql } = this.#storage
    const taken = wanted.find(([kind, value]) => sql.exec("SELECT 1 FROM held WHERE kind = ? AND value = ? AND (kind <> 'ip' OR state = 'held')", kind, value).toArray().length > 0)
    if (taken) return { answer: 'held', what: `${taken.join(' ')} belongs to another service` }
    const spec: Spec = { connection, service, ...order }
    const identity: Identity = { ...place, epoch: 1, ...this.#named(place.label) }
    const verb = suspended ? 'suspend' : 'create'
    const next: ServiceRecord = { tenant, target: targetOf(verb, 'live'), seq: 1, spec, identity }
    const command: Command = { id: `${tenant}.1`, tenant, seq: 1, verb, spec, identity, actor, at: now, ...(adoption ? { adoption } : {}) }
    if (!adoption) return { answer: 'taken', command, record: next }
    return this.#storage.transactionSync(() => {
      sql.exec("DELETE FROM held WHERE kind = 'ip' AND value = ?", place.ip)
      this.#hold(tenant, 1, wanted, now)
      return this.#take(command, next, now)
    })
  }

  /** `email` is whose name a label may be made of; nobody's site has no label that is made of one. */
  #choose(tenant: string, epoch: number, plan: PlanName, email: string, now: number): Identity {
    const vmid = this.#nextVmid()
    const ip = this.#freeAddress(now)
    const label = email === '' && this.#cluster.hostNames === 'email' ? undefined : this.#freeLabel(email)
    const { sql } = this.#storage
    sql.exec("DELETE FROM held WHERE kind = 'ip' AND value = ?", ip)
    this.#hold(tenant, epoch, [['vmid', String(vmid)], ['ip', ip], ...(label === undefined ? [] : [['label', label] as const])], now)
    return { epoch, vmid, ip, ...this.#named(label ?? spareName(vmid)), node: this.#leastLoaded(plans[plan].memoryMb) }
  }

  /** What was held for a site built ahead is held for its tenant now. */
  #taken(tenant: string, epoch: number, { email }: Spec, identity: Identity, now: number): Identity {
    const { sql } = this.#storage
    sql.exec("UPDATE held SET tenant = ?, epoch = ?, since = ? WHERE kind = 'vmid' AND value = ? OR kind = 'ip' AND value = ? OR kind = 'label' AND value = ?",
      tenant, epoch, now, String(identity.vmid), identity.ip, identity.label)
    if (identity.label !== spareName(identity.vmid)) return { ...identity, epoch }
    const label = this.#freeLabel(email)
    this.#hold(tenant, epoch, [['label', label]], now)
    return { ...identity, epoch, ...this.#named(label) }
  }

  #hold(tenant: string, epoch: number, what: readonly (readonly [kind: string, value: string])[], now: number): void {
    for (const [kind, value] of what)
      this.#storage.sql.exec("INSERT INTO held (kind, value, tenant, epoch, state, since) VALUES (?, ?, ?, ?, 'held', ?)", kind, value, tenant, epoch, now)
  }

  #named(label: string): Pick<Identity, 'label' | 'hostname'> {
    return { label, hostname: `${label}.${this.#cluster.zone}` }
  }

  #nextVmid(): number {
    const { first, last } = this.#cluster.vmids
    const { sql } = this.#storage
    const next = Number(sql.exec("SELECT value FROM counter WHERE name = 'vmid'").toArray()[0]?.['value'] ?? first)
    if (next > last) throw new Exhausted('container numbers')
    sql.exec("INSERT INTO counter (name, value) VALUES ('vmid', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", next + 1)
    return next
  }

  #freeAddress(now: number): string {
    const taken = new Set(this.#storage.sql.exec("SELECT value FROM held WHERE kind = 'ip' AND (state = 'held' OR since > ?)", now - quarantineMs).toArray().map((row) => row['value']))
    const { first, last } = this.#cluster.lan
    for (let n = ipToNumber(first); n <= ipToNumber(last); n++) if (!taken.has(numberToIp(n))) return numberToIp(n)
    throw new Exhausted('addresses')
  }

  #freeLabel(email: string): string {
    const { hostNames } = this.#cluster
    for (let tries = 0; tries < 50; tries++) {
      const label = hostNames === 'email' ? labelFromEmail(email, this.#random, tries > 0) : randomLabel(this.#random)
      if (this.#storage.sql.exec("SELECT 1 FROM held WHERE kind = 'label' AND value = ?", label).toArray().length === 0) return label
    }
    throw new Exhausted('host names')
  }

  /** The node with the largest share of its memory not yet promised, as far as our own book knows. */
  #leastLoaded(memoryMb: number): string {
    const promised = new Map(this.#storage.sql.exec('SELECT node, sum(memory) AS mb FROM service GROUP BY node').toArray().map((row) => [String(row['node']), Number(row['mb'])]))
    for (const { node, mb } of this.#pool.promised()) promised.set(node, (promised.get(node) ?? 0) + mb)
    const share = (node: Cluster['nodes'][number]): number => ((promised.get(node.name) ?? 0) + memoryMb) / node.memoryMb
    return this.#cluster.nodes.reduce((best, node) => (share(node) < share(best) ? node : best)).name
  }

  #put(record: ServiceRecord): void {
    const { tenant, target, seq, identity, spec } = record
    const memory = target === 'terminated' || target === 'undone' ? 0 : plans[spec.plan].memoryMb
    this.#storage.sql.exec('INSERT INTO service (tenant, target, seq, epoch, memory, node, body) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant) DO UPDATE SET ' +
      'target = excluded.target, seq = excluded.seq, epoch = excluded.epoch, memory = excluded.memory, node = excluded.node, body = excluded.body',
      tenant, target, seq, identity.epoch, memory, identity.node, JSON.stringify(record))
  }
}
