// A lab of its own for measuring: fresh data centre, real gateway, real Worker in workerd, state in a temporary folder.
// Nothing of an existing lab is touched.
import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unstable_readConfig } from 'wrangler'
import { realClock } from '../lab/clock.ts'
import { openDataCentre, type Sites } from '../lab/data-centre.ts'
import { linstorState } from '../lab/linstor/state.ts'
import { readSecrets } from '../lab/secrets.ts'
import { labSites } from '../lab/site-power.ts'
import { WordPressHost } from '../lab/wordpress/host.ts'
import { bundleWorker, openWorker, root } from '../lab/worker.ts'
import { World } from '../lab/world.ts'
import { Cluster } from '../src/domain/cluster.ts'

export interface Order { status: string; hostname: string; cause: string | null; orderedAt: number; restAt: number; steps: { name: string; state: string; why: string | null }[] }

export interface Rig {
  world: World
  url: URL
  /** The listener that shows the page for suspended sites. */
  suspended: URL
  /** Answers the order's path and how long the answer took (ms). */
  create(service: string): Promise<{ path: string; tookMs: number }>
  order(path: string): Promise<Order>
  tick(): Promise<void>
  close(): Promise<void>
}

const key = 'lab-billing-key'

/** What is to differ: the insides of containers, fields of the cluster. */
export interface Different { sites?: Sites; cluster?: Partial<Cluster> }

/**
 * `speed`: how much faster than real the data centre runs. Hears every upstream exchange and every change of the world.
 * Address pool and storage are larger than the seed's, so that two hundred sites fit.
 */
export async function openRig(speed: number, hear: { exchange?: (line: string) => void; change?: (world: World) => void } = {}, different: Different = {}): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-bench-'))
  const [bundleDir, logDir] = [join(dir, 'bundle'), join(dir, 'logs')]
  await Promise.all([mkdir(bundleDir), mkdir(logDir)])
  await bundleWorker(bundleDir)
  const world: World = new World(realClock(speed), { seed: 1, onChange: () => hear.change?.(world) })
  const secrets = readSecrets(root)
  const settings = unstable_readConfig({ config: join(root, 'wrangler.toml') }).vars as Record<string, unknown>
  const plain = Cluster.parse(settings['CLUSTER'])
  const cluster: Cluster = { ...plain, lan: { ...plain.lan, prefix: 22, first: '192.168.0.20', last: '192.168.3.250', cidr: '192.168.0.0/22' }, ...different.cluster }
  const wordpress = new WordPressHost({
    stateDir: dir, cacheDir: join(dir, 'cache'), log: () => undefined,
    archive: { name: 'WordPress', integrity: '', fetch: () => Promise.reject(new Error('not wanted here')) },
  })
  const dataCentre = await openDataCentre(world, {
    pve: 9, chaos: false, record: hear.exchange, logDir, gatewayKey: secrets.gatewayKey, cloudflareToken: secrets.cloudflareToken,
    zone: { id: String(settings['CLOUDFLARE_ZONE_ID']), name: cluster.zone }, suspendedPage: cluster.suspendedPage, proxyAddress: cluster.proxy.privateIp, sites: different.sites ?? labSites(wordpress, () => undefined),
  })
  // Two hundred sites of 20 GB are more than the seed's 1.73 TB hold.
  linstorState(world).capacityKib *= 10
  const worker = await openWorker({
    bundleDir, stateDir: dir, logDir, bindings: { ...secrets.bindings, CLUSTER: cluster, GATEWAY_URL: dataCentre.gatewayUrl, CLOUDFLARE_URL: dataCentre.cloudflareUrl },
  })
  const url = await worker.url()
  const suspended = await dataCentre.resolve(cluster.suspendedPage.host, cluster.suspendedPage.port)
  return {
    world, url, suspended: suspended!,
    async create(service) {
      const start = performance.now()
      const answer = await fetch(new URL('/create-site', url), {
        method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ service_id: service, email: `${service}@example.com`, plan: 'basic' }),
      })
      const body = (await answer.json()) as { order?: string; error?: string }
      if (!answer.ok || !body.order) throw new Error(`create-site answered ${answer.status}: ${body.error ?? ''}`)
      return { path: body.order, tookMs: performance.now() - start }
    },
    async order(path) {
      const answer = await fetch(new URL(path, url), { headers: { accept: 'application/json' } })
      const body = (await answer.json()) as { order?: Order }
      return body.order ?? { status: 'taken', hostname: '', cause: null, orderedAt: 0, restAt: 0, steps: [] }
    },
    tick: () => worker.tick(),
    async close() {
      await worker.close()
      await dataCentre.close()
      await wordpress.close()
      world.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Runs `look` every `everyMs` until it answers true. */
export async function until(look: () => Promise<boolean>, everyMs: number): Promise<void> {
  while (!(await look())) await new Promise((resolve) => void setTimeout(resolve, everyMs))
}

/** The value below which a share of the sorted list lies. */
export const percentile = (sorted: readonly number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
