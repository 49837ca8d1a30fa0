// The audit: only grows, is told the same however often it is told, and whatever is done to the copy is noticed and named.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { writeReport } from '../../src/db/reports.ts'
import { beforeFirst, hashOf, type AuditLine } from '../../src/domain/audit-chain.ts'
import { customerKey } from '../../src/domain/names.ts'
import { get, newService, order, post, recordOf, tenantOf, until } from './billing.ts'
import { behindTheTriggers, emptyCopy, told } from './copy.ts'
import { keys } from './secrets.ts'
import { connect, delegated } from './upstream.ts'

interface Verified { success: boolean; intact: boolean; tenants: number; lines: number; broken: { tenant: string; line: number; why: string }[]; next: string | null }
const verify = async (query = ''): Promise<Verified> => (await get(`/operator/audit/verify${query}`, keys.operator)).json()
type Sealed = AuditLine & { hash: string }
const linesOf = async (tenant: string): Promise<Sealed[]> => (await env.DB.prepare('SELECT * FROM audit WHERE tenant = ? ORDER BY line').bind(tenant).all<Sealed>()).results

let service: string
let tenant: string
let lines: Sealed[]

/** The copy with this done to it, looked at, and put back as it was. */
async function tampered(...queries: string[]): Promise<unknown> {
  try {
    await behindTheTriggers(...queries)
    return (await verify(`?connection=test&service_id=${service}`)).broken.map(({ line, why }) => [line, why])
  } finally {
    await behindTheTriggers(`DELETE FROM audit WHERE tenant = '${tenant}'`)
    await env.DB.batch(lines.map((line) => env.DB.prepare('INSERT INTO audit (tenant, line, at, epoch, event, step, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .bind(line.tenant, line.line, line.at, line.epoch, line.event, line.step, line.detail, line.hash)))
  }
}

// First: the others look at the site that is ordered here.
it('is intact as the tenants told it', async () => {
  connect()
  service = newService()
  await order(service)
  await until(service, 'live')
  ;({ tenant } = await recordOf(service))
  await post('/suspend', { service_id: service })
  await until(service, 'suspended')
  await expect.poll(async () => (await linesOf(tenant)).length).toBe(4)
  lines = await linesOf(tenant)
  expect(lines.map(({ event }) => event)).toEqual(['command', 'rest', 'command', 'rest'])
  expect(await verify()).toEqual({ success: true, intact: true, tenants: 1, lines: 4, broken: [], next: null })
  expect(await verify(`?connection=test&service_id=${service}`)).toMatchObject({ intact: true, lines: 4 })
})

it.each([
  ['at', 'at + 1'], ['epoch', '2'], ['event', "'retried'"], ['step', "'power'"], ['detail', `'{"verb":"suspend"}'`], ['line', 'line + 100'], ['hash', "upper(hash)"], ['hash', "''"],
])('names the line whose %s was made %s', async (column, value) => {
  const second = lines[1]!.line
  expect(await tampered(`UPDATE audit SET ${column} = ${value} WHERE tenant = '${tenant}' AND line = ${second}`)).toMatchObject([[second, expect.any(String)]])
})

it('names a line that is missing, wherever it stood, and one that the tenant never wrote', async () => {
  for (const { line } of lines) expect(await tampered(`DELETE FROM audit WHERE tenant = '${tenant}' AND line = ${line}`)).toEqual([[line, 'the line is missing']])
  expect(await tampered(`DELETE FROM audit WHERE tenant = '${tenant}'`)).toEqual([[lines[0]!.line, 'the line is missing']])
  for (const line of [-7, 0, lines[0]!.line + 1, 9_999])
    expect(await tampered(`INSERT INTO audit VALUES ('${tenant}', ${line}, 1, 1, 'command', NULL, NULL, 'x')`)).toEqual([[line, 'the tenant never wrote this line']])
})

it('is not deceived by a chain that was made anew from the changed line on', async () => {
  let hash = beforeFirst
  const anew = lines.map((line, i) => {
    const changed = { ...line, ...(i === 2 ? { detail: '{"verb":"unsuspend"}' } : {}) }
    hash = hashOf(hash, changed)
    return `UPDATE audit SET detail = '${changed.detail}', hash = '${hash}' WHERE tenant = '${tenant}' AND line = ${line.line}`
  })
  expect(await tampered(...anew)).toEqual([[lines[2]!.line, 'the line is not what the tenant wrote']])
})

it('names lines of a tenant that never was', async () => {
  await writeReport(env.DB, told({ service: 'invented', audit: [{}] }, 1_000), 1_000)
  expect(await verify()).toMatchObject({ intact: false, broken: [{ tenant: 't-invented', line: 0 }] })
  await behindTheTriggers("DELETE FROM audit WHERE tenant = 't-invented'")
})

it('refuses to change, to shrink and to replace, and takes a line that it has for granted', async () => {
  for (const query of ["UPDATE audit SET event = 'x'", 'UPDATE audit SET line = line + 100', 'DELETE FROM audit', `DELETE FROM audit WHERE tenant = '${tenant}'`])
    await expect(env.DB.prepare(query).run()).rejects.toThrow(/append-only/)
  for (const how of ['INSERT', 'INSERT OR IGNORE', 'INSERT OR REPLACE', 'REPLACE']) await env.DB.prepare(`${how} INTO audit VALUES (?, ?, 1, 1, 'forged', NULL, NULL, 'x')`).bind(tenant, lines[0]!.line).run()
  expect(await linesOf(tenant)).toEqual(lines)
})

it('is kept of a customer’s zones too, and what is done to it is named', async () => {
  const domain = 'audited.com'
  await delegated(domain)
  for (const path of ['add/zone', 'delete/zone']) expect(await (await post(`/customdomain/${path}`, { user_id: 4711, domain })).text()).toMatch(/^success/)
  const key = customerKey('test', '4711')
  await expect.poll(async () => (await linesOf(key)).length, { timeout: 15_000 }).toBe(4)
  const one = '?connection=test&user_id=4711'
  expect(await verify(one)).toEqual({ success: true, intact: true, tenants: 1, lines: 4, broken: [], next: null })
  const own = await linesOf(key)
  expect(await verify()).toMatchObject({ intact: true, tenants: 2, lines: lines.length + own.length })
  const { rows } = await (await get('/reports/audit_by_customer?user=4711', keys.operator)).json<{ rows: { connection: string; actor: string | null; event: string }[] }>()
  expect(rows.map(({ connection, actor, event }) => [connection, actor, event])).toEqual([['test', 'test', 'command'], ['test', null, 'rest'], ['test', 'test', 'command'], ['test', null, 'rest']])
  await behindTheTriggers(`UPDATE audit SET detail = '{}' WHERE tenant = '${key}' AND line = ${own[2]!.line}`)
  expect((await verify(one)).broken).toEqual([{ tenant: key, line: own[2]!.line, why: 'the line is not what the tenant wrote' }])
  await behindTheTriggers(`DELETE FROM audit WHERE tenant = '${key}'`)
  expect((await verify()).broken).toMatchObject([{ tenant: key, why: 'the line is missing' }])
  await env.DB.prepare('DELETE FROM customers').run()
  await post('/operator/reports', {}, keys.operator)
  await expect.poll(() => linesOf(key), { timeout: 15_000 }).toEqual(own)
  expect(await verify(one)).toMatchObject({ intact: true, lines: 4 })
  expect((await env.DB.prepare('SELECT customer FROM customers').all()).results).toEqual([{ customer: key }])
  expect((await get('/operator/audit/verify?connection=test&user_id=nobody', keys.operator)).status).toBe(404)
  // The others count the lines of the site alone.
  await runInDurableObject(env.ALLOCATOR.getByName('lab'), (_object, state) => state.storage.sql.exec('DELETE FROM customer'))
  await behindTheTriggers(`DELETE FROM audit WHERE tenant = '${key}'`)
})

it('is told the same again, by several at once too', async () => {
  await emptyCopy()
  const again = (): Promise<Response> => post('/operator/reports', {}, keys.operator)
  await Promise.all([again(), again(), again()])
  await expect.poll(async () => (await linesOf(tenant)).length).toBe(lines.length)
  await again()
  await expect.poll(async () => (await tenantOf(service).seals(0, 0)).told).toBeGreaterThan(0)
  expect(await linesOf(tenant)).toEqual(lines)
  expect(await verify()).toMatchObject({ intact: true, lines: lines.length })
})

it('is verified however long it is, and a gap is found anywhere in it', async () => {
  const more = 1_100
  await runInDurableObject(tenantOf(service), (_object, state) => {
    const first = Number(state.storage.sql.exec('SELECT max(i) AS i FROM journal').one()['i']) + 1
    state.storage.sql.exec(`WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i < ${first + more - 1}) INSERT INTO journal SELECT i, i, 1, 1, NULL, 0, 'retried', '{"actor":"somebody"}' FROM n`)
  })
  await post('/operator/reports', {}, keys.operator)
  await expect.poll(async () => (await linesOf(tenant)).length).toBe(lines.length + more)
  lines = await linesOf(tenant)
  expect(await verify()).toMatchObject({ intact: true, lines: lines.length })
  for (const place of [998, 999, 1_000, 1_050, lines.length - 1]) {
    await behindTheTriggers(`DELETE FROM audit WHERE tenant = '${tenant}' AND line = ${lines[place]!.line}`)
    expect((await verify()).broken).toEqual([{ tenant, line: lines[place]!.line, why: 'the line is missing' }])
    const { line, at, epoch, event, step, detail, hash } = lines[place]!
    await env.DB.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)').bind(tenant, line, at, epoch, event, step, detail, hash).run()
  }
})

it('goes on from its seals when the journal behind it was pruned', async () => {
  await runInDurableObject(tenantOf(service), (_object, state) => state.storage.sql.exec('DELETE FROM journal WHERE i < (SELECT max(i) FROM journal)'))
  await post('/unsuspend', { service_id: service })
  await until(service, 'live')
  await expect.poll(async () => (await linesOf(tenant)).length).toBe(lines.length + 2)
  expect(await verify()).toMatchObject({ intact: true, lines: lines.length + 2 })
})

it('asks for both names of a service or none, and knows nothing of one that nobody has', async () => {
  for (const [query, status, field] of [['?connection=test', 400, 'connection'], ['?service_id=1', 400, 'connection'], ['?connection=test&service_id=a%20b', 400, 'service_id'], ['?connection=test&service_id=nobody', 404, 'service_id']] as const) {
    const answer = await get(`/operator/audit/verify${query}`, keys.operator)
    expect([answer.status, (await answer.json<{ field: string }>()).field]).toEqual([status, field])
  }
})
