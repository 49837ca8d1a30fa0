// The way out of the system that was there before: its tables are read, each site is looked at, and none comes in that nobody said yes to.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, it } from 'vitest'
import { importSeed } from '../../operator/import.ts'
import { readSeed } from '../../operator/seed-sites.ts'
import { Worker } from '../../operator/worker.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'berth-import-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function seedFile(...statements: string[]): string {
  const file = path.join(folder, `${++files}.db`)
  const db = new DatabaseSync(file)
  for (const statement of statements) db.exec(statement)
  db.close()
  return file
}
const tables = ['CREATE TABLE sites (service_id TEXT, email TEXT, plan TEXT, vmid INTEGER, private_ip TEXT, subdomain TEXT, public_ip TEXT, status TEXT)', 'CREATE TABLE domains (service_id TEXT, domain TEXT)']
const site = (service: number, vmid: number, status = 'active'): string => `INSERT INTO sites VALUES ('${service}', 'a${service}@example.com', 'basic', ${vmid}, '192.168.1.${vmid}', 'shop${vmid}', NULL, '${status}')`

/** A Worker that finds nothing wrong but with container 107, knows 106 already, and refuses 108. */
function worker(sent: Record<string, unknown>[] = []): Worker {
  return new Worker('https://berth.example.com', 'the-key', async (request) => {
    const order = (await request.json()) as { vmid: number; dry_run: boolean }
    sent.push(order as unknown as Record<string, unknown>)
    if (order.vmid === 108) return Response.json({ error: 'plan: must be one of basic, standard, premium' }, { status: 400 })
    const finding = (blocks: boolean) => ({ step: 'container', says: blocks ? 'there is no container 107' : 'memory is 4096, becomes 2048', blocks })
    return Response.json({ done: !order.dry_run && order.vmid !== 106, existing: order.vmid === 106, possible: order.vmid !== 107, findings: order.vmid === 106 ? [] : [finding(order.vmid === 107)] })
  })
}
const given = { connection: 'paymenter', columns: [], actor: 'somebody', yes: false, dry: false, confirm: undefined }
const states = (data: object): unknown => (data as { sites: { service: string; state: string }[] }).sites.map(({ service, state }) => `${service} ${state}`)

it('says what would become of each site, asks, and adopts what nothing stands against', async () => {
  const file = seedFile(...tables, site(1, 105), site(2, 106), site(3, 107), site(4, 108), site(5, 109, 'terminated'), "INSERT INTO domains VALUES ('1', 'shop.com')")
  const [sent, asked]: [Record<string, unknown>[], string[]] = [[], []]
  const looked = await importSeed(worker(sent), file, given)
  expect([looked.well, states(looked.data), sent.every((order) => order['dry_run'] === true)]).toEqual([false, ['1 possible', '2 already', '3 blocked', '4 blocked', '5 ended'], true])
  expect(sent[0]).toEqual({ connection: 'paymenter', service_id: '1', actor: 'somebody', dry_run: true, email: 'a1@example.com', plan: 'basic', vmid: 105, private_ip: '192.168.1.105', subdomain: 'shop105', public_ip: '', suspended: false, domains: ['shop.com'] })
  for (const line of ['  - container: memory is 4096, becomes 2048', '  ! container: there is no container 107', '  ! order: plan: must be one of basic, standard, premium', 'Nothing was changed: --yes adopts what is possible.']) expect(looked.lines).toContain(line)
  const declined = await importSeed(worker(), file, { ...given, confirm: async (question) => (asked.push(question), false) })
  const done = await importSeed(worker(), file, { ...given, yes: true })
  const dry = await importSeed(worker(), file, { ...given, yes: true, dry: true })
  expect([states(declined.data), states(done.data), states(dry.data)].map((all) => (all as string[])[0])).toEqual(['1 possible', '1 adopted', '1 possible'])
  expect(asked).toEqual([expect.stringMatching(/there is no container 107[\s\S]*Adopt 1 sites\?$/)])
})

it('says of which sites the service is suspended', async () => {
  const sent: Record<string, unknown>[] = []
  const { data } = await importSeed(worker(sent), seedFile(...tables, site(1, 105, 'suspended'), site(2, 109, 'SUSPENDED'), site(3, 110, 'stopped')), { ...given, yes: true })
  expect([states(data), sent.map(({ suspended }) => suspended)]).toEqual([['1 adopted', '2 adopted', '3 adopted'], [true, true, false, true, true, false]])
})

it('lets two sites of one container or address wait for a person', async () => {
  const file = seedFile(...tables, site(1, 105), site(2, 105))
  const { data, lines } = await importSeed(worker(), file, { ...given, yes: true })
  expect([states(data), lines[1]]).toEqual([['1 blocked', '2 blocked'], expect.stringContaining('service 2 has the same')])
})

it('stops when the Worker does not answer', async () => {
  const away = new Worker('https://berth.example.com', 'the-key', () => Promise.resolve(Response.json({ error: 'Busy.' }, { status: 503 })))
  await expect(importSeed(away, seedFile(...tables, site(1, 105)), given)).rejects.toThrow('The Worker answers 503: Busy.')
})

it('takes columns that are called otherwise, and writes nothing into the file', () => {
  const file = seedFile('CREATE TABLE sites (sid INTEGER, email TEXT, plan TEXT, ct INTEGER, private_ip TEXT, subdomain TEXT)', 'CREATE TABLE domains (service_id INTEGER, domain TEXT)', "INSERT INTO sites VALUES (7, 'a@example.com', 'basic', 105, '192.168.1.105', 'shop')")
  expect(readSeed(file, ['sites.service_id=sid', 'sites.vmid=ct'])).toEqual([{ service: '7', email: 'a@example.com', plan: 'basic', vmid: 105, private_ip: '192.168.1.105', subdomain: 'shop', public_ip: '', status: '', domains: [] }])
})

it('names what is missing, and how it is mended', () => {
  const text = path.join(folder, 'text.db')
  writeFileSync(text, 'no database at all, but long enough to be looked at as one')
  const wrong: [string, string[], string][] = [
    [path.join(folder, 'none.db'), [], 'There is no file'], [text, [], 'is no SQLite file'], [seedFile('CREATE TABLE other (x)'), [], 'has no table domains'],
    [seedFile(tables[1]!, 'CREATE TABLE sites (service_id TEXT)'), [], 'has no column email (it has service_id): --column sites.email=<its name there>'],
    [seedFile(...tables), ['vmid=ct'], '--column vmid=ct: it wants <table>.<column>=<its name there>'],
  ]
  for (const [file, columns, says] of wrong) expect(() => readSeed(file, columns)).toThrow(says)
})
