// A Proxmox node in a folder: the real berth-node with harmless playbooks of the test's, a stand-in `pct` that runs what it is given,
// and a stand-in `ssh` that speaks as OpenSSH 9 does. Needs what berth-node needs; `missing` says what is not there.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const nodeFolder = path.join(import.meta.dirname, '..', '..', 'gateway', 'node')

/** The programs of a Debian that a machine for development may lack. */
export const missing = ['bash', 'flock', 'setsid', 'timeout', 'base64', 'sha256sum', 'iconv'].filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)

export interface Answer { code: number | null; exit: number | undefined; output: string; result: unknown }

const ours = 'berth;berth-t0123456789abcdef0123-e1'

/** `bodies` are those of `perform`, by playbook, in which `@` stands for this folder; containers 5001 (ours), 5002 (a stranger's), 5003 (stopped), 5004 (ours), 5005 (locked, half made), 5006 (ours, in a backup) and 5007 (a stranger's, locked) are there. */
export function nodeStandIn(bodies: Record<string, string>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'berth-node-'))
  const at = (name: string): string => path.join(folder, name)
  const script = (name: string, text: string): void => {
    writeFileSync(at(name), `#!/bin/bash\n${text}`)
    chmodSync(at(name), 0o755)
  }
  mkdirSync(at('lib/playbooks'), { recursive: true })
  copyFileSync(path.join(nodeFolder, 'berth-node'), at('lib/berth-node'))
  chmodSync(at('lib/berth-node'), 0o755)
  for (const name of ['prelude', 'site', 'hardening', 'login-plugin']) writeFileSync(at(`lib/playbooks/${name}.sh`), '')
  for (const [name, body] of Object.entries(bodies)) writeFileSync(at(`lib/playbooks/${name}.sh`), `perform() {\n${body.replaceAll('@', folder)}\n}\n`)
  writeFileSync(at('calls'), '')
  script('pct', `
echo "$*" >> '${at('calls')}'
case "$1 $2" in
  'config 5001'|'config 5003'|'config 5004') printf 'arch: amd64\\nhostname: a\\ntags: ${ours}\\n' ;;
  'config 5002') printf 'arch: amd64\\ntags: production;berthold\\n' ;;
  'config 5005') echo 'arch: amd64'; [ -e '${at('unlocked')}' ] || echo 'lock: create' ;;
  'config 5006') printf 'lock: backup\\ntags: ${ours}\\n' ;;
  'config 5007') printf 'lock: create\\ntags: production\\n' ;;
  config*) echo "Configuration file 'nodes/node1/lxc/$2.conf' does not exist" >&2; exit 2 ;;
  'unlock 5005') : > '${at('unlocked')}' ;;
  'exec 5003') echo "container '5003' not running!" >&2; exit 255 ;;
  exec*) [ "$3" = -- ] || exit 64; shift 3; exec "$@" ;;
esac
`)
  writeFileSync(at('config'), `# of the test\nvmids=5000-5999\ntag=berth\npct=${at('pct')}\nstate=${at('state')}\n`)
  // What OpenSSH 9.2 says, by the name of the node.
  script('ssh', `
[ "$1" = -F ] || exit 1
[ "$3" = -O ] && exit 0
case $4 in
  refused) echo 'ssh: connect to host 10.10.0.11 port 22: Connection refused' >&2; exit 255 ;;
  silent) echo 'ssh: connect to host 10.10.0.11 port 22: Connection timed out' >&2; exit 255 ;;
  stranger) printf '@@@\\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\\nHost key verification failed.\\n' >&2; exit 255 ;;
  denied) echo 'root@10.10.0.11: Permission denied (publickey).' >&2; exit 255 ;;
  bare) echo "bash: line 1: $5: command not found" >&2; exit 127 ;;
  nobody) echo 'No user exists for uid 64321' >&2; exit 255 ;;
  early) echo 'Connection to 10.10.0.11 closed by remote host.' >&2; exit 255 ;;
  middle) echo 'berth-node 1'; echo 'half way' >&2; exit 129 ;;
  *) SSH_ORIGINAL_COMMAND=$5 exec '${at('lib/berth-node')}' '${at('config')}' ;;
esac
`)

  /** What the forced command answers to this word. */
  const say = (word: string): Promise<Answer> =>
    new Promise((resolve) => {
      const child = spawn(at('lib/berth-node'), [at('config')], { env: { SSH_ORIGINAL_COMMAND: word }, stdio: ['ignore', 'pipe', 'pipe'] })
      let [stdout, output] = ['', '']
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
      child.once('close', (code) => {
        const end = /^end (\d+) (\S+)$/m.exec(stdout)
        resolve({ code, exit: end ? Number(end[1]) : undefined, output, result: end && end[2] !== '-' ? JSON.parse(Buffer.from(end[2]!, 'base64').toString('utf8')) : undefined })
      })
    })
  const encoded = (order: object): string => Buffer.from(JSON.stringify({ protocol: 1, ...order })).toString('base64url')
  return {
    folder, at, say,
    ask: (order: object) => say(encoded(order)),
    calls: () => readFileSync(at('calls'), 'utf8').split('\n').filter(Boolean),
    /** Begins an order and loses the connection, with every program of its session, as soon as `until` is true. */
    cut: async (order: object, until: () => boolean): Promise<void> => {
      const child = spawn(at('lib/berth-node'), [at('config')], { env: { SSH_ORIGINAL_COMMAND: encoded(order) }, stdio: 'ignore', detached: true })
      const over = new Promise((resolve) => child.once('close', resolve))
      while (!until() && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve))
      process.kill(-child.pid!, 'SIGKILL')
      await over
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
