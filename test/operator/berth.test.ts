// The operator's command line: what each command asks and prints, how it ends, and that the key is shown nowhere.
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run as runCommand } from '../../operator/commands.ts'

const script = path.join(import.meta.dirname, '../../operator/berth.ts')
const broken = { tenant: 't2', line: 7, why: 'the line is missing' }
const report = (rows: object[], next: string | null = null): object => ({ success: true, as_of: 1, rows, next })
const site = (service: string, status: string): object => ({ connection: 'test', service, status, plan: 'basic', hostname: `${service}.example`, vmid: 10_000, node: 'node1', changed_utc: '2026-11-23 05:26:28', cause: null })
const journal = [{ i: 1, at: 1_795_000_000_000, seq: 1, epoch: 1, step: 'dns-record', attempt: 2, event: 'outcome', detail: '{"error":"\u001b[2Jno"}' }]
const step = { name: 'dns-record', title: 'DNS', state: 'stuck', attempt: 2, why: 'cloudflare: 401', since: 1_795_000_000_000, startedAt: 0, settledAt: 0, needs: [] }

const pages: Record<string, object> = {
  'GET /operator/audit/verify?after=': { intact: true, tenants: 2, lines: 9, broken: [], next: 't1' },
  'GET /operator/audit/verify?after=t1': { intact: false, tenants: 1, lines: 3, broken: [broken], next: null },
  'GET /operator/audit/verify?connection=test&user_id=7': { intact: true, tenants: 1, lines: 2, broken: [], next: null },
  'GET /operator/audit/verify?connection=test&service_id=1': { intact: true, tenants: 1, lines: 4, broken: [], next: null },
  'GET /operator/gate': { success: true, leases: { 'create:node1': 2 }, stopped: [{ system: 'npm', until: 1_795_000_000_000, why: 'npm does not answer; waiting until it is back' }] },
  'GET /operator/tenant?connection=test&service_id=1': { success: true, order: { status: 'stuck', target: 'live', plan: 'basic', hostname: 'a.example', url: null, orderedAt: 1_795_000_000_000, restAt: 0, cause: null, steps: [step] }, hold: { by: 'day shift', why: 'new disks', at: 1_795_000_000_000 }, journal },
  'GET /reports/sites?limit=1000': report([site('1', 'stuck')], 'n1'),
  'GET /reports/sites?limit=1000&after=n1': report([site('2', 'live')]),
  'GET /reports/sites?status=live&limit=1000': report([site('2', 'live')]),
  'GET /reports/sites_by_state_and_plan?limit=1000': report([{ connection: 'test', status: 'live', plan: 'basic', sites: 1 }, { connection: 'test', status: 'live', plan: 'premium', sites: 2 }, { connection: 'test', status: 'stuck', plan: 'basic', sites: 1 }]),
  'GET /reports/stuck_steps?limit=1000': report([{ connection: 'test', service: '1', step: 'dns-record', since_utc: '2026-11-23 05:26:28', why: 'cloudflare: 401' }]),
  'GET /reports/under_way?limit=1000': report([]),
  'GET /reports/addresses_left?limit=1000': report([{ cluster: 'lab', free: 100, held: 4, quarantined: 1, as_of_utc: '2026-11-23 05:26:28' }]),
  'GET /reports/held_sites?limit=1000': report([{ connection: 'test', service: '9', status: 'building', held_by: 'day shift', held_why: 'new disks', held_at: 1, held_utc: '2026-11-23 05:26:28' }]),
  'POST /operator/hold {"connection":"test","service_id":"1","actor":"somebody","why":"new disks"}': { success: true, changed: true, says: 'It is held.', hold: { by: 'somebody', why: 'new disks', at: 1_795_000_000_000 } },
  'POST /operator/release {"connection":"test","service_id":"1","actor":"somebody"}': { success: true, changed: true, says: 'It goes on.', hold: null },
  'POST /operator/abort {"connection":"test","service_id":"1","actor":"somebody","why":"a mistake","dry_run":true}': { success: true, done: false, says: 'it is live again' },
  'POST /operator/abort {"connection":"test","service_id":"1","actor":"somebody","why":"a mistake","dry_run":false}': { success: true, done: true, says: 'it is live again' },
  'GET /reports/pools_by_plan?limit=1000': report([{ cluster: 'lab', plan: 'basic', target: 3, ready: 2, building: 1, retiring: 0, longest: '17', longest_utc: '2026-11-23 05:20:00', claims: 4, arrivals: 5 }]),
  'POST /operator/adopt {"connection":"test","service_id":"1","actor":"somebody","step":"proxy-host","dry_run":true}': { success: true, done: false, says: 'foreign: a host of somebody else' },
  'POST /operator/adopt {"connection":"test","service_id":"1","actor":"somebody","step":"proxy-host","dry_run":false}': { success: true, done: true, says: 'foreign: a host of somebody else' },
  'GET /operator/export?connection=test&user_id=7&after=': { success: true, lines: ['{"kind":"customer"}'], next: 'c1.h100' },
  'GET /operator/export?connection=test&user_id=7&after=c1.h100': { success: true, lines: ['{"kind":"customer-line"}'], next: null },
  'GET /operator/export?after=': { success: true, lines: ['{"kind":"tenant"}'], next: 't1.1000' },
  'GET /operator/export?after=t1.1000': { success: true, lines: ['{"kind":"line"}'], next: null },
  'POST /operator/retry {"connection":"test","service_id":"1","actor":"night shift"}': { success: true, retried: 1 },
  'POST /operator/customer/retry {"connection":"test","user_id":"7","actor":"night shift"}': { success: true, retried: 0 },
}

