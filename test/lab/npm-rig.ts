// One proxy manager in virtual time, and a client that speaks JSON to it.
import { VirtualClock } from '../../lab/clock.ts'
import { npm } from '../../lab/npm/npm.ts'
import { World } from '../../lab/world.ts'
import { pass, timed } from './timed.ts'

type Body = Record<string, unknown> & { error?: { code: number; message: string; message_i18n?: unknown } }
export interface Reply { status: number; body: Body }

export const ACCOUNT = { identity: 'berth@example.test', secret: 'lab secret' }

export async function rig(seed = 1) {
  const clock = new VirtualClock()
  const world = new World(clock, { seed })
  const app = npm(world, ACCOUNT)
  let token = ''
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> => {
    const request = new Request(`http://npm/api${path}`, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = await app.fetch(request)
    return { status: answer.status, body: (await answer.json()) as Body }
  }
  const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply> => timed(clock, send(method, path, body, headers))
  const logIn = async (): Promise<void> => {
    token = String((await ask('POST', '/tokens', ACCOUNT)).body.token)
  }
  await logIn()
  const create = (name: string, more: object = {}): Promise<Reply> => ask('POST', '/nginx/proxy-hosts', host(name, more))
  return { clock, world, app, send, ask, logIn, create, steady: () => pass(clock, 400), token: () => token, useToken: (text: string) => void (token = text) }
}

export const host = (name: string, more: object = {}): object => ({
  domain_names: [name], forward_scheme: 'http', forward_host: '192.168.1.117', forward_port: 80, ...more,
})
