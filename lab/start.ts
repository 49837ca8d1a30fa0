// `npm start`: the whole of Berth on this machine. Puts the parts together, says what runs where, fires the cron, and stops
// everything cleanly; nothing it starts may outlive it.
import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { unstable_readConfig } from 'wrangler'
import { Cluster } from '../src/domain/cluster.ts'
import { realClock } from './clock.ts'
import { openDataCentre } from './data-centre.ts'
import { openFrontDoor } from './front-door.ts'
import { endOrphans } from './orphans.ts'
import { startHelp, startOptions, UsageError, type StartOptions } from './options.ts'
import { recorderTo } from './recorder.ts'
import { reverseProxy } from './reverse-proxy.ts'
import { labSites } from './site-power.ts'
import { readSecrets } from './secrets.ts'
import { openState } from './state.ts'
import { storefront } from './storefront/storefront.ts'
import { WordPressHost } from './wordpress/host.ts'
import { bundleWorker, openWorker, root } from './worker.ts'

const cronEveryMs = 60_000
const firstCronMs = 1_000
const stopWithinMs = 20_000

/** What has been started, newest last; stopped newest first. */
const running: { name: string; close(): unknown }[] = []
let stopping: Promise<void> | undefined

async function start(options: StartOptions): Promise<void> {
  const { port, speed } = options
  const secrets = readSecrets(root)
  if (secrets.made) console.log('Made .dev.vars from .dev.vars.example (secrets of the lab, worthless elsewhere).')
  const state = await openState(options.stateDir, realClock(speed), options.seed ?? 1)
  running.push({ name: 'state', close: () => state.close() })
  if ((await endOrphans(state.dir)) > 0) console.log('Ended the Worker that a killed lab had left behind.')
  if (state.old && options.seed !== undefined) console.log('--seed has no effect: this data centre exists already (npm run lab:reset makes room for a new one).')

  const bundleDir = join(state.dir, 'bundle')
  const logDir = join(state.dir, 'logs')
  const bundled = bundleWorker(bundleDir)
  bundled.catch(() => undefined)
  const labLog = createWriteStream(join(logDir, 'lab.log'), { flags: 'w' })
  const log = (line: string): void => void labLog.write(`${new Date().toISOString()} ${line}\n`)

  let fetched = false
  const wordpress = new WordPressHost({
    stateDir: state.dir,
    cacheDir: resolve(root, '.berth', 'cache'),
    log,
    ...(options.wordpress ? {
      progress: ({ text }: { text: string }) => {
        fetched = true
        console.log(`WordPress: ${text} …`)
      },
    } : { archive: { name: 'WordPress', integrity: '', fetch: () => Promise.reject(new Error('switched off by --no-wordpress')) } }),
  })
  running.push({ name: 'wordpress', close: () => wordpress.close() })

  const settings = unstable_readConfig({ config: join(root, 'wrangler.toml') }).vars as Record<string, unknown>
  const cluster = { ...Cluster.parse(settings['CLUSTER']), siteUrl: `http://*.berth.localhost:${port}`, pool: { basic: { min: options.pool, max: options.pool } } }
  const recorder = options.record === undefined ? undefined : recorderTo(options.record)
  if (recorder) running.push({ name: 'recorder', close: () => recorder.close() })
  const dataCentre = await openDataCentre(state.world, {
    pve: options.pve, chaos: options.chaos, record: recorder && ((line) => recorder.write(line)), logDir,
    gatewayKey: secrets.gatewayKey, cloudflareToken: secrets.cloudflareToken,
    zone: { id: String(settings['CLOUDFLARE_ZONE_ID']), name: cluster.zone },
    suspendedPage: cluster.suspendedPage, proxyAddress: cluster.proxy.privateIp, sites: labSites(wordpress, log),
  })
  running.push({ name: 'data centre', close: () => dataCentre.close() })

  // The address is taken before the Worker starts: a port in use is said at once.
  const visitors = reverseProxy(state.world, { resolve: (address, at) => dataCentre.resolve(address, at) })
  let workerUrl = (): Promise<URL> => Promise.reject(new Error('the Worker is starting'))
  const shop = storefront({ world: state.world, workerUrl: () => workerUrl(), mails: () => wordpress.mails(), siteUrl: cluster.siteUrl, publicIp: cluster.proxy.publicIp, nameServers: cluster.ownNameServers })
  const door = await openFrontDoor({ port, zone: cluster.zone, storefront: shop, workerUrl: () => workerUrl(), visitors, published: (name) => dataCentre.published(name) })
  running.push({ name: 'front door', close: () => door.close() })

  await bundled
  const worker = await openWorker({
    bundleDir, stateDir: state.dir, logDir,
    bindings: { ...secrets.bindings, CLUSTER: cluster, GATEWAY_URL: dataCentre.gatewayUrl, CLOUDFLARE_URL: dataCentre.cloudflareUrl, DNS_RESOLVERS: dataCentre.dnsResolvers },
  })
  running.push({ name: 'worker', close: () => worker.close() })
  workerUrl = () => worker.url()
  everyMinute(() => worker.tick(), log)
  announce(options, [{ name: 'Worker (workerd)', url: (await worker.url()).origin }, ...dataCentre.places], state.dir)

  if (options.wordpress) {
    const impossible = await wordpress.prepare()
    if (impossible) console.log(`WordPress: not available, sites show a stand-in page: ${impossible}`)
    else if (fetched) console.log('WordPress: ready. Orders that waited for it go on.')
  }
}

