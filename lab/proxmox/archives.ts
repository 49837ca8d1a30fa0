// What lies on the backup storage, a share or a Proxmox Backup Server: whole containers as vzdump wrote them, with their config of that moment. Plain data in a
// slice of its own. Nothing here speaks HTTP.
import { backupStorage } from '../topology.ts'
import type { World } from '../world.ts'
import { PveError } from './protocol.ts'
import { type Config, pve } from './state.ts'

/** `ctime` in epoch seconds, as in the name; `usedGb` is what the files need when they are unpacked. */
export interface Archive { volid: string; vmid: number; ctime: number; sizeBytes: number; usedGb: number; notes: string; protected: boolean; config: Config }

/** A share that all nodes mount, or a Proxmox Backup Server. */
export type BackupKind = 'nfs' | 'pbs'

const slice = (world: World): { list: Archive[]; kind?: BackupKind } => world.slice('proxmox-archives', () => ({ list: [] as Archive[] }))

export const backupKind = (world: World): BackupKind => slice(world).kind ?? 'nfs'

/** From now on the backup storage is of this kind. */
export function useBackups(world: World, kind: BackupKind): void {
  slice(world).kind = kind
  world.changed()
}

/** Every archive, whoever it belongs to. */
export const archives = (world: World): Archive[] => slice(world).list

export const bytesUsed = (world: World): number => archives(world).reduce((sum, one) => sum + one.sizeBytes, 0)

/** The storage is a share of one node: without it nothing is listed, written or removed. */
export function reachable(world: World): void {
  if (!pve(world).nodes[backupStorage.node]!.online) throw new PveError(500, `storage '${backupStorage.id}' is not online\n`)
}

export function archiveNamed(world: World, volid: string): Archive | undefined {
  return archives(world).find((one) => one.volid === volid)
}

export function keep(world: World, archive: Archive): void {
  archives(world).push(archive)
  world.changed()
}

export function discard(world: World, volid: string): void {
  slice(world).list = archives(world).filter((one) => one.volid !== volid)
  world.changed()
}
