// The rows of what a customer asked for beyond the order: one case per kind of item.
import { rowsOf, type Domain, type Item } from '../domain/site.ts'
import type { Wanted } from '../engine/resource.ts'
import type { CheckWish } from './check.ts'
import type { CopyWish } from './copy.ts'
import type { JobWish } from './job.ts'
import type { ReplacementWish } from './replacement.ts'
import type { RestoreWish } from './restore.ts'
import type { SnapshotWish } from './snapshot.ts'

/** `gone`: the whole tenant is going; `root` is the storage of its disk; `running`: the container is wanted up. */
export function linesOf(item: Item, all: readonly Item[], place: { vmid: number; node: string }, root: string, gone: boolean, running: boolean, domainLines: (domain: Domain) => Wanted[]): Wanted[] {
  const want = item.want === 'present' && !gone ? 'present' : 'absent'
  const line = <W>(wish: W, after: readonly string[] = []): Wanted[] => rowsOf(item).map((resource) => ({ resource, want, wish, after }))
  switch (item.kind) {
    case 'backup':
      return line<SnapshotWish>({ ...place, snapname: item.name })
    case 'copy':
      return line<CopyWish>({ ...place, storage: item.storage, name: item.name }).map((one) => (item.keptUntil === undefined ? one : { ...one, want: item.want }))
    case 'restart':
      return []
    case 'shrink': {
      const { n, name, storage, gb, step } = item
      const copied: Wanted = { resource: `copy:${name}`, want, wish: { ...place, storage, name } satisfies CopyWish, after: want === 'present' ? ['disk', 'failover', 'power'] : [] }
      if (step === 'copy') return [copied]
      // What was seen stays as it is while the copy goes.
      return [
        copied,
        { resource: `replacement:${n}`, want: gone ? 'absent' : 'present', wish: { ...place, root, n, name, storage, gb } satisfies ReplacementWish, after: gone ? [] : ['failover', 'power', 'snapshot', `copy:${name}`] },
        { resource: `check:${n}`, want: running && !gone && step === 'check' ? 'present' : 'absent', wish: { ...place, gb } satisfies CheckWish },
      ]
    }
    case 'restore': {
      // Newer backups go first, and nothing runs meanwhile, high availability included.
      const newer = all.filter((other) => other.kind === 'backup' && other.want === 'absent').flatMap(rowsOf)
      const from = all.find((other) => other.kind === 'copy' && other.name === item.snapshot)
      // No snapshot outlives the disk that it is of, the first one included.
      if (item.off) return line<ReplacementWish>({ ...place, root, n: item.n, name: item.snapshot, storage: from?.kind === 'copy' ? from.storage : '' }, want === 'present' ? ['failover', 'power', 'snapshot', ...newer] : [])
      return line<RestoreWish>({ ...place, n: item.n, snapname: item.snapshot }, want === 'present' ? ['failover', 'power', ...newer] : [])
    }
    case 'domain':
      return domainLines(item)
    case 'job':
      // What has begun when the site is to go to rest comes to its end first.
      return line<JobWish>({ ...place, n: item.n, job: item.job }, want === 'present' && running ? ['power'] : [])
  }
}
