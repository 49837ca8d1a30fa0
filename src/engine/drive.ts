// One row, one step: look if there is any doubt, decide, write the intent, call, write the outcome.
// It never sleeps and never retries: what comes next is a `notBefore` in the row. It must not act on a row read before an await.
import { UpstreamError } from '../domain/errors.ts'
import { bug } from './bug.ts'
import { contextOf } from './context.ts'
import { brief, inTime } from './deadline.ts'
import { flightEndOf, noGate, silent, told, waitsOut } from './doubt.ts'
import { desire, instanceOf, type JournalEvent, type Row } from './row.ts'
import { dissolves, holdsLease, resourceOf } from './plan.ts'
import { awayPauseMs, backoffMs, clusterSays, patienceOf, policy, pollPauseMs } from './policy.ts'
import type { TaskEnd, Verdict } from '../domain/gate.ts'
import type { Resource, Seen } from './resource.ts'
import type { Surroundings } from './surroundings.ts'

type Patch = Partial<Omit<Row, 'name' | 'version'>>

/** Drives one ready row by one step. Never throws; a bug of ours is written into the row. */
export async function drive<Up>(name: string, all: Surroundings<Up>, signal: AbortSignal): Promise<void> {
  try {
    await new Drive(name, all).run(signal)
  } catch (error) {
    bug(name, all, error)
  }
}

class Drive<Up> {
  readonly all: Surroundings<Up>
  readonly name: string
  readonly resource: Resource<Up>
  #row: Row
  /** The wish that this drive serves; when it changes meanwhile, nothing more is done for the old one. */
  readonly #version: number
  /** What a system said that did not do its part; it may be another than the resource's own. */
  #blamed: UpstreamError | undefined
  /** Budgets that a call was given for, and of which it has proven to use nothing. */
  #unspent: readonly string[] = []

  constructor(name: string, all: Surroundings<Up>) {
    const row = all.book.row(name)
    const resource = resourceOf(all.resources, name)
    if (!row || !resource) throw new Error(`no such step: ${name}`)
    this.all = all
    this.name = name
    this.resource = resource
    this.#row = row
    this.#version = row.version
  }

