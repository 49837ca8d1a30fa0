// DMARC: is this text a record that receivers follow? https://www.rfc-editor.org/rfc/rfc7489#section-6.3
import { tagsOf } from './dkim.ts'

export const isDmarc = (text: string): boolean => /^v=DMARC1(?:\s*;|\s*$)/.test(text)

const values: Record<string, RegExp> = {
  p: /^(?:none|quarantine|reject)$/i, sp: /^(?:none|quarantine|reject)$/i, adkim: /^[rs]$/i, aspf: /^[rs]$/i, pct: /^(?:\d{1,2}|100)$/, ri: /^\d{1,9}$/,
  rua: /^mailto:[^\s,;]+@[^\s,;]+(?:\s*,\s*mailto:[^\s,;]+@[^\s,;]+)*$/i, ruf: /^mailto:[^\s,;]+@[^\s,;]+(?:\s*,\s*mailto:[^\s,;]+@[^\s,;]+)*$/i, fo: /^[01ds](?::[01ds])*$/i,
}

/** What is wrong in it, in the middle of a sentence (“says p=…”); undefined when nothing is. */
export function dmarcProblem(text: string): string | undefined {
  const tags = tagsOf(text)
  if (!tags.has('p')) return 'does not say what becomes of mail that fails (p=none, p=quarantine or p=reject)'
  const bad = [...tags].find(([name, value]) => values[name] !== undefined && !values[name].test(value))
  return bad && `says ${bad[0]}=${bad[1].slice(0, 40)}, which receivers do not understand`
}

/** none, quarantine or reject. */
export const dmarcPolicy = (text: string): string => tagsOf(text).get('p')?.toLowerCase() ?? ''
