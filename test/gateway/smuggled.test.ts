// Requests that two parsers might read in two ways, byte for byte as they come over the wire: the gateway reads none of them, or
// nothing but what was signed. Before it stand a tunnel and Cloudflare; behind it pveproxy, with parsers of their own.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseConfig } from '../../gateway/config.ts'
import { openGateway, type Running } from '../../gateway/server.ts'
import { signed } from '../../src/upstreams/signature.ts'

const key = { id: 'worker-1', secret: 'a-key-of-the-worker-0001' }
const config = '/proxmox/api2/json/nodes/node1/lxc/100/config'
const heard: string[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    heard.push(`${request.method} ${request.url} ${request.headers.host?.split(':')[0]} ${body}`)
    response.setHeader('content-type', 'application/json').end('{"data":null}')
  })
})
let gateway: Running
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  gateway = await openGateway(parseConfig({
    port: 0, suspendedPage: { host: '127.0.0.1', port: 0 }, keys: { [key.id]: key.secret },
    upstreams: { proxmox: { urls: [url], token: 'berth@pve!gateway=secret-of-proxmox' }, linstor: { urls: [url] }, npm: { url, identity: 'berth@example.test', secret: 'npm-account-secret' } },
  }), { print: () => undefined })
})
afterAll(async () => {
  await gateway.close()
  server.close()
})
beforeEach(() => void heard.splice(0))

/** What comes back for these bytes until the gateway ends the connection. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1')
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write(Buffer.from(bytes, 'latin1'))
  await once(socket, 'close')
  return said
}

const statuses = (said: string): number[] => [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

/** The header lines of a request that is signed as it should be. */
async function lines(method: string, path: string, body?: string): Promise<string> {
  const headers = new Headers({ 'berth-operation': 't1/container', 'berth-attempt': '1', 'berth-deadline': String(Date.now() + 20_000), ...(body === undefined ? {} : { 'content-type': 'application/json' }) })
  await signed({ method, url: `http://gateway${path}`, headers, ...(body === undefined ? {} : { body }) }, key, Date.now(), crypto.randomUUID())
  return [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
}

const body = '{"memory":512}'
const put = `PUT ${config} HTTP/1.1\r\nHost: gateway\r\n`
const unsigned = 'GET /proxmox/api2/json/version HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n'

describe('a request', () => {
  test('is carried out when there is one way to read it', async () => {
    expect(statuses(await raw(`${put}${await lines('PUT', config, body)}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`))).toEqual([200])
    expect(heard).toEqual([`PUT /api2/json/nodes/node1/lxc/100/config 127.0.0.1 ${body}`])
  })

  const twofold: Record<string, (headers: string) => string> = {
    'that has a length and chunks': (headers) => `${put}${headers}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${body}`,
    'that has chunks and a length': (headers) => `${put}${headers}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\ne\r\n${body}\r\n0\r\n\r\n`,
    'that has two lengths': (headers) => `${put}${headers}Content-Length: ${body.length}\r\nContent-Length: 3\r\n\r\n${body}`,
    'that has a list of lengths': (headers) => `${put}${headers}Content-Length: ${body.length}, ${body.length}\r\n\r\n${body}`,
    'whose length has a sign': (headers) => `${put}${headers}Content-Length: +${body.length}\r\n\r\n${body}`,
    'whose chunks are not the last coding': (headers) => `${put}${headers}Transfer-Encoding: chunked, identity\r\n\r\n${body}`,
    'with a space before the colon': (headers) => `${put}${headers}Content-Length : ${body.length}\r\n\r\n${body}`,
    'with a header that goes on in the next line': (headers) => `${put}${headers}Content-Length:\r\n ${body.length}\r\nX: a\r\n b: c\r\n\r\n${body}`,
    'with a line that ends in one sign': (headers) => `${put}${headers}X: a\rY: b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'with a zero byte in a header': (headers) => `${put}${headers}X: a\0b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'with a chunk whose size is no number': (headers) => `${put}${headers}Transfer-Encoding: chunked\r\n\r\n0xe\r\n${body}\r\n0\r\n\r\n`,
    'without a host': (headers) => `PUT ${config} HTTP/1.1\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`,
    'with headers without end': (headers) => `${put}${headers}X: ${'a'.repeat(20_000)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  }
  test.each(Object.entries(twofold))('%s is not read, signed as it may be, nor is anything behind it', async (_, bytes) => {
    const answers = statuses(await raw(`${bytes(await lines('PUT', config, body))}${unsigned}`))
    expect(answers.length).toBeLessThanOrEqual(1)
    for (const status of answers) expect([400, 431, 501]).toContain(status)
    expect(heard).toEqual([])
  })

  test('behind a signed one on its connection needs a signature of its own', async () => {
    const said = await raw(`${put}${await lines('PUT', config, body)}Content-Length: ${body.length}\r\n\r\n${body}${unsigned}`)
    expect(statuses(said)).toEqual([200, 401])
    expect(heard).toHaveLength(1)
  })

  test('is not what its body says behind the length that was signed', async () => {
    const inside = `${body}${unsigned}`
    const said = await raw(`${put}${await lines('PUT', config, body)}Content-Length: ${inside.length}\r\nConnection: close\r\n\r\n${inside}`)
    expect(statuses(said)).toEqual([401])
    expect(heard).toEqual([])
  })

  test('that names another host in its target goes where it always goes, when it is signed, and nowhere when it is not', async () => {
    const target = `PUT http://elsewhere.test:8006${config} HTTP/1.1\r\nHost: elsewhere.test:8006\r\n`
    expect(statuses(await raw(`${target}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`))).toEqual([401])
    expect(heard).toEqual([])
    await raw(`${target}${await lines('PUT', config, body)}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
    for (const line of heard) expect(line).toBe(`PUT /api2/json/nodes/node1/lxc/100/config 127.0.0.1 ${body}`)
  })

  test.each(['CONNECT node1:8006', 'OPTIONS *', 'GET ftp://node1/x', 'GET proxmox/api2/json/version', 'GET //node1:8006/api2/json/version', 'GET /proxmox/../proxmox/api2/json/version', 'TRACE /proxmox/api2/json/version', 'GET /proxmox/api2/json/version#x'])('for the target %s reaches nothing', async (line) => {
    const said = await raw(`${line} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n`)
    for (const status of statuses(said)) expect(status).toBeGreaterThanOrEqual(400)
    expect(heard).toEqual([])
  })

  test.each(['berth-attempt: 9', 'berth-deadline: 99999999999999', 'Berth-Operation: t2/container', 'content-digest: sha-256=:AAAA:', 'content-type: text/plain'])('that says something twice is not believed: %s', async (line) => {
    const said = await raw(`${put}${await lines('PUT', config, body)}${line}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
    expect(statuses(said)).toEqual([401])
    expect(heard).toEqual([])
  })
})
