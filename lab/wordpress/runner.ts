// Which sites are awake: takes a process (the warm spare first), puts idle sites to sleep, keeps at most so many awake,
// starts crashed ones again with growing pauses. Must never put a site to sleep in the middle of a wp-cli command.
import { PhpProcess } from './php-process.ts'
import type { SiteRecord } from './site-record.ts'
import { standIn } from './stand-in.ts'

interface Awake { address: Promise<URL>; process: PhpProcess | undefined; askedAt: number; busy: number; close: () => Promise<void> }

export interface RunnerOptions {
  /** A new process without a site, or undefined when there is no WordPress on this machine. */
  spawn: () => Promise<PhpProcess | undefined>
  folder: (id: string) => string
  log: (line: string) => void
  idleMs: number
  awakeMax: number
}

const crashPauseMs = 250
const crashPauseMaxMs = 30_000
const calmMs = 60_000
const crashesInARowMax = 5

export class Runner {
  #options: RunnerOptions
  #awake = new Map<string, Awake>()
  #crashes = new Map<string, { count: number; at: number }>()
  #spare: Promise<PhpProcess | undefined> | undefined
  #timer: NodeJS.Timeout
  #closed = false

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#tire(), Math.max(100, Math.min(30_000, options.idleMs / 2)))
    this.#timer.unref()
  }

  /** Has a process ready for the next site. Never throws. */
  async warm(): Promise<void> {
    if (this.#closed) return
    const spare = (this.#spare ??= this.#options.spawn())
    try {
      await (await spare)?.ready
    } catch (error) {
      if (this.#spare === spare) this.#spare = undefined
      this.#options.log(`wordpress: no spare process: ${message(error)}`)
    }
  }

  /** The site's address on the loopback; starts its process when it sleeps. Throws when that fails. */
  wake(record: SiteRecord): Promise<URL> {
    if (this.#closed) return Promise.reject(new Error('the WordPress host is closed'))
    let awake = this.#awake.get(record.id)
    if (awake) {
      awake.askedAt = Date.now()
      return awake.address
    }
    if (this.#awake.size >= this.#options.awakeMax) this.#tireOne()
    awake = { address: Promise.resolve(new URL('http://127.0.0.1')), process: undefined, askedAt: Date.now(), busy: 0, close: async () => {} }
    awake.address = (record.version === 'stand-in' ? this.#openStandIn(record, awake) : this.#open(record, awake)).catch((error: unknown) => {
      this.#forget(record.id, awake)
      throw error
    })
    this.#awake.set(record.id, awake)
    return awake.address
  }

  /** One wp-cli command in an awake site, and what it prints if it is to be `heard`. */
  async wp(id: string, args: string[], heard = false): Promise<string> {
    const awake = this.#awake.get(id)
    if (!awake?.process) throw new Error(`site ${id} is not awake`)
    awake.busy++
    try {
      return await awake.process.wp(args, heard)
    } finally {
      awake.busy--
    }
  }

  /** Ends the site's process after its running requests. */
  async sleep(id: string): Promise<void> {
    const awake = this.#awake.get(id)
    if (!awake) return
    this.#awake.delete(id)
    await awake.address.catch(() => {})
    await awake.close()
  }

  processes(): Record<string, number> {
    return Object.fromEntries([...this.#awake].flatMap(([id, { process }]) => (process?.pid ? [[id, process.pid]] : [])))
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    const spare = await this.#spare?.catch(() => undefined)
    await Promise.all([spare?.close(), ...[...this.#awake.keys()].map((id) => this.sleep(id))])
  }

  async #open(record: SiteRecord, awake: Awake): Promise<URL> {
    const { id } = record
    const process = await this.#process()
    awake.process = process
    awake.close = () => process.close()
    void process.ended.then((how) => this.#ended(record, awake, how))
    try {
      const port = await process.open({ id, place: record.place, folder: this.#options.folder(id) })
      if (this.#awake.get(id) === awake) void this.warm()
      return new URL(`http://127.0.0.1:${port}`)
    } catch (error) {
      await process.close()
      throw error
    }
  }

  async #openStandIn(record: SiteRecord, awake: Awake): Promise<URL> {
    const { server, port } = await standIn(record.title, record.reason ?? 'unknown')
    awake.close = async () => {
      server.close()
      server.closeAllConnections()
    }
    return new URL(`http://127.0.0.1:${port}`)
  }

  async #process(): Promise<PhpProcess> {
    const spare = this.#spare
    this.#spare = undefined
    const warm = await spare?.catch(() => undefined)
    const process = warm?.alive ? warm : await this.#options.spawn()
    if (!process) throw new Error('WordPress is not on this machine any more')
    return process
  }

  #ended(record: SiteRecord, awake: Awake, how: string): void {
    if (!this.#forget(record.id, awake) || this.#closed) return // it was put to sleep
    const before = this.#crashes.get(record.id)
    const count = before && Date.now() - before.at < calmMs ? before.count + 1 : 1
    this.#crashes.set(record.id, { count, at: Date.now() })
    const givenUp = count > crashesInARowMax
    this.#options.log(`wordpress: ${record.id} ended unexpectedly (${how})${givenUp ? '; the next visitor wakes it' : ''}`)
    if (givenUp || awake.busy > 0) return
    const pauseMs = Math.min(crashPauseMaxMs, crashPauseMs * 2 ** (count - 1))
    const again = (): void =>
      void this.wake(record).catch((error: unknown) => this.#options.log(`wordpress: ${record.id}: ${message(error)}`))
    setTimeout(again, pauseMs).unref()
  }

  #forget(id: string, awake: Awake): boolean {
    return this.#awake.get(id) === awake && this.#awake.delete(id)
  }

  #tire(): void {
    for (const [id, awake] of this.#awake)
      if (awake.busy === 0 && Date.now() - awake.askedAt > this.#options.idleMs) void this.sleep(id)
  }

  #tireOne(): void {
    const idle = [...this.#awake].filter(([, awake]) => awake.busy === 0).sort(([, a], [, b]) => a.askedAt - b.askedAt)[0]
    if (idle) void this.sleep(idle[0])
  }
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error))
