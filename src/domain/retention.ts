// Which nightly backups are kept: the newest of so many days, weeks and months, counted in the hoster's time zone. Pure.
import { dayIn } from './calendar.ts'

export interface Keep { daily: number; weekly: number; monthly: number }

/** `at` is epoch ms. */
interface Dated { name: string; at: number }

/**
 * Names of those that go. As Proxmox prunes: going back from the newest, one is kept for each day until enough days have one,
 * then for each week (from Monday) that has none kept yet, then for each month. The newest always stays.
 * https://pve.proxmox.com/pve-docs/chapter-vzdump.html#vzdump_retention
 */
export function outdated(all: readonly Dated[], keep: Keep, timeZone: string): string[] {
  const newestFirst = [...all].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1))
  const kept = new Set(newestFirst.slice(0, 1).map(({ name }) => name))
  for (const [count, period] of [[keep.daily, dayOf], [keep.weekly, weekOf], [keep.monthly, monthOf]] as const) {
    // A period that an earlier rule has kept something of is neither kept for again nor counted.
    const covered = new Set(period === dayOf ? [] : newestFirst.filter(({ name }) => kept.has(name)).map(({ at }) => period(timeZone, at)))
    const chosen = new Set<string | number>()
    for (const { name, at } of newestFirst) {
      const when = period(timeZone, at)
      if (covered.has(when) || chosen.has(when)) continue
      if (chosen.size >= count) break
      chosen.add(when)
      kept.add(name)
    }
  }
  return newestFirst.filter(({ name }) => !kept.has(name)).map(({ name }) => name)
}

const dayOf = dayIn

const monthOf = (timeZone: string, at: number): string => dayIn(timeZone, at).slice(2)

/** Weeks since the Monday of 29 December 1969. */
function weekOf(timeZone: string, at: number): number {
  const day = dayIn(timeZone, at)
  const days = Date.UTC(Number(day.slice(4)), Number(day.slice(2, 4)) - 1, Number(day.slice(0, 2))) / 86_400_000
  return Math.floor((days + 3) / 7)
}
