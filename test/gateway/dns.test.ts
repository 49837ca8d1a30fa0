// Look-ups through the gateway: what is refused, what is passed on, what no answer means – and the real sockets.
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { decode, encode } from 'dns-packet'
import { describe, expect, test } from 'vitest'
import type { Exchange } from '../../gateway/dns.ts'
import { nameServerExchange } from '../../gateway/dns-socket.ts'
import { said, site } from './worker.ts'

const right = { name: 'example.com', type: 'A', server: '198.51.100.11' }
const at = (more: Record<string, string> = {}): string => `/dns?${new URLSearchParams({ ...right, ...more }).toString()}`
const answer = (flags = 0): Uint8Array => encode({ type: 'response', id: 0, flags, questions: [{ type: 'A', name: 'example.com' }], answers: [{ type: 'A', name: 'example.com', ttl: 60, data: '192.0.2.1' }] })

function asked(exchange: Exchange = async () => answer()) {
  const heard: string[] = []
  const one = site(undefined, { dns: { allowed: ['192.168.1.53'], exchange: (server, query, over, signal) => {
    const [question] = decode(Buffer.from(query)).questions ?? []
    heard.push(`${over} ${server} ${question?.type} ${question?.name}`)
    return exchange(server, query, over, signal)
  } } })
  return { ...one, asked: heard }
}

describe('a look-up', () => {
  test('is passed on byte for byte', async () => {
    const { send, asked: heard } = asked()
    const response = await send('GET', at())
    expect(response.status).toBe(200)
    expect(Object.fromEntries(['content-type', 'berth-landed'].map((name) => [name, response.headers.get(name)]))).toEqual({ 'content-type': 'application/dns-message', 'berth-landed': '1' })
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from(answer()))
    expect(heard).toEqual(['udp 198.51.100.11 A example.com'])
  })

  test.each([
    ['a private address', { server: '192.168.1.1' }, 403], ['the loopback', { server: '127.0.0.1' }, 403], ['the metadata of a cloud', { server: '169.254.169.254' }, 403], ['a shared address', { server: '100.64.0.1' }, 403],
    ['IPv6 loopback', { server: '::1' }, 403], ['a mapped address', { server: '::ffff:8.8.8.8' }, 403], ['NAT64', { server: '64:ff9b::8.8.8.8' }, 403], ['link-local IPv6', { server: 'fe80::1' }, 403], ['unique local IPv6', { server: 'fd00::1' }, 403],
    ['multicast', { server: '224.0.0.251' }, 403], ['a name', { server: 'ns1.example.com' }, 400], ['a port', { server: '198.51.100.11:5353' }, 400], ['a zone', { server: 'fe80::1%eth0' }, 403],
    ['a zone transfer', { type: 'AXFR' }, 400], ['ANY', { type: 'ANY' }, 400], ['no name', { name: '' }, 400], ['a name with a last dot', { name: 'example.com.' }, 400], ['a name that is none', { name: 'a b' }, 400],
    ['a label too long', { name: `${'a'.repeat(64)}.com` }, 400], ['something more', { port: '5353' }, 400],
  ])('is refused for %s', async (_what, more, status) => {
    const { send, asked: heard } = asked()
    expect(await said(await send('GET', at(more)))).toMatchObject({ status, fate: 'refused', landed: null })
    expect(heard).toEqual([])
  })

  test('is refused when a parameter comes twice, unsigned, or by another method', async () => {
    const { send, app, asked: heard } = asked()
    expect((await send('GET', `${at()}&server=8.8.8.8`)).status).toBe(400)
    expect((await app.request(at())).status).toBe(401)
    expect((await send('POST', at(), { body: '{}' })).status).toBe(403)
    expect(heard).toEqual([])
  })

  test('may go to a private name server that the configuration names, to stars, to service names and to public IPv6', async () => {
    const { send, asked: heard } = asked()
    for (const more of [{ server: '192.168.1.53' }, { name: '*.example.com' }, { name: '_berth.example.com', type: 'TXT' }, { server: '2620:fe::fe' }]) expect((await send('GET', at(more))).status).toBe(200)
    expect(heard).toHaveLength(4)
  })

  test('goes over TCP when the answer was cut', async () => {
    const { send, asked: heard } = asked(async (_server, _query, over) => answer(over === 'udp' ? 1 << 9 : 0))
    expect(Buffer.from(await (await send('GET', at())).arrayBuffer())).toEqual(Buffer.from(answer()))
    expect(heard.map((one) => one.slice(0, 3))).toEqual(['udp', 'tcp'])
  })

  test('without an answer was not sent, after two tries', async () => {
    const { send, asked: heard, clock } = asked((_server, _query, _over, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up')))))
    const start = clock.now()
    expect(await said(await send('GET', at()))).toMatchObject({ status: 504, fate: 'not-sent', code: 'no-answer' })
    expect([heard.length, clock.now() - start]).toEqual([2, 4_000])
    expect(await said(await asked(() => Promise.reject(new Error('refused'))).send('GET', at()))).toMatchObject({ status: 504, fate: 'not-sent' })
  })

  test('is not passed on when it is larger than 16 KiB, and not asked where nobody can', async () => {
    expect(await said(await asked(async () => new Uint8Array(16 * 1024 + 1)).send('GET', at()))).toMatchObject({ status: 502, fate: 'not-sent' })
    expect(await said(await site().send('GET', at()))).toMatchObject({ status: 501, fate: 'refused' })
  })
})

test('sockets take only the answer that has the id and the question', async () => {
  const query = encode({ type: 'query', id: 0, questions: [{ type: 'A', name: 'example.com' }] })
  const response = (to: Buffer, name = 'example.com', id = to.readUInt16BE(0)): Buffer => encode({ type: 'response', id, questions: [{ type: 'A', name }], answers: [{ type: 'A', name, ttl: 1, data: '192.0.2.1' }] })
  const udp = createSocket('udp4')
  udp.on('message', (message, from) => {
    for (const forged of [Buffer.from('x'), response(message, 'example.com', message.readUInt16BE(0) ^ 1), response(message, 'example.org'), response(message)]) udp.send(forged, from.port, from.address)
  })
  await new Promise<void>((resolve) => void udp.bind(0, '127.0.0.1', resolve))
  const tcp = createServer((socket) => void socket.on('data', (chunk: Buffer) => {
    const whole = response(chunk.subarray(2))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(whole.length)
    socket.write(length)
    socket.write(whole)
  }))
  await new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve))
  const signal = new AbortController()
  try {
    for (const [over, port] of [['udp', udp.address().port], ['tcp', (tcp.address() as AddressInfo).port]] as const) {
      const packet = decode(Buffer.from(await nameServerExchange(port)('127.0.0.1', query, over, signal.signal)))
      expect([packet.id, packet.questions![0]!.name, packet.answers!.length]).toEqual([0, 'example.com', 1])
    }
    const closed = (tcp.address() as AddressInfo).port
    await new Promise((resolve) => tcp.close(resolve))
    await expect(nameServerExchange(closed)('127.0.0.1', query, 'tcp', signal.signal)).rejects.toThrow()
    udp.removeAllListeners('message')
    const late = nameServerExchange(udp.address().port)('127.0.0.1', query, 'udp', signal.signal)
    signal.abort()
    await expect(late).rejects.toThrow('given up')
  } finally {
    udp.close()
  }
})
