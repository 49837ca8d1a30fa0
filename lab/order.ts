// `npm run order`: buys a site from a terminal with the same call as the storefront and follows it to its end.
// Exit code 0: live; 1: it failed or the lab cannot be reached; 2: the command line is wrong.
import * as z from 'zod'
import { planNames } from '../src/domain/plan.ts'
import { createSite } from './billing.ts'
import { follow, type Moment } from './follow.ts'
import { flags, portOf, UsageError } from './options.ts'

const help = `Usage: npm run order -- --email <address> --plan <${planNames.join('|')}> [flags]

Buys a site in the running lab (npm start) and shows how it is built.

  --email <address>  the customer; WordPress sends the log-in there (the lab's /mail)
  --plan <name>      ${planNames.join(', ')}
  --service <id>     the id that billing gives the service (default: a new one); the same id again is the same site
  --port <n>         the port of the lab (default 8787)
  --json             JSON lines: the accepted order, then a line for each change, then the end
  --no-watch         do not wait for the site; answers once the order is accepted
  --help             this text

Exit code 0: the site is live (with --no-watch: accepted); 1: it failed; 2: the command line is wrong.`

const Accepted = z.object({ order: z.string().startsWith('/orders/'), subdomain: z.string(), hostname: z.string(), vmid: z.number(), private_ip: z.string(), existing: z.boolean() })

async function order(argv: readonly string[]): Promise<number> {
  const values = flags(argv, {
    email: { type: 'string' }, plan: { type: 'string' }, service: { type: 'string' }, port: { type: 'string', default: '8787' },
    json: { type: 'boolean', default: false }, watch: { type: 'boolean', default: true }, 'no-watch': { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  } as const, 'npm run order -- --help')
  if (values.help) return tell(help)
  const { email, plan, json } = values
  if (!email) throw new UsageError('--email is missing. See npm run order -- --help')
  if (!plan) throw new UsageError(`--plan is missing: ${planNames.join(', ')}. See npm run order -- --help`)
  const service = values.service ?? `cli-${Date.now().toString(36)}`
  const base = `http://localhost:${portOf(values.port)}`

  const answer = await createSite(base, { service_id: service, email, plan, public_ip: '' })
  if (answer.status === 0) return fail(json, `No lab answers on ${base}. Start it with \`npm start\`, or give its port with --port.`)
  if (!answer.ok) return fail(json, answer.error, answer.status === 400 ? 2 : 1)
  const parsed = Accepted.safeParse(answer.body)
  if (!parsed.success) return fail(json, 'The platform answered something that this program does not understand.')
  const accepted = parsed.data
  const page = `${base}${accepted.order}`
  if (json) tell(JSON.stringify({ event: 'accepted', service, page, ...accepted }))
  else tell(`${accepted.existing ? 'This service has its site already' : 'Order accepted'}: ${accepted.hostname} (service ${service}, container ${accepted.vmid})\nProgress page: ${page}`)
  if (!values.watch || values['no-watch']) return 0

  const show = json ? asJson : process.stdout.isTTY ? asBar() : asLines()
  const end = await follow(`${page}/events`, show)
  if (!json && process.stdout.isTTY) process.stdout.write('\n')
  const { view } = end
  if (json) tell(JSON.stringify({ event: 'end', status: view.status, url: view.url, cause: view.cause, ms: view.restAt > 0 ? view.restAt - view.orderedAt : null }))
  else if (view.status === 'live') tell(`Live after ${((view.restAt - view.orderedAt) / 1000).toFixed(1)} s: ${view.url}\nLog-in: see the mail at ${base}/mail?to=${encodeURIComponent(email)}`)
  else tell(`Ended as "${view.status}"${view.cause ? `: ${view.cause}` : ''}`)
  return view.status === 'live' ? 0 : 1
}

const asJson = ({ view }: Moment): void =>
  void tell(JSON.stringify({ event: 'order', status: view.status, steps: view.steps.map(({ name, state, attempt, why }) => ({ name, state, attempt, why })) }))

/** One line for each step when its state changes. */
function asLines(): (moment: Moment) => void {
  const told = new Map<string, string>()
  return ({ view }) => {
    for (const { name, title, state, attempt, why } of view.steps) {
      const line = `${title}: ${state}${attempt > 1 ? ` (attempt ${attempt})` : ''}`
      if (state === 'waiting' || told.get(name) === line) continue
      told.set(name, line)
      tell(`  ${line}${why && state !== 'done' ? ` – ${why}` : ''}`)
    }
  }
}

/** One bar, drawn anew in place. */
function asBar(): (moment: Moment) => void {
  return ({ view }) => {
    const done = view.steps.filter((step) => step.state === 'done').length
    const all = Math.max(1, view.steps.length)
    const width = 24
    const filled = Math.round((done / all) * width)
    const now = view.steps.filter((step) => step.state === 'working' || step.state === 'removing').map((step) => step.title).join(', ')
    const line = `${view.status.padEnd(9)} [${'█'.repeat(filled)}${'░'.repeat(width - filled)}] ${done}/${all} ${now}`
    process.stdout.write(`\r\x1b[2K${line.slice(0, (process.stdout.columns || 80) - 1)}`)
  }
}

function tell(text: string): 0 {
  console.log(text)
  return 0
}

function fail(json: boolean, error: string, code = 1): number {
  if (json) console.log(JSON.stringify({ event: 'error', error }))
  else console.error(error)
  return code
}

try {
  process.exitCode = await order(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
