// ISPConfig 3.2's JSON remote API: POST /remote/json.php?<function>, always 200, {code, message, response}. Calls take 20–90 ms;
// what they change is served about a minute later (served.ts). What each part leaves out stands at the top of its file.
// Not simulated besides: SOAP, XML-RPC, the panel itself, function groups finer than single functions, rights of a record.
import { Hono } from 'hono'
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { Fault, notPermitted } from './fault.ts'
import { functions } from './functions.ts'
import type { Params } from './rows.ts'
import { servers } from './served.ts'
import { checkSession, logIn, logOut } from './sessions.ts'
import { ispconfigState, type Seed } from './state.ts'

export interface IspconfigOptions {
  username: string
  password: string
  /** Who was there before. */
  seeds?: readonly Seed[]
}

/** The app. Whoever asks is told apart by `x-lab-address`, the gateway when it is missing. */
export function ispconfig(world: World, options: IspconfigOptions): Hono {
  const state = ispconfigState(world, options.seeds)
  servers(world)
  const app = new Hono()
  const stray = (what: string): void => void world.slice('strays', () => ({ list: [] as string[] })).list.push(what)

  app.post('/remote/json.php', async (c) => {
    const name = [...new URL(c.req.url).searchParams.keys()][0] ?? ''
    const address = c.req.header('x-lab-address') ?? 'gateway'
    await world.clock.sleep(between(world.random, 10, 60))
    const answer = await answered(async () => {
      const given = arguments_(await c.req.text())
      if (name === 'login') return logIn(world, options, given, address)
      if (name === 'logout') return logOut(world, given['session_id'])
      const remote = functions[name]
      if (!remote) {
        stray(`POST /remote/json.php?${name}`)
        throw new Fault(`Method ${name} does not exist`, 'invalid_method')
      }
      checkSession(world, given['session_id'], address)
      if (state.denied.includes(name)) throw notPermitted()
      if (state.stricter.includes(name)) throw new Fault('name_error_regex')
      return remote(world, given)
    })
    await world.clock.sleep(between(world.random, 10, 30))
    return c.body(JSON.stringify(answer), 200, { 'content-type': 'application/json; charset="utf-8"' })
  })

  app.all('*', (c) => {
    stray(`${c.req.method} ${c.req.path}`)
    return c.html('<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>', 404)
  })
  return app
}

async function answered(act: () => Promise<unknown>): Promise<{ code: string; message: string; response: unknown }> {
  try {
    return { code: 'ok', message: '', response: await act() }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { code: error.code, message: error.message, response: false }
  }
}

function arguments_(body: string): Params {
  if (body.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new Fault('The JSON data sent to the api is invalid', 'invalid_data')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Fault('The JSON data sent to the api is invalid', 'invalid_data')
  return value as Params
}

/** For tests: the panel is closed for maintenance, functions are taken from the remote user, a plugin of the operator's refuses what they are given, every session is gone. */
export function trouble(world: World, what: { maintenance?: boolean; denied?: string[]; stricter?: string[]; sessionsLost?: boolean }): void {
  const state = ispconfigState(world)
  state.maintenance = what.maintenance ?? state.maintenance
  state.denied = what.denied ?? state.denied
  state.stricter = what.stricter ?? state.stricter
  if (what.sessionsLost) state.sessions = []
}
