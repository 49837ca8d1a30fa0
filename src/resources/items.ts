// The rows of what a customer asked for beyond the order: one case per kind of item.
import { rowsOf, type Item } from '../domain/site.ts'
import type { Wanted } from '../engine/resource.ts'
import type { RestoreWish } from './restore.ts'
import type { SnapshotWish } from './snapshot.ts'

/** `gone`: the whole tenant is going. */
export function linesOf(item: Item, all: readonly Item[], place: { vmid: number; node: string }, gone: boolean): Wanted[] {
  const want = item.want === 'present' && !gone ? 'present' : 'absent'
  const line = <W>(wish: W, after: readonly string[] = []): Wanted[] => rowsOf(item).map((resource) => ({ resource, want, wish, after }))
  switch (item.kind) {
    case 'backup':
      return line<SnapshotWish>({ ...place, snapname: item.name })
    case 'restart':
      return []
    case 'restore': {
      // Newer backups go first, and nothing runs meanwhile, high availability included.
      const newer = all.filter((other) => other.kind === 'backup' && other.want === 'absent').flatMap(rowsOf)
      return line<RestoreWish>({ ...place, n: item.n, snapname: item.snapshot }, ['failover', 'power', ...newer])
    }
  }
}
