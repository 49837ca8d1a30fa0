// The views over a filled copy: what they count is right, every query of docs/reports.md finds something, and GET /reports
// gives each of them whole, page by page, to operators.
import { env } from 'cloudflare:workers'
import { beforeAll, expect, it } from 'vitest'
import page from '../../docs/reports.md?raw'
import { columnsOf, reports, type ReportName } from '../../src/db/report-list.ts'
import { writeAddresses, writeReport } from '../../src/db/reports.ts'
import { csvOf } from '../../src/functions/csv.ts'
import { call, get } from './billing.ts'
import { emptyCopy, fillCopy, told } from './copy.ts'
import { keys } from './secrets.ts'

type Rows = Record<string, string | number | null>[]
interface Page { success: boolean; report: string; as_of: number; rows: Rows; next: string | null }

const now = Date.now()
const names = Object.keys(reports) as ReportName[]
const ask = async (query: string): Promise<Rows> => (await env.DB.prepare(query).all<Rows[number]>()).results
const view = async (path: string): Promise<Page> => (await get(`/reports/${path}`, keys.operator)).json()
const refusal = async (path: string): Promise<unknown[]> => {
  const answer = await get(`/reports/${path}`, keys.operator)
  const { error, field } = await answer.json<{ error: string; field: string }>()
  return [answer.status, field, error]
}

beforeAll(async () => {
  await emptyCopy()
  await fillCopy(now)
})

it('has a query for every view in docs/reports.md, and each of them finds something', async () => {
  const queries = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1]!)
  for (const query of queries) expect(`${query}${(await ask(query)).length > 0 ? '' : 'finds nothing'}`).toBe(query)
  for (const name of names) expect([name, page.includes(`### ${name}\n`), queries.some((query) => query.includes(name))]).toEqual([name, true, true])
})

it('has the columns that it promises, and a place of its own for every row', async () => {
  for (const name of names) {
    const rows = await ask(`SELECT * FROM ${name}`)
    expect([name, Object.keys(rows[0]!)]).toEqual([name, columnsOf(name)])
    const places = rows.map((row) => JSON.stringify(reports[name].by.map((column) => row[column] ?? `null in ${name}.${column}`)))
    expect([name, new Set(places).size, places.filter((place) => place.includes('null in'))]).toEqual([name, rows.length, []])
    for (const row of rows) for (const [column, value] of Object.entries(row)) if (column.endsWith('_utc') && value !== null) expect(value).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  }
})

it('counts what there is', async () => {
  expect(await ask("SELECT status, plan, sites FROM sites_by_state_and_plan WHERE status <> 'live' ORDER BY 1")).toEqual([{ status: 'building', plan: 'standard', sites: 1 }, { status: 'stuck', plan: 'basic', sites: 1 }, { status: 'terminated', plan: 'basic', sites: 1 }, { status: 'undone', plan: 'basic', sites: 1 }])
  // Twenty orders of 10, 20 … 200 s and one of 200 s; their steps of 1, 2 … 20 s.
  expect(await ask("SELECT days, what, runs, p50_s, p95_s, slowest_s FROM provisioning_times WHERE days = 7 AND runs > 2 ORDER BY what DESC")).toEqual([
    { days: 7, what: 'order to live', runs: 21, p50_s: 110, p95_s: 200, slowest_s: 200 }, { days: 7, what: 'container', runs: 20, p50_s: 10, p95_s: 19, slowest_s: 20 }])
  expect(await ask("SELECT domains, domains_most, backups, backups_most, backup_bytes FROM quota_use WHERE service = 'shop'")).toEqual([{ domains: 2, domains_most: 10, backups: 1, backups_most: 5, backup_bytes: 2_000 }])
  expect(await ask('SELECT event, step, cause, times, stuck_now FROM failures_by_cause ORDER BY event')).toEqual([
    { event: 'bug', step: '', cause: 'TypeError', times: 1, stuck_now: 0 }, { event: 'stuck', step: 'dns-record', cause: 'cloudflare: 403', times: 1, stuck_now: 1 }, { event: 'turned', step: 'container', cause: 'storage is full', times: 1, stuck_now: 0 }])
  expect(await ask("SELECT manual, scheduled, off_site, failed, bytes, newest_at FROM backups_by_site WHERE service = 'shop'")).toEqual([{ manual: 1, scheduled: 1, off_site: 1, failed: 1, bytes: 2_000, newest_at: now - 10_000 }])
  expect(await ask('SELECT domain, days_left FROM certificates_by_expiry')).toEqual([{ domain: 'shop.example', days_left: expect.closeTo(1, 1) }])
  expect(await ask('SELECT user, status, zones, mail_domains, mailboxes FROM customers_with_zones')).toEqual([{ user: '7', status: 'needs support', zones: 2, mail_domains: 1, mailboxes: 2 }])
  expect(await ask('SELECT state, reason, zones FROM zones_by_state ORDER BY 1')).toEqual([{ state: 'needs support', reason: 'ispconfig: 403', zones: 1 }, { state: 'ready', reason: '', zones: 1 }])
  expect(await ask('SELECT free, total, free_percent FROM addresses_left')).toEqual([{ free: 124, total: 154, free_percent: 80.5 }])
})

