// What the gateway must still know after a restart: nonces, the highest attempt of each operation, playbook runs, whose turn it is to
// write, how often ISPConfig refused a session. One SQLite file (or `:memory:`), which several gateways of one machine may share: every
// question is one statement, so they cannot both be told "new". Bounded: when it is full it says so instead of forgetting what somebody still relies on. Never a parameter of a playbook.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Refusal } from './refusal.ts'
import type { TaskEnd } from './tasks.ts'

/** `order` is a digest of what was asked. */
export interface RunRecord { order: string; last: TaskEnd }

export interface MemoryOptions {
  /** This gateway among those that share the file; two that run at the same time must differ. */
  owner: string
  /** Changes when the machine loses its power: only then may the end of the file be missing. */
  boot: string
  /** Epoch ms. */
  now: number
  /** How many nonces, operations and runs at most, of each. */
  most?: number
}

interface Kind { name: string; keepMs: number; most: number; room: number; prunedAt: number; count: StatementSync; prune: StatementSync }

const nonceKeptMs = 66_000
const attemptsKeptMs = 3_600_000
const runsKeptMs = 24 * 3_600_000
/** No playbook takes so long: the gateway that carried this run out is gone for good. */
const runMaxMs = 3_600_000
const pruneEveryMs = 10_000
/** Nobody holds a turn for longer; a later end was written by a clock that was ahead. */
const turnMaxMs = 180_000

const tables = `
  CREATE TABLE IF NOT EXISTS life (one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT NOT NULL, since REAL NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS nonces_at ON nonces (at);
  CREATE TABLE IF NOT EXISTS attempts (operation TEXT PRIMARY KEY, attempt REAL NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS attempts_at ON attempts (at);
  CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, "order" TEXT NOT NULL, owner TEXT NOT NULL, at REAL NOT NULL, last TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS runs_at ON runs (at);
  CREATE TABLE IF NOT EXISTS turns (name TEXT PRIMARY KEY, turn INTEGER NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS failures (name TEXT NOT NULL, at REAL NOT NULL) STRICT;
`

export class Memory {
  /** Epoch ms: everything that was heard since is in here, of what was before something may be missing. */
  readonly since: number
  readonly #owner: string
  readonly #nonces: Kind
  readonly #attempts: Kind
  readonly #runs: Kind
  readonly #hear: StatementSync
  readonly #raise: StatementSync
  readonly #begin: StatementSync
  readonly #read: StatementSync
  readonly #end: StatementSync
  readonly #takeTurn: StatementSync
  readonly #holdTurn: StatementSync
  readonly #fail: StatementSync
  readonly #failures: StatementSync
  readonly #forgetFailures: StatementSync

