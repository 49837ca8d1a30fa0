// How large a site's disk is wanted: as the plan says, unless that could not be done. Then it is held at the size it has, the
// customer and the operator are told, and everything else of the plan holds all the same. Pure.
import { plans } from '../domain/plan.ts'
import { noticed, type Site } from '../domain/site.ts'
import type { Row } from '../engine/row.ts'
import { DiskOut } from '../resources/disk.ts'
import type { TenantState } from './state.ts'

/** The plan is new, or a person asks once more: the disk follows the plan. Nobody makes one smaller. */
export function fitDisk(state: Pick<TenantState, 'spec' | 'site'>, now: number): Site {
  const { spec: { plan }, site } = state
  const gb = plans[plan].diskGb
  if (gb === site.disk.gb) return { ...site, disk: { ...site.disk, held: false } }
  if (gb > site.disk.gb) return { ...site, disk: { gb, before: site.disk.gb, held: false } }
  return noticed({ ...site, disk: { ...site.disk, held: true } }, 'Disk', `It keeps its ${site.disk.gb} GB.`, now)
}

/** The disk cannot be made so: it stays as it was seen last. Undefined when the row is another. */
export function heldDisk(site: Site, row: Row, why: string, now: number): Site | undefined {
  if (row.name !== 'disk') return undefined
  const gb = DiskOut.safeParse(row.out).data?.gb ?? site.disk.before
  return noticed({ ...site, disk: { gb, before: gb, held: true } }, 'Disk', `It could not be made larger and keeps its ${gb} GB; support has been told (${why}).`, now)
}
