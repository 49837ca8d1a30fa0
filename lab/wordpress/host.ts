// All WordPress sites of the lab: one PHP process each while awake, put to sleep when idle, woken by the next visitor,
// started again when it crashes. Sites live in the state folder and survive any end of this process. Must never run two
// processes on one site, and never logs a password: it is made inside the site and leaves it by mail only.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { wordpressFiles } from './download.ts'
import type { Archive, Progress, WordPressFiles } from './download.ts'
import { missesTitle } from './front-page.ts'
import { bringFilesBack, dropFiles, keepFiles } from './keepsakes.ts'
import { lockOf, lockWaitMs, takeLock } from './lock.ts'
import { mailboxOf, postMail, readMails } from './mailbox.ts'
import type { Mail } from './mailbox.ts'
import { PhpProcess } from './php-process.ts'
import { Runner } from './runner.ts'
import { newOwner } from './new-owner.ts'
import { layOutSite, writeConfig } from './site-files.ts'
import type { Site } from './site-files.ts'
import { readRecord, writeRecord } from './site-record.ts'

export interface HostOptions {
  stateDir: string
  cacheDir: string
  log: (line: string) => void
  progress?: (progress: Progress) => void
  archive?: Archive
  /** A site that nobody asked for this long is put to sleep. */
  idleMs?: number
  /** No more sites than this are awake at once (about 300 MB each); the one idle for longest sleeps first. */
  awakeMax?: number
}

export interface SiteState { installed: boolean; url?: string; title?: string; version?: string }

const installsAtOnce = 2

export class WordPressHost {
  #options: HostOptions
  #root: string
  #archive: string
  #files: ReturnType<typeof wordpressFiles> | undefined
  #runner: Runner
  #installing = new Map<string, Promise<void>>()
  /** Sites that are kept asleep for a moment. */
  #still = new Map<string, Promise<unknown>>()
  #lanes: Promise<void>[] = Array.from({ length: installsAtOnce }, () => Promise.resolve())
  #installs = 0

