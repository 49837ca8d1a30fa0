// `npm run journals:save`: runs histories in the simulator and writes what their tenants keep to test/journals/<version>.jsonl, as
// `npx berth export` would, and the tables of objects and D1 to test/journals/<version>.schema.json. Once for every release: what stands
// is written again only with `--again`, which is for a release that is not out yet.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { exported } from '../../src/tenant/export.ts'
import { live, type History } from '../simulation/history.ts'
import type { Platform } from '../simulation/platform.ts'
import { randomHistory } from '../simulation/random-history.ts'
import { schedules } from '../simulation/schedules.ts'
import { tables } from './tables.ts'

const minute = 60_000
/** Every kind of thing that a tenant does, in calm weather. */
const calm = ['life', 'switched', 'backups', 'out of an off-site copy', 'a smaller plan', 'domain', 'held', 'given up', 'given up while being built']
/** Histories with faults, crashes and changes of mind, some of them at rest and some in the middle of something. */
const stormy = [2, 6, 9, 21, 30]

/** What all tenants of this history keep, `atMs` after its beginning. */
export async function kept(history: History, atMs: number): Promise<string[]> {
  const lines: string[] = []
  const look = (platform: Platform): void => {
    for (const { actor } of platform.tenants.values()) lines.push(...exported(actor.store, platform.cluster, 0, 1_000_000, platform.dc.clock.now()).lines)
  }
  await live({ ...history, also: [...(history.also ?? []), { atMs, run: look }] })
  return lines
}

export const endOf = (history: History): number => Math.max(...history.events.map(({ atMs }) => atMs)) + 20 * minute

if (process.argv[1] === import.meta.filename) {
  const root = path.join(import.meta.dirname, '../..')
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
  const file = path.join(import.meta.dirname, `${version}.jsonl`)
  if (existsSync(file) && !process.argv.includes('--again')) throw new Error(`${file} stands already: raise the version in package.json first, or say --again when this release is not out yet`)
  const histories = [...calm.map((name): History => ({ seed: 1, events: schedules[name]! })), ...stormy.map((seed): History => ({ ...randomHistory(seed) }))]
  const all: string[] = []
  for (const history of histories) {
    // Histories have the same tenants: told apart by their keys.
    const mark = histories.indexOf(history).toString(16).padStart(2, '0')
    all.push(...(await kept(history, endOf(history))).map((line) => line.replaceAll(/\b(t[0-9a-f]{18})[0-9a-f]{2}\b/g, `$1${mark}`)))
  }
  writeFileSync(file, `${all.join('\n')}\n`)
  writeFileSync(file.replace('.jsonl', '.schema.json'), `${JSON.stringify(tables(), null, 1)}\n`)
  console.log(`${file}: ${all.length} lines`)
}
