// A stand-in for a Proxmox node out of Linux namespaces: real processes, mounts and networks; no cluster, no block devices. Its containers are
// made in one of two ways. Everything in it ends with this process, however that ends.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** Plain namespaces, for an ordinary user who has subordinate ids, or root; LXC with systemd inside, for root. */
export const ways = ['namespaces', 'lxc'] as const
export type Way = typeof ways[number]

export interface Node {
  dir: string
  /** A folder with `pct` and `pvesm` that know this node, for a PATH. */
  bin: string
  /** Rejects with an error whose `code` is the exit code and whose `stderr` is what was said. */
  pct(...args: (string | number)[]): Promise<string>
  /** Starts a container and waits until it has come up: what is started in it before that is started beside its init. */
  boot(vmid: number): Promise<void>
  /** Runs a program as root on the node itself. */
  run(command: string, ...args: string[]): Promise<string>
  close(): Promise<void>
}

const here = import.meta.dirname
const ids = 65_536

/** Opens a node whose state is in `dir`. Throws in words for a person when this machine does not allow it. */
export async function openNode(dir: string, way: Way): Promise<Node> {
  for (const folder of ['', 'bin', 'templates']) mkdirSync(join(dir, folder), { recursive: true })
  // LXC leaves its empty control groups behind when it is ended with its node.
  const node = 'unshare --mount --pid --fork --kill-child --net --uts --ipc -- "$0" "$1" "$2"'
  const [program, ...rest] = way === 'lxc'
    ? ['bash', '-c', `echo there; read -r _; ${node}; find /sys/fs/cgroup -depth -type d -path "*/$(basename "$1")*" -exec rmdir {} + 2> /dev/null`]
    : ['unshare', '--user', 'bash', '-c', `echo there; read -r _; exec ${node}`]
  const child = spawn(program!, [...rest, join(here, 'node.sh'), dir, way], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const expect = async (word: string): Promise<void> => {
    const { value } = (await lines.next()) as { value?: string }
    if (value !== word) throw new Error(`no node can be made of namespaces here: ${said.trim() || `"${word}" was not said`}`)
  }
  await expect('there')
  if (way === 'namespaces') mapIds(child.pid!)
  child.stdin.write('\n')
  await expect('ready')
  const bin = join(dir, 'bin')
  for (const name of ['pct', 'pvesm']) {
    writeFileSync(join(bin, name), `#!/bin/sh\nBERTH_NODE='${dir}' BERTH_WAY=${way} exec '${join(here, name)}' "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const call = async (program: string, args: string[]): Promise<string> =>
    (await promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, BERTH_NODE: dir, BERTH_WAY: way } })).stdout
  const pct = (...args: (string | number)[]): Promise<string> => call(join(bin, 'pct'), args.map(String))
  return {
    dir, bin, pct,
    run: (...command) => call(join(here, 'on-node.sh'), command),
    async boot(vmid) {
      await pct('start', vmid)
      await pct('exec', vmid, '--', 'sh', '-c', way === 'lxc' ? 'until [ -S /run/systemd/private ]; do sleep 0.1; done; systemctl is-system-running --wait || true' : 'until [ -e /run/init-finished ]; do sleep 0.1; done')
    },
    close: () => ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.stdin?.end()
  await exit
}

/** Root inside is whoever runs this; the rest are subordinate ids, which root gives itself and others have from /etc/subuid. */
function mapIds(pid: number): void {
  if (process.getuid!() === 0) {
    for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${pid}/${file}`, `0 0 1\n1 100000 ${ids - 1}\n`)
    return
  }
  for (const [program, list, own] of [['newuidmap', '/etc/subuid', process.getuid!()], ['newgidmap', '/etc/subgid', process.getgid!()]] as const) {
    const first = subordinate(list)
    execFileSync(program, [String(pid), '0', String(own), '1', '1', String(first), String(ids - 1)])
  }
}

/** The first of this user's subordinate ids. */
export function subordinate(list: string): number {
  const name = execFileSync('id', ['-un']).toString().trim()
  const row = readFileSync(list, 'utf8').split('\n').map((line) => line.split(':')).find(([who, , count]) => (who === name || who === String(process.getuid!())) && Number(count) >= ids - 1)
  if (!row) throw new Error(`${list} has no ${ids} ids for ${name}`)
  return Number(row[1])
}
