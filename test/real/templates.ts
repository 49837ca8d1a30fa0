// What the real tests stand on, made once and kept in .berth/cache/real: WordPress and wp-cli as the lab fetches them, a base template out
// of Debian's packages, and the golden image that gateway/node/berth-image makes of it. Says in plain words what this machine lacks.
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { takeLock } from '../../lab/wordpress/lock.ts'
import { wordpressFiles } from '../../lab/wordpress/download.ts'
import { root } from '../../lab/worker.ts'
import { openNode, subordinate, type Node, type Way } from './node.ts'

const run = promisify(execFile)
const cache = join(root, '.berth', 'cache', 'real')
const programs: Record<string, string> = {
  mmdebstrap: 'mmdebstrap', unshare: 'util-linux', nsenter: 'util-linux', ip: 'iproute2', '/usr/sbin/sshd': 'openssh-server', ssh: 'openssh-client', 'ssh-keygen': 'openssh-client', zstd: 'zstd', curl: 'curl',
}
/** A moment, so that the image is the same wherever it is made of the same packages. */
const epoch = 1_767_225_600
const imageVersion = 'real'
export const goldenTemplate = `local:vztmpl/berth-wordpress_${imageVersion}_amd64.tar.zst`
export const baseTemplate = 'local:vztmpl/debian-standard_amd64.tar.zst'
export const net = (address: string): string => `name=eth0,bridge=vmbr1,ip=${address}/24,gw=192.168.1.1`

/** Why the real tests cannot run here in a way and what cures it, or undefined. */
export async function lacking(way: Way): Promise<string | undefined> {
  if (process.platform !== 'linux' || !existsSync('/etc/debian_version')) return 'a Debian or Ubuntu machine is needed'
  const user = process.getuid!() !== 0
  if (way === 'lxc' && user) return 'LXC needs root: sudo npm run test:real'
  const wanted = { ...programs, ...(user || way === 'lxc' ? { newuidmap: 'uidmap' } : {}), ...(way === 'lxc' ? { 'lxc-start': 'lxc' } : {}) }
  const packages = new Set(Object.entries(wanted).filter(([name]) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0).map(([, from]) => from))
  if (packages.size > 0) return `missing: ${[...packages].join(', ')}. sudo apt-get install --no-install-recommends ${[...packages].join(' ')}`
  try {
    if (user) for (const list of ['/etc/subuid', '/etc/subgid']) subordinate(list)
  } catch (error) {
    return `${(error as Error).message}. sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${userInfo().username}`
  }
  const work = mkdtempSync(join(tmpdir(), 'berth-try-'))
  try {
    const node = await openNode(work, way)
    try {
      if (way === 'lxc') await node.run('sh', '-ec', 'lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- true; for one in /sys/fs/cgroup /sys/fs/cgroup/*; do [ ! -e $one/cgroup.procs ] || { mkdir $one/$1; rmdir $one/$1; }; done', 'sh', basename(work))
      await node.run('sh', '-c', 'cd "$1/rootfs" && mkdir a b c d && mount -t overlay overlay -o userxattr,lowerdir=a,upperdir=b,workdir=c d && ip link add name try0 type veth peer name try1', 'sh', work)
    } finally {
      await node.close()
    }
    return undefined
  } catch (error) {
    return `this machine does not let ${userInfo().username} make namespaces with mounts and a network of their own: ${(error as { stderr?: string }).stderr?.trim() || (error as Error).message}`
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Whether tests of a way are to be skipped; says why. */
export async function impossible(way: Way): Promise<boolean> {
  const why = await lacking(way)
  if (why !== undefined) console.log(`The real tests with containers by ${way} are skipped. ${why}`)
  return why !== undefined
}

/** The archive of WordPress, its SHA-256, and wp-cli, out of the lab's own download. */
export async function software(): Promise<{ archive: string; sha256: string; wpCli: string; version: string }> {
  const brought = await wordpressFiles(join(root, '.berth', 'cache'))
  if (!brought.files) throw new Error(brought.reason)
  const { wordpress, wpCli } = brought.files
  const version = /\$wp_version = '([^']+)'/.exec(readFileSync(join(wordpress, 'wp-includes', 'version.php'), 'utf8'))![1]!
  const archive = join(cache, `wordpress-${version}.tar.gz`)
  if (!existsSync(archive)) {
    mkdirSync(cache, { recursive: true })
    await run('sh', ['-c', 'tar --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 -C "$1" -c wordpress | gzip -n -1 > "$2.part" && mv "$2.part" "$2"', 'sh', join(wordpress, '..'), archive])
  }
  return { archive, sha256: createHash('sha256').update(readFileSync(archive)).digest('hex'), wpCli, version }
}

