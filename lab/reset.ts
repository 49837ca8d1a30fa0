// `npm run lab:reset`: empties the state folder, so that the next start finds a new data centre. The downloaded WordPress
// stays (it is no state) unless --all. Never touches a folder that a lab is using or that does not look like one.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { flags, UsageError } from './options.ts'
import { takeLock } from './wordpress/lock.ts'

const help = `Usage: npm run lab:reset -- [--state <dir>] [--all]

Empties the lab's state folder (default .berth). The downloaded WordPress is kept, unless --all.`

const ours = ['world.json', 'world.json.part', 'lab.json', 'worker', 'bundle', 'logs', 'sites', 'kept', 'mails.jsonl']

async function reset(argv: readonly string[]): Promise<void> {
  const values = flags(argv, {
    state: { type: 'string', default: '.berth' },
    all: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const, 'npm run lab:reset -- --help')
  if (values.help) return console.log(help)
  const folder = resolve(values.state)
  if (!existsSync(folder)) return console.log(`${values.state} is empty already.`)
  const release = await takeLock(join(folder, 'lab.lock'), 500)
  if (!release) throw new UsageError(`a lab is running in ${values.state}; stop it first`)
  try {
    for (const name of values.all ? [...ours, 'cache'] : ours) rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 3 })
  } finally {
    release()
  }
  const left = readdirSync(folder).filter((name) => name !== 'cache')
  console.log(`${values.state} is empty${values.all ? '' : '; the downloaded WordPress is kept (--all removes it too)'}.`)
  if (left.length > 0) console.log(`Not ours and left alone: ${left.join(', ')}`)
}

try {
  await reset(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
