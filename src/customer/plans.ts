// Larger changes, shown before they are done: import of a zone file, templates. What is applied is the plan that was shown, or
// nothing; a plan that would change suspiciously much is asked for twice.
import type { Finding } from '../domain/dns/finding.ts'
import { shown } from '../domain/dns/host-name.ts'
import { told } from '../domain/dns/record.ts'
import type { DnsRecord } from '../domain/dns/record.ts'
import { changed, suspicious, zoneDiff, type Change } from '../domain/dns/zone-diff.ts'
import { readZoneFile, writeZoneFile, type LineNote } from '../domain/dns/zone-file.ts'
import { withTemplate, type TemplateName } from '../domain/dns/zone-templates.ts'
import type { Lent } from './lent.ts'
import { isOwnNs } from './contents.ts'
import { refused, type Answer, type Zones } from './zones.ts'

export interface Plan {
  ok: true
  /** What `apply` must name. */
  plan: string
  changes: { action: Change['action']; before?: string; after?: string }[]
  findings: Finding[]
  /** Why it must be confirmed. */
  confirm?: string
  /** Lines of a zone file that are not taken. */
  problems: LineNote[]
  left: LineNote[]
}

export type Source = { file: string } | { template: TemplateName }
/** `plan` is the one that was shown; `confirmed` a suspicious one. */
export interface Apply { plan: string; confirmed: boolean; actor: string }

/** Shows what would change, or does it. */
export async function planned(zones: Zones, lent: Pick<Lent, 'sign' | 'settings'>, domain: string, source: Source, apply?: Apply): Promise<Plan | Answer> {
  const found = await zones.find({ name: domain })
  if (!found.ok) return found
  const { zone, current } = found
  const { origin } = zone
  const mine = current.filter((record) => !isOwnNs(record, origin))
  const { wanted, problems, left, what } = wantedBy(source, origin, mine, lent)
  const changes = zoneDiff(mine, wanted)
  const plan = lent.sign(`plan ${origin} ${JSON.stringify([mine, changes])}`).slice(0, 16)
  const confirm = suspicious(mine, changes)
  if (apply) {
    if (problems.length > 0) return refused('bad-request', `Line ${problems[0]!.line}: ${problems[0]!.message}`)
    if (apply.plan !== plan) return refused('conflict', 'The zone has changed since this plan was shown. Look at the new plan first.')
    if (confirm && !apply.confirmed) return refused('conflict', confirm)
    return zones.change(zone, current, changes, { actor: apply.actor, what })
  }
  const findings = await zones.findings(origin, current, changed(current, changes))
  const text = (record: DnsRecord): string => `${told(record)} (TTL ${record.ttl})`
  return {
    ok: true, plan, findings, problems, left, ...(confirm ? { confirm } : {}),
    changes: changes.map((change) => ({ action: change.action, ...('before' in change ? { before: text(change.before) } : {}), ...('after' in change ? { after: text(change.after) } : {}) })),
  }
}

function wantedBy(source: Source, origin: string, mine: readonly DnsRecord[], lent: Pick<Lent, 'settings'>): { wanted: DnsRecord[]; problems: LineNote[]; left: LineNote[]; what: string } {
  if ('file' in source) {
    const { records, problems, left } = readZoneFile(source.file, origin)
    return { wanted: records, problems, left, what: `A zone file was imported into ${shown(origin)}` }
  }
  const { proxyIp, mailHost } = lent.settings
  const wanted = withTemplate(source.template, mine, { origin, ttl: 3_600, proxyIp, mailHost })
  return { wanted, problems: [], left: [], what: `The template ${source.template} was applied to ${shown(origin)}` }
}

/** The zone as a file; its SOA when ISPConfig answers. */
export async function exported(zones: Zones, domain: string): Promise<{ ok: true; file: string } | (Answer & { ok: false })> {
  const found = await zones.find({ name: domain })
  if (!found.ok) return found
  const { zone, current } = found
  const soa = zone.zoneId === 0 ? undefined : await zones.up(5_000).ispconfig.dns.zoneGet(zone.zoneId).catch(() => undefined)
  return { ok: true, file: writeZoneFile(zone.origin, current, soa) }
}