const nodeFolder = join(root, 'gateway', 'node')

/** The packages that a site is made of, as the playbook names them. */
function packages(): string[] {
  const playbook = readFileSync(join(nodeFolder, 'playbooks', 'install-wordpress.sh'), 'utf8')
  const found = /install --no-install-recommends ((?:[a-z0-9.+-]+(?: \\\n *| ))+)/.exec(playbook)
  if (!found) throw new Error('install-wordpress.sh installs no packages in a way that is known here')
  return found[1]!.split(/[\s\\]+/).filter(Boolean)
}

/** The base template; made anew when its recipe changes, about a minute. */
export async function basePath(): Promise<string> {
  const recipe = join(import.meta.dirname, 'base.sh')
  const file = join(cache, `base-${hash(readFileSync(recipe, 'utf8'), packages().join())}.tar.zst`)
  await once(file, () => run(recipe, [file, ...packages()], { maxBuffer: 16 * 1024 * 1024 }))
  return file
}

/**
 * The golden image, made by berth-image on a node of its own; made anew when anything that goes into it changes. `again`: the same once more.
 * Its manifest lies beside it.
 */
export async function goldenPath(way: Way, again = false): Promise<string> {
  const base = await basePath()
  const texts = [join(nodeFolder, 'berth-image'), join(nodeFolder, 'seal.sh'), ...readdirSync(join(nodeFolder, 'playbooks')).sort().map((name) => join(nodeFolder, 'playbooks', name))].map((file) => readFileSync(file, 'utf8'))
  const name = join(cache, `golden-${way}-${hash(basename(base), ...texts)}${again ? '-again' : ''}`)
  await once(`${name}.tar.zst`, async () => {
    const work = mkdtempSync(join(tmpdir(), 'berth-image-'))
    const node = await openNode(work, way)
    try {
      offer(node, baseTemplate, base)
      await buildImage(node)
      await run('cp', [templateFile(node, goldenTemplate).replace('.tar.zst', '.json'), `${name}.json`])
      await run('cp', [templateFile(node, goldenTemplate), `${name}.part`])
      await run('mv', [`${name}.part`, `${name}.tar.zst`])
    } finally {
      await node.close()
      rmSync(work, { recursive: true, force: true })
    }
  })
  return `${name}.tar.zst`
}

/** The release of Debian after this machine's, whose PHP containers can have beside their own; more are not known to work. */
const after: Record<string, { suite: string; php: string } | undefined> = { bookworm: { suite: 'trixie', php: '8.4' } }

/** Another PHP for containers of the golden image by LXC, as a tar of packages with two indexes (other-php.sh). */
export async function otherPhp(): Promise<{ version: string; packages: string } | undefined> {
  const release = after[/^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '']
  if (!release) return undefined
  const recipe = join(import.meta.dirname, 'other-php.sh')
  const golden = await goldenPath('lxc')
  const file = join(cache, `php-${hash(readFileSync(recipe, 'utf8'), basename(golden))}.tar`)
  await once(file, () => run(recipe, [file, release.suite, golden, ...packages().filter((name) => name.startsWith('php-')).map((name) => name.replace('php', `php${release.php}`))]))
  return { version: release.php, packages: file }
}

/** Runs `berth-image build` on the node; rejects with its exit code and its words. `more` options win. */
export async function buildImage(node: Node, more: string[] = []): Promise<void> {
  const { archive, sha256, wpCli } = await software()
  await run(join(nodeFolder, 'berth-image'),
    ['build', '--wordpress', archive, '--wordpress-sha256', sha256, '--wp-cli', wpCli, '--base', baseTemplate, '--vmid', '900', '--net', net('192.168.1.200'), '--image-version', imageVersion, ...more],
    { env: { ...process.env, PATH: `${node.bin}:${process.env['PATH']}`, SOURCE_DATE_EPOCH: String(epoch) }, maxBuffer: 64 * 1024 * 1024 })
}

export const templateFile = (node: Node, volume: string): string => join(node.dir, 'templates', volume.split('/')[1]!)

/** Puts a template into the node's storage. */
export const offer = (node: Node, volume: string, file: string): void => symlinkSync(file, templateFile(node, volume))

const hash = (...texts: string[]): string => createHash('sha256').update(texts.join('\0')).digest('hex').slice(0, 16)

/** Makes a file that is not there, alone. */
async function once(file: string, make: () => Promise<unknown>): Promise<void> {
  if (existsSync(file)) return
  mkdirSync(cache, { recursive: true })
  const release = await takeLock(`${file}.lock`, 900_000)
  if (!release) throw new Error(`another process has been making ${file} for a quarter of an hour`)
  try {
    if (!existsSync(file)) await make()
  } finally {
    release()
  }
}