/** Local queues are in memory only: the watchdog looks soon after the start, then as Cloudflare's cron would. */
function everyMinute(tick: () => Promise<void>, log: (line: string) => void): void {
  const fire = (): void => void tick().catch((error: unknown) => log(`cron: ${error instanceof Error ? error.message : String(error)}`))
  const first = setTimeout(fire, firstCronMs)
  const timer = setInterval(fire, cronEveryMs)
  running.push({ name: 'cron', close: () => (clearTimeout(first), clearInterval(timer)) })
}

function announce({ port, speed, chaos, wordpress, open }: StartOptions, places: { name: string; url: string }[], dir: string): void {
  const url = `http://localhost:${port}/`
  const rows = [
    ['Storefront', `${url}  buy a site here; every order has a page that shows it being built`],
    ['Mail', `${url}mail  what customers got`],
    ['My registrar', `${url}registrar  register domains of your own in the simulated Internet`],
    ['Sites', `http://<name>.berth.localhost:${port}/  ${wordpress ? 'real WordPress' : 'a stand-in page (--no-wordpress)'}`],
    ...places.map(({ name, url: at }) => [name, at]),
    ['Time', `the data centre runs ${speed} times faster than real${chaos ? '; its links fail at random (--chaos)' : ''}`],
    ['State and logs', dir],
  ]
  console.log(`\nBerth is open: ${url}\n`)
  for (const [name = '', text = ''] of rows) console.log(`  ${name.padEnd(20)}${text}`)
  console.log('\nCtrl-C stops everything; the next start goes on where it stopped.\n')
  if (open && process.stdout.isTTY) spawn(process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open', [url], { stdio: 'ignore', detached: true }).on('error', () => undefined).unref()
}

/** Newest first; whoever does not stop in time is left to the end of this process. */
function stop(code: number): Promise<void> {
  stopping ??= (async () => {
    setTimeout(() => process.exit(code || 1), stopWithinMs).unref()
    for (const part of running.reverse()) {
      try {
        await part.close()
      } catch (error) {
        console.error(`${part.name} did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    process.exit(code)
  })()
  return stopping
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (!stopping) console.log('\nStopping …')
    void stop(0)
  })

// npm passes no signal on when it is killed itself: when it is gone, or the shell between it and us, so are we.
const parents = ancestors()
if (process.env['npm_lifecycle_event']) setInterval(() => ancestors() !== parents && void stop(0), 500).unref()

function ancestors(): string {
  if (process.platform !== 'linux') return String(process.ppid)
  try {
    return `${process.ppid} ${/\) \S (\d+)/.exec(readFileSync(`/proc/${process.ppid}/stat`, 'utf8'))?.[1]}`
  } catch {
    return 'gone'
  }
}

try {
  const options = startOptions(process.argv.slice(2))
  if (options === 'help') console.log(startHelp)
  else await start(options)
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  await stop(error instanceof UsageError ? 2 : 1)
}
