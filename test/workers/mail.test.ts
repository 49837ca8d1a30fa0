// Mail by its routes, in the platform's own runtime: set up, used, checked and taken away; the policy under its name; and no
// password in anything that is kept.
import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { exportLines } from '../../operator/export.ts'
import { readSaved } from '../../operator/saved.ts'
import { Worker } from '../../operator/worker.ts'
import { app } from '../../src/functions/app.ts'
import { get, newService, order, origin, post } from './billing.ts'
import { keys } from './secrets.ts'
import { connect, delegated, disconnect, everything } from './upstream.ts'

beforeEach(() => connect())
afterEach(() => disconnect())

const user = '4711'
const domain = 'mail-here.com'
const password = 'correct-horse-7'
const policy = (host: string): Promise<Response> => Promise.resolve(app().request(`https://${host}/.well-known/mta-sts.txt`, {}, env))
const said = async (answer: Promise<Response>): Promise<[number, unknown]> => {
  const { status } = await answer
  const body = await (await answer).json<{ message?: string; error?: string }>()
  return [status, body.message ?? body.error]
}

it('a domain gets mail, mailboxes and its policy, and loses them', async () => {
  const service = newService()
  await order(service)
  await delegated(domain)
  expect((await post('/customdomain/add/zone', { user_id: user, domain })).status).toBe(200)
  expect((await policy(`mta-sts.${domain}`)).status).toBe(404)
  const whose = { user_id: user, domain }
  expect(await said(post('/mail/domain/add', { ...whose, service_id: 'nobody' }))).toEqual([404, 'There is no such service.'])
  for (let twice = 0; twice < 2; twice++) expect(await said(post('/mail/domain/add', { ...whose, service_id: service }))).toEqual([200, expect.stringMatching(/^success: mail for mail-here\.com was set up/)])
  const address = `info@${domain}`
  expect(await said(post('/mail/mailbox/add', { user_id: user, address, password: 'short' }))).toEqual([400, 'The password must have 10 to 128 characters.'])
  expect(await said(post('/mail/mailbox/add', { user_id: user, address, password, quota_mb: 50 }))).toEqual([200, expect.stringContaining('has this password')])
  expect(await said(post('/mail/mailbox/password', { user_id: user, address, password: `${password}-new` }))).toEqual([200, expect.stringContaining('has this password')])
  expect((await post('/mail/alias/add', { user_id: user, address: `office@${domain}`, to: address })).status).toBe(200)
  expect((await post('/mail/forward/add', { user_id: user, address: `sales@${domain}`, to: ['a@example.org'] })).status).toBe(200)
  expect((await (await post('/mail/domain/get', { user_id: user })).json<{ domains: unknown }>()).domains).toEqual([{
    domain, service_id: service, state: 'ready', mailboxes: [{ address, quota_mb: 50, state: 'ready' }],
    aliases: [{ address: `office@${domain}`, to: [address], state: 'ready' }], forwards: [{ address: `sales@${domain}`, to: ['a@example.org'], state: 'ready' }],
  }])
  const check = await (await get(`/mail/check?user_id=${user}&domain=${domain}`)).json<{ state: string; dkim: { text: string }; findings: { code: string }[] }>()
  expect(check).toMatchObject({ success: true, dkim: { name: `berth._domainkey.${domain}`, text: expect.stringMatching(/^v=DKIM1; k=rsa; p=MII/) } })
  expect(['live', 'waiting for the name servers', 'needs attention']).toContain(check.state)
  const served = await policy(`mta-sts.${domain}`)
  expect([served.headers.get('content-type'), await served.text()]).toEqual(['text/plain', 'version: STSv1\r\nmode: testing\r\nmx: mail.berth.localhost\r\nmax_age: 604800\r\n'])
  for (const host of [domain, 'mta-sts.example.org', 'mta-sts']) expect((await policy(host)).status).toBe(404)

  const kept: unknown[] = []
  for (const id of await listDurableObjectIds(env.CUSTOMER))
    kept.push(await runInDurableObject(env.CUSTOMER.get(id), (_object, state) => ['meta', 'step', 'journal', 'history', 'seen'].flatMap((table) => state.storage.sql.exec(`SELECT * FROM ${table}`).toArray())))
  expect(JSON.stringify(kept)).toContain(address)
  for (const secret of [password, 'PRIVATE KEY']) expect(JSON.stringify(kept)).not.toContain(secret)

  const worker = new Worker(origin, keys.operator, (request) => exports.default.fetch(request))
  const [mine, all] = [await exportLines(worker, { connection: 'test', service: user }, true), await exportLines(worker, undefined)]
  const kinds = Map.groupBy(mine.data as { kind: string; customer: string; step?: { name: string } }[], ({ kind }) => kind)
  expect(new Set(kinds.keys())).toEqual(new Set(['customer', 'customer-zone', 'customer-step', 'customer-change', 'customer-line']))
  expect(kinds.get('customer-step')!.map(({ step }) => step!.name)).toEqual(expect.arrayContaining([`mail-domain:${domain}`, `mail-dkim:${domain}`, `mailbox:${address}`, `mail-forward:sales@${domain}`]))
  expect(all.lines).toEqual(expect.arrayContaining(mine.lines.filter((line) => !line.includes('"kind":"customer"'))))
  for (const secret of [password, 'PRIVATE KEY', '$6$']) expect(all.lines.join()).not.toContain(secret)
  // Who reads it for the tenants passes them over.
  expect(readSaved(all.lines.join('\n')).map(({ state }) => state.spec.service)).toContain(service)
  await expect(exportLines(worker, { connection: 'test', service: 'nobody' }, true)).rejects.toThrow('404: There is no such customer.')

  expect(await said(post('/mail/domain/delete', whose))).toEqual([409, expect.stringContaining('has a mailbox, whose mail would be lost')])
  expect((await post('/mail/domain/delete', { ...whose, mailboxes: true })).status).toBe(200)
  expect((await everything()).filter(({ of, kind }) => of === domain && ['mail domain', 'mailbox', 'forwarding'].includes(kind))).toEqual([])
})
