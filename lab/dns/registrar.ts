// "My registrar" for whoever tries custom domains in the lab: register a domain, say where it is delegated, keep its records at the
// registrar's own name servers. Stands outside the platform, which never calls it. Records are barely checked: mistakes are the point.
import { isIPv4, isIPv6 } from 'node:net'
import { Hono, type Context } from 'hono'
import { canonical, type ResourceRecord } from '../../src/domain/dns/answer.ts'
import { domainName } from '../../src/domain/domain-name.ts'
import type { World } from '../world.ts'
import { delegate, outside, record, recordsOf, register, registered, registrarServers, setRecords, unregister } from './internet.ts'
import { domainPage, listPage } from './registrar-pages.ts'

export const recordKinds = ['A', 'AAAA', 'CNAME', 'TXT', 'MX', 'CAA', 'NS'] as const
const ttlDefault = 300
const serversMax = 6
const host = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)+[a-z0-9-]{2,63}$/

/** The pages, to be mounted at /registrar; `ours` are the platform's name servers. Forms may come as JSON too. */
export function registrar(world: World, ours: readonly string[]): Hono {
  const app = new Hono()
  const list = (c: Context, status: 200 | 400 = 200, error?: string) => c.html(listPage(Object.keys(outside(world).domains).sort(), error), status)
  const show = (c: Context, apex: string, status: 200 | 400 = 200, error?: string) =>
    c.html(domainPage({ apex, registration: outside(world).domains[apex]!, records: recordsOf(world, apex), ours, own: registrarServers }, error), status)

  app.get('/', (c) => list(c))
  app.post('/', async (c) => {
    const judged = domainName((await form(c))['domain'] ?? '', 'berth.invalid')
    const apex = judged.ok ? registered(judged.domain.name) : undefined
    if (!judged.ok || !apex) return list(c, 400, judged.ok ? 'This is no domain that can be registered.' : judged.sentence)
    register(world, apex)
    return c.redirect(`/registrar/${apex}`, 303)
  })

  const known = (c: Context): string | undefined => {
    const apex = c.req.param('domain') ?? ''
    return Object.hasOwn(outside(world).domains, apex) ? apex : undefined
  }
  app.get('/:domain', (c) => {
    const apex = known(c)
    return apex ? show(c, apex) : c.notFound()
  })
  app.post('/:domain/:what', async (c) => {
    const apex = known(c)
    if (!apex) return c.notFound()
    const said = await form(c)
    const error = changes[c.req.param('what')]?.(world, apex, said) ?? (c.req.param('what') in changes ? undefined : 'There is no such change.')
    if (error) return show(c, apex, 400, error)
    return c.redirect(c.req.param('what') === 'unregister' ? '/registrar' : `/registrar/${apex}`, 303)
  })
  return app
}

/** Each change answers what is wrong with it, or nothing when it is done. */
const changes: Record<string, (world: World, apex: string, said: Record<string, string>) => string | undefined> = {
  delegation(world, apex, said) {
    const servers = (said['nameServers'] ?? '').split(/[\s,]+/).map(canonical).filter(Boolean)
    if (servers.length === 0 || servers.length > serversMax || !servers.every((one) => host.test(one))) return 'Give one to six host names of name servers.'
    delegate(world, apex, servers, said['ds'] !== undefined)
    return undefined
  },
  add(world, apex, said) {
    const one = written(apex, said)
    if (typeof one === 'string') return one
    setRecords(world, apex, [...recordsOf(world, apex), one])
    return undefined
  },
  remove(world, apex, said) {
    const at = Number(said['at'])
    setRecords(world, apex, recordsOf(world, apex).filter((_, i) => i !== at))
    return undefined
  },
  unregister(world, apex) {
    unregister(world, apex)
    return undefined
  },
}

function written(apex: string, said: Record<string, string>): ResourceRecord | string {
  const type = recordKinds.find((one) => one === said['type'])
  const typed = canonical((said['name'] ?? '').trim())
  const name = typed === '' || typed === '@' || typed === apex ? apex : typed.endsWith(`.${apex}`) ? typed : `${typed}.${apex}`
  const data = (said['data'] ?? '').trim()
  const ttl = Number(said['ttl'] || ttlDefault)
  if (!type) return `The type must be one of ${recordKinds.join(', ')}.`
  if (!/^(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}$/.test(name)) return 'The name is not one that DNS can hold.'
  if (!Number.isInteger(ttl) || ttl < 30 || ttl > 86_400) return 'The TTL must be 30 to 86400 seconds.'
  if (type === 'A' && !isIPv4(data)) return 'An A record holds an IPv4 address.'
  if (type === 'AAAA' && !isIPv6(data)) return 'An AAAA record holds an IPv6 address.'
  if ((type === 'CNAME' || type === 'NS') && !host.test(canonical(data))) return `A ${type} record holds a host name.`
  if (type === 'MX' && !/^\d{1,5} \S+$/.test(data)) return 'An MX record holds a number and a host name: 10 mail.example.com'
  if (type === 'CAA' && !/^\d{1,3} \w+ "[^"]*"$/.test(data)) return 'A CAA record looks like this: 0 issue "letsencrypt.org"'
  if (data === '' || data.length > 2_000) return 'The record needs its data.'
  return record(name, type, type === 'TXT' || type === 'CAA' ? data : canonical(data), ttl)
}

async function form(c: Context): Promise<Record<string, string>> {
  const body: Record<string, unknown> = c.req.header('content-type')?.startsWith('application/json') ? await c.req.json().catch(() => ({})) as Record<string, unknown> : await c.req.parseBody()
  return Object.fromEntries(Object.entries(body).filter((one): one is [string, string] => typeof one[1] === 'string'))
}
