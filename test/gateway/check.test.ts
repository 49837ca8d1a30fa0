// What `berth-gateway check` finds, and the program itself: built, started, asked, stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { check, type Finding } from '../../gateway/check.ts'
import { parseConfig } from '../../gateway/config.ts'
import { rights } from '../../gateway/rights.ts'
import { nodeDigest } from '../../gateway/ssh/node-digest.ts'
import { signed } from '../../src/upstreams/signature.ts'
import { refusedConnect, site } from './worker.ts'

const secrets = { worker: 'a-key-of-the-worker-0001', proxmox: 'secret-of-proxmox-0001', npm: 'npm-account-secret', ispconfig: 'remote-user-password' }
const all = Object.fromEntries(rights.map(({ path, privileges }) => [path, Object.fromEntries(privileges.map((one) => [one, 1]))]))
const json = { 'content-type': 'application/json' }

/** What a healthy upstream says; `given` are the rights at Proxmox. */
function answer(pathname: string, search: string, given: object = all): unknown {
  if (pathname === '/api2/json/version') return { data: { version: '9.1.3' } }
  if (pathname === '/api2/json/access/permissions') return { data: given }
  if (pathname === '/v1/controller/version') return { version: '1.31.0' }
  if (pathname === '/api/tokens') return { token: 'npm-token-0001', expires: '2099-01-01T00:00:00Z' }
  if (pathname === '/api/nginx/proxy-hosts') return []
  if (search === '?login') return { code: 'ok', message: '', response: 'session-0001' }
  if (search === '?monitor_jobqueue_count') return { code: 'ok', message: '', response: 0 }
  return undefined
}

const config = (more: object = {}) => ({
  port: 0, suspendedPage: { host: '127.0.0.1', port: 0 }, keys: { 'worker-1': secrets.worker },
  upstreams: {
    proxmox: { urls: ['http://node1:8006', 'http://node2:8006'], token: `berth@pve!gateway=${secrets.proxmox}` },
    linstor: { urls: ['http://node1:3370', 'http://node2:3370'] },
    npm: { url: 'http://npm:81', identity: 'berth@example.test', secret: secrets.npm },
    ispconfig: { url: 'http://panel:8080', username: 'berth', password: secrets.ispconfig },
    ...more,
  },
})

const nodes = { names: ['node1'], ask: async () => ({ exit: 0, output: '', result: JSON.stringify({ digest: nodeDigest, vmids: '5000-5999', tag: 'berth' }) }) }

type Spoil = (url: URL) => Response | undefined

async function found(spoil: Spoil = () => undefined, { given = all, aheadMs = 0, remember = (): void => undefined } = {}): Promise<Finding[]> {
  const { rim, settled } = site()
  const date = (): string => new Date(rim.now() + aheadMs).toUTCString()
  const fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    return spoil(url) ?? Response.json(answer(url.pathname, url.search, given), { headers: { date: date() } })
  }
  return settled(check(parseConfig({ ...config(), state: '/var/lib/berth-gateway/state.sqlite' }), { ...rim, fetch }, remember, nodes))
}

const wrong = (findings: Finding[]): Finding[] => findings.filter(({ level }) => level !== 'ok')
const down = (host: string): Spoil => (url) => {
  if (url.host === host) throw refusedConnect()
  return undefined
}

