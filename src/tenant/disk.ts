// How large a site's disk is wanted: as the plan says, unless that could not be done. Then it is held at the size it has, the
// customer and the operator are told, and everything else of the plan holds all the same. Pure.
// A smaller disk is a move, step by step: docs/decisions/0011-smaller-disks.md.
import { plans } from '../domain/plan.ts'
import { backupsOf, busyWith, noticed, type Item, type Shrink, type Site } from '../domain/site.ts'
import type { Row } from '../engine/row.ts'
import { DiskOut } from '../resources/disk.ts'
import type { TenantState } from './state.ts'

type Rows = ReadonlyMap<string, Row>

/** The plan is new, or a person asks once more: the disk follows the plan. `storage` is where a copy may lie meanwhile. */
export function fitDisk(state: Pick<TenantState, 'spec' | 'site' | 'served' | 'target'>, now: number, storage: string | undefined): Site {
  const { spec: { plan }, site } = state
  const { gb: from } = site.disk
  const gb = plans[plan].diskGb
  // One at a time: when a move has ended, the disk is fitted again.
  if (site.items.some((item) => item.kind === 'shrink' && item.want === 'present')) return site
  if (gb === from) return { ...site, disk: { ...site.disk, held: false } }
  if (gb > from) return { ...site, disk: { gb, before: from, held: false } }
  const stays = storage === undefined || !state.served || state.target !== 'live' || site.power === 'off' || backupsOf(site).length > 0 || busyWith(site) !== undefined
  if (stays) return site.disk.held ? site : noticed({ ...site, disk: { ...site.disk, held: true } }, 'Disk', `It keeps its ${from} GB.`, now)
  const n = site.counter + 1
  const move: Shrink = { kind: 'shrink', n, name: `MOVE-${n}`, storage, gb, from, step: 'copy', want: 'present', failed: null, at: now }
  return { ...site, counter: n, disk: { ...site.disk, held: false }, items: [...site.items, move] }
}

/** The row cannot be made: the site as it is then wanted, or undefined when it is no row of a disk, or only a person can help. */
export function heldDisk(site: Site, row: Row, why: string, now: number): Site | undefined {
  if (row.name === 'disk') {
    const gb = DiskOut.safeParse(row.out).data?.gb ?? site.disk.before
    return noticed({ ...site, disk: { gb, before: gb, held: true } }, 'Disk', `It could not be made larger and keeps its ${gb} GB; support has been told (${why}).`, now)
  }
  const move = site.items.find((item) => item.kind === 'shrink' && item.want === 'present')
  if (move?.kind !== 'shrink') return undefined
  const instead = (other: Shrink): Site => ({ ...site, disk: { ...site.disk, held: true }, items: site.items.map((item): Item => (item === move ? other : item)) })
  if (row.name === `copy:${move.name}`) return instead({ ...move, want: 'absent', failed: why })
  // Back to the size that it came from, out of the same copy.
  if ((row.name === `replacement:${move.n}` || row.name === `check:${move.n}`) && move.gb !== move.from) return instead({ ...move, gb: move.from, step: 'move', failed: why })
  return undefined
}

interface Moved { disk: Site['disk']; item: Shrink | undefined; look: readonly string[] }

/** Where a move stands now; undefined when it stands where it stood, without `item` when it has ended. */
export function moved(site: Site, move: Shrink, rows: Rows): Moved | undefined {
  const settled = (name: string, want: Row['want'] = 'present'): boolean => rows.get(name)?.phase === 'settled' && rows.get(name)?.want === want
  const { disk } = site
  const to = (change: Partial<Shrink>, more: Partial<Moved> = {}): Moved => ({ disk, item: { ...move, ...change }, look: [], ...more })
  if (move.want === 'absent') return settled(`copy:${move.name}`, 'absent') ? { disk, item: undefined, look: [] } : undefined
  switch (move.step) {
    case 'copy':
      return settled(`copy:${move.name}`) ? to({ step: 'move' }) : undefined
    case 'move':
      if (!settled(`replacement:${move.n}`)) return undefined
      return to({ step: 'check' }, { disk: { gb: move.gb, before: move.from, held: move.failed !== null }, look: ['container', 'replicas', 'disk', 'firewall'] })
    case 'check':
      // The copy goes when the site was seen, and everything that the new disk brought with it stands as wanted.
      return ['check:' + move.n, 'container', 'replicas', 'disk', 'firewall', 'power'].every((name) => settled(name)) ? to({ want: 'absent' }) : undefined
  }
}

/** A copy brings its own disk along: what is larger than wanted is not made smaller behind the customer's back. */
export function largerDisk(site: Site, rows: Rows): Site | undefined {
  const row = rows.get('disk')
  const gb = row?.phase === 'settled' && row.want === 'present' ? (DiskOut.safeParse(row.out).data?.gb ?? 0) : 0
  return gb > site.disk.gb ? { ...site, disk: { gb, before: gb, held: true } } : undefined
}
