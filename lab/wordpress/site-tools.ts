// The playbooks of a site that stands, on the lab's real WordPress: the real wp-cli, and the log-in link by the very code that
// gateway/node/playbooks has for it. What the lab cannot do truthfully it refuses, as a node does that lacks the means: sites share one
// WordPress that nobody may write to, there is one PHP, no way out to wordpress.org, and the database is SQLite
// (which counts the rows that a replacement looked at, where MariaDB counts those that it changed).
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import { exit, type Order, type Ran } from './inside.ts'
import type { WordPressHost } from './host.ts'

type Tooled = Pick<WordPressHost, 'wp' | 'files' | 'state'>

const thePhp = '8.3'
const run = promisify(execFile)
const playbooks = join(import.meta.dirname, '..', '..', 'gateway', 'node', 'playbooks')

const done = (result: unknown): Ran => ({ exit: exit.ok, output: '', result })
const failed = (output: string, code: number = exit.failed): Ran => ({ exit: code, output: `${output}\n` })

/** `totalBytes` is the size of the container's disk. */
export async function onSite(host: Tooled, id: string, { playbook, parameters }: Pick<Order, 'playbook' | 'parameters'>, totalBytes: number): Promise<Ran> {
  if (host.state(id).version === 'stand-in') return failed('this site is a stand-in, not WordPress', exit.notHere)
  switch (playbook) {
    case 'login-link':
      return loginLink(host, id, parameters['login'])
    case 'disk-use':
      return done(diskUse(host.files(id), totalBytes))
    case 'php-version':
      return parameters['version'] === thePhp ? done({ version: thePhp }) : failed(`PHP ${String(parameters['version'])} is not to be had here`, exit.notHere)
    case 'dump':
      return dump(host.files(id), String(parameters['what']))
    default:
      return wp(host, id, parameters)
  }
}

/** What stands between `<<'END'` and `END` of a playbook. */
const codeOf = (playbook: string): string => /<<'END'.*\n([\s\S]*?)\nEND$/m.exec(readFileSync(join(playbooks, playbook), 'utf8'))![1]!

async function loginLink(host: Tooled, id: string, login: unknown): Promise<Ran> {
  writeFileSync(join(host.files(id), 'wp-content', 'mu-plugins', 'berth-login.php'), `${codeOf('login-plugin.sh')}\n`)
  const named = `putenv( 'BERTH_LOGIN=' . base64_decode( '${Buffer.from(typeof login === 'string' ? login : '').toString('base64')}' ) );`
  const said = await host.wp(id, ['eval', `${named}\n${codeOf('login-link.sh').replace('<?php', '')}`, '--skip-plugins', '--skip-themes']).catch(() => undefined)
  const [url = '', expiresAt = ''] = (said ?? '').trim().split('\n').slice(-2)
  return said === undefined ? failed('WordPress makes no link') : done({ url, expiresAt })
}

async function wp(host: Tooled, id: string, { action, name, from, to, dryRun }: Record<string, unknown>): Promise<Ran> {
  const bare = (...args: string[]): Promise<string> => host.wp(id, [...args, '--skip-plugins', '--skip-themes'])
  const listed = async (...args: string[]): Promise<Ran> => done({ list: JSON.parse((await bare(...args, '--format=json')).trim().split('\n').at(-1)!) as unknown })
  const [kind = ''] = String(action).split('-')
  switch (action) {
    case 'core-version':
      return done({ version: (await bare('core', 'version')).trim() })
    case 'core-update':
      // Without a way out nothing newer is ever known here, so there is nothing to be written.
      await bare('core', 'update-db')
      return done({ version: (await bare('core', 'version')).trim() })
    case 'plugin-list':
    case 'theme-list':
      return listed(kind, 'list', '--fields=name,status,update,version')
    case 'plugin-update':
    case 'theme-update':
      if (typeof name === 'string' && !(await bare(kind, 'is-installed', name).then(() => true, () => false))) return failed(`there is no ${kind} ${name}`, exit.notHere)
      await bare(kind, 'update', typeof name === 'string' ? name : '--all')
      return listed(kind, 'list', '--fields=name,status,update,version')
    case 'cache-flush':
      await host.wp(id, ['cache', 'flush'])
      return done({ done: true })
    case 'search-replace': {
      const said = await bare('search-replace', String(from), String(to), '--all-tables-with-prefix', '--skip-columns=guid', '--format=count', ...(dryRun === true ? ['--dry-run'] : []))
      const count = said.trim().split('\n').at(-1)!
      return /^\d+$/.test(count) ? done({ changed: Number(count) }) : failed('what WordPress tells is not understood')
    }
    case 'cron-list':
      return listed('cron', 'event', 'list', '--fields=hook,next_run_gmt,recurrence')
    case 'cron-run':
      await host.wp(id, ['cron', 'event', 'run', '--due-now'])
      return done({ done: true })
    default:
      return failed('sites of the lab share one WordPress: its maintenance page cannot be shown for one of them', exit.notHere)
  }
}

function diskUse(folder: string, total: number): Record<string, number> {
  const of = (place: string): number => (!existsSync(place) ? 0 : statSync(place).isDirectory() ? readdirSync(place).reduce((sum, name) => sum + of(join(place, name)), 0) : statSync(place).size)
  const used = of(folder)
  return {
    totalBytes: total, usedBytes: used, freeBytes: total - used,
    filesBytes: of(join(folder, 'wp-content')), uploadsBytes: of(join(folder, 'wp-content', 'uploads')), databaseBytes: of(join(folder, 'database')),
  }
}

/** Where the container would have `/var/backups/berth`. */
async function dump(folder: string, what: string): Promise<Ran> {
  const place = join(folder, 'backups')
  mkdirSync(place, { recursive: true, mode: 0o700 })
  const made: string[] = []
  const put = async (name: string, make: (path: string) => Promise<unknown>): Promise<void> => {
    rmSync(join(place, `${name}.new`), { force: true })
    await make(join(place, `${name}.new`))
    renameSync(join(place, `${name}.new`), join(place, name))
    made.push(name)
  }
  if (what !== 'files')
    await put('database.sqlite.gz', async (path) => {
      const copy = `${path}.copy`
      rmSync(copy, { force: true })
      const database = new DatabaseSync(join(folder, 'database', '.ht.sqlite'), { readOnly: true })
      database.prepare('VACUUM INTO ?').run(copy)
      database.close()
      await pipeline(createReadStream(copy), createGzip(), createWriteStream(path)).finally(() => rmSync(copy, { force: true }))
    })
  if (what !== 'database') await put('files.tar.gz', (path) => run('tar', ['-C', folder, '-czf', path, 'wp-content', 'wp-config.php']))
  return done({ files: made.map((name) => ({ path: `/var/backups/berth/${name}`, bytes: statSync(join(place, name)).size, sha256: createHash('sha256').update(readFileSync(join(place, name))).digest('hex') })) })
}
