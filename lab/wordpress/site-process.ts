// A child process that is one PHP site over HTTP on a loopback port. It starts without a site (a warm spare), is given one
// by its parent, holds that site's lock, and ends with its parent. Must never hold two sites or serve without the lock.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import type { PHPRunOptions } from '@php-wasm/universal'
import type { WordPressFiles } from './download.ts'
import { lockOf, lockWaitMs, takeLock } from './lock.ts'
import { mailboxOf, postMail } from './mailbox.ts'
import { openSite, runScript, startPhp, wpCli } from './php.ts'
import { seen } from './site-files.ts'
import { siteServer } from './site-http.ts'

/** What the parent gives as the one argument (JSON), and the messages between the two. */
export interface Settings { files: WordPressFiles }
export type Ask = { ask: number } & ({ open: { id: string; place: string; folder: string } } | { wp: string[]; heard?: boolean } | { close: true })
export type Tell = { ready: true } | { ask: number; answer: unknown } | { ask: number; failure: string }

const cronEveryMs = 60_000
const onTheirWayMs = 100

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings
let site = { id: '', folder: '' }
let release: (() => void) | undefined
let server: Server | undefined
let cronAt = Date.now()

const php = await startPhp(settings.files, (letter) => {
  const to = Array.isArray(letter.to) ? letter.to.join(', ') : letter.to
  postMail(mailboxOf(site.folder), { to, subject: letter.subject, text: letter.text, at: Date.now(), site: site.id })
})

process.on('SIGINT', () => {}) // Ctrl-C reaches the whole terminal; the parent decides
process.on('SIGTERM', () => void end(0))
process.on('disconnect', () => void end(0))
process.on('message', (message) => void obey(message as Ask))
tell({ ready: true })

async function obey(message: Ask): Promise<void> {
  try {
    tell({ ask: message.ask, answer: 'open' in message ? await open(message.open) : 'wp' in message ? await wpCli(php, message.wp, message.heard === true) : true })
    if ('close' in message) await end(0)
  } catch (error) {
    tell({ ask: message.ask, failure: error instanceof Error ? error.message.slice(0, 500) : String(error) })
    if (!('open' in message)) await end(70)
  }
}

async function open(given: { id: string; place: string; folder: string }): Promise<{ port: number }> {
  release = await takeLock(lockOf(given.folder), lockWaitMs)
  if (!release) throw new Error(`another process holds site ${given.id}`)
  site = given
  await openSite(php, given.place, given.folder)
  server = siteServer({ place: given.place, wordpress: settings.files.wordpress, content: join(given.folder, 'wp-content') }, serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port }
}

async function serve(options: PHPRunOptions): ReturnType<typeof runScript> {
  try {
    const answer = await runScript(php, options)
    if (Date.now() - cronAt > cronEveryMs) setImmediate(() => void cron())
    return answer
  } catch (error) {
    // WebAssembly that has trapped cannot be trusted any more; the parent starts another.
    console.error(error instanceof Error ? error.message : error)
    setTimeout(() => void end(70), 50)
    throw error
  }
}

/** WordPress's own clock ticks when the site has visitors, as ever, but without a request to itself. */
async function cron(): Promise<void> {
  cronAt = Date.now()
  await runScript(php, { scriptPath: `${seen.wordpress}/wp-cron.php`, relativeUri: '/wp-cron.php' }).catch(() => end(70))
}

function tell(message: Tell): void {
  if (process.connected) process.send?.(message)
}

async function end(code: number): Promise<void> {
  const closing = server
  server = undefined
  if (closing) {
    // Visitors who were sent here a moment ago still come in: a turn of the loop after the pause takes them.
    if (code === 0) await pause(onTheirWayMs).then(() => turn())
    closing.closeIdleConnections()
    setTimeout(() => closing.closeAllConnections(), 8_000).unref()
    await new Promise((resolve) => closing.close(resolve))
  }
  setTimeout(() => process.exit(code), 10_000).unref()
  await php.semaphore.acquire() // a script that is writing finishes first
  release?.()
  process.exit(code)
}
