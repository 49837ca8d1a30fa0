// What billing may ask for, and when: the histories whose every call is failed in every way.
import type { Action } from '../../src/domain/action.ts'
import type { Job } from '../../src/domain/site-tools.ts'
import type { Verb } from '../../src/domain/order.ts'
import type { PlanName } from '../../src/domain/plan.ts'
import type { Event, Says } from './history.ts'

const s = 1_000
const at = (atMs: number, verb: Verb, plan?: PlanName): Event => ({ atMs, service: 'one', verb, ...(plan ? { plan } : {}) })
const does = (atMs: number, act: Action['do'], more: { name?: string } = {}): Event => ({ atMs, service: 'one', act: actionOf(act, more.name) })

const says = (atMs: number, override: 'hold' | 'release' | 'abort'): Event => ({ atMs, service: 'one', override })

/** A custom domain, and what public DNS says of it. */
export const shop = 'shop.com'
const dns = (atMs: number, says: Says, service = 'one'): Event => ({ atMs, service, dns: shop, says })

/** So many sites of the plan `basic` are kept ready; the first is there after about three minutes. */
const pool = (atMs: number, sites: number): Event => ({ atMs, service: 'pool', cluster: { pool: { basic: { min: sites, max: sites } } } })

/** Where the platform's own zone is kept from now on. */
const kept = (atMs: number, zoneHome: 'ispconfig' | 'cloudflare'): Event => ({ atMs, service: 'one', cluster: { zoneHome } })

/** The simulation begins on 1 January 2026. */
const first = 'BAK01012026-1'
const second = 'BAK01012026-2'
const offSite = 'OFF01012026-1'

/** What is done inside a site, by a short name. */
export const jobs = {
  plugins: { playbook: 'wp', parameters: { action: 'plugin-update' } },
  core: { playbook: 'wp', parameters: { action: 'core-update' } },
  nothing: { playbook: 'wp', parameters: { action: 'plugin-update', name: 'not-there' } },
  php: { playbook: 'php-version', parameters: { version: '8.4' } },
  'no php': { playbook: 'php-version', parameters: { version: '7.4' } },
  dump: { playbook: 'dump', parameters: { what: 'all' } },
} as const satisfies Record<string, Job>

export function actionOf(act: Action['do'], name = first): Action {
  switch (act) {
    case 'make-backup':
      return { do: act }
    case 'delete-backup':
      return { do: act, name }
    case 'rollback':
      return { do: act, name, loseNewer: true }
    case 'reset':
      return { do: act, loseNewer: true }
    case 'set-domain':
      return { do: act, domain: { name: shop, apex: shop, names: [shop, `www.${shop}`], shown: shop } }
    case 'delete-domain':
      return { do: act, name: shop }
    case 'job':
      return { do: act, job: jobs[name as keyof typeof jobs] ?? jobs.plugins }
    default:
      return { do: act }
  }
}

/** What customers do, for random histories; backups come first more often, so that there is something to go back to. */
export const actions: readonly ({ act: Action } | { verb: Verb; plan: PlanName })[] = [
  ...(['start', 'stop', 'restart', 'toggle', 'reset', 'make-backup', 'make-backup', 'make-backup', 'delete-backup', 'rollback', 'nightly'] as const).map((act) => ({ act: actionOf(act) })),
  { act: actionOf('rollback', second) }, { act: actionOf('rollback', offSite) }, { act: actionOf('delete-backup', offSite) }, { verb: 'upgrade', plan: 'standard' }, { verb: 'upgrade', plan: 'premium' }, { verb: 'upgrade', plan: 'basic' },
]

/** Moments while a site is being built: before, in and after each of its long steps. */
export const moments = [0.05, 0.5, 3, 20, 45, 56, 60, 75, 110, 140, 152, 158].map((seconds) => seconds * s)