it('has of each tenant exactly the domains, backups and steps that its newest report has', async () => {
  const items = () => ask("SELECT domain AS item, state FROM domains WHERE tenant = 't-later' UNION ALL SELECT name, state FROM backups WHERE tenant = 't-later' UNION ALL SELECT step, phase FROM steps WHERE tenant = 't-later' ORDER BY 1")
  const one = (version: number, state: string, ...names: string[]) =>
    told({ service: 'later', version, domains: names.map((domain) => ({ domain, state })), backups: names.map((name) => ({ name: `BAK-${name}`, state })), steps: [{ step: 'backup:a' }], forgotten: version > 3 ? ['backup:a'] : [] }, now)
  await writeReport(env.DB, one(3, 'new', 'a', 'b'), now)
  expect((await items()).map(({ item }) => item)).toEqual(['BAK-a', 'BAK-b', 'a', 'b', 'backup:a'])
  await writeReport(env.DB, { ...one(4, 'good', 'b', 'c'), steps: [] }, now)
  const newest = [{ item: 'BAK-b', state: 'good' }, { item: 'BAK-c', state: 'good' }, { item: 'b', state: 'good' }, { item: 'c', state: 'good' }]
  expect(await items()).toEqual(newest)
  await writeReport(env.DB, { ...one(4, 'good', 'b', 'c'), steps: [] }, now)
  await writeReport(env.DB, { ...one(3, 'new', 'a', 'b'), steps: [] }, now)
  await writeReport(env.DB, { ...one(5, 'ignored'), steps: [], domains: null, backups: null }, now)
  expect(await items()).toEqual(newest)
  await writeReport(env.DB, { ...one(6, 'gone'), steps: [] }, now)
  expect(await items()).toEqual([])
})

it('writes the count of addresses when it has changed, and now and then', async () => {
  const asOf = async (): Promise<unknown> => (await ask("SELECT as_of FROM addresses WHERE cluster = 'other'"))[0]?.['as_of']
  const counted = { held: 1, quarantined: 0, free: 9 }
  const steps = [[0, counted, 0], [60_000, counted, 0], [120_000, { ...counted, held: 2, free: 8 }, 120_000], [180_000, { ...counted, held: 2, free: 8 }, 120_000], [800_000, { ...counted, held: 2, free: 8 }, 800_000]] as const
  for (const [at, count, expected] of steps) {
    await writeAddresses(env.DB, 'other', count, at)
    expect(await asOf()).toBe(expected)
  }
})

it('lists the reports with a sentence each', async () => {
  const { reports: all } = await (await get('/reports', keys.operator)).json<{ reports: { name: string; about: string; url: string; columns: string[] }[] }>()
  expect(all.map(({ name }) => name)).toEqual(names)
  for (const { about, url, columns } of all) expect([about, columns.length > 3, (await get(url, keys.operator)).status]).toEqual([expect.stringMatching(/^[A-Z].+\.$/), true, 200])
})

