// Copies of a site's files, as its container's snapshots and archives hold them. A few per site: the oldest makes room. A site that
// comes back appears to PHP at a new place, because compiled scripts of its later files are cached under the old one.
import { randomBytes } from 'node:crypto'
import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mailboxOf } from './mailbox.ts'
import { seen } from './site-files.ts'
import { readRecord, writeRecord } from './site-record.ts'

const keptMax = 8

const nameOf = (name: string): string => encodeURIComponent(name)

/** Copies `folder` into `shelf` under `name`; the site must be asleep. Answers the name of what had to make room. */
export function keepFiles(folder: string, shelf: string, name: string): string | undefined {
  mkdirSync(shelf, { recursive: true })
  copy(folder, join(shelf, nameOf(name)))
  const oldest = readdirSync(shelf).map((one) => ({ one, at: statSync(join(shelf, one)).birthtimeMs })).sort((a, b) => a.at - b.at).map(({ one }) => one)
  if (oldest.length <= keptMax || oldest[0] === undefined) return undefined
  rmSync(join(shelf, oldest[0]), { recursive: true, force: true })
  return decodeURIComponent(oldest[0])
}

/** Puts what was kept in the place of `folder`, stopped; mails stay as they are, they have been delivered. False when it was not kept. */
export function bringFilesBack(folder: string, shelf: string, name: string): boolean {
  const kept = join(shelf, nameOf(name))
  if (!existsSync(kept)) return false
  const fresh = `${shelf}.fresh`
  copy(kept, fresh)
  rmSync(mailboxOf(fresh), { recursive: true, force: true })
  if (existsSync(mailboxOf(folder))) cpSync(mailboxOf(folder), mailboxOf(fresh), { recursive: true })
  const record = readRecord(fresh)
  if (record) {
    const place = record.place === '' ? '' : `${record.id}-${randomBytes(4).toString('hex')}`
    if (place !== '') {
      const config = join(fresh, 'wp-config.php')
      writeFileSync(config, readFileSync(config, 'utf8').replaceAll(seen.site(record.place), seen.site(place)), { mode: 0o600 })
    }
    writeRecord(fresh, { ...record, place, stopped: true })
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  renameSync(fresh, folder)
  return true
}

export const dropFiles = (shelf: string, name: string): void => rmSync(join(shelf, nameOf(name)), { recursive: true, force: true, maxRetries: 3 })

function copy(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true, maxRetries: 3 })
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE })
}