const worker = createServer((request, response) => {
  let body = ''
  request.on('data', (part: Buffer) => (body += part.toString())).on('end', () => {
    const page = pages[`${request.method} ${(request.url ?? '').replace(/^\/base/, '')}${body && ` ${body}`}`]
    const known = request.headers.authorization === 'Bearer the-key'
    response.writeHead(!known ? 401 : page ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(!known ? { error: 'The operator key is missing or wrong.' } : (page ?? { error: 'There is no such service.' })))
  })
})
let url: string
beforeAll(async () => {
  await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(worker.address() as AddressInfo).port}/base`
})
afterAll(() => void worker.close())

const run = (argv: string[], env: Record<string, string> = {}, confirm?: (question: string) => Promise<boolean>) =>
  runCommand(argv, { env: { BERTH_OPERATOR_KEY: 'the-key', BERTH_URL: url, ...env }, login: () => 'somebody', now: () => 1_795_000_000_000, confirm })

it('prints what its command answers and ends with its code', async () => {
  const ended = await new Promise<unknown>((resolve) => {
    execFile(process.execPath, [script, 'audit', 'verify'], { env: { ...process.env, BERTH_OPERATOR_KEY: 'the-key', BERTH_URL: url } }, (error, out, err) => resolve([error?.code, out, err]))
  })
  expect(ended).toEqual([1, 'tenant t2, line 7: the line is missing\n12 lines of 3 tenants and customers: 1 broken\n', ''])
})

it('walks all pages of the audit, names each broken line and ends with 1', async () => {
  const [plain, json, customer, intact] = await Promise.all([run(['audit', 'verify', '--url', url]), run(['audit', 'verify', '--json', '--url', `${url}/`]), run(['audit', 'verify', 'customer', 'test/7']), run(['audit', 'verify', 'test/1'])])
  expect([plain.code, plain.out]).toEqual([1, 'tenant t2, line 7: the line is missing\n12 lines of 3 tenants and customers: 1 broken'])
  expect([json.code, JSON.parse(json.out)]).toEqual([1, { intact: false, tenants: 3, lines: 12, broken: [broken] }])
  expect([customer.code, customer.out]).toEqual([0, '2 lines of 1 tenants and customers: intact'])
  expect([intact.code, intact.out]).toEqual([0, '4 lines of 1 tenants and customers: intact'])
})

it('shows the cluster, the sites and one of them with its journal', async () => {
  const [status, all, live, one] = await Promise.all([run(['status']), run(['tenants']), run(['tenants', '--state', 'live', '--json']), run(['tenant', 'test/1'])])
  for (const { code, err } of [status, all, live, one]) expect([code, err]).toEqual([0, ''])
  for (const words of ['npm: npm does not answer', 'create:node1 2', 'live 3, stuck 1', '100 free, 4 held', 'cloudflare: 401', 'test/9', 'day shift']) expect(status.out).toContain(words)
  expect(all.out.split('\n').map((line) => line.slice(0, 20).trim())).toEqual(['service  state  plan', 'test/1   stuck  basi', 'test/2   live   basi'])
  expect((JSON.parse(live.out) as { sites: object[] }).sites).toHaveLength(1)
  expect(one.out).toContain('test/1: stuck (wanted: live), plan basic')
  expect(one.out).toContain('held by day shift since 2026-11-18')
  expect(one.out).toMatch(/dns-record +stuck +2 +\S+ \S+ +cloudflare: 401$/m)
  // What an upstream wrote does not steer the terminal.
  expect(one.out).not.toContain('\u001b')
})

it('retries a service and a customer in the name of whoever asks', async () => {
  const [service, customer] = await Promise.all([run(['retry', 'test/1', '--actor', 'night shift']), run(['retry', 'customer', 'test/7', '--actor', 'night shift', '--json'])])
  expect([service.code, service.out]).toEqual([0, '1 step is looked at again.'])
  expect([customer.code, customer.out]).toEqual([0, '{"retried":0}'])
})

it('holds and releases in somebody’s name and for a reason', async () => {
  const [held, released, without] = await Promise.all([run(['hold', 'test/1', '--why', 'new disks']), run(['release', 'test/1', '--json']), run(['hold', 'test/1'])])
  expect([held.code, held.out.split('\n')[0]]).toEqual([0, 'It is held.'])
  expect([released.code, JSON.parse(released.out)]).toEqual([0, { changed: true, hold: null }])
  expect([without.code, without.err]).toEqual([2, expect.stringContaining('--why is required')])
})

it('says what would be given up, and gives it up only after a yes', async () => {
  const asked: string[] = []
  const answering = (yes: boolean) => async (question: string) => (asked.push(question), yes)
  const argv = ['abort', 'test/1', '--why', 'a mistake']
  expect(await run(argv, {}, answering(false))).toMatchObject({ code: 0, out: 'Nothing was changed.' })
  expect(await run(argv, {}, answering(true))).toMatchObject({ code: 0, out: 'Given up: it is live again.' })
  expect(asked).toEqual(Array.from({ length: 2 }, () => 'test/1: it is live again. Go on?'))
  expect(await run(argv)).toMatchObject({ code: 2, err: '--yes is required where nobody can be asked. It would mean: it is live again.' })
  expect(await run([...argv, '--yes', '--json'], {}, answering(true))).toMatchObject({ code: 0, out: '{"done":true,"says":"it is live again"}' })
  expect(asked).toHaveLength(2)
})

it('adopts what stands in the place of a step only after a yes', async () => {
  const argv = ['adopt', 'test/1', 'proxy-host']
  expect(await run(argv, {}, async () => false)).toMatchObject({ code: 0, out: 'Nothing was changed.' })
  expect(await run(argv, {}, async (question) => question.startsWith('proxy-host: foreign: a host of somebody else.'))).toMatchObject({ code: 0, out: 'proxy-host is being marked and made as wished.' })
  expect(await run(argv)).toMatchObject({ code: 2, err: expect.stringContaining('--yes is required') })
  expect(await run(['adopt', 'test/1'])).toMatchObject({ code: 2, err: expect.stringContaining('one service and one step') })
})

it('exports everything, piece by piece, one object a line', async () => {
  expect((await run(['export'])).out).toBe('{"kind":"tenant"}\n{"kind":"line"}')
  expect((await run(['export', 'customer', 'test/7'])).out).toBe('{"kind":"customer"}\n{"kind":"customer-line"}')
  expect((await run(['export', '--json'])).out).toBe('[{"kind":"tenant"},{"kind":"line"}]')
})

it('says what is missing, ends with 2 and never shows the key', async () => {
  const wrong: [string[], Record<string, string>, string][] = [
    [['status'], { BERTH_OPERATOR_KEY: 'wrong-key' }, 'The Worker answers 401: The operator key is missing or wrong.'],
    [['status'], { BERTH_OPERATOR_KEY: '' }, 'BERTH_OPERATOR_KEY is not set'],
    [['status'], { BERTH_URL: '' }, '--url is required'],
    [['status', '--url', 'ftp://berth.example.com'], {}, '--url is required'],
    [['status', '--url', 'http://127.0.0.1:1'], {}, 'The Worker does not answer: '],
    [['fly'], {}, 'There is no command "fly"'],
    [['status', 'now'], {}, '"now" is too much'],
    [['tenant', 'test'], {}, '<connection>/<service>'],
    [['tenant', 'test/3'], {}, 'The Worker answers 404: There is no such service.'],
    [['status', '--fast'], {}, "Unknown option '--fast'"],
    [['doctor', '--silent-days', '0'], {}, '--silent-days wants'],
  ]
  const told = await Promise.all(wrong.map(([argv, env]) => run(argv, env)))
  for (const [i, { code, out, err }] of told.entries()) {
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(wrong[i]![2])])
    expect(err).not.toMatch(/the-key|wrong-key|\n {4}at /)
  }
  expect(await run(['--help'], { BERTH_OPERATOR_KEY: '' })).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^Usage: npx berth <command>/) })
})
