// What `npm run setup` does, in order: reads the environment's settings, looks, says what it will do, asks, and takes one step
// after the other. Secrets are asked for without an echo, or read from the environment, and shown nowhere.
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { look, steps, take, type Wrangler } from './installation.ts'
import { examplesIn, readSettings, refusal, type Secret, type Settings } from './settings.ts'

const help = `Usage: npm run setup -- --env <staging|production> [--dry-run] [--yes]

Creates what is missing in the Cloudflare account that wrangler is logged in to – database, queues, secrets –, applies the
migrations and deploys the Worker. Nothing that is there is changed or removed; run it again whenever you like.

  --dry-run  look and say what would be done
  --yes      do not ask before it begins

A secret that stands in the environment under its name is not asked for. Ends with 0, or 2 when something is missing.`

/** What it is lent: the project's folder, a person to ask (without an echo when `hidden`), a place to write. */
export interface Hands {
  root: string
  env: Readonly<Record<string, string | undefined>>
  ask: (question: string, hidden: boolean) => Promise<string>
  say: (line: string) => void
  wrangler: Wrangler
}

/** Throws a sentence when something is missing or fails. */
export async function install(argv: string[], { root, env, ask, say, wrangler }: Hands): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { 'env': { type: 'string' }, 'dry-run': { type: 'boolean' }, 'yes': { type: 'boolean' }, 'help': { type: 'boolean' } } })
  if (values.help) return say(help)
  if (!values.env) throw new Error(`--env is required.\n\n${help}`)
  const settings = readSettings(root, values.env)
  const examples = [...examplesIn(settings.vars), ...examplesIn({ routes: settings.hosts })]
  const invalid = refusal(settings, {})
  const wrong = [
    ...examples.map((name) => `  ${name} still is an example`),
    ...(invalid === undefined ? [] : [`  ${invalid}`]),
  ]
  if (wrong.length > 0) throw new Error(`[env.${values.env}] in wrangler.toml is not finished (docs/deploy.md):\n${wrong.join('\n')}`)
  const found = await look(wrangler, settings)
  say(`In ${found.account}:`)
  for (const { says, args } of steps(settings, found, {})) say(`  ${says}\n    npx wrangler ${args.join(' ')}`)
  if (values['dry-run']) return say('Nothing was done.')
  const missing = settings.secrets.filter(({ name }) => !found.secrets.includes(name))
  if (!values.yes && !/^y(es)?$/i.test(await ask('Go on? (yes/no) ', false))) throw new Error('Nothing was done.')
  const given: Record<string, string> = {}
  for (const secret of missing) given[secret.name] = await valueOf(secret, settings, { env, ask, say })
  for (const step of steps(settings, found, given)) {
    say(`… ${step.says}`)
    await take(wrangler, step)
  }
  say(`Done. ${settings.worker} is deployed: npx berth doctor --url https://${settings.hosts[0] ?? '<its address>'}`)
}

/** Asked again until the Worker would take it, at most five times; from the environment it must be right. */
async function valueOf(secret: Secret, settings: Settings, { env, ask, say }: Pick<Hands, 'env' | 'ask' | 'say'>): Promise<string> {
  const set = env[secret.name]
  if (set !== undefined) return accepted(settings, secret, set)
  say(`\n${secret.name}\n${secret.help}`)
  for (let tries = 5; ; tries--) {
    const typed = await ask(secret.random ? 'Value (Enter: one is made by chance): ' : 'Value: ', true)
    const value = typed === '' && secret.random ? randomBytes(32).toString('base64url') : typed
    try {
      return accepted(settings, secret, value)
    } catch (error) {
      if (tries === 1) throw error
      say(error instanceof Error ? error.message : String(error))
    }
  }
}

function accepted(settings: Settings, { name }: Secret, value: string): string {
  const why = refusal(settings, { [name]: value })
  if (why !== undefined) throw new Error(why)
  return value
}
