// The real Worker: bundled by wrangler as for a deployment, run by workerd through Miniflare with D1, Durable Objects and
// queues kept in the state folder. Contacts nobody but the addresses it is given.
import { execFile } from 'node:child_process'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, type V4MiniflareOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions, unstable_splitSqlQuery } from 'wrangler'

export const root = join(import.meta.dirname, '..')

/** No telemetry, no banner, no sample of `request.cf`, no registry outside the project. */
const quiet = {
  WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_HIDE_BANNER: 'true', WRANGLER_LOG: 'error',
  WRANGLER_REGISTRY_PATH: join(root, '.wrangler', 'registry'), WRANGLER_LOG_PATH: join(root, '.wrangler', 'logs'),
}

export interface Worker {
  /** Where it listens now; the same after workerd was killed and came back. */
  url(): Promise<URL>
  /** What Cloudflare's cron would do. */
  tick(): Promise<void>
  close(): Promise<void>
}

/** Writes the bundle that would be deployed into `outDir`. */
export async function bundleWorker(outDir: string): Promise<void> {
  const wrangler = join(root, 'node_modules', 'wrangler', 'bin', 'wrangler.js')
  try {
    await promisify(execFile)(process.execPath, [wrangler, 'deploy', '--dry-run', '--env=', '--outdir', outDir], { cwd: root, env: { ...process.env, ...quiet } })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`the Worker could not be bundled:\n${stderr || stdout || String(error)}`)
  }
}

/** Runs the bundle in `bundleDir`; `bindings` replace variables of wrangler.toml and supply the secrets. */
export async function openWorker(options: { bundleDir: string; stateDir: string; logDir: string; bindings: Record<string, unknown> }): Promise<Worker> {
  Object.assign(process.env, quiet)
  // wrangler's declaration of these options is not the one that its own Miniflare exports.
  const workerOptions = unstable_getMiniflareWorkerOptions(join(root, 'wrangler.toml')).workerOptions as { bindings?: object }
  const log = createWriteStream(join(options.logDir, 'worker.log'), { flags: 'w' })
  const before = listeners()
  const miniflare = new Miniflare(convertV4MiniflareOptions({
    host: '127.0.0.1',
    port: 0,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: ({ timestamp, level, message }) => void log.write(`${JSON.stringify({ time: new Date(timestamp).toISOString(), level, message })}\n`),
    resourcePersistencePath: join(options.stateDir, 'worker'),
    workers: [{
      ...workerOptions,
      name: 'berth',
      rootPath: options.bundleDir,
      modulesRoot: options.bundleDir,
      modules: [{ type: 'ESModule', path: join(options.bundleDir, 'index.js') }],
      bindings: { ...workerOptions.bindings, ...options.bindings },
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    }],
  } as V4MiniflareOptions))
  // Miniflare would end this process at the first signal; how it ends is our own business. Its hook on exit stays.
  for (const [signal, listener] of listeners()) if (!before.some(([, one]) => one === listener)) process.off(signal, listener)
  await miniflare.ready
  await migrate(await miniflare.getD1Database('DB', 'berth'))
  return {
    url: () => miniflare.unsafeGetDirectURL('berth'),
    tick: async () => {
      const worker = await miniflare.getWorker('berth')
      await worker.scheduled({ cron: '* * * * *' })
    },
    close: async () => {
      await miniflare.dispose()
      await new Promise((resolve) => log.end(resolve))
    },
  }
}

const listeners = (): [NodeJS.Signals, NodeJS.SignalsListener][] =>
  (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).flatMap((signal) => process.listeners(signal).map((listener): [NodeJS.Signals, NodeJS.SignalsListener] => [signal, listener]))

type Database = Awaited<ReturnType<Miniflare['getD1Database']>>

/** Applies what is new in migrations/, each file whole or not at all, and notes it where wrangler would. */
async function migrate(db: Database): Promise<void> {
  await db.prepare('CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)').run()
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const applied = new Set(results.map((row) => row.name))
  const folder = join(root, 'migrations')
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.sql') && !applied.has(file)).sort()) {
    const statements = unstable_splitSqlQuery(readFileSync(join(folder, name), 'utf8')).map((sql) => db.prepare(sql))
    await db.batch([...statements, db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)])
  }
}
