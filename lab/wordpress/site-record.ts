// What the lab remembers of one site: a small JSON file in the site's folder, replaced atomically. Absent or unreadable
// means that the site was never completely installed. Never holds a password.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Site } from './site-files.ts'

/**
 * `version` is WordPress's own, or "stand-in"; `reason` says why it is one; `place` is where the site appears to PHP;
 * `stopped` is the last wish of start and stop.
 */
export interface SiteRecord extends Site { version: string; place: string; stopped: boolean; reason?: string }

const name = 'site.json'

export function readRecord(folder: string): SiteRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as SiteRecord
  } catch {
    return undefined
  }
}

export function writeRecord(folder: string, record: SiteRecord): void {
  mkdirSync(folder, { recursive: true })
  const part = join(folder, `${name}.part`)
  writeFileSync(part, JSON.stringify(record))
  renameSync(part, join(folder, name))
}