  constructor(database: DatabaseSync, options: MemoryOptions) {
    const { owner, boot, now, most = 200_000 } = options
    // A process that dies loses nothing of a WAL; only a machine that dies may, and `boot` tells.
    database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    database.exec(tables)
    const kind = (name: string, keepMs: number, most: number): Kind => ({
      name, keepMs, most, room: 0, prunedAt: -Infinity,
      count: database.prepare(`SELECT count(*) AS n FROM ${name}`),
      prune: database.prepare(`DELETE FROM ${name} WHERE at < ?`),
    })
    this.#owner = owner
    this.#nonces = kind('nonces', nonceKeptMs, most)
    this.#attempts = kind('attempts', attemptsKeptMs, most)
    this.#runs = kind('runs', runsKeptMs, most)
    this.#hear = database.prepare('INSERT INTO nonces VALUES (?1, ?2) ON CONFLICT (nonce) DO UPDATE SET at = ?2 WHERE at < ?3')
    this.#raise = database.prepare(`INSERT INTO attempts VALUES (?1, ?2, ?3) ON CONFLICT (operation)
      DO UPDATE SET attempt = iif(at < ?4, ?2, max(attempt, ?2)), at = ?3 RETURNING attempt`)
    this.#begin = database.prepare(`INSERT INTO runs VALUES (?, ?, ?, ?, ?) ON CONFLICT (run) DO NOTHING`)
    this.#read = database.prepare('SELECT "order", owner, at, last FROM runs WHERE run = ?')
    this.#end = database.prepare('UPDATE runs SET last = ? WHERE run = ?')
    // Taken again under a new number, so that whoever held it before cannot give back what is no longer theirs.
    this.#takeTurn = database.prepare(`INSERT INTO turns VALUES (?1, 1, ?3) ON CONFLICT (name)
      DO UPDATE SET turn = turn + 1, until = ?3 WHERE until <= ?2 OR until > ?4 RETURNING turn`)
    this.#holdTurn = database.prepare('UPDATE turns SET until = ? WHERE name = ? AND turn = ?')
    this.#fail = database.prepare('INSERT INTO failures VALUES (?, ?)')
    this.#failures = database.prepare('SELECT count(*) AS n FROM failures WHERE name = ? AND at > ? AND at <= ?')
    this.#forgetFailures = database.prepare('DELETE FROM failures WHERE name = ? AND at <= ?')
    // Signatures carry whole seconds. A clock that was ahead once must not shut everybody out until then.
    const start = Math.floor(now / 1000) * 1000
    const life = database.prepare(`INSERT INTO life VALUES (1, ?1, ?2) ON CONFLICT (one)
      DO UPDATE SET since = iif(boot = ?1, min(since, ?2), ?2), boot = ?1 RETURNING since`).get(boot, start)
    this.since = Number(life!['since'])
  }

  /** False when this nonce was heard before; a Refusal when there is no room for it. */
  hear(nonce: string, now: number): boolean {
    return asked(() => {
      this.#makeRoom(this.#nonces, now)
      return this.#hear.run(nonce, now, now - nonceKeptMs).changes === 1
    })
  }

  /** The highest attempt of this operation that was heard, this one included. */
  raise(operation: string, attempt: number, now: number): number {
    return asked(() => {
      this.#makeRoom(this.#attempts, now)
      return Number(this.#raise.get(operation, attempt, now, now - attemptsKeptMs)!['attempt'])
    })
  }

  /** True when the run is new and now this gateway's to carry out. */
  begin(run: string, order: string, now: number): boolean {
    return asked(() => {
      this.#makeRoom(this.#runs, now)
      return this.#begin.run(run, order, this.#owner, now, JSON.stringify({ id: `run:${run}`, state: 'running' } satisfies TaskEnd)).changes === 1
    })
  }

  /** `mine` says whether this gateway is carrying the run out now: what nobody can be carrying out any more is unknown. */
  run(run: string, mine: boolean, now: number): RunRecord | undefined {
    return asked(() => {
      const row = this.#read.get(run) as { order: string; owner: string; at: number; last: string } | undefined
      if (row === undefined) return undefined
      const last = JSON.parse(row.last) as TaskEnd
      const lost = row.owner === this.#owner ? !mine : now - row.at > runMaxMs
      return { order: row.order, last: last.state === 'running' && lost ? { id: last.id, state: 'unknown' } : last }
    })
  }

  /** Writes down how a run ended. */
  end(run: string, last: TaskEnd): void {
    asked(() => this.#end.run(JSON.stringify(last), run))
  }

  /** The number of this turn to write to `name`, held until `until`; undefined while somebody else holds it. */
  takeTurn(name: string, now: number, until: number): number | undefined {
    return asked(() => {
      const row = this.#takeTurn.get(name, now, until, now + turnMaxMs)
      return row === undefined ? undefined : Number(row['turn'])
    })
  }

  /** Holds a turn until another time; one that is in the past gives it back. */
  holdTurn(name: string, turn: number, until: number): void {
    asked(() => this.#holdTurn.run(until, name, turn))
  }

  /** Notes that `name` has just refused us; what is older than `keptMs` is forgotten. */
  fail(name: string, now: number, keptMs: number): void {
    asked(() => {
      this.#forgetFailures.run(name, now - keptMs)
      this.#fail.run(name, now)
    })
  }

  /** How often `name` refused us within the last `withinMs`. */
  failures(name: string, now: number, withinMs: number): number {
    return asked(() => Number(this.#failures.get(name, now - withinMs, now)!['n']))
  }

  #makeRoom(kind: Kind, now: number): void {
    if (kind.room <= 0 || now - kind.prunedAt >= pruneEveryMs) {
      kind.prune.run(now - kind.keepMs)
      kind.room = kind.most - Number(kind.count.get()!['n'])
      kind.prunedAt = now
    }
    if (kind.room <= 0) throw new Refusal(503, 'not-sent', 'full', `too many ${kind.name} are remembered at the moment`)
    kind.room--
  }
}

/** What is forgotten with the process, and shared with nobody. */
export const forgetful = (now: number): Memory => new Memory(new DatabaseSync(':memory:'), { owner: 'alone', boot: '', now })

/** Asked before anything is sent: what cannot be written down is not done. */
function asked<T>(question: () => T): T {
  try {
    return question()
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(503, 'not-sent', 'memory', 'the gateway cannot read or write its memory')
  }
}
