// What a command hands back, and how columns are printed. Nothing here talks to anybody.

/** `well` false: it did its work and found something wrong (exit code 1). `data` is printed with --json, `lines` without. */
export interface Outcome { well: boolean; data: object; lines: readonly string[] }

/** The wrong way to call a command: the message says the right one. */
export class Misused extends Error {
  override name = 'Misused'
}

/** Rows in columns, with names above; nothing when there are none. */
export function columns(names: readonly string[], rows: readonly (readonly (string | number | null | undefined)[])[]): string[] {
  if (rows.length === 0) return []
  const cells = [names, ...rows.map((row) => row.map((cell) => printable(cell === null || cell === undefined ? '-' : String(cell))))]
  const widths = names.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? '').length)))
  return cells.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ').trimEnd())
}

/** One line without control characters: what upstreams and customers wrote must not steer a terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')

/** `2026-11-23 05:26:28` (UTC) of epoch ms; `-` for 0. */
export const utc = (at: number): string => (at > 0 ? new Date(at).toISOString().slice(0, 19).replace('T', ' ') : '-')
