// A stand-in for a Proxmox node out of Linux namespaces, for an ordinary user who has subordinate ids, or root: real processes, mounts and
// networks; no cluster, no block devices. Everything in it ends with this process, however that ends.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export interface Node {
  dir: string
  /** A folder with `pct` and `pvesm` that know this node, for a PATH. */
  bin: string
  /** Rejects with an error whose `code` is the exit code and whose `stderr` is what was said. */
  pct(...args: (string | number)[]): Promise<string>
  /** Runs a program as root on the node itself. */
  run(command: string, ...args: string[]): Promise<string>
  close(): Promise<void>
}

const here = import.meta.dirname
const ids = 65_536

/** Opens a node whose state is in `dir`. Throws in words for a person when this machine does not allow it. */
export async function openNode(dir: string): Promise<Node> {
  for (const folder of ['', 'bin', 'templates']) mkdirSync(join(dir, folder), { recursive: true })
  const child = spawn('unshare', ['--user', 'bash', '-c', 'echo there; read -r _; exec unshare --mount --pid --fork --kill-child --net --uts --ipc -- "$0" "$1"', join(here, 'node.sh'), dir],
    { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const expect = async (word: string): Promise<void> => {
    const { value } = (await lines.next()) as { value?: string }
    if (value !== word) throw new Error(`no node can be made of namespaces here: ${said.trim() || `"${word}" was not said`}`)
  }
  await expect('there')
  mapIds(child.pid!)
  child.stdin.write('\n')
  await expect('ready')
  const first = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
  writeFileSync(join(dir, 'node.pid'), first)
  const bin = join(dir, 'bin')
  for (const name of ['pct', 'pvesm']) {
    writeFileSync(join(bin, name), `#!/bin/sh\nBERTH_NODE='${dir}' exec '${join(here, name)}' "$@"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const call = promisify(execFile)
  const run = async (command: string, ...args: string[]): Promise<string> =>
    (await call('nsenter', ['--target', first, '--user', '--mount', '--pid', '--net', '--uts', '--ipc', command, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout
  return {
    dir, bin, run,
    pct: async (...args) => (await call(join(bin, 'pct'), args.map(String), { maxBuffer: 64 * 1024 * 1024 })).stdout,
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
