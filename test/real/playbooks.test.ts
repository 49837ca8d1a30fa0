// Every playbook on the true stack, by the gateway's own driver through sshd and berth-node: what it answers is true of the site, texts of a
// customer's stay texts. In each way of containers; nothing here needs the Worker.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installBerthNode, openPlayer, type Player } from './berth-node.ts'
import { openNode, ways, type Node } from './node.ts'
import { openSshd, type Sshd } from './sshd.ts'
import { goldenPath, goldenTemplate, impossible, net, offer, otherPhp, software } from './templates.ts'

const vmid = 10_001
const host = 'real.example.com'
const url = `http://${host}`
const title = 'A "B" \'c\' $(touch /owned) `touch /owned`; & | <b> \\ é'
const page = '/?rest_route=/'
let dir = ''
let node: Node
let sshd: Sshd
let player: Player

for (const way of ways) describe.skipIf(await impossible(way))(`a playbook, container by ${way}`, () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'berth-real-'))
    const golden = await goldenPath(way)
    node = await openNode(dir, way)
    offer(node, goldenTemplate, golden)
    sshd = await openSshd(join(dir, 'ssh'))
    installBerthNode(node, sshd)
    player = openPlayer(node, sshd)
    await node.pct('create', vmid, goldenTemplate, '--hostname', 'real', '--net0', net('192.168.1.100'), '--tags', 'berth;berth-real')
  })

  afterAll(async () => {
    player?.close()
    await sshd?.close()
    await node?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('makes a site in a container that has only just been started, whatever its title', async () => {
    await node.pct('start', vmid)
    expect(await ask('install-wordpress', { hostname: host, url, title, adminEmail: "o'x@example.com" })).toMatchObject({ installed: true, url, title })
    expect(await ask('wordpress-state')).toMatchObject({ installed: true, busy: false, url, title, version: (await software()).version })
    expect(await seen()).toBe(title)
  })

  it('tells what stands there: version, plugins, themes, what is planned', async () => {
    expect(await ask('wp', { action: 'core-version' })).toEqual({ version: (await software()).version })
    expect(await ask('wp', { action: 'plugin-list' })).toMatchObject({ list: expect.arrayContaining([expect.objectContaining({ name: 'berth-login', status: 'must-use' })]) as unknown })
    expect(await ask('wp', { action: 'theme-list' })).toMatchObject({ list: expect.arrayContaining([expect.objectContaining({ status: 'active' })]) as unknown })
    expect(await ask('wp', { action: 'cron-list' })).toMatchObject({ list: expect.arrayContaining([expect.objectContaining({ hook: 'wp_version_check' })]) as unknown })
    await ask('wp', { action: 'cron-run' })
  })

  it('replaces an address everywhere, or only counts', async () => {
    await wp('post', 'create', '--post_status=publish', '--post_title=Where', '--post_content=It was at https://old.example.com/place.')
    const posts = async (): Promise<string> => (await visit('/?rest_route=/wp/v2/posts')).text.replaceAll('\\/', '/')
    const replace = (dryRun: boolean): Promise<unknown> => ask('wp', { action: 'search-replace', from: 'https://old.example.com', to: 'https://new.example.com', dryRun })
    expect(await replace(true)).toEqual({ changed: 1 })
    expect(await posts()).toContain('https://old.example.com/place')
    expect(await replace(false)).toEqual({ changed: 1 })
    expect(await posts()).toContain('https://new.example.com/place')
    expect(await replace(false)).toEqual({ changed: 0 })
  })

  it('empties the cache of pages, and hides the site for maintenance', async () => {
    const cached = async (): Promise<string | undefined> => /x-berth-cache: (\w+)/i.exec((await visit('/')).head)?.[1]
    // The first pages of a site write settings of its theme, which empties the cache.
    for (let first = 0; first < 3; first++) await cached()
    expect(await cached()).toBe('HIT')
    await ask('wp', { action: 'cache-flush' })
    expect([await cached(), await cached()]).toEqual(['MISS', 'HIT'])
    for (const [state, status] of [['on', 503], ['on', 503], ['off', 200], ['off', 200]] as const) {
      await ask('wp', { action: 'maintenance', state })
      expect((await visit('/')).status).toBe(status)
    }
  })

  it('shows the page of a suspended site, and the site again', async () => {
    expect(await ask('suspend-page', { state: 'on' })).toEqual({ suspended: true })
    expect((await visit('/')).text).toContain('This site is suspended')
    expect(await ask('suspend-page', { state: 'off' })).toEqual({ suspended: false })
    expect(await seen()).toBe(title)
  })

  it('lets an administrator in once', async () => {
    const { url: link } = await ask('login-link') as { url: string }
    const path = link.slice(url.length)
    expect(await visit(path)).toMatchObject({ status: 302, head: expect.stringContaining('wordpress_logged_in') as string })
    expect((await visit(path)).status).toBe(403)
    await refuses('login-link', { login: 'nobody' }, 1)
  })

  it('writes database and files out whole, the newest only', async () => {
    await ask('dump', { what: 'database' })
    const { files } = await ask('dump', { what: 'all' }) as { files: { path: string; bytes: number; sha256: string }[] }
    expect(files.map(({ path }) => path)).toEqual(['/var/backups/berth/database.sql.gz', '/var/backups/berth/files.tar.gz'])
    for (const { path, bytes, sha256 } of files) expect(await inside(`stat -c %s ${path}; sha256sum ${path} | cut -c 1-64`)).toBe(`${bytes}\n${sha256}`)
    expect(await inside('zcat /var/backups/berth/database.sql.gz')).toContain('https://new.example.com/place')
    expect(await inside('tar -tzf /var/backups/berth/files.tar.gz')).toContain('wordpress/wp-config.php')
    expect(await inside('ls /var/backups/berth')).toBe('database.sql.gz\nfiles.tar.gz')
  })

  it('tells how much of the disk is used', async () => {
    const before = await ask('disk-use') as Record<string, number>
    await inside('mkdir -p /var/www/wordpress/wp-content/uploads && head -c 1048576 /dev/zero > /var/www/wordpress/wp-content/uploads/one')
    const after = await ask('disk-use') as Record<string, number>
    expect(after['uploadsBytes']! - before['uploadsBytes']!).toBeGreaterThanOrEqual(1_048_576)
    expect(after['filesBytes']! - before['filesBytes']!).toBe(after['uploadsBytes']! - before['uploadsBytes']!)
    expect(before['databaseBytes']).toBeGreaterThan(1_000_000)
    expect(before['usedBytes']! + before['freeBytes']!).toBeLessThanOrEqual(before['totalBytes']!)
  })

  it('takes nothing that a shell could read', async () => {
    for (const bad of ['a; touch /owned', '$(touch /owned)', '`touch /owned`', "a'b", 'a\nb', '--exec=x', 'a b', '']) {
      await Promise.all(Object.entries<Record<string, unknown>[]>({
        wp: [{ action: 'search-replace', from: bad, to: 'b.example.com', dryRun: false }, { action: 'search-replace', from: 'b.example.com', to: bad, dryRun: false }, { action: 'plugin-update', name: bad }],
        'php-version': [{ version: bad }], dump: [{ what: bad }],
      }).flatMap(([playbook, orders]) => orders.map((parameters) => refuses(playbook, parameters, 64))))
    }
    await refuses('wp', { action: 'plugin-update', name: 'not-there' }, 69)
    expect(await inside('ls / /var/www/wordpress ~')).not.toContain('owned')
  })

  it.runIf(way === 'namespaces')('changes PHP only where systemd runs', async () => {
    await refuses('php-version', { version: '8.9' }, 69, /only where systemd runs/)
  })

  it.runIf(way === 'lxc')('changes PHP there and back: only when all of it is there and the site answers on it, on after a power cut, the same when asked twice', async ({ skip }) => {
    const other = await otherPhp()
    // Only some releases of Debian have a neighbour with another PHP.
    if (!other) return skip('the PHP of another release is known for Debian 12 only')
    await inside('echo "<?php echo PHP_MAJOR_VERSION, \'.\', PHP_MINOR_VERSION, \' \', PHP_SAPI, \' \', ini_get(\'memory_limit\');" > /var/www/wordpress/probe.php')
    const old = await php()
    const next = other.version
    const stays = async (version: string): Promise<void> => expect([await php(), await seen()]).toEqual([version, title])
    const change = (version: string): Promise<unknown> => ask('php-version', { version })
    expect(await change(old)).toEqual({ version: old })

    const installed = (): Promise<string> => inside('dpkg -l; update-alternatives --query php; systemctl list-unit-files "php*"')
    const before = await installed()
    await refuses('php-version', { version: next }, 69, /in none of the package sources/)
    await node.pct('push', vmid, other.packages, '/run/packages.tar')
    await inside('mkdir -p /var/lib/packages && tar -C /var/lib/packages -xf /run/packages.tar && cp /var/lib/packages/Packages.debian /var/lib/packages/Packages')
    // Debian's own would have removed the PHP that runs.
    await refuses('php-version', { version: next }, 69, new RegExp(`take away .*php${old}-fpm`))
    expect(await installed()).toBe(before)
    await stays(old)

    await inside('cp /var/lib/packages/Packages.beside /var/lib/packages/Packages')
    const cut = expect(player.play('php-version', vmid, { version: next })).rejects.toThrow('does not know')
    await inside(`until [ -x /usr/sbin/php-fpm${next} ]; do sleep 0.05; done`)
    await node.pct('stop', vmid)
    await cut
    await node.boot(vmid)
    await stays(old)
    for (let twice = 0; twice < 2; twice++) {
      expect(await change(next)).toEqual({ version: next })
      await stays(next)
    }
    // Cut after the change, before the end: both would come up, and the command line has the old one.
    await inside(`systemctl enable --now php${old}-fpm; update-alternatives --set php /usr/bin/php${old}`)
    expect(await change(next)).toEqual({ version: next })
    expect(await inside(`systemctl is-enabled php${old}-fpm || true`)).toBe('disabled')
    await node.pct('shutdown', vmid)
    await node.boot(vmid)
    await stays(next)
    await refuses('php-version', { version: '7.9' }, 69)
    await stays(next)

    // One that the site does not answer on: without its way to the database.
    await inside(`phpdismod -v ${old} -s fpm mysqli`)
    await refuses('php-version', { version: old }, 1, new RegExp(`does not answer on PHP ${old}; it runs on ${next} again`))
    await stays(next)
    expect(await inside(`systemctl is-enabled php${old}-fpm || true`)).toBe('disabled')
    await inside(`phpenmod -v ${old} -s fpm mysqli`)
    expect(await change(old)).toEqual({ version: old })
    await stays(old)
  })
})

