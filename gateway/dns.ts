// One question to one name server, for the Worker, which speaks no DNS itself: `GET /dns?name=&type=&server=`. Only port 53, only
// public addresses and those that the configuration names, only the listed types. The answer is passed on byte for byte; nothing
// is followed, remembered or believed.
import { BlockList, isIP } from 'node:net'
import { encode } from 'dns-packet'
import { queryTypes } from '../src/domain/dns/answer.ts'
import { Refusal } from './refusal.ts'
import type { Rim } from './upstream.ts'

/** Sends one DNS message to port 53 of `server` and answers with the one that fits it, its id as in the query. Rejects when aborted. */
export type Exchange = (server: string, query: Uint8Array, over: 'udp' | 'tcp', signal: AbortSignal) => Promise<Uint8Array>

const udpTries = 2
const tryMs = 2_000
const tcpMs = 3_000
const answerMaxBytes = 16 * 1024
const atOnceMax = 32

const namePattern = /^(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9](?:[a-z0-9-]{0,62})$/i

/**
 * Not the public Internet (IANA's special-purpose registries): nobody's name servers, but perhaps somebody's router. One list
 * for each family, because to a BlockList an IPv4 address is also its mapped IPv6 address.
 */
const notPublic = {
  ipv4: blocked('ipv4', '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15 224.0.0.0/3'),
  ipv6: blocked('ipv6', '::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2002::/16 fc00::/7 fe80::/9 ff00::/8'),
}

function blocked(family: 'ipv4' | 'ipv6', networks: string): BlockList {
  const list = new BlockList()
  for (const network of networks.split(' ')) list.addSubnet(network.split('/')[0]!, Number(network.split('/')[1]), family)
  return list
}

export class NameServers {
  readonly #rim: Rim
  readonly #exchange: Exchange | undefined
  readonly #allowed: ReadonlySet<string>
  #atOnce = 0

  /** `allowed`: addresses that may be asked although they are not public, such as the platform's own name servers. */
  constructor(rim: Rim, exchange: Exchange | undefined, allowed: readonly string[]) {
    this.#rim = rim
    this.#exchange = exchange
    this.#allowed = new Set(allowed)
  }

  /** The name server's answer as bytes; a Refusal when the question is not allowed or no answer comes before `deadline` (epoch ms). */
  async ask(search: URLSearchParams, deadline: number): Promise<Uint8Array> {
    const { name, type, server } = this.#question(search)
    if (this.#exchange === undefined) throw new Refusal(501, 'refused', 'dns', 'this gateway asks no name servers')
    if (this.#atOnce >= atOnceMax) throw new Refusal(503, 'not-sent', 'busy', 'too many look-ups are under way')
    this.#atOnce++
    try {
      const query = encode({ type: 'query', id: 0, flags: 0, questions: [{ name, type, class: 'IN' }] })
      return await this.#answer(this.#exchange, server, query, deadline)
    } finally {
      this.#atOnce--
    }
  }

  async #answer(exchange: Exchange, server: string, query: Uint8Array, deadline: number): Promise<Uint8Array> {
    for (let tries = 0; tries < udpTries; tries++) {
      const answer = await this.#within(exchange, server, query, 'udp', Math.min(tryMs, deadline - this.#rim.now()))
      if (!answer) continue
      const whole = truncated(answer) ? await this.#within(exchange, server, query, 'tcp', Math.min(tcpMs, deadline - this.#rim.now())) : answer
      if (!whole) break
      if (whole.byteLength > answerMaxBytes) throw new Refusal(502, 'not-sent', 'too-large', 'the answer of the name server is larger than 16 KiB')
      return whole
    }
    throw new Refusal(504, 'not-sent', 'no-answer', 'the name server did not answer')
  }

  /** Undefined when nothing came in time: a look-up changes nothing, so that is all there is to know. */
  async #within(exchange: Exchange, server: string, query: Uint8Array, over: 'udp' | 'tcp', ms: number): Promise<Uint8Array | undefined> {
    if (ms <= 0) return undefined
    const given = new AbortController()
    const ended = new AbortController()
    const late = this.#rim.sleep(ms, ended.signal).then(() => undefined, () => undefined)
    try {
      return await Promise.race([exchange(server, query, over, given.signal).catch(() => undefined), late])
    } finally {
      given.abort('no longer wanted')
      ended.abort('no longer wanted')
    }
  }

  #question(search: URLSearchParams): { name: string; type: (typeof queryTypes)[number]; server: string } {
    const bad = (field: string, message: string): Refusal => new Refusal(400, 'refused', field, message)
    for (const key of new Set(search.keys())) if (!['name', 'type', 'server'].includes(key) || search.getAll(key).length > 1) throw bad('query', 'only name, type and server may be given, each once')
    const name = search.get('name') ?? ''
    const server = search.get('server') ?? ''
    const type = queryTypes.find((one) => one === search.get('type'))
    if (!namePattern.test(name)) throw bad('name', 'name must be a domain name in ASCII without the last dot')
    if (!type) throw bad('type', `type must be one of ${queryTypes.join(', ')}`)
    if (isIP(server) === 0) throw bad('server', 'server must be an IP address')
    const family = isIP(server) === 4 ? 'ipv4' : 'ipv6'
    if (!this.#allowed.has(server) && notPublic[family].check(server, family)) throw new Refusal(403, 'refused', 'server', 'this address is not public')
    return { name, type, server }
  }
}

/** The TC bit: there is more, over TCP. */
const truncated = (message: Uint8Array): boolean => ((message[2] ?? 0) & 2) !== 0
