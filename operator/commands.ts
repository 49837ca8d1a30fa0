// The command line `npx berth`: which commands there are, how they are called, and how they end. Prints nothing itself; the
// operator's key comes by environment and is never part of what is answered.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { adoptStep } from './adopt.ts'
import { verifyAudit } from './audit.ts'
import { doctor } from './doctor.ts'
import { exportLines } from './export.ts'
import { importSeed } from './import.ts'
import { status, tenant, tenants, type Service } from './look.ts'
import { Misused, type Outcome } from './outcome.ts'
import { abort, hold, release, retry, type Confirm } from './overrides.ts'
import { replayFile, replayTenant } from './replay.ts'
import { printRights } from './rights.ts'
import { Worker } from './worker.ts'

const help = `Usage: npx berth <command> [options]

  status                            breakers, sites by state, addresses left, who is stuck
  tenants [--state <state>]         every service that was sold, or those in one state
  tenant <connection>/<service>     where one stands, with the newest lines of its journal
  retry <connection>/<service>      look at its stuck steps again, after what was wrong is mended
  retry customer <connection>/<user>
                                    the same for a customer's zones, records and mail
  hold <connection>/<service> --why <reason>
                                    call nothing more for it; what is under way is looked at until its end
  release <connection>/<service>    let it go on
  abort <connection>/<service> --why <reason> [--yes]
                                    give up what is in progress: take a new order back, or go back to what stood before
  audit verify [<connection>/<service>]
                                    compare the audit in D1 with the seals that tenants and customers keep
  audit verify customer <connection>/<user>
                                    the same for one customer's zones, records and mail
  adopt <connection>/<service> <step> [--yes]
                                    what stands in the place of a step without our mark becomes this tenant's
  import <file> --connection <name> [--column <table>.<column>=<name>]… [--dry-run | --yes]
                                    the sites of the system that was there before (SQLite, tables sites and domains) become
                                    tenants as they stand; says first what becomes of each, and asks
  export [<connection>/<service>]   everything of one tenant, or of all tenants and customers, as JSON lines; no secrets, but
                                    customers' addresses
  export customer <connection>/<user>
                                    the same of one customer's zones, records and mail
  replay <connection>/<service>|<file>
                                    put a tenant's journal, or what export wrote, through the engine of this release in virtual
                                    time: where it would now do something else, and what it would do next; changes nothing
  doctor [--silent-days <n>]        what is wrong, and the command that cures it

  rights [--storage <name>] [--backup-storage <name>] [--template-storage <name>] [--bridge <name>]
                                    the pveum commands for the gateway's account at Proxmox; asks nobody
                                    (global-lvm, backup, local, vmbr1)

  --url <address>     the Worker, as in https://berth.example.com; or BERTH_URL in the environment
  --actor <name>      who asks, for the audit; otherwise the name of this login
  --why <reason>      why, for the audit and for whoever meets it later
  --yes               do not ask first
  --dry-run           only say what would happen
  --silent-days <n>   a billing system is worth a word after so many days without a command (7)
  --json              one JSON object on stdout
  --help

The operator key comes by environment: BERTH_OPERATOR_KEY.
Ends with 0 when all is well, 1 when something is wrong (doctor, audit verify), differs (replay) or cannot come in (import), 2 when the command could not do its work.`

const options = {
  'url': { type: 'string' }, 'state': { type: 'string' }, 'actor': { type: 'string' }, 'why': { type: 'string' }, 'yes': { type: 'boolean' }, 'dry-run': { type: 'boolean' }, 'connection': { type: 'string' }, 'column': { type: 'string', multiple: true }, 'silent-days': { type: 'string' },
  'storage': { type: 'string' }, 'backup-storage': { type: 'string' }, 'template-storage': { type: 'string' }, 'bridge': { type: 'string' }, 'json': { type: 'boolean' }, 'help': { type: 'boolean', short: 'h' },
} as const

interface Given { words: string[]; state: string | undefined; actor: string; why: string | undefined; yes: boolean; dry: boolean; connection: string | undefined; columns: readonly string[]; confirm: Confirm; silentDays: number; now: () => number }

export interface Surroundings { env: Readonly<Record<string, string | undefined>>; login: () => string; now: () => number; confirm: Confirm }

