// nginx under the proxy manager: files on disk, `nginx -t` over all of them, reloads that take effect later.
// One host's bad file fails everybody's test while it lies there: that is why writes must not run side by side.
// Not simulated: TLS, caching, block_exploits, access lists, custom locations, nginx being down.
import { between } from '../random.ts'
import type { World } from '../world.ts'
import { directiveFault } from './directives.ts'
import { internal } from './refusal.ts'
import { npmState, type HostRow, type NpmState, type Site } from './rows.ts'

const RELOADED = 'npm.reloaded'

/** Registers what happens when the new workers have taken over. */
export function nginx(world: World): void {
  world.on<{ reload: number }>(RELOADED, ({ reload }) => {
    const state = npmState(world)
    if (!state.incoming || reload !== state.reloads) return
    state.served = state.incoming
    state.incoming = null
  })
}

/** The file that a row gives. A deleted or unknown certificate silently means plain HTTP. */
export function render(state: NpmState, row: HostRow, relations = true): Site {
  const secured = relations && state.certificates.some((one) => one.id === row.certificate_id)
  return {
    id: row.id, domainNames: row.domain_names.map((name) => name.toLowerCase()), forwardScheme: row.forward_scheme,
    forwardHost: row.forward_host, forwardPort: row.forward_port, websockets: row.allow_websocket_upgrade,
    http2: secured && row.http2_support, sslForced: secured && row.ssl_forced, certificateId: secured ? row.certificate_id : 0,
    fault: directiveFault(row.advanced_config, `/data/nginx/proxy_host/${row.id}.conf`),
  }
}

/** `nginx -t`: what is wrong with any file as they lie there when it starts, or ''. More files take longer. */
async function tested(world: World, state: NpmState): Promise<string> {
  const files = Object.values(state.files)
  let fault = state.foreignFault
  for (const file of files) fault ||= file.fault || pemFault(state, file)
  await world.clock.sleep(between(world.random, 50, 110) * (1 + files.length / 150))
  return fault && `nginx: [emerg] ${fault}\nnginx: configuration file /etc/nginx/nginx.conf test failed`
}

const pemFault = (state: NpmState, file: Site): string =>
  file.certificateId === 0 || state.pems[file.certificateId]
    ? ''
    : `cannot load certificate "/etc/letsencrypt/live/npm-${file.certificateId}/fullchain.pem": BIO_new_file() failed (No such file or directory)`

/** Tests, then tells nginx to reload; the new workers serve 0.1–0.35 s later. A failed test is a 500. */
export async function reload(world: World, state: NpmState): Promise<void> {
  const fault = await tested(world, state)
  if (fault) throw internal(500, fault)
  if (state.incoming) state.served = state.incoming
  state.incoming = { ...state.files }
  world.later(between(world.random, 100, 350), RELOADED, { reload: ++state.reloads })
}

/**
 * Test, write the host's file, test, mark the row online or not (a bad file is taken away again), reload.
 * The first and the last test fail for anybody's fault; only the second is written into `meta`.
 */
export async function configure(world: World, state: NpmState, row: HostRow): Promise<void> {
  const before = await tested(world, state)
  if (before) throw internal(500, before)
  state.files[row.id] = render(state, row)
  const fault = await tested(world, state)
  row.meta = { ...row.meta, nginx_online: fault === '', nginx_err: fault || null }
  if (fault) delete state.files[row.id]
  world.changed()
  await reload(world, state)
}

/** Takes the host's file away and reloads: disabling and deleting. */
export async function unconfigure(world: World, state: NpmState, row: HostRow): Promise<void> {
  delete state.files[row.id]
  world.changed()
  await reload(world, state)
}

/** Breaks nginx's configuration from outside ('' heals it): every write answers 500 until then, rows are written nevertheless. */
export function breakNginx(world: World, fault: string): void {
  npmState(world).foreignFault = fault
  world.changed()
}

/**
 * The site that nginx serves for a Host header (any case, port ignored), or undefined for the default site.
 * While a reload is under way old and new workers answer by turns, so ask until it is steady.
 */
export function route(world: World, host: string): Site | undefined {
  const state = npmState(world)
  const sites = Object.values(state.incoming && world.random() < 0.5 ? state.incoming : state.served)
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase()
  const exact = sites.find((site) => site.domainNames.includes(name))
  if (exact) return exact
  let best: { site: Site; length: number } | undefined
  for (const site of sites)
    for (const pattern of site.domainNames)
      if (pattern.startsWith('*.') && name.endsWith(pattern.slice(1)) && pattern.length > (best?.length ?? 0)) best = { site, length: pattern.length }
  return best?.site
}
