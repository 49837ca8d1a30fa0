// The flags of `npm start`. Unknown flags and impossible values are refused with a sentence that names the flag; never guesses.
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** What the person typed is wrong; the message is for them. */
export class UsageError extends Error {}

export interface StartOptions {
  port: number
  /** Data-centre time runs this many times faster than real time. */
  speed: number
  chaos: boolean
  /** Undefined: a new data centre takes 1, an old one keeps its own. */
  seed: number | undefined
  /** File to which every upstream exchange is appended. */
  record: string | undefined
  /** Undefined: a new data centre runs 9, an old one keeps what it has. */
  pve: 8 | 9 | undefined
  /** So many sites of the plan `basic` are kept ready ahead of orders. */
  pool: number
  stateDir: string
  wordpress: boolean
  open: boolean
}

export const startHelp = `Usage: npm start -- [flags]

Starts Berth with a simulated data centre on this machine, everything on one address.

  --port <n>      the port of the one address (default 8787); all other ports are picked free
  --speed <n>     data-centre time runs n times faster than real time (default 8: an order takes about 20 s)
  --chaos         every link to Proxmox, LINSTOR, Nginx Proxy Manager and Cloudflare fails at random; orders take longer, and still end well
  --seed <n>      seed of a new data centre's randomness (default 1)
  --record <file> append every upstream exchange to this file, one JSON line each, secrets left out
  --pve <8|9>     major version of Proxmox VE (a new data centre runs 9)
  --pool <n>      keep n sites of the plan basic ready ahead of orders (default 0); an order that finds one is live in seconds
  --state <dir>   where everything is kept (default .berth)
  --no-wordpress  show a plain stand-in page instead of a real WordPress; nothing is downloaded
  --open          open the address in a browser, when started in a terminal
  --help          this text

Ctrl-C stops everything; the next start goes on where it stopped. \`npm run lab:reset\` empties the state folder.`

/** The options, or 'help'. Throws UsageError. */
export function startOptions(argv: readonly string[]): StartOptions | 'help' {
  const values = flags(argv, {
    port: { type: 'string', default: '8787' },
    speed: { type: 'string', default: '8' },
    chaos: { type: 'boolean', default: false },
    seed: { type: 'string' },
    record: { type: 'string' },
    pve: { type: 'string' },
    pool: { type: 'string', default: '0' },
    state: { type: 'string', default: '.berth' },
    'no-wordpress': { type: 'boolean', default: false },
    open: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const, 'npm start -- --help')
  if (values.help) return 'help'
  if (values.state === '') throw new UsageError('--state must name a folder')
  if (values.record === '') throw new UsageError('--record must name a file')
  return {
    port: portOf(values.port),
    speed: numberOf('speed', values.speed, 0.1, 1000),
    chaos: values.chaos,
    seed: values.seed === undefined ? undefined : wholeOf('seed', values.seed, 0, 2 ** 31 - 1),
    record: values.record,
    pve: majorOf(values.pve),
    pool: wholeOf('pool', values.pool, 0, 20),
    stateDir: values.state,
    wordpress: !values['no-wordpress'],
    open: values.open,
  }
}

/** Parses flags; no positional arguments. Throws UsageError with the flag's name and where the help is. */
export function flags<T extends NonNullable<ParseArgsConfig['options']>>(argv: readonly string[], options: T, help: string) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false, strict: true }).values
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${said.split('. ')[0]!.replace(/\.$/, '')}. See ${help}`)
  }
}

/** 1 to 65535. */
export const portOf = (text: string): number => wholeOf('port', text, 1, 65_535)

function majorOf(text: string | undefined): 8 | 9 | undefined {
  if (text === undefined) return undefined
  if (text !== '8' && text !== '9') throw new UsageError(`--pve must be 8 or 9, not "${text}"`)
  return text === '8' ? 8 : 9
}

function wholeOf(flag: string, text: string, low: number, high: number): number {
  const value = numberOf(flag, text, low, high)
  if (!Number.isInteger(value)) throw new UsageError(`--${flag} must be a whole number, not "${text}"`)
  return value
}

function numberOf(flag: string, text: string, low: number, high: number): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (!(value >= low && value <= high)) throw new UsageError(`--${flag} must be a number from ${low} to ${high}, not "${text}"`)
  return value
}
