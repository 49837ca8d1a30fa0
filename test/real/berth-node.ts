// berth-node on the stand-in node, put there by its own installer for the key of a real sshd, and the gateway's own driver that speaks to it.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { nodeInstaller } from '../../gateway/node/bundle.ts'
import type { Driver } from '../../gateway/playbooks.ts'
import { Ssh } from '../../gateway/ssh/client.ts'
import { sshDriver } from '../../gateway/ssh/driver.ts'
import type { Node } from './node.ts'
import type { Sshd } from './sshd.ts'

export function installBerthNode(node: Node, sshd: Sshd): void {
  const at = (name: string): string => join(node.dir, name)
  writeFileSync(at('berth-node-install'), nodeInstaller())
  execFileSync('bash', [at('berth-node-install'), '--key', sshd.publicKey, '--vmids', '10000-999999', '--pct', join(node.bin, 'pct'), '--authorized-keys', sshd.authorizedKeys,
    '--lib', at('berth-node'), '--config', at('node.conf'), '--state', at('runs')])
}

export interface Player {
  /** Runs a playbook in a container, once; its result must have the shape that the gateway knows. */
  play(playbook: string, vmid: number, parameters?: Record<string, unknown>): ReturnType<Driver['run']>
  close(): void
}

export function openPlayer(node: Node, sshd: Sshd): Player {
  const ssh = new Ssh(sshd.settings('node1'), { sleep: (ms) => setTimeout(ms) }, node.dir)
  const driver = sshDriver(ssh, [], () => undefined)
  let runs = 0
  return {
    play: (playbook, vmid, parameters = {}) => driver.run({ playbook, run: `real-${++runs}`, node: 'node1', vmid, parameters }),
    close: () => ssh.close(),
  }
}