it.each(names)('gives every row of %s once, whatever the length of the pages', async (name) => {
  const whole = await view(`${name}?limit=1000`)
  expect(whole).toMatchObject({ success: true, report: name, next: null })
  expect(whole.as_of).toBeGreaterThan(now - 60_000)
  const paged: Rows = []
  for (let next: string | null = '', pages = 0; next !== null && pages < 100; pages++) {
    const answer = await get(`/reports/${name}?limit=7${next && `&after=${next}`}`, keys.operator)
    const one = await answer.json<Page>()
    paged.push(...one.rows)
    next = one.next
    expect(answer.headers.get('link')).toBe(next === null ? null : `</reports/${name}?limit=7&after=${next}>; rel="next"`)
  }
  expect(paged).toEqual(whole.rows)
})

it('gives only the rows with the value that is asked for, page by page too', async () => {
  expect((await view('sites?status=stuck')).rows).toMatchObject([{ service: 'stuck' }])
  expect((await view("sites?status=stuck'%20OR%201=1--")).rows).toEqual([])
  expect((await view('sites?vmid=10000&plan=premium')).rows).toMatchObject([{ service: 'shop' }])
  const { rows, next } = await view('sites?status=live&plan=basic&limit=2')
  const more = await view(`sites?status=live&plan=basic&limit=1000&after=${next}`)
  expect([...rows, ...more.rows].every((row) => row['status'] === 'live' && row['plan'] === 'basic')).toBe(true)
})

it('is CSV when that is asked for, in the query or by Accept', async () => {
  for (const [path, accept] of [['addresses_left?format=csv', 'application/json'], ['addresses_left', 'text/csv'], ['addresses_left', 'text/csv, application/json;q=0.5']] as const) {
    const answer = await call(`/reports/${path}`, { headers: { authorization: `Bearer ${keys.operator}`, accept } })
    expect(answer.headers.get('content-type')).toContain('text/csv')
    expect(await answer.text()).toMatch(/^cluster,free,held,quarantined,total,free_percent,as_of,as_of_utc\r\nlab,124,24,6,154,80\.5,\d+,\S+ \S+\r\n/)
  }
  for (const accept of ['application/json', '*/*', 'text/html']) expect((await call('/reports/sites', { headers: { authorization: `Bearer ${keys.operator}`, accept } })).headers.get('content-type')).toContain('json')
})

it('quotes what CSV wants quoted, and arms no formula', () => {
  expect(csvOf(['a', 'b'], [])).toBe('a,b\r\n')
  expect(csvOf(['a', 'b'], [{ a: 'x,y', b: 'say "hi"' }, { a: 'two\r\nlines', b: null }, { a: -5, b: 1.5 }, { a: ' x', b: '' }])).toBe('a,b\r\n"x,y","say ""hi"""\r\n"two\r\nlines",\r\n-5,1.5\r\n" x",\r\n')
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '  =1', '=cmd|"/c calc"!A1', '＝1'])
    expect(csvOf(['a'], [{ a: text }]).split('a\r\n')[1]).toMatch(/^"?'/)
})

it('names what is wrong with a request', async () => {
  expect(await refusal('nothing')).toEqual([404, 'view', `There is no such report. There are: ${names.join(', ')}.`])
  for (const name of ['__proto__', 'constructor', 'tenants', 'sqlite_master', 'sites;DROP%20TABLE%20audit']) expect((await refusal(name)).slice(0, 2)).toEqual([404, 'view'])
  for (const limit of ['0', '-1', '1001', '1.5', 'ten', '', '1e2', '99999999999999999999', '%00', '１']) expect(await refusal(`sites?limit=${limit}`)).toEqual([400, 'limit', 'limit: must be a whole number from 1 to 1000'])
  const { next } = await view('provisionings?limit=1')
  for (const after of ['', 'x', 'null', '[]', 'W10', 'WyJzaXRlcyJd', btoa('["sites",null]'), btoa('["sites",{}]'), btoa('["sites","a","b"]'), next]) expect(await refusal(`sites?after=${after}`)).toEqual([400, 'after', 'after: is not the "next" of an earlier page of this report'])
  expect(await refusal('sites?format=xml')).toEqual([400, 'format', 'format: must be json or csv'])
  expect(await refusal('sites?colour=blue')).toEqual([400, 'colour', expect.stringContaining('nor a column of this report')])
  for (const column of ['1=1;--', 'toString', 'audit.hash']) expect((await get(`/reports/sites?${encodeURIComponent(column)}=1`, keys.operator)).status).toBe(400)
})
