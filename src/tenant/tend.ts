// What becomes of what a customer asked for: actions that are done are forgotten, backups are marked as made, what cannot be made
// is cleared away and told. It never touches the site's own rows, but that a snapshot's sizes and settings are looked at again.
import { ended, keptCopies, noticed, passes, rowsOf, titleOf, type Item, type Site } from '../domain/site.ts'
import { reopened } from '../engine/plan.ts'
import { instanceOf, kindOf, type Row } from '../engine/row.ts'
import { CopyOut } from '../resources/copy.ts'
import { JobOut } from '../resources/job.ts'
import { fitDisk, heldDisk, largerDisk, moved } from './disk.ts'
import type { TenantStorage } from './storage.ts'
import { tendHosts } from './tend-hosts.ts'

interface Tended {
  site: Site
  /** Rows of forgotten items. */
  drop: string[]
  /** Rows that must be looked at again: a snapshot brings its own sizes and settings back. */
  look: string[]
}

/** A certificate that cannot be had is asked for again after this. */
const certificatePauseMs = 6 * 3_600_000

/** Writes what has come to rest. True when that changes what is wanted. */
export function forget(store: TenantStorage, now: number, storage: string | undefined): boolean {
  const state = store.state()!
  const over = new Set<Item>(keptCopies(state.site).filter(({ keptUntil }) => keptUntil <= now))
  if (over.size > 0) {
    store.putState({ ...state, site: { ...state.site, items: state.site.items.map((item): Item => (over.has(item) ? { ...item, want: 'absent' } : item)) } })
    return true
  }
  const rows = new Map(store.rows().map((row) => [row.name, row]))
  const tended = tend(state.site, rows, now)
  if (!tended) {
    const larger = largerDisk(state.site, rows)
    if (larger) store.putState({ ...state, site: larger })
    return larger !== undefined
  }
  // A plan that came during a move is fitted now.
  const refit = !tended.site.disk.held && tended.drop.some((name) => name.startsWith('replacement:'))
  store.putState({ ...state, site: refit ? fitDisk({ ...state, site: tended.site }, now, storage) : tended.site })
  for (const name of tended.drop) store.drop(name)
  for (const row of tended.look.flatMap((name) => store.row(name) ?? [])) store.put(reopened(row, now))
  store.journal('forgotten', null, 0, { rows: tended.drop })
  return true
}

/** What the customer asked for by this row cannot be: it is wanted away or left as it was, and he is told `why`. False when it is the site's own row. */
export function fail(store: TenantStorage, row: Row, why: string, now: number): boolean {
  const state = store.state()!
  const held = heldDisk(state.site, row, why, now)
  if (held) {
    store.putState({ ...state, site: held })
    store.journal('turned', row.name, row.attempt, why)
    return true
  }
  const failed = state.site.items.find((item) => rowsOf(item).includes(row.name))
  if (!failed) return false
  if (failed.kind === 'domain' && kindOf(row.name) === 'certificate') {
    // It is served without one meanwhile.
    store.put({ ...row, phase: 'unknown', fails: 0, refusal: null, busySince: 0, notBefore: now + certificatePauseMs, why })
    return true
  }
  // Once it was asked for, the old disk may be gone: what then stands there is not to be started, nor made anew from nothing.
  if (failed.kind === 'restore' && failed.off === true && !(row.refusal !== null && row.fails <= 1)) return false
  const items = state.site.items.map((item): Item => (item === failed ? given(item, instanceOf(row.name), why) : item))
  store.putState({ ...state, site: { ...state.site, items } })
  store.journal('turned', row.name, row.attempt, why)
  return true
}

/** What fails for the `www.` of a domain is no failure of the domain. */
const given = (item: Item, host: string, why: string): Item =>
  item.kind === 'domain' && host !== item.name
    ? { ...item, hosts: item.hosts.map((one) => (one.name === host ? { ...one, want: 'absent' } : one)) }
    : { ...item, want: 'absent', failed: why }

/** Undefined when nothing has changed. */
function tend(site: Site, rows: ReadonlyMap<string, Row>, now: number): Tended | undefined {
  const drop: string[] = []
  const look: string[] = []
  const items: Item[] = []
  let told = site
  let changed = false
  for (const item of site.items) {
    if (item.kind === 'shrink') {
      const next = moved(site, item, rows)
      if (next?.item) items.push(next.item)
      else if (!next) items.push(item)
      else {
        drop.push(...rowsOf(item))
        if (item.failed !== null) told = noticed(told, titleOf(item), `The disk keeps its ${next.disk.gb} GB (${item.failed}).`, now)
      }
      if (next) told = { ...told, disk: next.disk }
      look.push(...(next?.look ?? []))
      changed ||= next !== undefined
      continue
    }
    const rests = item.kind === 'restart' ? item.want === 'absent' || down(rows)
      : rowsOf(item).every((name) => rows.get(name)?.phase === 'settled' && rows.get(name)?.want === item.want)
    if (item.kind === 'domain' && item.want === 'present') {
      const moved = tendHosts(item.hosts, rows, now)
      items.push(moved ? { ...item, hosts: moved.hosts } : item)
      drop.push(...(moved?.drop ?? []))
      changed ||= moved !== undefined
    } else if (!rests) items.push(item)
    else if (item.want === 'absent' || passes(item) || item.kind === 'job') {
      drop.push(...rowsOf(item))
      if (item.kind === 'job') told = ended(told, item, JobOut.safeParse(rows.get(`job:${item.n}`)?.out).data?.result ?? null, now)
      if (item.kind === 'restore') look.push('container', 'replicas', 'disk', ...(item.off ? ['firewall'] : []))
      if (item.failed !== null) told = noticed(told, titleOf(item), item.failed, now)
      changed = true
    } else if (item.kind === 'backup' && !item.made) {
      items.push({ ...item, made: true })
      changed = true
    } else if (item.kind === 'copy' && !item.made) {
      items.push({ ...item, made: true, sizeBytes: CopyOut.parse(rows.get(`copy:${item.name}`)?.out).sizeBytes })
      changed = true
    } else items.push(item)
  }
  return changed ? { site: { ...told, items }, drop, look } : undefined
}

/** The container was seen at rest. */
const down = (rows: ReadonlyMap<string, Row>): boolean => ['power', 'failover'].every((name) => rows.get(name)?.phase === 'settled' && rows.get(name)?.want === 'absent')
