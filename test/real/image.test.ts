// The golden image, built by berth-image with a stand-in for pct out of Debian's packages: the same twice, without anything that must be a site's
// own, refused in words and codes when something is missing or is not what it should be.
import { execFile } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../lab/worker.ts'
import { openNode, ways, type Node } from './node.ts'
import { basePath, baseTemplate, buildImage, goldenPath, goldenTemplate, impossible, offer } from './templates.ts'

const run = promisify(execFile)
let dir = ''
let node: Node
let golden: string

for (const way of ways) describe.skipIf(await impossible(way))(`the golden image, made in a container by ${way}`, () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'berth-real-'))
    golden = await goldenPath(way)
    node = await openNode(dir, way)
    offer(node, baseTemplate, await basePath())
  })

  afterAll(async () => {
    await node?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('is the same to the last byte when it is made again', async () => {
    expect(manifest(await goldenPath(way, true)).sha256).toBe(manifest(golden).sha256)
  })

  it('says what is in it, and holds nothing that must be a site\'s own', async () => {
    const { image, packages } = manifest(golden)
    const { stdout: list } = await run('tar', ['-I', 'zstd', '-tf', golden], { maxBuffer: 64 * 1024 * 1024 })
    const names = new Set(list.split('\n'))
    const file = async (name: string): Promise<string> => (await run('tar', ['-I', 'zstd', '-xOf', golden, name])).stdout
    expect(JSON.parse(await file('./etc/berth/image.json'))).toEqual(image)
    expect(image).toMatchObject({ version: 'real', builtAt: '2026-01-01T00:00:00Z', php: expect.stringMatching(/^8\.\d$/) as string })
    expect(packages['nginx']).toBeTruthy()
    expect(await file('./etc/machine-id')).toBe('')
    for (const name of ['./usr/local/bin/wp', './var/www/wordpress/wp-settings.php', './var/lib/mysql/', 'dev/', 'proc/', 'tmp/']) expect(names, name).toContain(name)
    for (const one of [/wp-config\.php$/, /ssh_host_/, /^\.\/var\/lib\/mysql\/./, /^\.\/var\/lib\/apt\/lists\/./, /\.bash_history/, /plugins\/(?:akismet|hello)/]) expect([...names].filter((name) => one.test(name)), String(one)).toEqual([])
  })

  it('is refused, and leaves no scratch container, when something is missing or is not what it should be', async () => {
    const refused = async (code: number, says: RegExp, more: string[]): Promise<void> => {
      await expect(buildImage(node, more)).rejects.toMatchObject({ code, stderr: expect.stringMatching(says) as string })
    }
    await refused(66, /archive of WordPress is another one: its SHA-256 is [0-9a-f]{64}/, ['--wordpress-sha256', '0'.repeat(64)])
    await refused(66, /not version 2\.12\.0/, ['--wp-cli', join(root, 'package.json')])
    await refused(66, /base template is missing: pveam update && pveam download local ubuntu\.tar\.zst/, ['--base', 'local:vztmpl/ubuntu.tar.zst'])
    await refused(64, /--vmid 7 is not the number/, ['--vmid', '7'])
    await refused(64, /no option --quick/, ['--quick'])
    offer(node, goldenTemplate, golden)
    await refused(73, /exists already: choose another --image-version/, [])
    expect(readdirSync(join(dir, 'lxc'))).toEqual([])
    await node.pct('create', 900, goldenTemplate, '--hostname', 'somebody')
    await refused(73, /container 900 exists already/, ['--image-version', 'other'])
    expect(await node.pct('config', 900)).toContain('hostname: somebody')
  })

  it('is told from one that has changed since', async () => {
    const copy = join(dir, 'copy.tar.zst')
    copyFileSync(golden, copy)
    copyFileSync(golden.replace('.tar.zst', '.json'), join(dir, 'copy.json'))
    const verify = () => run(join(root, 'gateway', 'node', 'berth-image'), ['verify', copy])
    await verify()
    appendFileSync(copy, 'x')
    await expect(verify()).rejects.toMatchObject({ code: 1 })
  })
})

const manifest = (file: string): { sha256: string; image: Record<string, string>; packages: Record<string, string> } =>
  JSON.parse(readFileSync(file.replace('.tar.zst', '.json'), 'utf8')) as ReturnType<typeof manifest>
