// What the golden image saves at an order: the same playbooks, by the same berth-node, in containers of a bare Debian whose packages lie on the
// disk, of the golden image, and in one that stands ready for whoever comes. Side by side in one run, on the true stack.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { nodeInstaller } from '../gateway/node/bundle.ts'
import { openNode } from '../test/real/node.ts'
import { basePath, baseTemplate, goldenPath, goldenTemplate, lacking, net, offer, software } from '../test/real/templates.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const why = await lacking('namespaces')
if (why !== undefined) {
  console.error(why)
  process.exit(1)
}
const dir = mkdtempSync(join(tmpdir(), 'berth-bench-'))
const [base, golden, { archive, wpCli }] = [await basePath(), await goldenPath('namespaces'), await software()]
const node = await openNode(dir, 'namespaces')
const took: Record<'bare' | 'golden' | 'ready', number[]> = { bare: [], golden: [], ready: [] }

try {
  offer(node, baseTemplate, base)
  offer(node, goldenTemplate, golden)
  writeFileSync(join(dir, 'install'), nodeInstaller())
  execFileSync('bash', [join(dir, 'install'), '--key', `ssh-ed25519 ${'A'.repeat(68)} bench`, '--vmids', '10000-99999', '--pct', join(node.bin, 'pct'), '--authorized-keys', join(dir, 'keys'), '--lib', join(dir, 'there'), '--config', join(dir, 'conf'), '--state', join(dir, 'runs')])
  // Both are unpacked once; no order waits for that.
  for (const [vmid, template] of [[10_000, baseTemplate], [10_001, goldenTemplate]] as const) await create(vmid, template)
  for (let round = 0; round < Number(values.rounds); round++) {
    const [bare, made] = [10_100 + round * 10, 10_101 + round * 10]
    await create(bare, baseTemplate)
    await node.pct('start', bare)
    await node.pct('push', bare, wpCli, '/usr/local/bin/wp', '--perms', '0755')
    await node.pct('push', bare, archive, '/run/wordpress.tar.gz')
    await node.pct('exec', bare, '--', 'sh', '-c', 'mkdir -p /var/www/wordpress && tar -xzf /run/wordpress.tar.gz -C /var/www/wordpress --strip-components=1 --no-same-owner')
    took.bare.push(play('install-wordpress', bare, 'bare'))
    await node.pct('stop', bare)
    await create(made, goldenTemplate)
    await node.pct('start', made)
    took.golden.push(play('install-wordpress', made, 'golden'))
    took.ready.push(play('personalise-wordpress', made, 'somebody', { address: '192.168.1.100' }))
    await node.pct('stop', made)
  }
} finally {
  await node.close()
  rmSync(dir, { recursive: true, force: true })
}

const middle = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[all.length >> 1]!
const row = (what: string, all: readonly number[]): string => `| ${what} | ${(middle(all) / 1000).toFixed(1)} | ${(middle(took.bare) / middle(all)).toFixed(1)} × |`
console.log(['| WordPress at order, median of ' + took.bare.length + ' | s | as fast |', '|---|---|---|', row('bare template, packages on the disk', took.bare), row('golden image, first boot included', took.golden), row('a site that stands ready, made somebody\'s', took.ready)].join('\n'))

async function create(vmid: number, template: string): Promise<void> {
  await node.pct('create', vmid, template, '--hostname', 'bench', '--net0', net('192.168.1.100'), '--tags', 'berth;berth-bench')
}

/** How long a playbook takes, ms. Throws what it said when it does not succeed. */
function play(playbook: string, vmid: number, name: string, more: object = {}): number {
  const parameters = { hostname: `${name}.example.com`, url: `https://${name}.example.com`, title: name, adminEmail: 'a@example.com', ...more }
  const word = Buffer.from(JSON.stringify({ protocol: 1, playbook, vmid, run: `${playbook}-${vmid}`, parameters })).toString('base64url')
  const began = performance.now()
  const { stdout, stderr } = spawnSync(join(dir, 'there', 'berth-node'), [join(dir, 'conf')], { encoding: 'utf8', env: { ...process.env, SSH_ORIGINAL_COMMAND: word }, maxBuffer: 64 * 1024 * 1024 })
  if (!/^end 0 /m.test(stdout)) throw new Error(`${playbook} in ${vmid}: ${stdout}${stderr}`)
  return performance.now() - began
}
