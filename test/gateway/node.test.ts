// The forced command on a node: what it lets through, what it refuses, and that a run happens once.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { digestOf, nodeFiles, nodeInstaller } from '../../gateway/node/bundle.ts'
import { playbooks } from '../../gateway/playbook-list.ts'
import { nodeDigest } from '../../gateway/ssh/node-digest.ts'
import { missing, nodeStandIn } from './node-stand-in.ts'

const wordpress = { hostname: 'quiet-otter.example.test', url: 'https://quiet-otter.example.test', title: 'Otter', adminEmail: 'a@b.test' }
const nasty = ['$(touch @/broken)', '`touch @/broken`', '; touch @/broken', '| touch @/broken', "' ; touch @/broken ; '", '" ; touch @/broken ; "', '&& touch @/broken', '\\"; touch @/broken #', '--exec=x', '-x', '../../etc/passwd', '${IFS}', '%s%n', '*', '~', '\\', '"']
const encoded64 = (text: string): string => Buffer.from(text).toString('base64')

describe.skipIf(missing.length > 0)('the forced command', () => {
  const node = nodeStandIn({
    'install-wordpress': `printf '{"title":"%s"}' "$(printf %s "$in_title" | base64 | tr -d '\\n')"`,
    'personalise-wordpress': `echo x >> @/times; until [ -e @/go ]; do sleep 0.02; done; echo 'half' >&2; exit 3`,
    'wordpress-state': `echo seen >&2; echo '{"installed":false,"busy":false}'`,
    'suspend-page': `echo x >> @/suspended; until [ -e @/free ]; do sleep 0.02; done; echo '{"suspended":true}'`,
    'php-version': 'exit 255',
    dump: `head -c 400000 /dev/zero | tr '\\0' x >&2; echo '{"files":[]}'`,
    'disk-use': `head -c 20000 /dev/zero | tr '\\0' x`,
    wp: `echo x >> @/updated; until [ -e @/never ]; do sleep 0.02; done`,
  })
  afterAll(() => {
    for (const name of ['go', 'free', 'never']) writeFileSync(node.at(name), '')
    node.remove()
  })
  const { ask, say, at, calls, cut } = node
  let runs = 0
  const install = (parameters: object, more: object = {}) => ask({ playbook: 'install-wordpress', vmid: 5001, run: `install-${++runs}`, parameters, ...more })
  const executed = (): number => calls().filter((call) => call.startsWith('exec')).length
  const lines = (name: string): number => (existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').length - 1 : 0)

  test('hands every parameter over as it is, whatever is in it', async () => {
    const titles = ['--exec=x \\ Žluťoučký kůň 🐎 “quoted”', ...[0, 6].map((from) => nasty.slice(from, from + 6).join(' ').replaceAll('@', node.folder))]
    for (const title of titles) expect((await install({ ...wordpress, title })).result, title).toEqual({ title: encoded64(title) })
    expect(existsSync(at('broken'))).toBe(false)
    for (const file of readdirSync(at('state/runs'))) expect(readdirSync(at(`state/runs/${file}`)), 'no parameter is left behind').not.toContain('order')
  })

  test('refuses a shell metacharacter in every parameter that is a word, and does nothing', async () => {
    const before = executed()
    const orders: [string, object, string[]][] = [
      ['install-wordpress', wordpress, ['hostname', 'url', 'adminEmail']],
      ['personalise-wordpress', { ...wordpress, address: '192.168.1.100' }, ['address']],
      ['suspend-page', { state: 'on' }, ['state']],
      ['php-version', { version: '8.3' }, ['version']],
      ['dump', { what: 'all' }, ['what']],
      ['wp', { action: 'search-replace', from: 'a.test', to: 'b.test', dryRun: 'true' }, ['action', 'from', 'to', 'dryRun']],
      ['wp', { action: 'plugin-update', name: 'akismet' }, ['name']],
      ['login-link', {}, ['login']],
    ]
    // Each field with one of them; which patterns they meet is the gateway's law as well (tasks.test.ts).
    const words = nasty.filter((word) => word !== '%s%n')
    for (const [index, [playbook, good, field]] of orders.flatMap(([playbook, good, fields]) => fields.map((field) => [playbook, good, field] as const)).entries()) {
      const word = words[index % words.length]!
      const answer = await ask({ playbook, vmid: 5001, run: 'bad', parameters: { ...good, [field]: word.replaceAll('@', node.folder) } })
      expect([playbook, field, word, answer.exit]).toEqual([playbook, field, word, 64])
      expect(answer.output).toContain(field)
    }
    expect(executed()).toBe(before)
    expect(existsSync(at('broken'))).toBe(false)
  })

  test.each<[string, string | object]>([
    ['nothing', ''], ['a command', 'id'], ['a command with words', 'pct list'], ['no base64', '%%%%'], ['no JSON', Buffer.from('id').toString('base64url')],
    ['another protocol', Buffer.from('{"protocol":2,"playbook":"version"}').toString('base64url')],
    ['a playbook that is not on the list', { playbook: 'sh', vmid: 5001, run: 'r', parameters: {} }],
    ['a path as a playbook', { playbook: '../../../../bin/sh', vmid: 5001, run: 'r', parameters: {} }],
    ['a file beside the playbooks', { playbook: 'prelude', vmid: 5001, run: 'r', parameters: {} }],
    ['a number that is none', { playbook: 'disk-use', vmid: '5001; reboot', run: 'r', parameters: {} }],
    ['a path as a run', { playbook: 'disk-use', vmid: 5001, run: '../$(id)', parameters: {} }],
    ['a parameter too many', { playbook: 'disk-use', vmid: 5001, run: 'r', parameters: { command: 'id' } }],
    ['a parameter too few', { playbook: 'suspend-page', vmid: 5001, run: 'r', parameters: {} }],
    ['a parameter that is no text', { playbook: 'suspend-page', vmid: 5001, run: 'r', parameters: { state: ['on'] } }],
    ['something behind the end', Buffer.from('{"protocol":1,"playbook":"version"};id').toString('base64url')],
    ['the same parameter twice', Buffer.from('{"protocol":1,"playbook":"suspend-page","vmid":5001,"run":"r","parameters":{"state":"on","state":"off"}}').toString('base64url')],
    ['a control character', { playbook: 'install-wordpress', vmid: 5001, run: 'r', parameters: { ...wordpress, title: 'a\nb' } }],
    ['what is no UTF-8', Buffer.concat([Buffer.from('{"protocol":1,"playbook":"'), Buffer.from([0xff]), Buffer.from('"}')]).toString('base64url')],
    ['more than there is room for', 'A'.repeat(8_193)],
  ])('refuses %s', async (_, order) => {
    const before = calls().length
    expect((await (typeof order === 'string' ? say(order) : ask(order))).exit).toBe(64)
    expect(calls().length).toBe(before)
  })

  test('touches only a container that is here, in our numbers, bears our mark and runs', async () => {
    const look = async (vmid: number) => (await ask({ playbook: 'wordpress-state', vmid, run: 'r', parameters: {} })).exit
    expect(await look(5003)).toBe(69)
    const before = executed()
    expect([await look(5002), await look(4999), await look(6000), await look(5009)]).toEqual([77, 77, 77, 66])
    expect((await install(wordpress, { vmid: 5002 })).exit).toBe(77)
    expect(executed()).toBe(before)
    expect(await ask({ playbook: 'wordpress-state', vmid: 5001, run: 'r', parameters: {} })).toMatchObject({ exit: 0, output: 'seen\n', result: { installed: false, busy: false } })
  })

  test('takes away the lock of what was never finished, and no other', async () => {
    const unlock = (vmid: number) => ask({ playbook: 'unlock-container', vmid, run: 'u', parameters: { lock: 'create' } })
    expect((await unlock(5005)).exit).toBe(0)
    expect((await unlock(5005)).output).toBe('there is no lock\n')
    expect([(await unlock(5006)).exit, (await unlock(5007)).exit, (await unlock(4999)).exit, (await ask({ playbook: 'unlock-container', vmid: 5005, run: 'u', parameters: { lock: 'backup' } })).exit]).toEqual([75, 77, 77, 64])
    expect(calls().filter((call) => call.startsWith('unlock'))).toEqual(['unlock 5005'])
  })

  test('carries a run out once, goes on when the connection is cut, and answers the same end to all', async () => {
    const order = { playbook: 'personalise-wordpress', vmid: 5001, run: 'once', parameters: { ...wordpress, address: '192.168.1.100' } }
    await cut(order, () => lines('times') === 1)
    // Another run in the same container waits its turn; the same id with other parameters is another order.
    expect((await install(wordpress)).exit).toBe(75)
    expect((await ask({ ...order, vmid: 5004 })).exit).toBe(64)
    const waiting = [ask(order), ask(order)]
    writeFileSync(at('go'), '')
    for (const end of [...await Promise.all(waiting), await ask(order)]) expect(end).toMatchObject({ exit: 3, output: 'half\n' })
    expect(lines('times')).toBe(1)
  })

  test('says that nobody knows how far a run came that died on the node, and does not begin it again', async () => {
    const order = { playbook: 'wp', vmid: 5001, run: 'died', parameters: { action: 'core-update' } }
    await cut(order, () => lines('updated') === 1)
    const worker = spawnSync('sh', ['-c', `ps -eo pid,args | grep -F -- '${at('config')} --work' | grep -v grep | awk '{ print $1 }'`]).stdout.toString().trim().split('\n').map(Number)
    for (const pid of worker) process.kill(pid, 'SIGKILL')
    writeFileSync(at('never'), '')
    expect((await ask(order)).exit).toBe(76)
    expect((await ask(order)).exit).toBe(76)
    expect(lines('updated')).toBe(1)
  })

  test('lets several containers have a run at the same time', async () => {
    await cut({ playbook: 'suspend-page', vmid: 5001, run: 's1', parameters: { state: 'on' } }, () => lines('suspended') === 1)
    await cut({ playbook: 'suspend-page', vmid: 5004, run: 's2', parameters: { state: 'on' } }, () => lines('suspended') === 2)
    writeFileSync(at('free'), '')
    expect((await ask({ playbook: 'suspend-page', vmid: 5004, run: 's2', parameters: { state: 'on' } })).result).toEqual({ suspended: true })
  })

  test('bounds what a playbook may say, and never ends with what is ssh\'s own', async () => {
    const loud = await ask({ playbook: 'dump', vmid: 5004, run: 'loud', parameters: { what: 'all' } })
    expect([loud.exit, loud.output.length]).toEqual([0, 262_144])
    expect((await ask({ playbook: 'disk-use', vmid: 5004, run: 'large', parameters: {} })).exit).toBe(76)
    expect((await ask({ playbook: 'php-version', vmid: 5004, run: 'odd', parameters: { version: '8.3' } })).exit).toBe(69)
  })

  test('refuses everything without numbers in its configuration', async () => {
    const text = readFileSync(at('config'), 'utf8')
    writeFileSync(at('config'), text.replace(/^vmids=.*/m, 'vmids=100 - 999; id'))
    expect((await ask({ playbook: 'version' })).exit).toBe(78)
    writeFileSync(at('config'), text)
  })
})

describe('node and gateway', () => {
  const files = nodeFiles()
  const program = files[0]![1]
  /** Playbook -> its seconds and parameters, as the node has them. */
  const there = Object.fromEntries([...program.matchAll(/^ {4}([a-z|-]+)\) echo (run|read|secret|node) (\d+)(?: (?:'([^']*)'|"([^"]*)"))? ;;$/gm)].flatMap(([, names, kind, seconds, one, other]) =>
    names!.split('|').map((name): [string, object] => [name, { kind: kind === 'secret', seconds: Number(seconds), wants: (one ?? other ?? '').replace('$site', 'hostname:hostname url:url title:title adminEmail:email').split(' ').filter(Boolean).sort() }])))

  test('have the same playbooks with the same parameters, and a script for each', () => {
    const here = Object.fromEntries(Object.entries(playbooks).map(([name, { parameters, seconds, secret }]) => {
      const schema = z.toJSONSchema(parameters) as { properties?: Record<string, unknown>; anyOf?: { properties: Record<string, unknown> }[]; oneOf?: { properties: Record<string, unknown> }[] }
      const names = [schema, ...schema.anyOf ?? [], ...schema.oneOf ?? []].flatMap((one) => Object.keys(one.properties ?? {}))
      return [name, { kind: secret === true, seconds, wants: [...new Set(names)].sort() }]
    }))
    expect(Object.fromEntries(Object.entries(there).map(([name, one]) => [name, { ...one, wants: (one as { wants: string[] }).wants.map((spec) => spec.split(':')[0]!) }]))).toEqual(here)
    expect(files.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(playbooks).filter((name) => name !== 'unlock-container').map((name) => `playbooks/${name}.sh`)))
  })

  test('are of one release', () => {
    // A playbook was changed: this is the digest to put into gateway/ssh/node-digest.ts.
    expect(nodeDigest).toBe(digestOf(files))
  })

  test.skipIf(missing.length > 0)('meet in the installer, which may run twice and takes everything away again', async () => {
    const { at, remove } = nodeStandIn({})
    writeFileSync(at('install'), nodeInstaller())
    writeFileSync(at('keys'), 'ssh-ed25519 AAAAsomebody else\n')
    const key = `ssh-ed25519 ${'A'.repeat(68)} berth@gateway`
    const run = (...more: string[]) => spawnSync('bash', [at('install'), '--lib', at('there'), '--config', at('conf'), '--state', at('records'), '--pct', at('pct'), '--authorized-keys', at('keys'), ...more], { encoding: 'utf8' })
    expect([run('--key', key, '--vmids', '5000-5999', '--from', '10.10.0.13').status, run('--key', key, '--vmids', '5000-5999').status]).toEqual([0, 0])
    expect(readFileSync(at('keys'), 'utf8').split('\n')).toEqual(['ssh-ed25519 AAAAsomebody else', `restrict,command="${at('there')}/berth-node ${at('conf')}" ssh-ed25519 ${'A'.repeat(68)} berth-gateway`, ''])
    expect(statSync(at('keys')).mode & 0o777).toBe(0o600)
    const version = Buffer.from('{"protocol":1,"playbook":"version"}').toString('base64url')
    const said = spawnSync(at('there/berth-node'), [at('conf')], { encoding: 'utf8', env: { SSH_ORIGINAL_COMMAND: version } }).stdout
    expect(JSON.parse(Buffer.from(/^end 0 (\S+)$/m.exec(said)![1]!, 'base64').toString())).toEqual({ digest: nodeDigest, vmids: '5000-5999', tag: 'berth' })
    for (const [more, word] of [[['--key', `${key}\nssh-rsa AAAA`, '--vmids', '5000-5999'], 'key'], [['--key', key, '--vmids', '5999-5000'], '--vmids'], [['--key', key, '--vmids', '1-9', '--from', '"'], '--vmids']] as const)
      expect([run(...more).status, run(...more).stderr.includes(word)]).toEqual([2, true])
    expect(run('--uninstall').status).toBe(0)
    expect(readFileSync(at('keys'), 'utf8')).toBe('ssh-ed25519 AAAAsomebody else\n')
    expect([existsSync(at('there')), existsSync(at('conf'))]).toEqual([false, false])
    remove()
  })
})