describe('a check', () => {
  test('finds nothing where nothing is wrong', async () => {
    const findings = await found()
    expect(wrong(findings)).toEqual([])
    for (const about of ['memory', 'proxmox http://node1', 'proxmox http://node2', 'proxmox rights', 'clock', 'linstor', 'npm', 'ispconfig']) expect(findings.some((one) => one.about.startsWith(about)), about).toBe(true)
  })

  test.each<[string, Spoil, Partial<Finding>]>([
    ['one node of the cluster is away', down('node1:8006'), { about: 'proxmox http://node1:8006', level: 'warning' }],
    ['the token is refused', (url) => (url.port === '8006' ? new Response('', { status: 401 }) : undefined), { about: 'proxmox http://node1:8006', level: 'error', says: 'refuses the token berth@pve!gateway' }],
    ['Nginx Proxy Manager refuses the account', (url) => (url.pathname === '/api/tokens' ? Response.json({ error: { message: 'Invalid email or password' } }, { status: 400 }) : undefined), { about: 'npm http://npm:81', level: 'error' }],
    ['Nginx Proxy Manager is away', down('npm:81'), { about: 'npm http://npm:81', level: 'error' }],
    ['ISPConfig refuses the remote user', (url) => (url.search === '?login' ? Response.json({ code: 'remote_fault', message: 'The login failed.' }) : undefined), { about: 'ispconfig http://panel:8080', level: 'error' }],
    ['ISPConfig misses a group', (url) => (url.search === '?monitor_jobqueue_count' ? Response.json({ code: 'remote_fault', message: 'You do not have the permissions to access this function.' }) : undefined), { about: 'ispconfig http://panel:8080', level: 'error' }],
  ])('finds that %s, and says what cures it', async (_, spoil, finding) => {
    const findings = wrong(await found(spoil))
    expect(findings[0]).toMatchObject(finding)
    for (const one of findings) expect(one.cure).toBeTruthy()
    for (const secret of Object.values(secrets)) expect(JSON.stringify(findings)).not.toContain(secret)
  })

  test('takes a LINSTOR controller that does not listen for the one that is not active, unless none listens', async () => {
    expect(wrong(await found(down('node1:3370')))).toEqual([])
    const none = await found((url) => (url.port === '3370' ? down(url.host)(url) : undefined))
    expect(wrong(none).map(({ level }) => level)).toEqual(['error', 'error'])
  })

  test('names each right that is missing and the command that gives it', async () => {
    const given = { '/': { 'Sys.Audit': 1 }, '/vms': { ...all['/vms'], 'VM.Backup': 0 }, '/storage/global-lvm': all['/storage'], '/sdn/zones/localnetwork/vmbr1': all['/sdn'] } as typeof all
    expect(wrong(await found(undefined, { given }))).toMatchObject([
      { level: 'error', says: expect.stringContaining('lacks Sys.Console on /') as string, cure: expect.stringContaining('pveum') as string },
      // Given without propagation it does not reach the containers.
      ...(['VM.Backup'].map((one) => ({ says: expect.stringContaining(`lacks ${one} on /vms`) as string }))),
    ])
  })

  test('compares the clocks', async () => {
    expect(wrong(await found(undefined, { aheadMs: 10_000 })).map(({ level, says }) => [level, says])[0]).toEqual(['warning', expect.stringMatching(/is (?:9|10|11) s ahead/)])
    expect(wrong(await found(undefined, { aheadMs: -300_000 }))[0]).toMatchObject({ level: 'error', cure: expect.stringContaining('chronyc') as string })
  })

  test('tells that the memory cannot be opened', async () => {
    const remember = (): void => {
      throw new Error('unable to open database file')
    }
    expect(wrong(await found(undefined, { remember }))).toMatchObject([{ about: 'memory /var/lib/berth-gateway/state.sqlite', level: 'error' }])
  })
})

