// The real WordPress, installed once, from order to wp-admin and back. Skips, saying why, where it cannot be had.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WordPressHost } from '../../lab/wordpress/host.ts'
import { onSite } from '../../lab/wordpress/site-tools.ts'
import { JobResult, LoginLink, WpAnswer } from '../../src/domain/site-tools.ts'

const site = { id: 'ct101', url: 'https://shop.localhost', title: 'Tom & Jerry’s "Shop"', adminEmail: 'owner@b.test' }
const lines: string[] = []
const stateDir = mkdtempSync(join(tmpdir(), 'berth-site-'))
const options = { stateDir, cacheDir: '.berth/cache', log: (line: string) => void lines.push(line) }
let host = new WordPressHost(options)
const impossible = await host.prepare()
if (impossible) console.log(`skipped, real WordPress is not to be had here: ${impossible}`)

const cookies = new Map<string, string>()
let post = ''

describe.skipIf(impossible !== undefined)('a real site', { timeout: 120_000 }, () => {
  const keysOf = (text: string): string[] => [...text.matchAll(/define\( '\w+_(?:KEY|SALT)', '(.+)' \)/g)].map(([, key = '']) => key)
  const config = (): string => readFileSync(join(options.stateDir, 'sites', site.id, 'wp-config.php'), 'utf8')
  let nobodys: string[] = []

  // Built for nobody first, so that all of these laws hold for a site that became somebody's.
  beforeAll(async () => {
    await host.install({ ...site, url: 'http://pool-101.invalid', title: 'New site', adminEmail: 'pool-101@pool.invalid' })
    nobodys = keysOf(config())
    expect(host.mails()).toEqual([])
    await host.personalise(site)
    await host.personalise(site)
  }, 120_000)

  test('has nothing left of the time when it was nobody’s: no address, no key', async () => {
    expect(keysOf(config())).toHaveLength(8)
    expect(keysOf(config()).filter((key) => nobodys.includes(key))).toEqual([])
    for (const path of ['/', '/sample-page/', '/feed/']) expect((await ask(path)).text, path).not.toContain('pool-101')
    expect((await ask('/sample-page/')).text).toContain(`${site.url}/wp-admin/`)
  })

  test('shows its own title on its front page, and its version is WordPress’s', async () => {
    const page = await ask('/')
    expect(page.status).toBe(200)
    expect(/<title>(.*?)<\/title>/.exec(page.text)?.[1]).toMatch(/^Tom &amp; Jerry’s &quot;Shop&quot;/)
    expect(host.state(site.id)).toMatchObject({ installed: true, title: site.title, version: expect.stringMatching(/^\d+\.\d+/) })
  })

  test('mails the owner what is needed to log in to wp-admin, and logs no password', async () => {
    expect(host.mails()).toHaveLength(1)
    const mail = host.mails()[0]!
    expect(mail).toMatchObject({ to: site.adminEmail, site: site.id })
    const [log, pwd] = [/Username: (.+)/.exec(mail.text)?.[1] ?? '', /Password: (.+)/.exec(mail.text)?.[1] ?? '']
    await ask('/wp-login.php')
    const answer = await ask('/wp-login.php', { form: { log, pwd, testcookie: '1', redirect_to: `${site.url}/wp-admin/` } })
    expect([answer.status, answer.headers.location]).toEqual([302, `${site.url}/wp-admin/`])
    expect((await ask('/wp-admin/')).text).toMatch(/<title>Dashboard/)
    expect(lines.join('\n')).not.toContain(pwd)
    expect(readFileSync(join(options.stateDir, 'sites', site.id, 'site.json'), 'utf8')).not.toContain(pwd)
  })

  const told = (playbook: string, parameters: Record<string, unknown> = {}) => onSite(host, site.id, { playbook, parameters }, 20e9)

  test('is logged in to by a link, once, without a password; the link is written down nowhere', async () => {
    const mine = new Map(cookies)
    cookies.clear()
    expect((await ask('/wp-admin/')).status).toBe(302)
    const link = new URL(LoginLink.parse((await told('login-link')).result).url)
    expect(link.origin).toBe(site.url)
    const answer = await ask(link.pathname + link.search)
    expect([answer.status, answer.headers.location, answer.headers['referrer-policy']]).toEqual([302, `${site.url}/wp-admin/`, 'no-referrer'])
    expect((await ask('/wp-admin/')).text).toMatch(/<title>Dashboard/)
    cookies.clear()
    expect((await ask(link.pathname + link.search)).status).toBe(403)
    expect((await ask('/wp-admin/')).status).toBe(302)
    expect(await told('login-link', { login: 'nobody' })).toMatchObject({ exit: 1, output: 'WordPress makes no link\n' })
    expect(lines.join('\n')).not.toContain(link.searchParams.get('berth-login'))
    for (const [name, value] of mine) cookies.set(name, value)
  })

  test('answers the real wp-cli, and refuses what this machine has not', async () => {
    expect(WpAnswer.parse((await told('wp', { action: 'core-version' })).result)).toEqual({ version: host.state(site.id).version })
    const plugins = JobResult.parse((await told('wp', { action: 'plugin-update' })).result)
    expect(plugins).toMatchObject({ list: expect.arrayContaining([expect.objectContaining({ name: 'akismet', update: 'none' }), { name: 'berth-login', status: 'must-use', update: false, version: '' }]) as unknown })
    expect(WpAnswer.parse((await told('wp', { action: 'cron-list' })).result)).toMatchObject({ list: expect.arrayContaining([expect.objectContaining({ hook: 'wp_version_check' })]) as unknown })
    expect(JobResult.parse((await told('wp', { action: 'search-replace', from: 'nowhere.example', to: 'a.example', dryRun: true })).result)).toEqual({ changed: 0 })
    expect(JobResult.parse((await told('dump', { what: 'all' })).result)).toMatchObject({ files: [{ bytes: expect.any(Number) as number }, { path: '/var/backups/berth/files.tar.gz' }] })
    expect(await told('wp', { action: 'plugin-update', name: 'not-there' })).toMatchObject({ exit: 69, output: 'there is no plugin not-there\n' })
    expect(await told('php-version', { version: '8.4' })).toMatchObject({ exit: 69, output: 'PHP 8.4 is not to be had here\n' })
    expect(await told('wp', { action: 'maintenance', state: 'on' })).toMatchObject({ exit: 69 })
  })

  test('keeps a post at its pretty address through stop and start', async () => {
    const nonce = /createNonceMiddleware\( "([0-9a-f]+)"/.exec((await ask('/wp-admin/post-new.php')).text)?.[1] ?? ''
    const answer = await ask('/wp-json/wp/v2/posts', { json: { title: 'Kept', status: 'publish' }, headers: { 'x-wp-nonce': nonce } })
    expect(answer.status).toBe(201)
    post = new URL((JSON.parse(answer.text) as { link: string }).link).pathname
    await host.stop(site.id)
    expect(await host.address(site.id)).toBeUndefined()
    await host.start(site.id)
    expect(post).toMatch(/\/kept\/$/)
    expect((await ask(post)).text).toMatch(/<title>Kept/)
  })

  test('has visitors wait while its files are kept: none is turned away, and none keeps it awake', async () => {
    let kept = false
    const visitors = Array.from({ length: 3 }, async () => {
      const answers: number[] = []
      while (!kept) answers.push((await ask(post)).status)
      return answers
    })
    await host.keep(site.id, 'with visitors').finally(() => (kept = true))
    const answers = (await Promise.all(visitors)).flat()
    expect(answers.filter((status) => status !== 200)).toEqual([])
    await host.drop(site.id, 'with visitors')
  })

  test('answers under any name that the proxy sends it, with links of that name', async () => {
    const page = await ask('/', { headers: { host: 'my-shop.com' } })
    expect(page.status).toBe(200)
    expect(page.text).toContain('https://my-shop.com/')
    expect(page.text).not.toContain(site.url)
  })

  test('lets nobody be sent to https who came without it', async () => {
    const page = await ask('/wp-login.php', { headers: { 'x-forwarded-proto': 'http' } })
    expect([page.status, page.headers.location]).toEqual([200, undefined])
    expect(page.text).toContain('action="http://shop.localhost/wp-login.php"')
  })

  test('keeps its wp-config, database and record to itself', async () => {
    for (const path of ['/wp-config.php', '/wp-content/../site.json', '/%2e%2e/site.json', '/wp-content/%2e%2e/database/.ht.sqlite', '/../wp-config.php'])
      expect((await ask(path)).status, path).toBeGreaterThanOrEqual(400)
  })

  test('goes back to kept files: what was written later is gone, what was there is there', async () => {
    await host.keep(site.id, 'BAK01012026-1')
    const nonce = /createNonceMiddleware\( "([0-9a-f]+)"/.exec((await ask('/wp-admin/post-new.php')).text)?.[1] ?? ''
    expect((await ask('/wp-json/wp/v2/posts', { json: { title: 'Later', status: 'publish' }, headers: { 'x-wp-nonce': nonce } })).status).toBe(201)
    const later = post.replace('kept', 'later')
    expect((await ask(later)).text).toMatch(/<title>Later/)
    await host.stop(site.id)
    await host.bringBack(site.id, 'BAK01012026-1')
    await host.start(site.id)
    expect((await ask(later)).status).toBe(404)
    expect((await ask(post)).text).toMatch(/<title>Kept/)
    await host.drop(site.id, 'BAK01012026-1')
  })

  test('comes back after its process is killed', async () => {
    process.kill(host.processes()[site.id]!, 'SIGKILL')
    await expect.poll(async () => (await ask(post)).status, { timeout: 20_000 }).toBe(200)
  })

  test('is there after a restart of the host, installs no second time, and is gone after destroy', async () => {
    await host.close()
    host = new WordPressHost(options)
    await host.install(site)
    expect(host.mails()).toHaveLength(1)
    expect((await ask(post)).text).toMatch(/<title>Kept/)
    await host.destroy(site.id)
    expect(host.state(site.id)).toEqual({ installed: false })
    expect(host.processes()).toEqual({})
    expect(host.mails()).toHaveLength(1)
  })
})

afterAll(async () => {
  await host.close()
  rmSync(options.stateDir, { recursive: true, force: true })
}, 60_000)

interface Asked { form?: Record<string, string>; json?: unknown; headers?: Record<string, string> }

/** One request as the reverse proxy sends it, with the cookies that a browser would hold. */
async function ask(path: string, { form, json, headers }: Asked = {}): Promise<{ status: number; text: string; headers: IncomingHttpHeaders }> {
  const body = form ? new URLSearchParams(form).toString() : json ? JSON.stringify(json) : undefined
  const address = await host.address(site.id)
  if (!address) throw new Error('the site has no address')
  return new Promise((resolve, reject) => {
    const asked = request({
      host: address.hostname, port: address.port, path, agent: false, method: body ? 'POST' : 'GET',
      headers: {
        host: 'shop.localhost', 'x-forwarded-proto': 'https', cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body ? { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' } : {}), ...headers,
      },
    }, (response) => {
      for (const cookie of response.headers['set-cookie'] ?? []) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
        cookies.set(name, value)
      }
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), headers: response.headers }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
