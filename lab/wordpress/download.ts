// Brings the real WordPress, wp-cli and SQLite drop-in (GPL and MIT, never shipped with us) into a cache folder: one
// archive through the npm client that the user has configured, checked against its published hash, unpacked whole or not
// at all. Must never throw because there is no network: the lab then says so and serves stand-ins.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { takeLock } from './lock.ts'

/** Absolute folders and files of one unpacked archive; `opcache` is where PHP keeps its compiled scripts. */
export interface WordPressFiles { wordpress: string; wpCli: string; sqlite: string; opcache: string }

export interface Progress { step: 'waiting' | 'fetching' | 'checking' | 'unpacking'; text: string }

/** An archive: what it is called, its Subresource-Integrity hash, and how it gets into an empty folder (as one .tgz). */
export interface Archive { name: string; integrity: string; fetch(folder: string): Promise<unknown> }

const run = promisify(execFile)
const inside = 'package/dist/cli/wp-files'

export const wordpressArchive: Archive = {
  name: 'wp-studio@1.22.0',
  integrity: 'sha512-boMtahkhgWDKKyNTBA1uTK5ghnAmxXhDY6KeQCO9FmcI3/o+YOSq8JwYW5ZYnxHCxH14Jf/mD6CJTBvTWl2Ytw==',
  fetch: (folder) =>
    npm(['pack', 'wp-studio@1.22.0', '--pack-destination', folder, '--silent', '--ignore-scripts', '--prefer-offline',
      '--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--fetch-timeout=120000']),
}

/** The unpacked files, fetched at the first call for this cache folder (67 MB); without them, why not, in words for a person. */
export async function wordpressFiles(
  cacheDir: string,
  progress: (progress: Progress) => void = () => {},
  archive: Archive = wordpressArchive,
): Promise<{ files: WordPressFiles } | { files: undefined; reason: string }> {
  const target = join(resolve(cacheDir), archive.name.replace('@', '-'))
  try {
    if (!existsSync(target)) await bring(target, progress, archive)
    return { files: layout(target) }
  } catch (error) {
    return { files: undefined, reason: `${archive.name} could not be brought in: ${firstLine(error)}` }
  }
}

async function bring(target: string, progress: (progress: Progress) => void, archive: Archive): Promise<void> {
  await mkdir(join(target, '..'), { recursive: true })
  progress({ step: 'waiting', text: 'Looking whether another process is fetching WordPress' })
  const release = await takeLock(`${target}.lock`, 600_000)
  if (!release) throw new Error('another process has been fetching it for ten minutes')
  try {
    if (existsSync(target)) return
    const work = await mkdtemp(`${target}.part-`)
    try {
      progress({ step: 'fetching', text: `Fetching ${archive.name} (once, 67 MB) with npm` })
      await archive.fetch(work)
      const name = (await readdir(work)).find((entry) => entry.endsWith('.tgz'))
      if (!name) throw new Error('npm brought no archive')
      progress({ step: 'checking', text: 'Checking the archive against its published hash' })
      if ((await integrityOf(join(work, name))) !== archive.integrity) throw new Error('the archive is not the published one (its hash differs)')
      progress({ step: 'unpacking', text: 'Unpacking WordPress, wp-cli and the SQLite drop-in' })
      const unpacked = join(work, 'unpacked')
      await mkdir(join(unpacked, 'opcache'), { recursive: true })
      await run('tar', ['-xzf', name, '-C', 'unpacked', '--no-same-owner', '--strip-components=4',
        `${inside}/latest/wordpress`, `${inside}/wp-cli`, `${inside}/sqlite-database-integration`], { cwd: work })
      await rename(unpacked, target)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  } finally {
    release()
  }
}

const layout = (target: string): WordPressFiles => ({
  wordpress: join(target, 'latest', 'wordpress'),
  wpCli: join(target, 'wp-cli', 'wp-cli.phar'),
  sqlite: join(target, 'sqlite-database-integration'),
  opcache: join(target, 'opcache'),
})

async function integrityOf(path: string): Promise<string> {
  const hash = createHash('sha512')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return `sha512-${hash.digest('base64')}`
}

/** The npm that runs us when there is one (it knows the user's settings), else the one on the path. */
function npm(args: string[]): Promise<unknown> {
  const cli = process.env['npm_execpath']
  const options = { timeout: 600_000, maxBuffer: 16 * 1024 * 1024 }
  if (cli?.endsWith('npm-cli.js')) return run(process.execPath, [cli, ...args], options)
  return process.platform === 'win32' ? run('npm.cmd', args, { ...options, shell: true }) : run('npm', args, options)
}

function firstLine(error: unknown): string {
  const { stderr, code } = error as { stderr?: string; code?: unknown }
  if (code === 'ENOENT') return 'npm or tar is not on this machine'
  const said = stderr?.split('\n').find((line) => /error/i.test(line)) ?? (error instanceof Error ? error.message.split('\n')[0] : String(error))
  return (said ?? '').trim().slice(0, 300)
}
