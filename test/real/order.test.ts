// One order, for real: the Worker in workerd, the gateway, OpenSSH with the forced command, a container out of the golden image, nginx, PHP-FPM,
// MariaDB and WordPress in it, read through a real nginx by the site's own name and title – a 200 proves nothing. In each way of containers.
// Only Proxmox's, LINSTOR's, the proxy manager's and Cloudflare's interfaces are the lab's.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRig, type Order, type Rig } from '../../bench/rig.ts'
import { everything } from '../../lab/everything.ts'
import { containers } from '../../lab/proxmox/observers.ts'
import { templates } from '../../lab/proxmox/state.ts'
import { lan } from '../../lab/topology.ts'
import { installBerthNode } from './berth-node.ts'
import { follow, type Followed } from './follow.ts'
import { openNode, ways, type Node } from './node.ts'
import { openReverseProxy, type Page, type ReverseProxy } from './reverse-proxy.ts'
import { openSshd, type Sshd } from './sshd.ts'
import { goldenPath, goldenTemplate, impossible, offer } from './templates.ts'

const suspendedPage = { host: '192.168.1.3', port: 8791 }
let dir = ''
let node: Node
let sshd: Sshd
let rig: Rig
let proxy: ReverseProxy
let followed: Followed
let order = ''
let hostname = ''
let vmid = 0
let cookie = ''

for (const way of ways) describe.skipIf(await impossible(way))(`a real order, containers by ${way}`, () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'berth-real-'))
    const golden = await goldenPath(way)
    node = await openNode(dir, way)
    offer(node, goldenTemplate, golden)
    sshd = await openSshd(join(dir, 'ssh'))
    installBerthNode(node, sshd)
    rig = await openRig(20, { change: () => proxy?.look() }, {
      sites: {
        // Every node of the lab is this one.
        ssh: { ...sshd.settings('node1'), nodes: Object.fromEntries(['node1', 'node2'].map((name) => [name, sshd.settings('node1').nodes['node1']])) },
        follow: (world) => {
          templates(world).push(goldenTemplate)
          followed = follow(world, node, goldenTemplate)
        },
        address: () => Promise.resolve(undefined),
      },
      cluster: { template: goldenTemplate, suspendedPage, siteUrl: 'http://*.berth.localhost', lan },
    })
    proxy = await openReverseProxy(node, rig.world, goldenTemplate, '192.168.1.10', { ...suspendedPage, at: rig.suspended })
  })

  afterAll(async () => {
    await rig?.close()
    await proxy?.close()
    await sshd?.close()
    await node?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('becomes a site that shows its own title through the reverse proxy', async () => {
    order = (await rig.create('1')).path
    const live = await reaches('live')
    hostname = live.hostname
    const [container] = containers(rig.world)
    vmid = container!.vmid
    // Its root is nobody on the machine, its first process is what it is on a real node.
    if (way === 'lxc') expect(await node.pct('exec', vmid, '--', 'sh', '-c', 'cat /proc/1/comm; tr -s " " < /proc/self/uid_map')).toBe('systemd\n 0 100000 65536\n')
    const page = await proxy.visit(hostname, '/')
    expect(page.status).toBe(200)
    expect(page.text).toContain(`<title>${titleOf(hostname)}`)
    expect(page.text).not.toContain('Welcome to nginx')
    expect(await wp('option', 'get', 'home')).toBe(`http://${hostname}`)
    expect((await proxy.visit('somebody-else.berth.localhost', '/')).status).toBe(404)
  })

  it('lets its owner in and takes a post', async () => {
    await wp('user', 'update', 'admin', '--user_pass=worthless-here')
    const wrong = await logIn('not-this-one')
    expect(wrong.status).toBe(200)
    expect(wrong.text).toContain('login_error')
    const right = await logIn('worthless-here')
    expect(right.status).toBe(302)
    cookie = (right.headers['set-cookie'] as string[]).map((one) => one.split(';')[0]).join('; ')
    const admin = await proxy.visit(hostname, '/wp-admin/', { headers: { cookie } })
    expect(admin.status).toBe(200)
    expect(admin.text).toContain('adminmenu')
    // Once a page has been made it comes out of the cache, but never for its owner and never when something has changed since.
    const cached = async (headers: Record<string, string> = {}): Promise<unknown> => (await proxy.visit(hostname, '/', { headers })).headers['x-berth-cache']
    await cached()
    expect([await cached(), await cached({ cookie })]).toEqual(['HIT', 'BYPASS'])
    await post('Before the snapshot')
    expect((await proxy.visit(hostname, '/')).text).toContain('Before the snapshot')
    expect(await cached()).toBe('HIT')
  })

  it('answers the forced command only, and nothing that is not on its list', () => {
    const { key: _key, ...settings } = sshd.settings('node1')
    const say = (word: string): string => {
      try {
        return execFileSync('ssh', ['-F', 'none', '-i', join(dir, 'ssh', 'client'), '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '-o', 'BatchMode=yes',
          '-p', String(settings.nodes['node1']!.port), `${settings.user}@127.0.0.1`, word], { stdio: ['ignore', 'pipe', 'pipe'] }).toString()
      } catch (error) {
        return (error as { stdout: Buffer }).stdout.toString()
      }
    }
    expect(say('id; touch owned')).toMatch(/^berth-node 1\nend 64 -\n$/)
    const encoded = (fields: object): string => Buffer.from(JSON.stringify({ protocol: 1, ...fields })).toString('base64url')
    expect(say(encoded({ playbook: 'rm', vmid, run: 'a', parameters: {} }))).toContain('end 64')
    // The proxy's container is none of Berth's.
    expect(say(encoded({ playbook: 'wordpress-state', vmid: 190, run: 'b', parameters: {} }))).toContain('end 77')
    expect(JSON.parse(Buffer.from(/end 0 (\S+)/.exec(say(encoded({ playbook: 'wordpress-state', vmid, run: 'c', parameters: {} })))![1]!, 'base64').toString()))
      .toMatchObject({ installed: true, url: `http://${hostname}`, title: titleOf(hostname) })
  })

  it('keeps what was written through suspension, whose visitors see the page for suspended sites', async () => {
    await call('/suspend')
    await reaches('suspended')
    await followed.settled()
    const page = await proxy.visit(hostname, '/')
    expect(page.status).toBe(503)
    expect(page.text).toContain('This site is paused')
    await call('/unsuspend')
    await reaches('live')
    await followed.settled()
    await eventually(async () => (await proxy.visit(hostname, '/?rest_route=/wp/v2/posts')).text.includes('Before the snapshot'))
  })

  it('goes back to a snapshot: what came later is gone, what was before is there', async () => {
    const before = new Set(snapshots())
    await call('/action/mkbak')
    await eventually(() => Promise.resolve(snapshots().some((name) => !before.has(name))))
    const name = snapshots().find((one) => !before.has(one))!
    await followed.settled()
    await eventually(async () => (await rig.order(order)).status === 'live')
    await post('After the snapshot')
    expect((await proxy.visit(hostname, '/?rest_route=/wp/v2/posts')).text).toContain('After the snapshot')
    await call('/action/rollback', { bak: name })
    await eventually(async () => {
      const { status: code, text } = await proxy.visit(hostname, '/?rest_route=/wp/v2/posts')
      return code === 200 && text.includes('Before the snapshot') && !text.includes('After the snapshot')
    }, 60_000)
  })

  it('leaves nothing when it is terminated: no container, no disk, nobody at its address', async () => {
    const address = containers(rig.world).find((one) => one.vmid === vmid)!.ip
    expect(await answers(address)).toBe(true)
    await call('/delete-site')
    await reaches('terminated')
    await followed.settled()
    expect(everything(rig.world)).toEqual([])
    await expect(node.pct('status', vmid)).rejects.toMatchObject({ code: 2 })
    expect((await node.run('ls', join(node.dir, 'rootfs'))).split('\n')).not.toContain(String(vmid))
    expect(await answers(address)).toBe(false)
    expect((await proxy.visit(hostname, '/')).status).toBe(404)
    expect(followed.failures).toEqual([])
  })
})