const commands: Record<string, (worker: Worker, given: Given) => Promise<Outcome>> = {
  'status': (worker) => status(worker),
  'tenants': (worker, { state }) => tenants(worker, state),
  'tenant': (worker, { words }) => tenant(worker, one(words)),
  'retry customer': (worker, { words, actor }) => retry(worker, one(words), actor, true),
  'retry': (worker, { words, actor }) => retry(worker, one(words), actor, false),
  'hold': (worker, { words, actor, why }) => hold(worker, one(words), actor, why),
  'release': (worker, { words, actor }) => release(worker, one(words), actor),
  'abort': (worker, { words, actor, why, yes, confirm }) => abort(worker, one(words), actor, why, yes, confirm),
  'audit verify customer': (worker, { words }) => {
    const { connection, service: user } = one(words)
    return verifyAudit(worker, { connection, user_id: user })
  },
  'audit verify': (worker, { words }) => {
    const of = words.length === 0 ? undefined : one(words)
    return verifyAudit(worker, of && { connection: of.connection, service_id: of.service })
  },
  'adopt': (worker, { words, actor, yes, confirm }) => adoptStep(worker, one(words.slice(0, 1)), step(words), actor, yes, confirm),
  'import': (worker, { words, actor, yes, dry, connection, columns, confirm }) => importSeed(worker, file(words), { connection, columns, actor, yes, dry, confirm }),
  'export customer': (worker, { words }) => exportLines(worker, one(words), true),
  'export': (worker, { words }) => exportLines(worker, words.length === 0 ? undefined : one(words)),
  'replay': (worker, { words }) => replayTenant(worker, one(words)),
  'doctor': (worker, { silentDays, now }) => doctor(worker, now, silentDays),
}

/** Those that are about everything. */
const rightsCommand = 'rights'
const wordless = new Set(['status', 'tenants', 'doctor', rightsCommand])

/** What a command line answers; `code` as the help says. Never throws. */
export async function run(argv: string[], around: Surroundings): Promise<{ code: 0 | 1 | 2; out: string; err: string }> {
  try {
    const { json, outcome } = await told(argv, around)
    return { code: outcome.well ? 0 : 1, out: json ? JSON.stringify(outcome.data) : outcome.lines.join('\n'), err: '' }
  } catch (error) {
    return { code: 2, out: '', err: error instanceof Error ? error.message : String(error) }
  }
}

async function told(argv: string[], { env, login, now, confirm }: Surroundings): Promise<{ json: boolean; outcome: Outcome }> {
  const { values, positionals } = parsed(argv)
  if (values.help || argv.length === 0) return { json: false, outcome: { well: true, data: {}, lines: [help] } }
  const name = [...Object.keys(commands), rightsCommand].find((command) => command.split(' ').every((word, i) => positionals[i] === word))
  if (!name) throw new Misused(`There is no command ${JSON.stringify(positionals.join(' '))}: npx berth --help lists them.`)
  const words = positionals.slice(name.split(' ').length)
  if (wordless.has(name) && words.length > 0) throw new Misused(`${JSON.stringify(words.join(' '))} is too much: npx berth --help shows how it is called.`)
  if (name === rightsCommand) {
    const named = { 'storage': values.storage ?? 'global-lvm', 'backup storage': values['backup-storage'] ?? 'backup', 'template storage': values['template-storage'] ?? 'local', 'bridge': values.bridge ?? 'vmbr1' }
    return { json: values.json ?? false, outcome: printRights(named) }
  }
  if (name === 'replay' && words.length === 1 && (words[0]!.split('/').length !== 2 || existsSync(words[0]!))) return { json: values.json ?? false, outcome: await replayFile(words[0]!) }
  const key = env['BERTH_OPERATOR_KEY']
  if (!key) throw new Misused('BERTH_OPERATOR_KEY is not set: it wants the operator key.')
  const url = values.url ?? env['BERTH_URL']
  if (!url || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new Misused('--url is required: the address of the Worker, as in https://berth.example.com')
  const outcome = await commands[name]!(new Worker(url, key), {
    words, state: values.state, actor: values.actor ?? login(), why: values.why, yes: values.yes ?? false, dry: values['dry-run'] ?? false, connection: values.connection, columns: values.column ?? [], confirm: values.json ? undefined : confirm, silentDays: days(values['silent-days'] ?? '7'), now,
  })
  return { json: values.json ?? false, outcome }
}

function parsed(argv: string[]) {
  try {
    return parseArgs({ args: argv, options, allowPositionals: true })
  } catch (error) {
    throw new Misused(`${error instanceof Error ? error.message : String(error)}\nnpx berth --help lists the options.`)
  }
}

/** `<connection>/<service>`, or a user id instead of the service: neither has a slash. */
function one(words: readonly string[]): Service {
  const [, connection, service] = /^([^/]+)\/([^/]+)$/.exec(words[0] ?? '') ?? []
  if (words.length !== 1 || connection === undefined || service === undefined) throw new Misused('It wants one service, as <connection>/<service>: npx berth tenants lists them.')
  return { connection, service }
}

function step(words: readonly string[]): string {
  if (words.length !== 2) throw new Misused('It wants one service and one step, as <connection>/<service> proxy-host: npx berth tenant <connection>/<service> lists the steps.')
  return words[1]!
}

function file(words: readonly string[]): string {
  if (words.length !== 1) throw new Misused('It wants one file: the SQLite file of the system that was there before.')
  return words[0]!
}

function days(text: string): number {
  const count = Number(text)
  if (!/^\d{1,4}$/.test(text) || count < 1) throw new Misused('--silent-days wants a whole number from 1 to 9999.')
  return count
}
