// The sites built ahead for nobody: which there are, which are ready, who got which. Part of the allocator's book and of its
// transactions, so that a site is claimed at most once, and never while it is being taken down. Never returned.
import type { Cluster } from '../domain/cluster.ts'
import { mark, poolConnection, spareName, tenantKey } from '../domain/names.ts'
import type { Built, Command, Identity, Spec } from '../domain/order.ts'
import { planNames, plans, type PlanName } from '../domain/plan.ts'
import { firstRefillMs, poolOf, targetSize, upkeep, type Spare, type SpareState } from '../domain/pool.ts'
import type { Storage } from '../domain/sql.ts'

/**
 * One plan's pool as reports show it. Times and spans in ms, 0 when there is none; `arrivals` and `claims` are of the last day;
 * `longest` is the service number of the one that has been under way for longest, or empty.
 */
export interface PoolFigures {
  plan: PlanName; target: number; ready: number; building: number; retiring: number; oldestReadyAt: number; longest: string; longestSince: number; refillMs: number; arrivals: number; claims: number
}

interface Record { key: string; seq: number; spec: Spec; identity: Identity; built: Built[] }

/** A build that failed is not followed by the next one at once. */
const failurePauseMs = 10 * 60_000
/** Whoever is under way for longer than this is asked to look whether its alarm was lost. */
const silentMs = 5 * 60_000
const dayMs = 24 * 3_600_000
/** So many of the private addresses are left to orders that find no site ready. */
const addressesLeft = 1 / 10

/** Chooses the identities of a new site; throws when there are none. */
type Choose = (key: string, plan: PlanName, now: number) => Identity

export class PoolBook {
  readonly #storage: Storage
  readonly #cluster: Cluster
  readonly #choose: Choose

  constructor(storage: Storage, cluster: Cluster, choose: Choose) {
    this.#storage = storage
    this.#cluster = cluster
    this.#choose = choose
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS spare (key TEXT PRIMARY KEY, plan TEXT NOT NULL, state TEXT NOT NULL, template TEXT NOT NULL, since INTEGER NOT NULL, ready_at INTEGER NOT NULL, ' +
      'told_at INTEGER NOT NULL, memory INTEGER NOT NULL, node TEXT NOT NULL, tenant TEXT, body TEXT NOT NULL)')
    sql.exec('CREATE INDEX IF NOT EXISTS spare_by_state ON spare (plan, state, since)')
    sql.exec('CREATE TABLE IF NOT EXISTS arrival (plan TEXT NOT NULL, at INTEGER NOT NULL, claimed INTEGER NOT NULL)')
  }

  /** What was said last to a site that was ever built ahead and not taken down. */
  known(key: string): { tenant: string; seq: number } | undefined {
    const row = this.#storage.sql.exec('SELECT body FROM spare WHERE key = ?', key).toArray()[0]
    return row && { tenant: key, seq: (JSON.parse(String(row['body'])) as Record).seq }
  }

  /** The identities of a site that is nobody's. */
  identity(key: string): Identity | undefined {
    return this.#record(key)?.identity
  }

