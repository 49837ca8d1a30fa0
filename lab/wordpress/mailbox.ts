// The mails that a site sends, one JSON line each, appended by the site's own process before WordPress hears that they were
// sent. They lie in the site's folder, so what a half-done installation promised goes with it, and outlive the site in an
// archive. Holds credentials in clear, as mail does: readable by its owner only.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Mail { to: string; subject: string; text: string; at: number; site: string }

export const mailboxOf = (folder: string): string => join(folder, 'mails.jsonl')

export function postMail(path: string, mail: Mail): void {
  appendFileSync(path, `${JSON.stringify(mail)}\n`, { mode: 0o600 })
}

/** All mails in the order of sending; a line cut short by a crash is left out. */
export function readMails(path: string): Mail[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Mail]
    } catch {
      return []
    }
  })
}