export const schedules: Record<string, readonly Event[]> = {
  provision: [at(0, 'create')],
  life: [at(0, 'create'), at(200 * s, 'suspend'), at(300 * s, 'unsuspend'), at(400 * s, 'terminate')],
  'suspended to death': [at(0, 'create'), at(200 * s, 'suspend'), at(210 * s, 'terminate')],
  flapping: [at(0, 'create'), at(200 * s, 'suspend'), at(201 * s, 'unsuspend'), at(202 * s, 'suspend'), at(203.5 * s, 'unsuspend'), at(206 * s, 'suspend')],
  'second thoughts': [at(0, 'create'), at(200 * s, 'suspend'), at(200.4 * s, 'unsuspend')],
  'third thoughts': [at(0, 'create'), at(200 * s, 'suspend'), at(203 * s, 'unsuspend')],
  ...Object.fromEntries(moments.map((ms) => [`cancelled after ${ms / s} s`, [at(0, 'create'), at(ms, 'terminate')]])),
  ...Object.fromEntries(moments.map((ms) => [`suspended after ${ms / s} s`, [at(0, 'create'), at(ms, 'suspend')]])),
  upgrade: [at(0, 'create'), at(200 * s, 'upgrade', 'standard'), at(201 * s, 'upgrade', 'premium')],
  switched: [at(0, 'create'), does(200 * s, 'stop'), does(230 * s, 'start'), does(260 * s, 'restart'), does(261 * s, 'toggle'), does(300 * s, 'toggle')],
  backups: [at(0, 'create'), does(200 * s, 'make-backup'), does(240 * s, 'make-backup'), does(280 * s, 'rollback'), does(281 * s, 'make-backup'), does(400 * s, 'delete-backup')],
  'reset during upgrade': [at(0, 'create'), at(200 * s, 'upgrade', 'standard'), does(201 * s, 'reset'), at(203 * s, 'suspend'), at(260 * s, 'unsuspend')],
  'terminated during a backup': [at(0, 'create'), does(200 * s, 'make-backup'), at(206 * s, 'terminate')],
  'terminated while going back': [at(0, 'create'), does(200 * s, 'make-backup'), does(240 * s, 'rollback'), at(252 * s, 'terminate')],
  tools: [at(0, 'create'), does(200 * s, 'job', { name: 'plugins' }), does(202 * s, 'job', { name: 'dump' }), does(240 * s, 'job', { name: 'php' }), at(244 * s, 'suspend'), at(330 * s, 'unsuspend'), does(360 * s, 'job', { name: 'nothing' })],
  'terminated during a job': [at(0, 'create'), does(200 * s, 'job', { name: 'dump' }), at(206 * s, 'terminate')],
  'off-site': [at(0, 'create'), does(200 * s, 'nightly'), does(202 * s, 'nightly'), at(205 * s, 'suspend'), at(206 * s, 'unsuspend'), does(400 * s, 'delete-backup', { name: offSite })],
  'out of an off-site copy': [at(0, 'create'), does(200 * s, 'nightly'), does(320 * s, 'make-backup'), does(360 * s, 'rollback', { name: offSite })],
  'terminated during an off-site copy': [at(0, 'create'), does(200 * s, 'nightly'), at(215 * s, 'terminate')],
  'terminated while a copy is unpacked': [at(0, 'create'), does(200 * s, 'nightly'), does(320 * s, 'rollback', { name: offSite }), at(350 * s, 'terminate')],
  'rollback during upgrade': [at(0, 'create'), does(200 * s, 'make-backup'), at(240 * s, 'upgrade', 'premium'), does(241 * s, 'rollback')],
  'a smaller plan': [at(0, 'create', 'standard'), at(200 * s, 'upgrade', 'basic')],
  'a smaller plan, then another': [at(0, 'create', 'premium'), at(200 * s, 'upgrade', 'basic'), at(240 * s, 'suspend'), at(260 * s, 'upgrade', 'standard'), at(420 * s, 'unsuspend')],
  'terminated while it moves': [at(0, 'create', 'standard'), at(200 * s, 'upgrade', 'basic'), at(290 * s, 'terminate')],
  held: [at(0, 'create'), says(20 * s, 'hold'), at(90 * s, 'suspend'), says(120 * s, 'release'), at(320 * s, 'unsuspend'), says(321 * s, 'hold'), does(330 * s, 'stop'), says(400 * s, 'release')],
  'given up': [at(0, 'create'), at(200 * s, 'suspend'), says(202 * s, 'abort'), does(260 * s, 'make-backup'), says(263 * s, 'abort'), at(300 * s, 'upgrade', 'standard'), says(300.5 * s, 'abort')],
  'given up while being built': [at(0, 'create'), says(50 * s, 'abort'), at(200 * s, 'create')],
  domain: [at(0, 'create'), dns(199 * s, 'nothing'), does(200 * s, 'set-domain'), dns(230 * s, 'here'), at(330 * s, 'suspend'), at(360 * s, 'unsuspend'), does(400 * s, 'delete-domain')],
  'domain taken away during its certificate': [at(0, 'create'), dns(199 * s, 'here'), does(200 * s, 'set-domain'), does(202 * s, 'delete-domain'), does(260 * s, 'set-domain')],
  'terminated during a certificate': [at(0, 'create'), dns(199 * s, 'here'), does(200 * s, 'set-domain'), at(203 * s, 'terminate')],
  'one domain, two customers': [
    at(0, 'create'), { ...at(0, 'create'), service: 'two' }, dns(199 * s, 'here'), does(200 * s, 'set-domain'), { ...does(201 * s, 'set-domain'), service: 'two' }, dns(300 * s, 'token', 'two'),
  ],
  'built ahead': [pool(0, 1), at(300 * s, 'create'), at(330 * s, 'suspend'), at(350 * s, 'unsuspend'), at(420 * s, 'terminate')],
  'built ahead, taken back at once': [pool(0, 1), at(300 * s, 'create'), pool(300 * s, 0), at(302 * s, 'terminate')],
  'two orders for the last one built ahead': [pool(0, 1), at(300 * s, 'create'), { ...at(300 * s, 'create'), service: 'two' }, pool(301 * s, 0)],
  'the pool is drained': [pool(0, 2), pool(150 * s, 1), at(290 * s, 'create'), pool(301 * s, 0)],
  'life with its record in the panel': [kept(0, 'ispconfig'), at(0, 'create'), at(200 * s, 'suspend'), at(300 * s, 'unsuspend'), at(400 * s, 'terminate')],
  'the zone moves to the panel and back': [at(0, 'create'), kept(190 * s, 'ispconfig'), at(200 * s, 'suspend'), kept(280 * s, 'cloudflare'), at(290 * s, 'unsuspend')],
  'the zone moves while a site is built': [at(0, 'create'), kept(1 * s, 'ispconfig'), at(60 * s, 'suspend'), kept(200 * s, 'cloudflare'), at(201 * s, 'terminate')],
  'repeated and out of order': [at(0, 'create'), at(1 * s, 'create'), at(30 * s, 'suspend'), at(31 * s, 'unsuspend'), at(32 * s, 'suspend'), at(33 * s, 'suspend'), at(90 * s, 'terminate'), at(91 * s, 'terminate'), at(92 * s, 'create')],
}