  constructor(options: HostOptions) {
    this.#options = options
    this.#root = join(resolve(options.stateDir), 'sites')
    this.#archive = mailboxOf(resolve(options.stateDir))
    this.#runner = new Runner({
      spawn: async () => {
        const { files } = await this.#wordpress()
        return files && new PhpProcess({ files })
      },
      folder: (id) => this.#folder(id),
      log: options.log,
      idleMs: options.idleMs ?? 300_000,
      awakeMax: options.awakeMax ?? 8,
    })
  }

  /** Fetches WordPress if need be and warms a spare process. Answers why that is impossible, or undefined when all is well. */
  async prepare(): Promise<string | undefined> {
    const wordpress = await this.#wordpress()
    if (!wordpress.files) return wordpress.reason
    await this.#runner.warm()
    return undefined
  }

  /** Installs a site with the real wp-cli; its owner gets WordPress's own mail. Again for the same site: nothing. Throws when it fails. */
  install(site: Site): Promise<void> {
    const running = this.#installing.get(site.id)
    if (running) return running
    const installing = this.#install(site).finally(() => this.#installing.delete(site.id))
    this.#installing.set(site.id, installing)
    return installing
  }

  /** Makes a site that was installed for nobody the owner's: address, title, keys, administrator; the mail is the owner's. Again: nothing. */
  personalise(site: Site): Promise<void> {
    const running = this.#installing.get(site.id)
    if (running) return running
    const changing = this.#personalise(site).finally(() => this.#installing.delete(site.id))
    this.#installing.set(site.id, changing)
    return changing
  }

  state(id: string): SiteState {
    const record = readRecord(this.#folder(id))
    return record ? { installed: true, url: record.url, title: record.title, version: record.version } : { installed: false }
  }

  /** Lets a stopped site be woken again. */
  async start(id: string): Promise<void> {
    this.#wish(id, false)
  }

  /** Ends the site's process; no visitor wakes it until `start`. */
  async stop(id: string): Promise<void> {
    this.#wish(id, true)
    await this.#runner.sleep(id)
  }

  /** Removes the site and everything it wrote, its mails excepted: they have been delivered. */
  async destroy(id: string): Promise<void> {
    await this.#installing.get(id)?.catch(() => {})
    const place = readRecord(this.#folder(id))?.place
    if (place !== undefined) for (const mail of readMails(mailboxOf(this.#folder(id)))) postMail(this.#archive, mail)
    rmSync(join(this.#folder(id), 'site.json'), { force: true }) // first, so that no visitor wakes it any more
    await this.#runner.sleep(id)
    await this.#alone(id, () => rmSync(this.#folder(id), { recursive: true, force: true, maxRetries: 3 }))
    const { files } = await this.#wordpress()
    if (!files || !place) return
    for (const build of readdirSync(files.opcache)) rmSync(join(files.opcache, build, 'sites', place), { recursive: true, force: true })
  }

  /** Keeps a copy of the site's files under `name`, as its container's snapshot does. Visitors wait a moment. */
  async keep(id: string, name: string): Promise<void> {
    if (!readRecord(this.#folder(id))) return
    await this.#asleep(id, () => {
      const gone = keepFiles(this.#folder(id), this.#shelf(id), name)
      if (gone !== undefined) this.#options.log(`wordpress: the files of ${id} as of ${gone} made room for newer ones; going back to it will not change the site`)
    })
  }

  /** Puts the files that were kept under `name` in the site's place, stopped. */
  async bringBack(id: string, name: string): Promise<void> {
    await this.#asleep(id, () => void bringFilesBack(this.#folder(id), this.#shelf(id), name))
  }

  /** Forgets what was kept under `name`. */
  async drop(id: string, name: string): Promise<void> {
    dropFiles(this.#shelf(id), name)
  }

  /**
   * Where the site answers now (HTTP, loopback), waking it if it sleeps; undefined when there is none or it is stopped.
   * To be asked for every request: the answer changes, and being asked is what keeps a site awake.
   */
  async address(id: string): Promise<URL | undefined> {
    await this.#still.get(id)
    const record = readRecord(this.#folder(id))
    return record && !record.stopped && !this.#installing.has(id) ? this.#runner.wake(record) : undefined
  }

  /** Everything that the owners of installed and of destroyed sites got by mail, oldest first. */
  mails(): Mail[] {
    const sites = existsSync(this.#root) ? readdirSync(this.#root).map((id) => join(this.#root, id)).filter(readRecord) : []
    // Nobody's sites write to nobody: RFC 6761 sees to it that no mail server has such an address.
    return [readMails(this.#archive), ...sites.map((folder) => readMails(mailboxOf(folder)))].flat().filter(({ to }) => !to.endsWith('.invalid')).sort((a, b) => a.at - b.at)
  }

  /** What a wp-cli command in a site prints; wakes the site. Throws when there is none, it is stopped, or the command fails. */
  async wp(id: string, args: string[]): Promise<string> {
    if (!(await this.address(id))) throw new Error('the site does not run')
    return this.#runner.wp(id, args, true)
  }

  /** Where everything of a site lies. */
  files(id: string): string {
    return this.#folder(id)
  }

  /** Process ids of the awake sites, by site. */
  processes(): Record<string, number> {
    return this.#runner.processes()
  }

  /** Puts every site to sleep and ends the spare. The host is of no use any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#installing.values())
    await this.#runner.close()
  }

  async #install(site: Site): Promise<void> {
    const before = readRecord(this.#folder(site.id))
    const wordpress = await this.#wordpress()
    if (before?.url === site.url && before.adminEmail === site.adminEmail && (before.version !== 'stand-in' || !wordpress.files)) return
    await this.#runner.sleep(site.id)
    if (wordpress.files) return this.#inLane(() => this.#installReal(wordpress.files, site))
    await this.#alone(site.id, () => rmSync(this.#folder(site.id), { recursive: true, force: true }))
    writeRecord(this.#folder(site.id), { ...site, version: 'stand-in', place: '', stopped: false, reason: wordpress.reason })
  }

  async #installReal(files: WordPressFiles, site: Site): Promise<void> {
    const place = `${site.id}-${randomBytes(4).toString('hex')}`
    const record = { ...site, version: versionOf(files), place, stopped: false }
    await this.#alone(site.id, () => layOutSite(files, this.#folder(site.id), site, place))
    try {
      const address = await this.#runner.wake(record)
      const { url, title, adminEmail } = site
      const owner = ['--admin_user=admin', `--admin_email=${adminEmail}`]
      await this.#runner.wp(site.id, ['core', 'install', `--url=${url}`, `--title=${title}`, ...owner])
      const wrong = await missesTitle(address, new URL(url), title)
      if (wrong) throw new Error(wrong)
      writeRecord(this.#folder(site.id), record)
    } catch (error) {
      await this.#runner.sleep(site.id)
      throw error
    }
  }

  async #personalise(site: Site): Promise<void> {
    const before = readRecord(this.#folder(site.id))
    if (!before) throw new Error('WordPress is not installed here')
    if (before.url === site.url && before.adminEmail === site.adminEmail) return
    const record = { ...before, ...site }
    await this.#runner.sleep(site.id)
    if (before.version !== 'stand-in') {
      await this.#alone(site.id, () => writeConfig(this.#folder(site.id), before.place, site.url))
      try {
        const address = await this.#runner.wake(record)
        await this.#runner.wp(site.id, ['eval', newOwner(before.url, site)])
        const wrong = await missesTitle(address, new URL(site.url), site.title)
        if (wrong) throw new Error(wrong)
      } catch (error) {
        await this.#runner.sleep(site.id)
        throw error
      }
    }
    writeRecord(this.#folder(site.id), record)
  }

  /** A process that an earlier, killed lab has left behind may still be writing its last page: its lock is waited for. */
  async #alone(id: string, change: () => void): Promise<void> {
    const release = await takeLock(lockOf(this.#folder(id)), lockWaitMs)
    if (!release) throw new Error(`another process holds site ${id}`)
    try {
      change()
    } finally {
      release()
    }
  }

  /** A change for which the site must sleep; visitors who come meanwhile wait, or they would keep it awake. */
  #asleep(id: string, change: () => void): Promise<void> {
    const before = this.#still.get(id)
    const changed = (async () => {
      await before
      await this.#runner.sleep(id)
      await this.#alone(id, change)
    })()
    const still = changed.catch(() => undefined).finally(() => this.#still.get(id) === still && this.#still.delete(id))
    this.#still.set(id, still)
    return changed
  }

  /** Installs are heavy on the processor: so many at once, the others in turn. */
  #inLane(install: () => Promise<void>): Promise<void> {
    const lane = this.#installs++ % installsAtOnce
    const mine = (this.#lanes[lane] ?? Promise.resolve()).then(install)
    this.#lanes[lane] = mine.catch(() => {})
    return mine
  }

  #wordpress(): ReturnType<typeof wordpressFiles> {
    this.#files ??= wordpressFiles(this.#options.cacheDir, this.#options.progress, this.#options.archive).then((result) => {
      if (!result.files) this.#options.log(`wordpress: serving stand-in pages, because ${result.reason}`)
      return result
    })
    return this.#files
  }

  #wish(id: string, stopped: boolean): void {
    const record = readRecord(this.#folder(id))
    if (record && record.stopped !== stopped) writeRecord(this.#folder(id), { ...record, stopped })
  }

  #shelf(id: string): string {
    return join(this.#root, '..', 'kept', id)
  }

  #folder(id: string): string {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) throw new Error(`"${id}" is not a site id`)
    return join(this.#root, id)
  }
}

function versionOf(files: WordPressFiles): string {
  const source = join(files.wordpress, 'wp-includes', 'version.php')
  return (existsSync(source) && /\$wp_version = '([^']+)'/.exec(readFileSync(source, 'utf8'))?.[1]) || 'unknown'
}
