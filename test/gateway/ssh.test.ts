// The driver that carries playbooks out by ssh, with a stand-in for the program that says what OpenSSH says and runs the real forced command.
import { afterAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../gateway/config.ts'
import { Ssh } from '../../gateway/ssh/client.ts'
import { nodes } from '../../gateway/ssh/check.ts'
import { sshDriver, type RunLine } from '../../gateway/ssh/driver.ts'
import { missing, nodeStandIn } from './node-stand-in.ts'
import { site } from './worker.ts'

const names = ['node1', 'refused', 'silent', 'stranger', 'denied', 'bare', 'nobody', 'early', 'middle']
const settings = { user: 'root', key: 'not-a-key', nodes: Object.fromEntries(names.map((name) => [name, { host: '10.10.0.11', port: 22, hostKey: 'ssh-ed25519 AAAA' }])) }
const never = { sleep: () => new Promise<void>(() => undefined) }
const look = { playbook: 'wordpress-state', run: 'r1', vmid: 5001, parameters: {} }
const link = 'https://a.test/wp-login.php?berth-login=abcdefghijklmnop'

describe.skipIf(missing.length > 0)('the driver', () => {
  const node = nodeStandIn({
    'wordpress-state': `echo 'seen' >&2; echo '{"installed":true,"busy":false,"url":"https://a.test","title":"A","version":"7.1.1","more":1}'`,
    'install-wordpress': `echo "--admin_password=hunter2hunter2" >&2; echo "with known-value-0001" >&2; head -c 200000 /dev/zero | tr '\\0' x >&2; echo >&2; echo 'the end' >&2; exit 4`,
    'login-link': `echo '{"url":"${link}","expiresAt":"2030-01-01T00:00:00Z"}'`,
    'disk-use': `echo '{"totalBytes":"many"}'`,
    dump: `for i in $(seq 3000); do echo "$i" >&2; done; echo '{"files":[]}'`,
    'php-version': 'exit 124',
  })
  const log: RunLine[] = []
  const ssh = new Ssh(settings, never, node.folder, node.at('ssh'))
  const driver = sshDriver(ssh, ['known-value-0001'], (line) => log.push(line))
  afterAll(() => {
    ssh.close()
    node.remove()
  })

  test('brings back what the playbook promises, and nothing more', async () => {
    expect(await driver.run({ ...look, node: 'node1' })).toEqual({ exit: 0, output: 'seen\n', result: { installed: true, busy: false, url: 'https://a.test', title: 'A', version: '7.1.1' } })
    expect(log).toEqual([{ run: 'r1', node: 'node1', vmid: 5001, playbook: 'wordpress-state', output: 'seen' }])
  })

  test('logs each line as it comes without what looks secret, bounded, and keeps the end of it', async () => {
    log.length = 0
    const parameters = { hostname: 'a.test', url: 'https://a.test', title: 'A', adminEmail: 'a@b.test' }
    const { exit, output } = await driver.run({ playbook: 'install-wordpress', run: 'r2', node: 'node1', vmid: 5001, parameters })
    expect([exit, output.endsWith('the end\n'), output.length]).toEqual([4, true, 65_536])
    expect(log.map(({ output: line }) => line.length <= 1_001)).toEqual([true, true, true, true])
    expect(log.slice(0, 2).map((line) => line.output)).toEqual(['--admin_password=***', 'with ***'])
    expect(JSON.stringify(log)).not.toContain('a@b.test')
    log.length = 0
    await driver.run({ playbook: 'dump', run: 'r3', node: 'node1', vmid: 5004, parameters: { what: 'all' } })
    expect([log.length, log.at(-1)!.output]).toEqual([2_000, 'what follows is left out'])
  })

  test.each([
    ['refused', 'not-sent', 'unreachable'], ['silent', 'not-sent', 'unreachable'], ['stranger', 'credentials', 'host-key'], ['denied', 'credentials', 'ssh-key'],
    ['bare', 'credentials', 'berth-node'], ['nobody', 'not-sent', 'ssh'], ['elsewhere', 'refused', 'node'],
  ])('tells that a node which is %s did nothing: %s', async (name, fate, code) => {
    await expect(driver.run({ ...look, node: name })).rejects.toMatchObject({ name: 'Refusal', fate, code })
  })

  test('tells that it does not know when the connection is lost, the time is up, or the answer is not understood', async () => {
    for (const name of ['early', 'middle']) await expect(driver.run({ ...look, node: name })).rejects.toThrow('was lost')
    await expect(driver.run({ ...look, playbook: 'disk-use', node: 'node1' })).rejects.toThrow('not understood')
    await expect(driver.run({ ...look, playbook: 'php-version', parameters: { version: '8.3' }, node: 'node1' })).rejects.toThrow('does not know')
    const hasty = new Ssh(settings, { sleep: () => Promise.resolve() }, node.folder, node.at('ssh'))
    await expect(hasty.ask('node1', { ...look, node: 'node1' }, 1, () => undefined)).rejects.toThrow('gave up')
    hasty.close()
    await expect(new Ssh(settings, never, node.folder, node.at('nothing')).ask('node1', look, 1, () => undefined)).rejects.toMatchObject({ fate: 'not-sent', code: 'ssh' })
  })

  test('lets the Worker read each of these, and a log-in link once and from no file', async () => {
    const { send, settled } = site(undefined, { driver })
    const wait = async (id: string): Promise<{ state: string }> => settled((await send('GET', `/tasks/run:${id}`, { operation: 'watch' })).json() as Promise<{ state: string }>)
    const run = async (playbook: string, id: string, on: string): Promise<{ state: string }> => {
      const started = await send('POST', `/playbooks/${playbook}`, { body: JSON.stringify({ run: id, node: on, vmid: 5001, parameters: {} }), operation: `t1/${id}` })
      expect(started.status).toBe(202)
      let end = await wait(id)
      while (end.state === 'running') end = await new Promise((resolve) => setImmediate(resolve)).then(() => wait(id))
      return end
    }
    expect(await run('wordpress-state', 'w1', 'refused')).toMatchObject({ state: 'ended', ok: false, exit: 'unreachable', fate: 'not-sent' })
    expect(await run('wordpress-state', 'w2', 'denied')).toMatchObject({ state: 'ended', ok: false, exit: 'ssh-key', fate: 'credentials' })
    expect(await run('wordpress-state', 'w3', 'middle')).toMatchObject({ state: 'unknown' })
    expect(await run('login-link', 'w4', 'node1')).toMatchObject({ ok: true, result: { url: link } })
    expect(JSON.stringify([await wait('w4'), log])).not.toContain('berth-login')
  })

  test('is checked: what a node runs, and what cures a node that does not', async () => {
    const findings = await nodes(ssh)
    expect(findings.map(({ about, level, says }) => [about, level, says.replace(/\(.*\)/, '')])).toEqual([
      ['node node1', 'error', 'has playbooks of another release '],
      ['node refused', 'error', 'refused cannot be reached'], ['node silent', 'error', 'silent cannot be reached'],
      ['node stranger', 'error', 'stranger shows another host key than the one that is configured'], ['node denied', 'error', 'denied does not accept the key'],
      ['node bare', 'error', 'bare does not run berth-node for this key'], ['node nobody', 'error', 'ssh does not know the user that this gateway runs as'], ['node early', 'error', 'did not answer to the end'], ['node middle', 'error', 'did not answer to the end'],
    ])
    for (const { cure } of findings) expect(cure).toBeTruthy()
    expect(await nodes(undefined)).toMatchObject([{ level: 'error', about: 'nodes' }])
  })
})

describe('the configuration of ssh', () => {
  const whole = (ssh: object) => parseConfig({
    keys: { 'worker-1': 'sixteen-signs-or-more' }, ssh,
    upstreams: { proxmox: { urls: ['https://node1:8006'], token: 'a@pve!b=c' }, linstor: { urls: ['http://node1:3370'] }, npm: { url: 'http://npm:81', identity: 'a@b.test', secret: 'secret-of-npm' } },
  }).ssh
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----'
  const hostKey = `ssh-ed25519 ${'A'.repeat(68)} root@node1`
  const nodes1 = { node1: { host: '10.10.0.11', hostKey } }

  test('names the bad field, and never a value', () => {
    expect(whole({ key, nodes: nodes1 })).toEqual({ user: 'root', key, nodes: { node1: { host: '10.10.0.11', port: 22, hostKey: `ssh-ed25519 ${'A'.repeat(68)}` } } })
    const wrong: [object, string][] = [
      [{ key: 'BEGIN RSA of-somebody', nodes: nodes1 }, 'ssh.key'], [{ key, nodes: { node1: { host: '-oProxyCommand=id', hostKey } } }, 'ssh.nodes.node1.host'],
      [{ key, nodes: { node1: { host: '10.10.0.11', hostKey: 'SHA256:abc' } } }, 'ssh.nodes.node1.hostKey'], [{ key, nodes: { '-o': nodes1.node1 } }, 'ssh.nodes.-o'],
      [{ key, nodes: nodes1, user: 'a b' }, 'ssh.user'],
    ]
    for (const [ssh, field] of wrong) {
      expect(() => whole(ssh), field).toThrow(field)
      expect(() => whole(ssh)).not.toThrow('of-somebody')
    }
  })
})
