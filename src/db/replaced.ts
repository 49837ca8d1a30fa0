// Statements that replace all rows that somebody has in a table, if their report is the newest: part of a larger transaction.
import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { DrizzleD1Database } from 'drizzle-orm/d1'
import type { SQLiteColumn, SQLiteTable } from 'drizzle-orm/sqlite-core'

/** The row that says how new a report is: written by an earlier statement of the same transaction. */
export interface Newest { table: SQLiteTable & { version: SQLiteColumn }; key: SQLiteColumn; is: string; version: number }

/** True for the newest report only. */
export const holds = ({ table, key, is, version }: Newest) => sql`EXISTS (SELECT 1 FROM ${table} WHERE ${key} = ${is} AND ${table.version} = ${version})`

/** `key` is the column that says whose a row is; rows are told without `asOf`. `now` is epoch ms. */
export function replaced<T extends SQLiteTable>(db: DrizzleD1Database, table: T, key: SQLiteColumn, rows: readonly Omit<T['$inferInsert'], 'asOf'>[], newest: Newest, now: number) {
  return [db.delete(table).where(and(eq(key, newest.is), holds(newest))), ...rows.map((row) => {
    const values: Record<string, unknown> = { ...row, asOf: now }
    return db.insert(table).select(sql`SELECT ${sql.join(Object.keys(getTableColumns(table)).map((name) => sql`${values[name] ?? null}`), sql`, `)} WHERE ${holds(newest)}`)
  })]
}
