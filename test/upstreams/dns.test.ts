// The laws of the DNS client: what each answer says, and that a look-up never leaves a doubt.
import { encode, type Answer as Packed } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { led } from '../../src/domain/dns/answer.ts'
import { Dns } from '../../src/upstreams/dns/client.ts'
import { Http, gatewayWords } from '../../src/upstreams/http.ts'
import { call, refusal } from './far-end.ts'

const answers: Packed[] = [
  { type: 'CNAME', name: 'WWW.example.com', ttl: 300, data: 'Example.com' }, { type: 'A', name: 'example.com', ttl: 60, data: '192.0.2.1' }, { type: 'A', name: 'example.com', ttl: 70, data: '192.0.2.0' },
]
const message = (more: Partial<Parameters<typeof encode>[0]> = {}): Response =>
  new Response(new Uint8Array(encode({ type: 'response', flags: 0x0420, questions: [{ type: 'A', name: 'www.example.com' }], answers, ...more })), { headers: { 'content-type': 'application/dns-message' } })

function client(...ends: (Response | Error)[]) {
  const sent: Request[] = []
  const rim = (end: Response | Error) => ({ now: () => call.deadline - 60_000, sleep: () => new Promise<void>(() => undefined), fetch: async (request: Request) => {
    sent.push(request)
    if (end instanceof Error) throw end
    return end.clone()
  } })
  const http = (end: Response | Error, key?: { id: string; secret: string }) => new Http({ system: 'dns', baseUrl: 'https://one.test/dns-query', words: key ? gatewayWords : () => undefined, ...(key ? { key } : {}) }, rim(end), call)
  const gate = new Http({ system: 'dns', baseUrl: 'https://gate.test', words: gatewayWords, key: { id: 'worker', secret: 'x' } }, rim(ends[0]!), call)
  return { dns: new Dns(ends.map((end, i) => ({ name: `r${i}`, http: http(end) })), gate), sent }
}
const unreachable = new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNRESET' }) })

describe('the DNS client', () => {
  it('asks each resolver by RFC 8484 and reads names, flags, TTLs and chains', async () => {
    const { dns, sent } = client(message(), message({ flags: 3, answers: [] }))
    const [one, two] = await dns.resolve('www.example.com', 'A')
    expect(one).toMatchObject({ from: 'r0', rcode: 'NOERROR', authentic: true, authoritative: true })
    expect(led(one!, 'www.example.com', 'A')).toEqual({ cnames: ['example.com'], values: ['192.0.2.0', '192.0.2.1'], ttlSeconds: 60 })
    expect(two).toMatchObject({ from: 'r1', rcode: 'NXDOMAIN', authentic: false, answers: [] })
    expect(sent.map((request) => [request.method, request.headers.get('accept')])).toEqual([['GET', 'application/dns-message'], ['GET', 'application/dns-message']])
    expect(sent[0]!.url).toBe('https://one.test/dns-query?dns=AAABIAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB')
  })

  it('reads every type that is asked for', async () => {
    const data = async (packed: Packed): Promise<string> => (await client(message({ answers: [packed], questions: [] })).dns.first('example.com', 'A')).answers[0]!.data
    const bytes = Buffer.from('0aff', 'hex')
    expect(await data({ type: 'TXT', name: 'a', data: ['v=DKIM1; p=', Buffer.from('ü')] })).toBe('v=DKIM1; p=ü')
    expect(await data({ type: 'MX', name: 'a', data: { preference: 10, exchange: 'MX.example.com' } })).toBe('10 mx.example.com')
    expect(await data({ type: 'CAA', name: 'a', data: { flags: 128, tag: 'issue', value: 'letsencrypt.org', issuerCritical: true } })).toBe('128 issue "letsencrypt.org"')
    expect(await data({ type: 'DS', name: 'a', data: { keyTag: 7, algorithm: 13, digestType: 2, digest: bytes } })).toBe('7 13 2 0AFF')
    expect(await data({ type: 'TLSA', name: 'a', data: { usage: 3, selector: 1, matchingType: 1, certificate: bytes } })).toBe('3 1 1 0AFF')
    expect(await data({ type: 'SRV', name: 'a', data: { priority: 1, weight: 2, port: 5060, target: 'Sip.example.com' } })).toBe('1 2 5060 sip.example.com')
    expect(await data({ type: 'SOA', name: 'a', data: { mname: 'ns', rname: 'me', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 } })).toBe('ns me 1 2 3 4 5')
  })

  it('does with those that answer, and does not wait again for one that failed', async () => {
    const { dns, sent } = client(unreachable, message())
    expect((await dns.resolve('www.example.com', 'A')).map((one) => one.from)).toEqual(['r1'])
    sent.length = 0
    expect((await dns.first('www.example.com', 'A')).from).toBe('r1')
    expect(sent).toHaveLength(1)
  })

  it.each([
    ['a broken connection', unreachable], ['502', new Response('Bad Gateway', { status: 502 })], ['a log-in page', new Response('<html>log in', { headers: { 'content-type': 'text/html' } })], ['403', new Response('{}', { status: 403 })],
    ['429', new Response('{}', { status: 429 })], ['JSON', Response.json({ Status: 0 })], ['another question', message({ questions: [{ type: 'A', name: 'example.org' }] })], ['half a message', new Response(new Uint8Array([0, 0, 1]), { headers: { 'content-type': 'application/dns-message' } })],
  ])('takes %s from a resolver for not sent', async (_what, end) => {
    expect(await refusal(client(end).dns.first('www.example.com', 'A'))).toMatchObject({ system: 'dns', fate: 'not-sent' })
  })

  it('hears a refusal of the gateway as what it is, and no answer as not sent', async () => {
    const said = (status: number, fate: string) => Response.json({ error: { code: 'x', message: 'no' } }, { status, headers: { 'berth-fate': fate } })
    expect(await refusal(client(said(403, 'refused')).dns.at('10.0.0.1', 'a.com', 'A'))).toMatchObject({ system: 'dns', fate: 'refused' })
    expect(await refusal(client(said(401, 'credentials')).dns.at('8.8.8.8', 'a.com', 'A'))).toMatchObject({ system: 'dns', fate: 'credentials' })
    expect(await refusal(client(said(504, 'not-sent')).dns.at('8.8.8.8', 'a.com', 'A'))).toMatchObject({ system: 'dns', fate: 'not-sent' })
  })
})
