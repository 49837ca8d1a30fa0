// OpenSSH's own daemon on a free port of the loopback, with keys of its own and nobody's but ours let in: whoever runs this, and only to do
// what its authorized_keys says.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'

export interface Sshd {
  /** As the gateway's configuration wants it, for one node. */
  settings(node: string): { user: string; key: string; nodes: Record<string, { host: string; port: number; hostKey: string }> }
  /** The line of the client's public key. */
  publicKey: string
  authorizedKeys: string
  /** What it has said. */
  log(): string
  close(): Promise<void>
}

export async function openSshd(dir: string): Promise<Sshd> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const at = (name: string): string => join(dir, name)
  for (const name of ['host', 'client']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)])
  writeFileSync(at('authorized_keys'), '', { mode: 0o600 })
  // Root's sshd keeps an empty folder there, which the machine makes when it starts its own.
  if (process.getuid!() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  const config = {
    Port: port, ListenAddress: '127.0.0.1', HostKey: at('host'), AuthorizedKeysFile: at('authorized_keys'), PidFile: 'none', StrictModes: 'no', UsePAM: 'no',
    AuthenticationMethods: 'publickey', PermitRootLogin: 'forced-commands-only', LogLevel: 'VERBOSE',
  }
  writeFileSync(at('config'), Object.entries(config).map(([key, value]) => `${key} ${value}\n`).join(''))
  // It ends with this process, however that ends.
  const child = spawn('bash', ['-c', '/usr/sbin/sshd -D -e -f "$0" < /dev/null & read -r _; kill $!; wait', at('config')], { stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  const ended = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Server listening')) resolve()
    })
    child.once('exit', () => reject(new Error(`sshd does not start: ${said}`)))
  })
  return {
    settings: (node) => ({ user: userInfo().username, key: readFileSync(at('client'), 'utf8'), nodes: { [node]: { host: '127.0.0.1', port, hostKey: readFileSync(at('host.pub'), 'utf8').trim() } } }),
    publicKey: readFileSync(at('client.pub'), 'utf8').trim(),
    authorizedKeys: at('authorized_keys'),
    log: () => said,
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
