// Rows as CSV by RFC 4180, with a header line. Text that a spreadsheet would take for a formula is led by an apostrophe.
// https://www.rfc-editor.org/rfc/rfc4180 · https://owasp.org/www-community/attacks/CSV_Injection

/** Lines end with CR LF; null is empty. */
export function csvOf(columns: readonly string[], rows: readonly Readonly<Record<string, string | number | null>>[]): string {
  return [columns.join(), ...rows.map((row) => columns.map((column) => field(row[column] ?? null)).join())].map((line) => `${line}\r\n`).join('')
}

function field(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  // A spreadsheet looks past leading space, and some take the full-width signs for the plain ones.
  const text = /^\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(value) || /^[\t\r\n]/.test(value) ? `'${value}` : value
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
