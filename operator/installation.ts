// What `npm run setup` does to a Cloudflare account: looks what is there, and makes what is missing, by wrangler alone. Every
// step may be repeated; nothing is ever changed or removed that is there already. Secrets go to wrangler's standard input.
import * as z from 'zod'
import type { Settings } from './settings.ts'

/** What a run of wrangler ended with. */
export interface Ended { code: number; out: string; err: string }

/** Runs wrangler with these arguments; `input` is all of its standard input. */
export type Wrangler = (args: readonly string[], input?: string) => Promise<Ended>

export interface Found { account: string; database: boolean; queues: string[]; secrets: string[] }

const Who = z.looseObject({ loggedIn: z.boolean().optional(), email: z.string().optional(), accounts: z.array(z.looseObject({ name: z.string() })).default([]) })
const Named = z.array(z.looseObject({ name: z.string() }))

/** Reads only. Throws a sentence when wrangler cannot say. */
export async function look(wrangler: Wrangler, settings: Settings): Promise<Found> {
  const who = await wrangler(['whoami', '--json'])
  const known = Who.safeParse(jsonIn(who.out))
  if (who.code !== 0 || !known.success || known.data.loggedIn === false) throw new Error('Wrangler is not logged in: npx wrangler login, or CLOUDFLARE_API_TOKEN in the environment.')
  if (known.data.accounts.length > 1 && !process.env['CLOUDFLARE_ACCOUNT_ID']) throw new Error('There are several accounts: put the id of one into CLOUDFLARE_ACCOUNT_ID.')
  const databases = Named.safeParse(jsonIn((await good(wrangler, ['d1', 'list', '--json'])).out))
  if (!databases.success) throw new Error('wrangler d1 list says something that cannot be read.')
  const queues: string[] = []
  for (const queue of settings.queues) {
    const info = await wrangler(['queues', 'info', queue])
    if (info.code === 0) queues.push(queue)
    else if (!/does not exist/.test(info.out + info.err)) throw failed(['queues', 'info', queue], info)
  }
  const list = await wrangler(['secret', 'list', '--env', settings.env])
  const secrets = Named.safeParse(jsonIn(list.out))
  // A Worker that was never deployed has none.
  if (list.code !== 0 && !/not found/.test(list.out + list.err)) throw failed(['secret', 'list'], list)
  return {
    account: known.data.accounts[0]?.name ?? known.data.email ?? 'this account', database: databases.data.some(({ name }) => name === settings.database), queues,
    secrets: list.code === 0 && secrets.success ? secrets.data.map(({ name }) => name) : [],
  }
}

export interface Step { says: string; args: readonly string[]; input?: string }

/** What is to be done, in order. `given` has the values of the secrets that are missing. */
export function steps({ env, worker, database, queues, secrets }: Settings, found: Found, given: Readonly<Record<string, string>>): Step[] {
  const missing = secrets.map(({ name }) => name).filter((name) => !found.secrets.includes(name))
  return [
    ...(found.database ? [] : [{ says: `create the database ${database}`, args: ['d1', 'create', database, '--update-config=false'] }]),
    ...queues.filter((queue) => !found.queues.includes(queue)).map((queue) => ({ says: `create the queue ${queue}`, args: ['queues', 'create', queue] })),
    { says: `apply what is new in migrations/ to ${database}`, args: ['d1', 'migrations', 'apply', 'DB', '--remote', '--env', env] },
    ...(missing.length === 0 ? [] : [{ says: `give ${worker} the secrets ${missing.join(', ')}`, args: ['secret', 'bulk', '--env', env], input: JSON.stringify(given) }]),
    { says: `deploy ${worker}`, args: ['deploy', '--env', env] },
  ]
}

/** Takes one step. Throws wrangler's own words, in which no secret of `input` is left. */
export async function take(wrangler: Wrangler, { args, input }: Step): Promise<void> {
  await good(wrangler, args, input)
}

async function good(wrangler: Wrangler, args: readonly string[], input?: string): Promise<Ended> {
  const ended = await wrangler(args, input)
  if (ended.code !== 0) throw failed(args, ended, input)
  return ended
}

function failed(args: readonly string[], { code, out, err }: Ended, input?: string): Error {
  const secrets = input === undefined ? [] : Object.values(JSON.parse(input) as Record<string, string>).flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
  const words = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), `${out}\n${err}`)
  return new Error(`wrangler ${args.join(' ')} ended with ${code}:\n${words.trim().split('\n').slice(-12).join('\n')}`)
}

/** Wrangler may print a line of its own before or behind the JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(/^[[{][\s\S]*^[\]}]|^[[{].*[\]}]$/m.exec(text)?.[0] ?? '')
  } catch {
    return undefined
  }
}
