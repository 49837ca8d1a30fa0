// The record holds what passed and no secret; what passes is not changed by being recorded.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { recorded, recorderTo } from '../../lab/recorder.ts'

interface Line { service: string; version?: number; method: string; path: string; requestHeaders: Record<string, string>; requestBody: string; status: number; responseBody: string }

async function exchange(request: Request, answer: Response, ...service: [Parameters<typeof recorded>[0], (8 | 9)?]) {
  const lines: Line[] = []
  let heard = ''
  const upstream = async (one: Request): Promise<Response> => {
    heard = await one.text()
    return answer
  }
  const got = await recorded(service[0], upstream, (line) => lines.push(JSON.parse(line) as Line), service[1])(request)
  return { line: lines[0]!, heard, got: await got.text() }
}

const post = (url: string, body: string, headers: Record<string, string>): Request => new Request(url, { method: 'POST', body, headers })

test('both sides still get their bodies', async () => {
  const { line, heard, got } = await exchange(
    post('http://x/v1/nodes?a=1', '{"name":"one","size":9223372036854775807}', { 'content-type': 'application/json' }),
    new Response('[{"ret_code":4611686018427387905,"message":"ok"}]', { status: 201 }),
    'linstor',
  )
  expect(heard).toBe('{"name":"one","size":9223372036854775807}')
  expect(got).toContain('4611686018427387905')
  expect(line).toMatchObject({ service: 'linstor', method: 'POST', path: '/v1/nodes?a=1', status: 201, requestBody: heard, responseBody: got })
})

test('a log-in keeps its shape and loses its secrets, both ways', async () => {
  const { line, heard } = await exchange(
    post('http://x/api/tokens', '{"identity":"a@b.c","secret":"p\\"w"}', { 'content-type': 'application/json' }),
    Response.json({ token: 'ey.real', expires: '2026-01-02T00:00:00.000Z' }),
    'npm',
  )
  expect(heard).toContain('p\\"w')
  expect(line.requestBody).toBe('{"identity":"a@b.c","secret":"redacted"}')
  expect(JSON.parse(line.responseBody)).toEqual({ token: 'redacted', expires: '2026-01-02T00:00:00.000Z' })
})

test('credentials in headers, forms and queries are masked in shape', async () => {
  const { line } = await exchange(
    post('http://x/api2/json/nodes/node1/lxc?password=hunter2', 'vmid=117&password=hunter2&hostname=a', {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'PVEAPIToken=berth@pve!worker=1b2f3c4d-0000-4abc-9def-0123456789ab',
      cookie: 'PVEAuthCookie=PVE:root@pam:65A1',
    }),
    Response.json({ data: 'UPID:x' }),
    'pve',
    9,
  )
  expect(JSON.stringify(line)).not.toMatch(/hunter2|1b2f|65A1/)
  expect(line.requestHeaders.authorization).toBe('PVEAPIToken=berth@pve!worker=00000000-0000-0000-0000-000000000000')
  expect(line).toMatchObject({ version: 9, path: '/api2/json/nodes/node1/lxc?password=redacted', requestBody: 'vmid=117&password=redacted&hostname=a' })
  const bearer = await exchange(new Request('http://x/client/v4/zones', { headers: { authorization: 'Bearer abc' } }), Response.json({}), 'cloudflare')
  expect(bearer.line.requestHeaders.authorization).toBe('Bearer redacted')
})

test('the private keys that certificate lists show are not kept', async () => {
  const body = { meta: { certificate_key: '-----BEGIN PRIVATE KEY-----\nabc', dns_provider_credentials: 'dns_cloudflare_api_token=abc' } }
  const { line } = await exchange(new Request('http://x/api/nginx/certificates/1'), Response.json(body), 'npm')
  expect(JSON.parse(line.responseBody)).toEqual({ meta: { certificate_key: 'redacted', dns_provider_credentials: 'redacted' } })
})

test('sessions of ISPConfig keep their form only', async () => {
  const session = `k${'3f'.repeat(20)}`
  const body = JSON.stringify({ params: { dkim_private: 'PRIVATE', relay_pass: 'pass', domain: 'a.example' }, session_id: session })
  const { line } = await exchange(new Request('http://x/remote/json.php?login', { method: 'POST', body }), Response.json({ code: 'ok', message: '', response: session }), 'ispconfig')
  expect(line.path).toBe('/remote/json.php?login')
  expect(JSON.parse(line.requestBody)).toEqual({ params: { dkim_private: 'redacted', relay_pass: 'redacted', domain: 'a.example' }, session_id: `k${'0'.repeat(40)}` })
  expect(line.responseBody).not.toContain(session)
})

test('an exchange that breaks is not recorded, and breaks', async () => {
  const lines: string[] = []
  const fetch = recorded('npm', () => Promise.reject(new TypeError('fetch failed')), (line) => lines.push(line))
  await expect(fetch(new Request('http://x/api/'))).rejects.toThrow('fetch failed')
  expect(lines).toEqual([])
})

test('a file gets every line, also those of an earlier run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-record-'))
  try {
    const file = join(folder, 'record.jsonl')
    for (const run of [1, 2]) {
      const recorder = recorderTo(file)
      for (let i = 0; i < 500; i++) recorder.write(JSON.stringify({ run, i }))
      await recorder.close()
    }
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    expect(lines).toHaveLength(1000)
    expect(JSON.parse(lines.at(-1)!)).toEqual({ run: 2, i: 499 })
  } finally {
    await rm(folder, { recursive: true })
  }
})