/** WP-CLI inside the site's container, as the site's own user. */
async function wp(...command: string[]): Promise<string> {
  return (await node.pct('exec', vmid, '--', 'runuser', '-u', 'www-data', '--', 'env', 'HOME=/var/www', 'wp', '--path=/var/www/wordpress', ...command)).trim()
}

const titleOf = (name: string): string => name.split('-').slice(0, 2).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
const snapshots = (): string[] => containers(rig.world).find((one) => one.vmid === vmid)?.snapshots ?? []
const form = (fields: Record<string, string>): { method: string; headers: Record<string, string>; body: string } => ({
  method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: 'wordpress_test_cookie=WP%20Cookie%20check' }, body: new URLSearchParams(fields).toString(),
})
const logIn = (password: string): Promise<Page> => proxy.visit(hostname, '/wp-login.php', form({ log: 'admin', pwd: password, testcookie: '1', 'wp-submit': 'Log In' }))

/** Publishes a post as the owner's browser does. */
async function post(title: string): Promise<void> {
  const nonce = (await proxy.visit(hostname, '/wp-admin/admin-ajax.php?action=rest-nonce', { headers: { cookie } })).text
  const body = JSON.stringify({ title, content: 'Words.', status: 'publish' })
  const answer = await proxy.visit(hostname, '/?rest_route=/wp/v2/posts', { method: 'POST', headers: { cookie, 'x-wp-nonce': nonce, 'content-type': 'application/json' }, body })
  expect(answer.status, answer.text.slice(0, 500)).toBe(201)
}

async function call(path: string, fields: object = {}): Promise<void> {
  const answer = await fetch(new URL(path, rig.url), {
    method: 'POST', headers: { authorization: 'Bearer lab-billing-key', 'content-type': 'application/json' }, body: JSON.stringify({ service_id: '1', ...fields }),
  })
  expect(answer.status, await answer.text()).toBe(200)
}

async function reaches(status: string): Promise<Order> {
  let seen: Order | undefined
  await eventually(async () => {
    seen = await rig.order(order)
    if (seen.status === 'undone' || seen.status === 'stuck') throw new Error(`the order ended ${seen.status}: ${seen.cause} ${JSON.stringify(seen.steps)} ${followed.failures.join()}`)
    return seen.status === status
  }, 180_000)
  return seen!
}

/** Whether anybody listens on port 80 of an address of the node's network. */
const answers = (address: string): Promise<boolean> =>
  node.run('bash', '-c', `timeout 1 bash -c ': < /dev/tcp/${address}/80'`).then(() => true, () => false)

async function eventually(look: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`it did not happen within ${withinMs} ms; ${followed.failures.join() || 'the node did as it was told'}`)
    await new Promise((resolve) => void setTimeout(resolve, 200))
  }
}
