// One journey through the running lab, as a newcomer's: buy a site, lose workerd to a kill -9 in the middle, read the site's own
// title through the proxy, suspend, resume, terminate; stop everything and start again in the middle of a second order.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const stateDir = mkdtempSync(join(tmpdir(), 'berth-journey-'))
const key = 'lab-billing-key'
/** Fast enough for a test, slow enough that there is a middle. */
const speed = '20'
let port = 0
let lab: ChildProcess
let printed = ''

beforeAll(async () => {
  port = await freePort()
  await start()
}, 120_000)

afterAll(async () => {
  await stop()
  rmSync(stateDir, { recursive: true, force: true })
}, 60_000)

it('turns a paid order into a live site, through the death of the Worker, and back', async () => {
  const { order } = await call('/create-site', { service_id: '1', email: 'ada@example.com', plan: 'basic', public_ip: '203.0.113.10' })
  await reaches(String(order), (view) => view.steps.some((step) => step.name === 'container' && step.state === 'working'))
  const killed = workerds()
  expect(killed.length).toBeGreaterThan(0)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  const live = await reaches(String(order), (view) => view.status === 'live')
  const title = live.hostname.split('-').slice(0, 2).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
  const page = await visit(live.hostname)
  expect(page.status).toBe(200)
  expect(page.text).toContain(title)

  await call('/suspend', { service_id: '1' })
  await reaches(String(order), (view) => view.status === 'suspended')
  expect((await visit(live.hostname)).status).toBe(503)
  await call('/unsuspend', { service_id: '1' })
  await reaches(String(order), (view) => view.status === 'live')
  await eventually(async () => (await visit(live.hostname)).text.includes(title))
  await call('/delete-site', { service_id: '1' })
  await reaches(String(order), (view) => view.status === 'terminated')
  await eventually(async () => (await visit(live.hostname)).status !== 200)
}, 120_000)

it('goes on after a stop in the middle of an order', async () => {
  const { order } = await call('/create-site', { service_id: '2', email: 'bob@example.com', plan: 'standard' })
  // No other call under way: one that is cut off in its middle is waited out for a minute of real time.
  await reaches(String(order), (view) => view.steps.every(({ name, state }) => (name === 'wordpress' ? state === 'working' : state === 'done' || name === 'snapshot')))
  await stop()
  expect(workerds()).toEqual([])
  await start()
  const live = await reaches(String(order), (view) => view.status === 'live')
  expect((await visit(live.hostname)).status).toBe(200)
}, 120_000)

interface View { status: string; hostname: string; cause: string | null; steps: { name: string; state: string }[] }

async function start(): Promise<void> {
  printed = ''
  lab = spawn(process.execPath, [join(root, 'lab/start.ts'), '--port', String(port), '--speed', speed, '--state', stateDir], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  lab.stdout!.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  lab.stderr!.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  await eventually(async () => {
    if (lab.exitCode !== null) throw new Error(`the lab ended:\n${printed}`)
    return (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.status === 200
  }, 60_000)
}

async function stop(): Promise<void> {
  if (lab.exitCode !== null) return
  const ended = new Promise((resolve) => lab.once('exit', resolve))
  lab.kill('SIGINT')
  await ended
}

async function call(path: string, fields: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(fields),
  })
  const body = (await answer.json()) as Record<string, unknown>
  expect(answer.status, JSON.stringify(body)).toBe(200)
  return body
}

/** Looks at the order until it is as wanted. A Worker that is just coming back is asked again. */
async function reaches(path: string, wanted: (view: View) => boolean): Promise<View> {
  let view: View | undefined
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { accept: 'application/json' } }).catch(() => undefined)
    if (answer?.status !== 200) return false
    view = ((await answer.json()) as { order: View }).order
    if (view.status === 'undone' || view.status === 'stuck') throw new Error(`the order ended ${view.status}: ${view.cause}`)
    return wanted(view)
  }, 90_000)
  return view!
}

/** What a visitor sees under this name. Node's fetch would not send the Host header. */
const visit = (hostname: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/', headers: { host: `${hostname}:${port}` } }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    }).on('error', reject).end()
  })

async function eventually(look: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`it did not happen within ${withinMs} ms; the lab said:\n${printed}`)
    await new Promise((resolve) => void setTimeout(resolve, 200))
  }
}

/** The workerd processes that this lab has started. */
function workerds(): number[] {
  const parents = new Map<number, { ppid: number; name: string }>()
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name = '', ppid = ''] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? []
      parents.set(Number(entry), { ppid: Number(ppid), name })
    } catch { /* it has just ended */ }
  }
  const ofLab = (pid: number): boolean => pid === lab.pid || (parents.has(pid) && ofLab(parents.get(pid)!.ppid))
  return [...parents].filter(([pid, { name }]) => name === 'workerd' && ofLab(pid)).map(([pid]) => pid)
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo
      server.close(() => resolve(free))
    })
  })
