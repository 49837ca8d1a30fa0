// How the real WordPress is brought in, and what stands in for it, without any network: the archive is made here.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { wordpressFiles } from '../../lab/wordpress/download.ts'
import type { Archive } from '../../lab/wordpress/download.ts'
import { WordPressHost } from '../../lab/wordpress/host.ts'
import { takeLock } from '../../lab/wordpress/lock.ts'
import { postMail, readMails } from '../../lab/wordpress/mailbox.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-wordpress-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fresh = (): string => mkdtempSync(join(folder, 'case-'))

function archive(): { archive: Archive; fetched: () => number } {
  const work = fresh()
  const inside = join(work, 'package', 'dist', 'cli', 'wp-files')
  for (const path of ['latest/wordpress/index.php', 'wp-cli/wp-cli.phar', 'sqlite-database-integration/db.copy', 'phpmyadmin/not-wanted.php']) {
    mkdirSync(join(inside, path, '..'), { recursive: true })
    writeFileSync(join(inside, path), path)
  }
  execFileSync('tar', ['-czf', 'small.tgz', 'package'], { cwd: work })
  const integrity = `sha512-${createHash('sha512').update(readFileSync(join(work, 'small.tgz'))).digest('base64')}`
  let fetched = 0
  const fetch = async (to: string): Promise<void> => {
    fetched++
    copyFileSync(join(work, 'small.tgz'), join(to, 'small.tgz'))
  }
  return { archive: { name: 'small@1.0.0', integrity, fetch }, fetched: () => fetched }
}

test('brings in the three folders once, however many ask', async () => {
  const cache = fresh()
  const small = archive()
  const both = await Promise.all([wordpressFiles(cache, undefined, small.archive), wordpressFiles(cache, undefined, small.archive)])
  const { files } = both[0]
  expect(readFileSync(files!.wpCli, 'utf8')).toBe('wp-cli/wp-cli.phar')
  expect(existsSync(join(files!.wordpress, 'index.php')) && existsSync(join(files!.sqlite, 'db.copy'))).toBe(true)
  expect(existsSync(join(files!.wordpress, '..', '..', 'phpmyadmin'))).toBe(false)
  expect((await wordpressFiles(cache, undefined, small.archive)).files).toEqual(files)
  expect(small.fetched()).toBe(1)
})

test('refuses an archive that is not the published one and leaves nothing behind', async () => {
  const cache = fresh()
  const small = archive()
  const answer = await wordpressFiles(cache, undefined, { ...small.archive, integrity: 'sha512-other' })
  expect(answer).toMatchObject({ files: undefined, reason: expect.stringContaining('hash differs') })
  expect(readdirSync(cache)).toEqual([])
})

test('shows a stand-in that says that it is one, and why, when WordPress cannot be had', async () => {
  const stateDir = fresh()
  const lines: string[] = []
  const unreachable = { ...archive().archive, fetch: () => Promise.reject(new Error('no network here')) }
  const options = { stateDir, cacheDir: fresh(), log: (line: string) => void lines.push(line), archive: unreachable }
  const host = new WordPressHost(options)
  expect(await host.prepare()).toContain('no network here')
  await host.install({ id: 'ct101', url: 'http://a.localhost', title: 'Tom & <Jerry>', adminEmail: 'a@b.test' })
  expect(host.state('ct101')).toEqual({ installed: true, url: 'http://a.localhost', title: 'Tom & <Jerry>', version: 'stand-in' })
  const page = await read(await host.address('ct101'))
  expect(page).toContain('stand-in, not WordPress')
  expect(page).toContain('no network here')
  expect(page).not.toContain('<Jerry>')
  await host.stop('ct101')
  expect(await host.address('ct101')).toBeUndefined()
  await host.start('ct101')
  await host.close()
  const again = new WordPressHost(options)
  expect(await read(await again.address('ct101'))).toContain('stand-in')
  await again.destroy('ct101')
  expect(again.state('ct101')).toEqual({ installed: false })
  expect(await again.address('ct101')).toBeUndefined()
  await again.close()
  expect(lines.join()).toContain('no network here')
})

test('gives a lock to one owner, and on when the owner is dead or has been silent', async () => {
  const path = join(fresh(), 'site.lock')
  const release = await takeLock(path, 0)
  expect(await takeLock(path, 0)).toBeUndefined()
  release?.()
  const dead = execFileSync(process.execPath, ['-p', 'process.pid']).toString().trim()
  writeFileSync(path, dead)
  const second = await takeLock(path, 1_000)
  expect(second).toBeDefined()
  const longAgo = new Date(Date.now() - 600_000)
  utimesSync(path, longAgo, longAgo)
  expect(await takeLock(path, 1_000)).toBeDefined()
})

test('keeps every mail but one that a crash cut short', () => {
  const path = join(fresh(), 'mails.jsonl')
  const mail = { to: 'a@b.test', subject: 'S', text: 'T\n', at: 1, site: 'ct101' }
  postMail(path, mail)
  writeFileSync(path, '{"to":"half', { flag: 'a' })
  expect(readMails(path)).toEqual([mail])
  expect(readMails(join(folder, 'none'))).toEqual([])
})

test.each(['../etc', 'CT1', '', 'a/b'])('refuses "%s" as a site id', async (id) => {
  const host = new WordPressHost({ stateDir: fresh(), cacheDir: fresh(), log: () => {}, archive: archive().archive })
  expect(() => host.state(id)).toThrow('not a site id')
  await host.close()
})

function read(url: URL | undefined): Promise<string> {
  if (!url) throw new Error('the site has no address')
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => { text += chunk.toString() })
      response.on('end', () => resolve(text))
    }).on('error', reject).end()
  })
}
