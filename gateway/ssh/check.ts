// Whether each node takes an order, and whether what it would run is what this gateway was released with.
import * as z from 'zod'
import type { Finding } from '../check.ts'
import { Refusal } from '../refusal.ts'
import type { Ssh } from './client.ts'
import { nodeDigest } from './node-digest.ts'

const version = z.object({ digest: z.string(), vmids: z.string(), tag: z.string() })
const askedMs = 20_000
const install = 'on the node: berth-node-install, of the same release as this gateway, with the public key of the gateway (docs/gateway.md)'
const cures: Record<string, string> = {
  unreachable: 'is the node up, is ssh.nodes right, may this machine reach its port 22?',
  'host-key': 'on the node\'s own console: cat /etc/ssh/ssh_host_ed25519_key.pub; was it made anew, put it into ssh.nodes. If it is the same as before, somebody stands between',
  'ssh-key': `${install}; sshd must let root in with a key: PermitRootLogin forced-commands-only or prohibit-password`,
  'berth-node': install,
  ssh: 'apt install openssh-client libnss-systemd',
}

/** One finding a node; one for all of them when there are none. */
export async function nodes(ssh: Pick<Ssh, 'names' | 'ask'> | undefined): Promise<Finding[]> {
  if (!ssh || ssh.names.length === 0)
    return [{ about: 'nodes', level: 'error', says: 'no node is configured, so no playbook can run and every order ends at WordPress', cure: 'set "ssh" in the configuration (docs/gateway.md)' }]
  return Promise.all(ssh.names.map((name) => node(ssh, name)))
}

async function node(ssh: Pick<Ssh, 'ask'>, name: string): Promise<Finding> {
  const about = `node ${name}`
  try {
    const { exit, output, result } = await ssh.ask(name, { playbook: 'version' }, askedMs, () => undefined)
    const seen = version.safeParse(decoded(result)).data
    if (exit !== 0 || seen === undefined) return { about, level: 'error', says: `answers ${exit}: ${output.trim().slice(0, 200) || 'no version'}`, cure: install }
    if (seen.digest !== nodeDigest) return { about, level: 'error', says: `has playbooks of another release (${seen.digest.slice(0, 12)}, not ${nodeDigest.slice(0, 12)})`, cure: install }
    return { about, level: 'ok', says: `runs playbooks in containers ${seen.vmids} with the tag ${seen.tag}` }
  } catch (error) {
    if (error instanceof Refusal) return { about, level: 'error', says: error.message, cure: cures[error.code] ?? install }
    return { about, level: 'error', says: 'did not answer to the end', cure: cures['unreachable']! }
  }
}

function decoded(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