  async run(signal: AbortSignal): Promise<void> {
    const { all, resource } = this
    if (this.#row.phase === 'calling') this.#recover()
    if (this.#row.phase === 'stuck') return
    const rows = new Map(all.book.rows().map((row) => [row.name, row]))
    const gone = { phase: 'settled', doubtSince: 0, handle: null, out: null, owned: false, settledAt: all.now() } as const
    if (dissolves(this.#row, all.resources, rows)) {
      // A lost request may still write something that nobody would ever remove: what it lives in stays until it cannot.
      const flightEnds = flightEndOf(this.#row)
      if (all.now() < flightEnds) return this.#amend({ phase: 'unknown', handle: null, notBefore: flightEnds, why: waitsOut })
      this.#amend(gone, 'dissolved')
      return this.#free()
    }
    if (this.#row.want === 'absent' && this.#row.attempt === 0 && !resource.given && !this.#row.owned) {
      // It may hold a lease all the same: one whose grant was lost on its way to us, or outlived us before the intent was written.
      this.#amend({ ...gone, parked: false }, 'settled', 'nothing was ever sent')
      return this.#free()
    }
    if (this.#row.handle !== null && !(await this.#watched(this.#row.handle, signal))) return
    if (this.#row.version !== this.#version) return

    const pools = resource.pools(this.#row.want, this.#row.wish)
    const grant = await all.gate.acquire({ step: this.name, system: resource.system, pools })
      .catch(() => noGate(all.random))
    if (!grant.granted) return this.#park(grant.waitMs, grant.why)

    let verdict: Verdict = 'none'
    try {
      if (this.#row.parked) this.#amend({ parked: false, why: null })
      if (grant.probe) await all.probe(resource.system)
      verdict = await this.#lookAndTouch()
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      verdict = this.#blinded(error)
    } finally {
      const row = all.book.row(this.name)
      const release = !holdsLease(row, all.now())
      await all.gate.report({ step: this.name, system: this.#blamed?.system ?? resource.system, verdict, release, unspent: this.#unspent, ...(this.#blamed ? { why: brief(this.#blamed.message) } : {}) }).catch(() => undefined)
    }
  }

  /** Gives the lease back without having used it. When this is lost, the gate asks for it in time. */
  async #free(): Promise<void> {
    await this.all.gate.report({ step: this.name, system: this.resource.system, verdict: 'none', release: true }).catch(() => undefined)
  }

  /** We died between intent and outcome: the call may have happened, may still happen. */
  #recover(): void {
    const poison = this.#row.poison + 1
    if (poison >= policy.poisonMax) this.#stick('set aside: it kept dying in the middle of this call')
    else this.#amend({ phase: 'unknown', poison, notBefore: 0, why: 'interrupted; looking what happened' }, 'recovered')
  }

  /** Waits for the end of a task. False when there is nothing more to do now. */
  async #watched(handle: string, signal: AbortSignal): Promise<boolean> {
    const { all } = this
    let end: TaskEnd
    try {
      end = await all.watch(handle, policy.watchMs, signal)
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error
      this.#blinded(error)
      return false
    }
    if (this.#reread().handle !== handle) return false
    if (end.state === 'running') {
      if (all.now() - this.#row.busySince > this.resource.busyMs) this.#stick('a task does not end')
      else this.#amend({ notBefore: all.now() + policy.backoffFirstMs })
      return false
    }
    const failure = end.state === 'ended' && !end.ok ? brief(end.exit) : undefined
    const told = failure === undefined ? undefined : clusterSays(failure)
    const congested = told === 'congested'
    // What a customer asked for besides is given up and told; what a service is made of waits for the node.
    const away = told === 'away' && instanceOf(this.name) === ''
    const proved = end.state === 'ended' && end.ok
    this.#amend({ phase: 'unknown', handle: null, proved, ...(failure === undefined ? {} : { why: `task failed: ${failure}` }), ...(congested || away ? { fails: Math.max(0, this.#row.fails - 1) } : {}), ...(away ? { notBefore: all.now() + awayPauseMs(all.now() - this.#row.startedAt) } : {}) }, 'observed', failure === undefined ? `task ${end.state}` : `task failed: ${failure}`)
    if (congested)
      await all.gate.report({ step: this.name, system: this.resource.system, verdict: 'congested', release: false }).catch(() => undefined)
    return !away
  }

  async #lookAndTouch(): Promise<Verdict> {
    const { all } = this
    let seen: Seen | undefined
    if (this.#row.attempt > 0 || this.resource.given || this.#row.adopt || this.#row.owned) {
      seen = await this.resource.observe(contextOf(all, this.#row, all.now(), all.now() + this.resource.callTimeoutMs))
      if (this.#reread().version !== this.#version) return 'ok'
      if (!this.#mustTouch(seen)) return 'ok'
    }
    return this.#touch(seen)
  }

  /** Decides what was seen. True when it is now time to call. */
  #mustTouch(seen: Seen): boolean {
    const { all, resource } = this
    const now = all.now()
    const row = this.#row
    const flightEnds = flightEndOf(row)
    const wants = row.want === 'present'
    if (seen.state === 'foreign' && !(row.adopt && resource.adopt)) return this.#foreign(seen.why)
    if (seen.state === 'busy') {
      const [long, how] = [seen.long === true, patienceOf(resource, seen.long)]
      // What follows upon hours of work has its own time.
      const busySince = long === (row.long === true) ? row.busySince || now : now
      if (now - busySince > how.busyMs) return resource.aside ? this.#giveUp(seen.why) : this.#stick(`busy for too long: ${seen.why}`)
      this.#amend({ phase: 'waiting', busySince, long, handle: seen.handle ?? null, why: seen.why, blind: 0, notBefore: seen.handle ? now : now + pollPauseMs(how, now - busySince) },
        row.phase === 'waiting' ? undefined : 'observed', `busy: ${seen.why}`)
      return false
    }
    const good = wants ? seen.state === 'present' && seen.ok : seen.state === 'absent'
    // A lost request may still land: after our look, after our next call, against a newer wish. Only its own effect, seen,
    // ends the doubt earlier; nothing else is settled or touched before it cannot land any more.
    if (now < flightEnds && !(good && row.doubtFor === desire(row))) {
      this.#amend({ phase: 'unknown', notBefore: flightEnds, blind: 0, why: waitsOut }, 'observed', `${seen.state}, waiting out the flight bound`)
      return false
    }
    if (good) {
      const out = wants && seen.state === 'present' ? resource.output.parse(seen.out) : null
      this.#amend({ phase: 'settled', out, owned: wants, adopt: false, ...(wants ? {} : { unfinished: false }), doubtSince: 0, busySince: 0, fails: 0, poison: 0, settledAt: now, why: null, refusal: null }, 'settled', out)
      return false
    }
    const unfinished = seen.state === 'present' && (row.unfinished === true || (!seen.ok && seen.unfinished === true))
    this.#amend({ blind: 0, busySince: 0, unfinished, ...(seen.state === 'present' ? { owned: true } : {}) }, 'observed', told(seen))
    if (this.#held()) return false
    if (row.adopt && wants && seen.state === 'absent' && (resource.irreplaceable || resource.inside)) return this.#stick('it was to be adopted, and is not there')
    if (resource.irreplaceable && wants && seen.state === 'absent' && row.out !== null) return resource.irreplaceable === true ? this.#stick('it is gone, and a new one would be empty') : this.#giveUp('somebody else has removed it')
    if (row.refusal !== null) return this.#giveUp(row.refusal)
    const max = wants ? (resource.triesMax ?? policy.makeFailsMax) : policy.unmakeFailsMax
    if (row.fails >= max) return this.#giveUp(row.why ?? `${row.fails} attempts failed`)
    return true
  }

  async #touch(seen: Seen | undefined): Promise<Verdict> {
    const { all, resource } = this
    // Asking the gate took time as well.
    const before = this.#reread()
    if (before.version !== this.#version || this.#held()) return 'none'
    const spends = resource.spends?.(before.want, before.wish) ?? []
    if (spends.length > 0) {
      const grant = await all.gate.spend({ step: this.name, budgets: spends }).catch(() => noGate(all.random))
      if (!grant.granted) this.#park(grant.waitMs, grant.why)
      if (!grant.granted || this.#reread().version !== this.#version || this.#held()) return 'none'
    }
    const attempt = before.attempt + 1
    const doubtFor = desire(before)
    const now = all.now()
    this.#amend({ phase: 'calling', attempt, fails: before.fails + 1, doubtSince: now, doubtFor, startedAt: before.startedAt || now, busySince: 0, why: null, proved: false }, 'call', before.want)
    const deadline = now + resource.callTimeoutMs
    const context = contextOf(all, this.#row, now, deadline)
    const call = seen?.state === 'foreign' && resource.adopt ? resource.adopt(context) : before.want === 'present' ? resource.make(context, seen) : resource.unmake(context, seen)
    const result = await inTime(call, (ended) => all.sleep(resource.callTimeoutMs, ended), resource.system)

    const row = this.#reread()
    if (row.attempt !== attempt || row.phase !== 'calling') return 'none'
    const done = all.now()
    if (!(result instanceof Error)) {
      const handle = result?.handle ?? null
      this.#amend({ phase: handle ? 'waiting' : 'unknown', handle, proved: handle === null, doubtSince: 0, poison: 0, notBefore: done, busySince: handle ? done : 0, owned: true }, 'outcome', handle ? 'accepted' : 'ok')
      return 'ok'
    }
    if (!(result instanceof UpstreamError)) throw result
    const why = brief(result.message)
    const retry = done + (result.retryAfterMs ?? backoffMs(row.fails, policy.backoffMaxMs, all.random))
    this.#blamed = result
    const outcome = { fate: result.fate, landed: result.landed, system: result.system, message: why }
    switch (result.fate) {
      case 'not-sent':
        this.#unspent = spends
        // Another request of the same call may have been applied, so it is looked at like any other.
        this.#amend({ phase: 'unknown', fails: row.fails - 1, doubtSince: before.doubtSince, doubtFor: before.doubtFor, notBefore: retry, why }, 'outcome', outcome)
        return silent(result) ? 'down' : 'none'
      case 'refused':
        this.#amend({ phase: 'unknown', doubtSince: before.doubtSince, doubtFor: before.doubtFor, notBefore: done, refusal: why, why }, 'outcome', outcome)
        return 'ok'
      case 'credentials':
        this.#amend({ why, ...(result.landed ? { doubtSince: before.doubtSince, doubtFor: before.doubtFor } : {}) }, 'outcome', outcome)
        this.#stick(`${result.system}: ${why}`)
        return 'config'
      case 'unknown':
        this.#amend({ phase: 'unknown', doubtSince: result.landed ? before.doubtSince : done, ...(result.landed ? { doubtFor: before.doubtFor } : {}), notBefore: retry, why }, 'outcome', outcome)
        return result.landed ? 'ok' : 'down'
    }
  }

  /** A look got no answer: costs no attempt, only patience. */
  #blinded(error: UpstreamError): Verdict {
    const { all } = this
    if (this.#reread().phase === 'stuck') return 'none'
    const why = brief(error.message)
    this.#blamed = error
    if (error.fate === 'credentials') {
      this.#stick(`${error.system}: ${why}`)
      return 'config'
    }
    const blind = this.#row.blind + 1
    const pause = error.retryAfterMs ?? backoffMs(blind, policy.blindMaxMs, all.random)
    this.#amend({ phase: this.#row.attempt > 0 ? (this.#row.phase === 'waiting' ? 'waiting' : 'unknown') : 'idle', blind, notBefore: all.now() + pause, why: `no answer: ${why}` })
    return !error.landed && silent(error) ? 'down' : 'none'
  }

  #foreign(why: string): boolean {
    const row = this.#row
    // What was never ours and is not ours now is not our business on the way down: it is left standing.
    if (row.want === 'absent' && !row.owned) this.#amend({ phase: 'settled', doubtSince: 0, why: `left alone: ${why}` }, 'settled', `foreign, left alone: ${why}`)
    else if (row.want === 'present' && !row.owned) this.#giveUp(`taken by something that is not ours: ${why}`)
    else this.#stick(`no longer bears our mark: ${why}`)
    return false
  }

  /** A person holds the tenant: what was under way has been seen to its end, the next touch or decision waits. */
  #held(): boolean {
    if (!this.all.held()) return false
    this.#amend({ phase: 'idle' })
    return true
  }

  #giveUp(reason: string): boolean {
    if (this.#held()) return false
    if (this.#row.want === 'absent' || !this.all.giveUp(this.#row, reason)) this.#stick(reason)
    return false
  }

  #stick(why: string): false {
    this.#amend({ phase: 'stuck', why }, 'stuck', why)
    return false
  }

  #park(waitMs: number, why: string): void {
    const { all } = this
    if (this.#reread().phase === 'stuck') return
    this.#amend({ parked: true, notBefore: all.now() + Math.max(waitMs, policy.backoffFirstMs), why }, this.#row.parked ? undefined : 'parked', why)
  }

  #reread(): Row {
    const row = this.all.book.row(this.name)
    if (!row) throw new Error(`the row ${this.name} is gone`)
    return (this.#row = row)
  }

  /** Writes a change and, if it says something new, a journal line, in one transaction. */
  #amend(patch: Patch, event?: JournalEvent, detail: unknown = null): void {
    const { book } = this.all
    book.transaction(() => {
      const row = this.#reread()
      const since = patch.phase !== undefined && patch.phase !== row.phase ? this.all.now() : row.since
      this.#row = { ...row, since, ...patch }
      book.put(this.#row)
      if (event) book.journal(event, this.name, this.#row.attempt, detail)
    })
  }
}
