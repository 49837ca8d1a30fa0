// A site's backups as its customer and the reports see them: snapshots and off-site copies in one list, oldest first. Pure.
import { plans } from '../domain/plan.ts'
import { backupsOf, copiesOf, customersOf, type Site } from '../domain/site.ts'
import type { TenantState } from './state.ts'

/** `at` is when it was asked for, epoch ms; a snapshot's size is not known. */
export interface ListedBackup {
  name: string
  kind: 'manual' | 'scheduled' | 'off-site'
  state: 'being made' | 'good' | 'being removed' | 'failed'
  /** Why it failed, in plain words. */
  reason: string | null
  sizeBytes: number | null
  at: number
  /** Until when it outlives its site, epoch ms; null while the site is there. */
  keptUntil: number | null
}

export const listed = (site: Site): ListedBackup[] =>
  [...backupsOf(site), ...copiesOf(site)].map((one): ListedBackup => ({
    name: one.name, at: one.at, reason: one.failed,
    kind: one.kind === 'copy' ? 'off-site' : one.by === 'customer' ? 'manual' : 'scheduled',
    state: one.failed !== null ? 'failed' : one.want === 'absent' ? 'being removed' : one.made ? 'good' : 'being made',
    sizeBytes: one.kind === 'copy' && one.made ? one.sizeBytes : null,
    keptUntil: one.kind === 'copy' ? one.keptUntil ?? null : null,
  })).sort((a, b) => a.at - b.at)

export interface BackupList {
  used: number
  limit: number
  backups: ListedBackup[]
  /** What could not be done, for the customer to read, newest last. */
  notices: Site['notices']
}

/** Quota and list; the notices are those of backups and of going back. */
export const backupList = ({ spec, site }: TenantState): BackupList =>
  ({ used: customersOf(site).length, limit: plans[spec.plan].backups, backups: listed(site), notices: site.notices.filter(({ what }) => /^(Backup|Going back|Reset)/.test(what)) })