  /** Part of the transaction of an order: the oldest site that is ready becomes the tenant's. Undefined: the order is built from nothing. */
  claim(plan: PlanName, tenant: string, now: number): { identity: Identity; built: Built[] } | undefined {
    const { sql } = this.#storage
    const row = sql.exec("SELECT key, body FROM spare WHERE plan = ? AND state = 'ready' AND template = ? ORDER BY since, key LIMIT 1", plan, this.#cluster.template).toArray()[0]
    if (this.#wanted(plan)) sql.exec('INSERT INTO arrival (plan, at, claimed) VALUES (?, ?, ?)', plan, now, row ? 1 : 0)
    if (!row) return undefined
    const { key, identity, built } = JSON.parse(String(row['body'])) as Record
    sql.exec("UPDATE spare SET state = 'claimed', tenant = ?, memory = 0, told_at = ? WHERE key = ?", tenant, now, key)
    return { identity: { ...identity, ahead: { mark: mark(key, identity.epoch) } }, built }
  }

  /** A site is finished and its object at rest. Whatever became of it meanwhile, telling it again changes nothing. */
  offer(key: string, built: Built[], now: number): void {
    this.#storage.transactionSync(() => {
      const record = this.#record(key)
      if (!record || this.#state(key) !== 'building') return
      this.#storage.sql.exec("UPDATE spare SET state = 'ready', ready_at = ?, told_at = ?, body = ? WHERE key = ?", now, now, JSON.stringify({ ...record, built } satisfies Record), key)
    })
  }

  /** A site is gone. One that failed while it was built is no reason to build the next at once. */
  ended(key: string, outcome: 'terminated' | 'undone', now: number): void {
    const { sql } = this.#storage
    const row = sql.exec("SELECT plan FROM spare WHERE key = ? AND state IN ('building', 'retiring')", key).toArray()[0]
    if (!row) return
    sql.exec('DELETE FROM spare WHERE key = ?', key)
    if (outcome === 'undone') sql.exec('INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', `pool-failed:${String(row['plan'])}`, now)
  }

  /** Memory promised to sites that are nobody's, in MB, by node. */
  promised(): { node: string; mb: number }[] {
    return this.#storage.sql.exec('SELECT node, sum(memory) AS mb FROM spare GROUP BY node').toArray().map((row) => ({ node: String(row['node']), mb: Number(row['mb']) }))
  }

  /** Orders what is missing and takes down what is too old or too many: the commands to send. One transaction of the caller's. */
  keep(addresses: { free: number; total: number }, now: number): Command[] {
    this.#storage.sql.exec('DELETE FROM arrival WHERE at <= ?', now - dayMs)
    let room = Math.floor(addresses.free - addresses.total * addressesLeft)
    return planNames.flatMap((plan) => {
      const spares = this.#spares(plan)
      if (spares.length === 0 && !this.#wanted(plan)) return []
      const { order, retire } = upkeep(spares, this.#target(plan, now), poolOf(this.#cluster, plan).max, this.#cluster.template, now)
      const orders = this.#failedAt(plan) > now - failurePauseMs ? 0 : Math.max(0, Math.min(order, room))
      room -= orders
      return [...retire.map((key) => this.#retire(key, now)), ...Array.from({ length: orders }, () => this.#order(plan, now))]
    })
  }

  /** Objects that have long been under way: somebody may have to wake them. */
  late(now: number): string[] {
    return this.#storage.sql.exec("SELECT key FROM spare WHERE state IN ('building', 'retiring') AND told_at < ?", now - silentMs).toArray().map((row) => String(row['key']))
  }

  /** The pools that are wanted, or not yet gone. */
  figures(now: number): PoolFigures[] {
    const { sql } = this.#storage
    return planNames.flatMap((plan) => {
      const spares = this.#spares(plan)
      if (spares.length === 0 && !this.#wanted(plan)) return []
      const count = (state: SpareState): number => spares.filter((one) => one.state === state).length
      const [day] = sql.exec('SELECT count(*) AS arrivals, coalesce(sum(claimed), 0) AS claims FROM arrival WHERE plan = ? AND at > ?', plan, now - dayMs).toArray()
      const longest = spares.find(({ state }) => state !== 'ready')
      return [{
        plan, target: this.#target(plan, now), ready: count('ready'), building: count('building'), retiring: count('retiring'),
        oldestReadyAt: spares.find(({ state }) => state === 'ready')?.since ?? 0,
        longest: longest ? this.#record(longest.key)!.spec.service : '', longestSince: longest?.since ?? 0,
        refillMs: this.#refillMs(plan), arrivals: Number(day?.['arrivals']), claims: Number(day?.['claims']),
      }]
    })
  }

  #order(plan: PlanName, now: number): Command {
    const { sql } = this.#storage
    const service = String(Number(sql.exec("SELECT value FROM counter WHERE name = 'spare'").toArray()[0]?.['value'] ?? 0) + 1)
    sql.exec("INSERT INTO counter (name, value) VALUES ('spare', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", Number(service))
    const key = tenantKey(poolConnection, service)
    const identity = this.#choose(key, plan, now)
    const spec: Spec = { connection: poolConnection, service, email: `${spareName(identity.vmid)}@pool.invalid`, plan, publicIp: this.#cluster.proxy.publicIp }
    sql.exec("INSERT INTO spare (key, plan, state, template, since, ready_at, told_at, memory, node, tenant, body) VALUES (?, ?, 'building', ?, ?, 0, ?, ?, ?, NULL, ?)",
      key, plan, this.#cluster.template, now, now, plans[plan].memoryMb, identity.node, JSON.stringify({ key, seq: 1, spec, identity, built: [] } satisfies Record))
    return this.#command({ key, seq: 1, spec, identity, built: [] }, 'create', now)
  }

  #retire(key: string, now: number): Command {
    const record = this.#record(key)!
    const next = { ...record, seq: record.seq + 1 }
    this.#storage.sql.exec("UPDATE spare SET state = 'retiring', told_at = ?, body = ? WHERE key = ?", now, JSON.stringify(next), key)
    return this.#command(next, 'terminate', now)
  }

  #command({ key, seq, spec, identity }: Record, verb: 'create' | 'terminate', now: number): Command {
    const command: Command = { id: `${key}.${seq}`, tenant: key, seq, verb, spec, identity, actor: 'pool', at: now }
    this.#storage.sql.exec('INSERT INTO command (id, body, at) VALUES (?, ?, ?)', command.id, JSON.stringify(command), now)
    return command
  }

  #wanted(plan: PlanName): boolean {
    return poolOf(this.#cluster, plan).max > 0
  }

  #target(plan: PlanName, now: number): number {
    const arrivals = this.#storage.sql.exec('SELECT at FROM arrival WHERE plan = ?', plan).toArray().map((row) => Number(row['at']))
    return targetSize(arrivals, this.#refillMs(plan), poolOf(this.#cluster, plan), now)
  }

  /** The slowest of the newest builds: a queue of orders makes refilling slower just when it counts. */
  #refillMs(plan: PlanName): number {
    const newest = this.#storage.sql.exec('SELECT ready_at - since AS ms FROM spare WHERE plan = ? AND ready_at > 0 ORDER BY ready_at DESC LIMIT 20', plan).toArray().map((row) => Number(row['ms']))
    return newest.length === 0 ? firstRefillMs : Math.max(...newest)
  }

  #failedAt(plan: PlanName): number {
    return Number(this.#storage.sql.exec('SELECT value FROM counter WHERE name = ?', `pool-failed:${plan}`).toArray()[0]?.['value'] ?? -failurePauseMs)
  }

  #spares(plan: PlanName): Spare[] {
    return this.#storage.sql.exec("SELECT key, state, template, since FROM spare WHERE plan = ? AND state <> 'claimed' ORDER BY since", plan).toArray() as unknown as Spare[]
  }

  #state(key: string): string {
    return String(this.#storage.sql.exec('SELECT state FROM spare WHERE key = ?', key).toArray()[0]?.['state'])
  }

  #record(key: string): Record | undefined {
    const row = this.#storage.sql.exec("SELECT body FROM spare WHERE key = ? AND state <> 'claimed'", key).toArray()[0]
    return row && (JSON.parse(String(row['body'])) as Record)
  }
}
