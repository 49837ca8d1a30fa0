// The command that verifies the audit: walks all pages, names what is broken, and tells scripts by its exit code.
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const script = path.join(import.meta.dirname, '../../operator/audit-verify.ts')
const broken = { tenant: 't2', line: 7, why: 'the line is missing' }
const pages: Record<string, object> = {
  'after=': { intact: true, tenants: 2, lines: 9, broken: [], next: 't1' },
  'after=t1': { intact: false, tenants: 1, lines: 3, broken: [broken], next: null },
  'connection=test&service_id=1': { intact: true, tenants: 1, lines: 4, broken: [], next: null },
}

const worker = createServer((request, response) => {
  const [address, query = ''] = (request.url ?? '').split('?')
  const known = request.headers.authorization === 'Bearer the-key' && address === '/base/operator/audit/verify'
  const page = pages[query]
  response.writeHead(!known ? 401 : page ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(!known ? { error: 'The operator key is missing or wrong.' } : (page ?? {})))
})
let url: string
beforeAll(async () => {
  await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(worker.address() as AddressInfo).port}/base`
})
afterAll(() => void worker.close())

const run = (argv: readonly string[], key = 'the-key'): Promise<{ code: number; out: string; err: string }> => new Promise((resolve) => {
  execFile(process.execPath, [script, ...argv], { env: { ...process.env, BERTH_OPERATOR_KEY: key } }, (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }))
})

it('walks all pages, names each broken line and ends with 1', async () => {
  const [plain, json] = await Promise.all([run(['--url', url]), run(['--url', `${url}/`, '--json'])])
  expect([plain.code, plain.out]).toEqual([1, 'tenant t2, line 7: the line is missing\n12 lines of 3 tenants: 1 broken\n'])
  expect([json.code, JSON.parse(json.out)]).toEqual([1, { intact: false, tenants: 3, lines: 12, broken: [broken] }])
})

it('ends with 0 when all is intact, and with 2 in words when it could not look', async () => {
  const [intact, wrong, unset, nowhere, alone] = await Promise.all([
    run(['--url', url, '--connection', 'test', '--service', '1']), run(['--url', url], 'another-key'), run(['--url', url], ''), run([]), run(['--url', url, '--service', '1']),
  ])
  expect([intact.code, intact.out]).toEqual([0, '4 lines of 1 tenants: intact\n'])
  expect([wrong.code, wrong.err]).toEqual([2, 'The Worker answers 401: The operator key is missing or wrong.\n'])
  for (const [{ code, err }, words] of [[unset, 'BERTH_OPERATOR_KEY is not set'], [nowhere, '--url is required'], [alone, 'go together']] as const) expect([code, err]).toEqual([2, expect.stringContaining(words)])
  expect([wrong, unset, nowhere, alone].some(({ out, err }) => `${out}${err}`.includes('-key\n'))).toBe(false)
})