const inside = async (script: string): Promise<string> => (await node.pct('exec', vmid, '--', 'bash', '-c', script)).trim()
const wp = (...command: string[]): Promise<string> => node.pct('exec', vmid, '--', 'runuser', '-u', 'www-data', '--', 'env', 'HOME=/var/www', 'wp', '--path=/var/www/wordpress', ...command)

/** Its result; throws what it said when it does not end well. */
async function ask(playbook: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
  const { exit, output, result } = await player.play(playbook, vmid, parameters)
  expect(exit, `${playbook}: ${output}`).toBe(0)
  return result
}

async function refuses(playbook: string, parameters: Record<string, unknown>, exit: number, says = /./): Promise<void> {
  expect(await player.play(playbook, vmid, parameters), `${playbook} ${JSON.stringify(parameters)}`).toMatchObject({ exit, output: expect.stringMatching(says) as string })
}

/** As the reverse proxy asks it. */
async function visit(path: string): Promise<{ status: number; head: string; text: string }> {
  const all = await node.run('curl', '-s', '-i', '--max-time', '30', '-H', `Host: ${host}`, '-H', 'X-Forwarded-Proto: http', `http://192.168.1.100${path}`)
  const [head = '', ...text] = all.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head, text: text.join('\r\n\r\n') }
}

/** The title that the site itself gives. */
const seen = async (): Promise<string> => plain((JSON.parse((await visit(page)).text) as { name: string }).name)
const plain = (text: string): string => text.replace(/&(lt|gt|quot|#0?39|amp);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name] ?? "'")

/** The version of PHP that answers through the web server, on Berth's own settings. */
async function php(): Promise<string> {
  const [version = '', sapi, limit] = (await visit('/probe.php?now')).text.split(' ')
  expect([sapi, limit]).toEqual(['fpm-fcgi', '256M'])
  return version
}
