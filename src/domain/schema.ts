// The numbers of what our objects keep. A release works on whatever the release before it and the one after it have written: columns,
// tables and fields are only added, and go a release after nobody reads them any more (docs/upgrade.md).
import type { Storage } from './sql.ts'

/** `version` grows with each change of tables or of what stands in them; `readableFrom` is the oldest one that can still work on it. */
export interface Schema { version: number; readableFrom: number }

export const schemas = {
  // An object that knows of a site built ahead says 2 of itself: the release before would take it for somebody else's.
  tenant: { version: 2, readableFrom: 1 },
  customer: { version: 1, readableFrom: 1 },
  allocator: { version: 2, readableFrom: 1 },
  gate: { version: 1, readableFrom: 1 },
  support: { version: 1, readableFrom: 1 },
} as const satisfies Record<string, Schema>

/** Notes what a release must be able to read here. True when this one is too old for it, and must not touch anything. */
export function openSchema({ sql }: Storage, { version, readableFrom }: Schema): boolean {
  sql.exec('CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, tenant TEXT)')
  const stored = sql.exec('SELECT schema_version AS v FROM meta').toArray()[0]?.['v']
  if (stored === undefined) sql.exec('INSERT INTO meta (id, schema_version) VALUES (1, ?)', readableFrom)
  else if (Number(stored) < readableFrom) sql.exec('UPDATE meta SET schema_version = ?', readableFrom)
  return Number(stored ?? 0) > version
}

/** The same for an object that has nothing to do but its work: throws, so that whoever asks it hears that it is away. */
export function openOrThrow(storage: Storage, schema: Schema): void {
  if (openSchema(storage, schema)) throw new Error('written by a newer release; this one does not touch it')
}
