// The parent's side of one site process: start it, ask it things, hear when it ends. Whatever was asked of a process that
// dies is refused at once. Must never outlive its parent (the child ends when the channel closes) nor log what PHP prints.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Ask, Settings, Tell } from './site-process.ts'

const program = fileURLToPath(new URL('./site-process.ts', import.meta.url))
const closeWaitMs = 15_000

type Open<T> = T extends { ask: number } ? Omit<T, 'ask'> : never

export class PhpProcess {
  /** Resolves when PHP is loaded and can be given a site; rejects when the process ends before. */
  readonly ready: Promise<void>
  /** Resolves with what happened when the process has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<string>
  #child: ChildProcess
  #asked = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>()
  #next = 1
  #gone: string | undefined
  #tail = ''

  constructor(settings: Settings) {
    this.#child = fork(program, [JSON.stringify(settings)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#tail = (this.#tail + chunk.toString()).slice(-500)
    })
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#gone !== undefined) return
        this.#gone = how
        for (const { reject } of this.#asked.values()) reject(new Error(`the site's process ended (${how})`))
        this.#asked.clear()
        resolve(how)
      }
      this.#child.once('exit', (code, signal) => end(signal ?? `exit ${code}${code === 0 ? '' : `: ${this.#tail.trim().split('\n')[0] ?? ''}`}`))
      this.#child.once('error', (error) => end(error.message))
    })
    this.ready = new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        const told = message as Tell
        if ('ready' in told) return resolve()
        const asked = this.#asked.get(told.ask)
        this.#asked.delete(told.ask)
        if ('failure' in told) asked?.reject(new Error(told.failure))
        else asked?.resolve(told.answer)
      })
      void this.ended.then((how) => reject(new Error(`PHP did not start (${how})`)))
    })
    this.ready.catch(() => {}) // a spare that nobody waits for yet
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get alive(): boolean {
    return this.#gone === undefined
  }

  /** Takes the site's lock and serves it; answers its port on 127.0.0.1. */
  async open(site: { id: string; place: string; folder: string }): Promise<number> {
    await this.ready
    return ((await this.#ask({ open: site })) as { port: number }).port
  }

  /** One wp-cli command in the site, and what it prints if it is to be `heard`; throws with wp-cli's own words when it fails. */
  async wp(args: string[], heard = false): Promise<string> {
    const { exit, error, output } = (await this.#ask({ wp: args, heard })) as { exit: number; error: string; output: string }
    if (exit !== 0) throw new Error(`wp ${args[0]} ${args[1]} ended with ${exit}: ${error}`)
    return output
  }

  /** Lets running requests finish, then ends the process; kills it when that takes too long. */
  async close(): Promise<void> {
    if (!this.alive) return
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), closeWaitMs)
    this.#ask({ close: true }).catch(() => {})
    await this.ended
    clearTimeout(kill)
  }

  #ask(what: Open<Ask>): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(new Error(`the site's process ended (${this.#gone})`))
    const ask = this.#next++
    return new Promise((resolve, reject) => {
      this.#asked.set(ask, { resolve, reject })
      this.#child.send({ ask, ...what }, (error) => error && reject(error))
    })
  }
}
