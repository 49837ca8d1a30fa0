// The Internet's DNS as the platform meets it: three resolvers that speak DNS over HTTPS (RFC 8484), and name servers on port 53
// for the gateway. Not simulated: the JSON form of DNS over HTTPS, EDNS, UDP itself (a datagram is never lost here; --chaos does that).
import { Hono, type Context } from 'hono'
import type { Exchange } from '../../gateway/dns.ts'
import { between } from '../random.ts'
import { ask, type Net } from './authoritative.ts'
import { readQuestion, writeAnswer, type Asked } from './message.ts'
import { resolve, type ResolverFacts } from './resolver.ts'
import { reply } from './zone.ts'

const media = 'application/dns-message'

/** One resolver, at /dns-query. */
export function resolverApp(net: Net, facts: ResolverFacts): Hono {
  const app = new Hono()
  const answered = async (c: Context, message: Uint8Array): Promise<Response> => {
    const asked = read(message)
    if (!asked) return c.text('Bad Request', 400)
    await net.world.clock.sleep(between(net.world.random, 10, 90))
    const answer = asked.type ? resolve(net, facts, asked.name, asked.type, asked.unchecked) : { ...reply('NOTIMP'), authentic: false }
    const ttls = answer.answers.map((one) => one.ttlSeconds)
    const bytes = writeAnswer(asked, answer, { authentic: answer.authentic, recursive: true })
    return new Response(new Uint8Array(bytes), { headers: { 'content-type': media, 'cache-control': `max-age=${ttls.length > 0 ? Math.min(...ttls) : 0}` } })
  }
  app.get('/dns-query', async (c) => {
    const message = c.req.query('dns')
    return message === undefined || !/^[A-Za-z0-9_-]+$/.test(message) ? c.text('Bad Request', 400) : answered(c, Buffer.from(message, 'base64url'))
  })
  app.post('/dns-query', async (c) => (c.req.header('content-type') === media ? answered(c, new Uint8Array(await c.req.arrayBuffer())) : c.text('Unsupported Media Type', 415)))
  app.notFound((c) => {
    net.world.slice('strays', () => ({ list: [] as string[] })).list.push(`${c.req.method} ${c.req.path}`)
    return c.text('Not Found', 404)
  })
  return app
}

/** Port 53 of every address in this world, for the gateway. Where nobody listens, nothing comes back. */
export const portFiftyThree = (net: Net): Exchange => async (server, query, over, signal) => {
  const asked = read(query)
  const answer = asked && (asked.type ? ask(net, server, asked.name, asked.type) : reply('NOTIMP'))
  if (!asked || !answer) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up')), { once: true }))
  await net.world.clock.sleep(between(net.world.random, 5, 60))
  return writeAnswer(asked, answer, { udp: over === 'udp' })
}

function read(message: Uint8Array): Asked | undefined {
  try {
    return readQuestion(message)
  } catch {
    return undefined
  }
}
