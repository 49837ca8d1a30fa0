// What must hold whatever fails. Looked at when everything has come to rest, long after the last request could land.
import { everything, type Thing } from '../../lab/everything.ts'
import { npmState } from '../../lab/npm/rows.ts'
import { containers } from '../../lab/proxmox/app.ts'
import { pve } from '../../lab/proxmox/state.ts'
import { beforeFirst, firstBreak } from '../../src/domain/audit-chain.ts'
import { plans } from '../../src/domain/plan.ts'
import { backupsOf, copiesOf, keptCopies, runs, titleOf } from '../../src/domain/site.ts'
import { isSpare } from '../../src/tenant/begin.ts'
import type { TenantState } from '../../src/tenant/state.ts'
import type { JournalLine } from '../../src/engine/row-store.ts'
import { domainsAtRest, domainsTogether, ofDomains } from './domain-invariants.ts'
import type { Platform } from './platform.ts'
import { recordAtRest, servedAsEntered } from './platform-zone.ts'
import { claims, isClaimed, openToVisitors, spareAtRest } from './pool-invariants.ts'

/** A history writes some hundreds of commits, and less than one a second while it waits; one that spins writes tens of thousands. */
const hotLoop = 3_000

/** Everything that is wrong, in words; empty when all is well. */
export function violationsAtRest(platform: Platform): string[] {
  const { world } = platform.dc
  const standing = everything(world)
  const isForeign = (thing: Thing): boolean => platform.foreign.some(({ of, what }) => thing.of === of && thing.what === what)
  const all = standing.filter((thing) => !isForeign(thing))
  const wrong = [...platform.violations]
  for (const { of, what } of platform.foreign) if (!standing.some((thing) => thing.of === of && thing.what === what)) wrong.push(`somebody else's ${what} of ${of} was touched`)
  const owned = new Set<Thing>()
  for (const host of platform.tenants.values()) {
    const state = platform.state(host)
    if (!state) continue
    const lines = host.actor.store.linesAfter(0, 100_000)
    const say = (text: string): void => void wrong.push(`${state.spec.service} (${state.outcome}): ${text}`)
    if (state.outcome === null) say(`not at rest: ${host.actor.store.rows().filter((row) => row.phase !== 'settled').map((row) => `${row.name} ${row.want} ${row.phase} ${row.why ?? ''}`).join('; ')}`)
    if (state.outcome === null && host.alarmAt === undefined && !host.running) say('unfinished without an alarm')
    if (state.outcome === 'stuck' && platform.foreign.length === 0) say(`still stuck: ${host.actor.store.rows().filter((row) => row.phase === 'stuck').map((row) => `${row.name} ${row.want}: ${row.why}`).join('; ')}`)
    const broken = firstBreak(beforeFirst, [...host.audit.values()].sort((a, b) => a.line - b.line), host.actor.store.sealsAfter(0, 100_000), state.projected)
    if (broken) say(`line ${broken.line} of the audit: ${broken.why}`)
    if (host.disk.commits > hotLoop + (platform.dc.clock.now() - state.orderedAt) / 1_000) say(`${host.disk.commits} commits: it ran hot`)
    // Its object has let go of it: what became of the site is asked of its tenant.
    if (isSpare(state) && isClaimed(platform, state.key)) continue
    const mine = all.filter((thing) => thing.of === String(state.identity.vmid) || thing.of === state.identity.hostname)
    for (const thing of [...mine, ...ofDomains(state, all)]) owned.add(thing)
    for (const text of [...(isSpare(state) ? spareAtRest(state, mine, platform, lines) : upstream(state, mine, platform, lines)), ...domainsAtRest(platform, host, state), ...journal(lines), ...ordering(platform, state, lines)]) say(text)
  }
  // A volume whose property was never set belongs to nobody that can be found by number: it counts as left behind all the same.
  for (const thing of all) if (!owned.has(thing) && !platform.customers.isTheirs(thing)) wrong.push(`left behind: ${thing.kind} of ${thing.of} (${thing.what})`)
  wrong.push(...platform.customers.violations(), ...identities(platform), ...claims(platform), ...openToVisitors(platform), ...domainsTogether(platform), ...servedAsEntered(world))
  const leases = Object.entries(platform.gate.usage())
  if (leases.length > 0) wrong.push(`leases held at rest: ${JSON.stringify(leases)}`)
  const strays = world.slice('strays', () => ({ list: [] as string[] })).list
  if (strays.length > 0) wrong.push(`routes that no vendor has: ${strays.join(', ')}`)
  return wrong
}

