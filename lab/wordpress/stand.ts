// What the site's tools find and change where no WordPress runs: versions, a PHP, a switch, counts. Enough for a simulation to see
// what was done, and how often. Not simulated: the content of a site, users other than its first.
import { createHash } from 'node:crypto'
import { exit, type Inside, type Order, type Ran } from './inside.ts'

interface Extension { name: string; status: string; version: string }

/** `runs`: how often each playbook or action that changes something came to its end. */
export interface Stand { php: string; maintenance: boolean; plugins: Extension[]; themes: Extension[]; runs: Record<string, number> }

const fresh = (): Stand => ({
  php: '8.3', maintenance: false, runs: {},
  plugins: [{ name: 'akismet', status: 'inactive', version: '5.5' }, { name: 'hello', status: 'inactive', version: '1.7.2' }],
  themes: [{ name: 'twentytwentyfive', status: 'active', version: '1.3' }, { name: 'twentytwentyfour', status: 'inactive', version: '1.3' }],
})

/** What wordpress.org offers. */
const newest: Record<string, string> = { core: '7.1.2', akismet: '5.6', hello: '1.7.2', twentytwentyfive: '1.4', twentytwentyfour: '1.4' }
/** What the container's package sources have. */
const phps = ['8.2', '8.3', '8.4']
const linkMs = 120_000

const failed = (output: string, code: number = exit.failed): Ran => ({ exit: code, output: `${output}\n` })
const done = (result: unknown, output = ''): Ran => ({ exit: exit.ok, output, result })

/** As if the playbook had run; `now` is the container's clock, `disk` in bytes. */
export function simulated(inside: Inside, { playbook, run, parameters }: Pick<Order, 'playbook' | 'run' | 'parameters'>, now: number, disk: { total: number; used: number }): Ran {
  const stand = (inside.stand ??= fresh())
  if (playbook === 'disk-use') return done({ totalBytes: disk.total, usedBytes: disk.used, freeBytes: disk.total - disk.used, filesBytes: 90_000_000, uploadsBytes: 1_200_000, databaseBytes: 3_400_000 })
  if (playbook === 'login-link') {
    if ((parameters['login'] ?? 'admin') !== 'admin') return failed('WordPress makes no link')
    return done({ url: `${inside.url}/wp-login.php?berth-login=${createHash('sha256').update(run).digest('base64url')}`, expiresAt: new Date(now + linkMs).toISOString() })
  }
  const ran = playbook === 'php-version' ? php(stand, String(parameters['version'])) : playbook === 'dump' ? dump(String(parameters['what'])) : wp(inside, stand, parameters)
  const what = playbook === 'wp' ? String(parameters['action']) : playbook
  if (ran.exit === exit.ok) stand.runs[what] = (stand.runs[what] ?? 0) + 1
  return ran
}

function php(stand: Stand, version: string): Ran {
  if (!phps.includes(version)) return failed(`PHP ${version} is not to be had here`, exit.notHere)
  stand.php = version
  return done({ version })
}

function dump(what: string): Ran {
  const file = (name: string, bytes: number) => ({ path: `/var/backups/berth/${name}`, bytes, sha256: createHash('sha256').update(name).digest('hex') })
  return done({ files: [...(what === 'files' ? [] : [file('database.sql.gz', 412_000)]), ...(what === 'database' ? [] : [file('files.tar.gz', 31_000_000)])] })
}

function wp(inside: Inside, stand: Stand, { action, name, state, dryRun }: Record<string, unknown>): Ran {
  const kind = String(action).startsWith('theme') ? 'theme' : 'plugin'
  const all = stand[`${kind}s`]
  const listed = (): Ran => done({ list: all.map((one) => ({ ...one, update: newest[one.name] === one.version ? 'none' : 'available' })) })
  switch (action) {
    case 'core-version':
      return done({ version: inside.version })
    case 'core-update':
      inside.version = newest['core']!
      return done({ version: inside.version })
    case 'plugin-list':
    case 'theme-list':
      return listed()
    case 'plugin-update':
    case 'theme-update':
      if (typeof name === 'string' && !all.some((one) => one.name === name)) return failed(`there is no ${kind} ${name}`, exit.notHere)
      for (const one of all) if (name === undefined || one.name === name) one.version = newest[one.name] ?? one.version
      return listed()
    case 'cron-list':
      return done({ list: [{ hook: 'wp_version_check', next_run_gmt: '2026-01-01 12:00:00', recurrence: '12 hours' }] })
    case 'search-replace':
      return done({ changed: dryRun === true ? 12 : stand.runs['search-replace'] === undefined ? 12 : 0 })
    case 'maintenance':
      stand.maintenance = state === 'on'
      return done({ done: true })
    default:
      return done({ done: true })
  }
}