describe('the program, built into one file', () => {
  let folder: string
  let program: string
  let upstream: ReturnType<typeof createServer>
  let env: Record<string, string>
  let startAnswer = Promise.resolve()
  let asked = (): void => undefined
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'gateway-program-'))
    program = path.join(folder, 'berth-gateway.cjs')
    await build({ entryPoints: ['gateway/main.ts'], bundle: true, platform: 'node', target: 'node24', format: 'cjs', outfile: program, logLevel: 'error' })
    upstream = createServer((request, response) => {
      const url = new URL(request.url!, 'http://upstream')
      const change = url.pathname.endsWith('/status/start')
      if (change) asked()
      void (change ? startAnswer : Promise.resolve()).then(() => response.writeHead(200, json).end(JSON.stringify(answer(url.pathname, url.search) ?? { data: null })))
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    writeFileSync(path.join(folder, 'token'), `berth@pve!gateway=${secrets.proxmox}\n`)
    writeFileSync(path.join(folder, 'npm-secret'), secrets.npm)
    writeFileSync(path.join(folder, 'gateway.json'), JSON.stringify({
      ...config({ proxmox: { urls: [url], token: { credential: 'token' } }, linstor: { urls: [url] }, npm: { url, identity: 'berth@example.test', secret: { file: path.join(folder, 'npm-secret') } }, ispconfig: { url, username: 'berth', password: secrets.ispconfig } }),
      state: path.join(folder, 'state.sqlite'),
      ssh: { key: '-----BEGIN OPENSSH PRIVATE KEY-----', nodes: { node1: { host: '192.0.2.1', hostKey: `ssh-ed25519 ${'A'.repeat(68)}` } } },
    }))
    const version = Buffer.from(JSON.stringify({ digest: nodeDigest, vmids: '5000-5999', tag: 'berth' })).toString('base64')
    writeFileSync(path.join(folder, 'ssh'), `#!/bin/sh\necho 'berth-node 1'\necho 'end 0 ${version}'\n`, { mode: 0o755 })
    env = { RUNTIME_DIRECTORY: folder, PATH: `${folder}:${process.env['PATH']}`, GATEWAY_CONFIG: path.join(folder, 'gateway.json'), CREDENTIALS_DIRECTORY: folder }
  })
  afterAll(() => {
    upstream.closeAllConnections()
    upstream.close()
    rmSync(folder, { recursive: true })
  })

  /** Starts it; `ended` has what it said and its exit code. */
  function started(args: string[], environment: Record<string, string> = env) {
    const child = spawn(process.execPath, [program, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }))
    const line = new Promise<string>((resolve) => child.stdout.on('data', () => void (output.includes('\n') && resolve(output.split('\n')[0]!))))
    const firstLine = Promise.race([line, ended.then(() => Promise.reject<string>(new Error(`it ended at once: ${output}`)))])
    firstLine.catch(() => undefined)
    return { child, ended, firstLine }
  }

  test('proves the whole configuration and says so to machines', async () => {
    const { code, output } = await started(['check', '--json']).ended
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ ok: true, findings: expect.arrayContaining([expect.objectContaining({ level: 'ok', says: 'all that is needed' })]) as unknown })
  })

  test('ends with 2 without a configuration, or asked for what it does not know, and shows no secret', async () => {
    writeFileSync(path.join(folder, 'bad.json'), JSON.stringify({ keys: { 'worker-1': 'short-secret' } }))
    const ends = await Promise.all([started([], {}), started([], { ...env, GATEWAY_CONFIG: path.join(folder, 'bad.json') }), started([], { GATEWAY_CONFIG: env['GATEWAY_CONFIG']! }), started(['--token=x'])].map(({ ended }) => ended))
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2, 2])
    expect(ends[1]!.output).toContain('keys.worker-1')
    expect(ends[2]!.output).toContain('the credential token')
    expect(ends.map(({ output }) => output).join()).not.toContain('short-secret')
  })

  const power = '/proxmox/api2/json/nodes/node1/lxc/100/status/start'

  /** A signed change, good for one use at whichever gateway. */
  async function change(attempt = 1): Promise<(port: number) => Promise<Response>> {
    const headers = new Headers({ 'berth-operation': 't1/power', 'berth-attempt': String(attempt), 'berth-deadline': String(Date.now() + 20_000) })
    await signed({ method: 'POST', url: `http://gateway${power}`, headers }, { id: 'worker-1', secret: secrets.worker }, Date.now(), crypto.randomUUID())
    return (port) => fetch(`http://127.0.0.1:${port}${power}`, { method: 'POST', headers })
  }
  const portOf = async ({ firstLine }: ReturnType<typeof started>): Promise<number> => (JSON.parse(await firstLine) as { port: number }).port

  test('remembers what it and its twin have heard, though both are killed', async () => {
    const twins = [started([]), started([])]
    const [one, other] = await Promise.all(twins.map(portOf))
    const [older, newer] = [await change(1), await change(2)]
    expect((await newer(one!)).status).toBe(200)
    expect([(await newer(other!)).status, (await older(other!)).status]).toEqual([401, 409])
    for (const { child } of twins) child.kill('SIGKILL')
    await Promise.all(twins.map(({ ended }) => ended))
    const next = started([])
    const port = await portOf(next)
    expect([(await newer(port)).status, (await older(port)).status, (await (await change(1))(port)).status, (await (await change(2))(port)).status]).toEqual([401, 401, 409, 200])
    next.child.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })

  test('lets a change that is under way end before it stops', async () => {
    const running = started([])
    const { child, ended } = running
    const port = await portOf(running)
    let release = (): void => undefined
    startAnswer = new Promise((resolve) => (release = resolve))
    const heard = new Promise<void>((resolve) => (asked = resolve))
    const answer = (await change(3))(port)
    await heard
    child.kill('SIGTERM')
    while (await fetch(`http://127.0.0.1:${port}/health`).then(() => true, () => false)) { /* until it takes nothing new */ }
    release()
    expect((await answer).status).toBe(200)
    const { code, output } = await ended
    expect(code).toBe(0)
    expect(JSON.parse(output.trim().split('\n').at(-1)!)).toMatchObject({ tenant: 't1', operation: 't1/power', attempt: 3, status: 200, request: expect.any(String) as string })
    for (const secret of Object.values(secrets)) expect(output).not.toContain(secret)
  })
})

describe('the page about the gateway', () => {
  const read = (name: string): string => readFileSync(path.join(import.meta.dirname, '..', '..', name), 'utf8')
  const page = read('docs/gateway.md')
  const example = /```json\n(\{\n {2}"host"[\s\S]*?)```/.exec(page)![1]!

  test('shows a configuration that is valid, and the unit hands over each of its credentials', () => {
    const stand: Record<string, string> = { 'proxmox-token': 'a@pve!b=c', 'node-key': '-----BEGIN OPENSSH PRIVATE KEY-----' }
    const value: unknown = JSON.parse(example.replaceAll('4F:…', Array(32).fill('4F').join(':')).replaceAll('AAAA…', 'A'.repeat(68)), (_, one: unknown) => {
      if (typeof one !== 'object' || one === null) return one
      if ('credential' in one) return stand[String(one.credential)] ?? 'sixteen-signs-or-more'
      return 'file' in one ? '-----BEGIN CERTIFICATE-----' : one
    })
    expect(Object.keys(parseConfig(value).trust)).toEqual(['https://node1:8006', 'https://node2:8006', 'https://panel.example.com:8080'])
    const unit = read('gateway/berth-gateway.service')
    for (const [, name] of example.matchAll(/"credential": "([\w-]+)"/g)) expect(unit).toContain(`LoadCredential=${name}:/etc/berth/credentials/${name}`)
  })
})