/** Exactly one of each when it should be there, nothing at all when it should not. */
function upstream(state: TenantState, mine: readonly Thing[], platform: Platform, lines: readonly JournalLine[]): string[] {
  const { world } = platform.dc
  const wrong: string[] = []
  const count = (kind: Thing['kind']): number => mine.filter((thing) => thing.kind === kind).length
  const expect = (kind: Thing['kind'], wanted: number): void => {
    if (count(kind) !== wanted) wrong.push(`${count(kind)} × ${kind}, wanted ${wanted}`)
  }
  if (state.outcome === 'terminated' || state.outcome === 'undone') {
    const kept = state.outcome === 'terminated' ? keptCopies(state.site).length : 0
    if (mine.filter(({ kind }) => kind === 'archive').length !== kept) wrong.push(`${kept} copies are to be kept`)
    for (const thing of mine.filter(({ kind }) => kept === 0 || kind !== 'archive')) wrong.push(`${thing.kind} is still there (${thing.what})`)
    if (platform.allocator.held(state.key, state.identity.epoch)) wrong.push('its identities are still held')
  }
  if (state.outcome !== 'live' && state.outcome !== 'suspended') return wrong
  const live = state.outcome === 'live' && runs(state.site)
  for (const kind of ['container', 'volume', 'firewall', 'proxy host', 'site'] as const) expect(kind, 1)
  // A suspended site is not seen on its new disk before it is resumed: until then its copy is kept, and its first snapshot is not made.
  const unseen = state.outcome === 'suspended' ? state.site.items.filter((item) => item.kind === 'shrink' && item.step === 'check') : []
  expect('snapshot', (unseen.length > 0 ? 0 : 1) + backupsOf(state.site).length)
  expect('archive', copiesOf(state.site).length + unseen.length)
  for (const item of state.site.items) if (item.kind !== 'domain' && !unseen.includes(item) && (!('made' in item) || !item.made || item.want === 'absent')) wrong.push(`${titleOf(item)} never came to an end`)
  expect('ha resource', live ? 1 : 0)
  // On Proxmox VE 8 a container joins the platform's group instead of having a rule.
  expect('ha rule', live && platform.dc.major === 9 ? 1 : 0)
  const guest = containers(world).find((one) => one.vmid === state.identity.vmid)
  if (guest?.status !== (live ? 'running' : 'stopped')) wrong.push(`container is ${guest?.status}`)
  if (guest && guest.ip !== state.identity.ip) wrong.push(`container has ${guest.ip}, wanted ${state.identity.ip}`)
  const { memoryMb } = plans[state.spec.plan]
  const { disk: { gb: diskGb, held } } = state.site
  if (diskGb !== plans[state.spec.plan].diskGb && !held) wrong.push(`a disk of ${diskGb} GB is wanted for the plan ${state.spec.plan}`)
  const config = pve(world).containers[String(state.identity.vmid)]?.config
  if (config && config['memory'] !== memoryMb) wrong.push(`${String(config['memory'])} MB of memory, wanted ${memoryMb}`)
  if (config && !String(config['rootfs']).endsWith(`size=${diskGb}G`)) wrong.push(`disk ${String(config['rootfs'])}, wanted ${diskGb} GB`)
  const rules = pve(world).firewalls[String(state.identity.vmid)]?.rules.length
  if (guest && rules !== 3) wrong.push(`${rules} firewall rules, wanted 3`)
  const host = npmState(world).hosts.find((one) => one.domain_names.includes(state.identity.hostname))
  const target = state.outcome === 'live' ? `${state.identity.ip}:80` : `${platform.cluster.suspendedPage.host}:${platform.cluster.suspendedPage.port}`
  if (host && host.enabled !== state.site.published) wrong.push(`the proxy host is ${host.enabled ? 'enabled' : 'disabled'}`)
  if (host?.enabled && `${host.forward_host}:${host.forward_port}` !== target) wrong.push(`visitors are sent to ${host.forward_host}:${host.forward_port}, wanted ${target}`)
  if (host?.enabled && host.meta['nginx_online'] !== true) wrong.push('nginx does not serve it')
  return [...wrong, ...recordAtRest(platform, state, mine, lines)]
}

/** Each outcome has its call; each call ends in an outcome or a look; nothing is made after a termination was wanted. */
function journal(lines: readonly JournalLine[]): string[] {
  const wrong: string[] = []
  const open = new Map<string, number>()
  let [terminated, held] = [false, false]
  for (const { event, step, attempt, detail } of lines) {
    if (event === 'command' && (detail as { verb?: string } | null)?.verb === 'terminate') terminated = true
    if (event === 'held' || event === 'released') held = event === 'held'
    if (step === null) continue
    if (event === 'call') {
      if (held) wrong.push(`${step}: called while a person held it`)
      if (terminated && detail === 'present') wrong.push(`${step} was made after the termination was wanted`)
      if (open.has(step)) wrong.push(`${step}: attempt ${attempt} began while attempt ${open.get(step)} was not known`)
      open.set(step, attempt)
    } else if (event === 'outcome') {
      if (open.get(step) !== attempt) wrong.push(`${step}: outcome of attempt ${attempt} without its call`)
      open.delete(step)
    } else if (['observed', 'recovered', 'settled', 'dissolved', 'stuck', 'bug'].includes(event)) open.delete(step)
  }
  for (const [step, attempt] of open) wrong.push(`${step}: nobody knows what became of attempt ${attempt}`)
  return wrong
}

/** The newest accepted wish wins; termination is for good. */
function ordering(platform: Platform, state: TenantState, lines: readonly JournalLine[]): string[] {
  const record = platform.allocator.service(state.key)
  const wrong: string[] = []
  if (record && state.outcome !== null && state.outcome !== 'stuck' && record.target !== state.outcome) wrong.push(`billing wants ${record.target}`)
  if (record && state.seq !== record.seq) wrong.push(`command ${record.seq} never arrived, it stands at ${state.seq}`)
  const rests = lines.filter((line) => line.event === 'rest').map((line) => line.detail)
  const end = rests.indexOf('terminated')
  if (end >= 0 && rests.slice(end + 1).some((rest) => rest !== 'terminated')) wrong.push('it rose again after its termination')
  return wrong
}

/** No number, address or name was ever given to two. */
function identities(platform: Platform): string[] {
  const wrong: string[] = []
  const guests = containers(platform.dc.world)
  const ips = guests.map((one) => one.ip).filter(Boolean)
  if (new Set(ips).size !== ips.length) wrong.push(`two containers share an address: ${ips.join(', ')}`)
  for (const kind of ['vmid', 'label']) {
    const rows = platform.allocatorDisk.read('SELECT value FROM held WHERE kind = ?', kind)
    if (new Set(rows.map((row) => row['value'])).size !== rows.length) wrong.push(`a ${kind} was given twice`)
  }
  return wrong
}
