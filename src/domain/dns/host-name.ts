// Names of the DNS as we keep them: lower-case ASCII, absolute, with the trailing dot. What is not a name is told in one sentence.

/** The longest name without its trailing dot, and the longest label. https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4 */
const nameMax = 253
const labelMax = 63

export type NameOr = { ok: true; name: string } | { ok: false; problem: string }

export interface NameRules {
  /** `*` may be the first label. */
  wildcard: boolean
  /** Labels may have underscores: `_dmarc`, `_sip._tcp`. */
  underscore: boolean
}

/** The name with Unicode labels in their ASCII form (`ä.example` -> `xn--4ca.example`), or undefined when there is none. */
export function ascii(name: string): string | undefined {
  const labels = name.normalize('NFC').toLowerCase().split(/[.。．｡]/).map((label) => {
    if (!/[^\x20-\x7e]/.test(label)) return label
    try {
      return new URL(`http://${label}.example`).hostname.split('.').slice(0, -1).join('.')
    } catch {
      return undefined
    }
  })
  return labels.every((label) => label !== undefined) ? labels.join('.') : undefined
}

/** Checks an absolute name; `what` begins the sentence. */
export function checkedName(text: string, rules: NameRules): NameOr {
  const name = ascii(text.trim())
  const bad = (problem: string): NameOr => ({ ok: false, problem: `“${brief(text)}” is not a name: ${problem}` })
  if (name === undefined) return bad('it has characters that no domain name can have.')
  if (!name.endsWith('.')) return bad('it is not complete.')
  const labels = name.slice(0, -1).split('.')
  if (name.length - 1 > nameMax) return bad(`it has ${name.length - 1} characters, ${nameMax} are allowed.`)
  for (const [i, label] of labels.entries()) {
    if (label === '') return bad('there is an empty part between two dots.')
    if (label.length > labelMax) return bad(`the part “${brief(label)}” has ${label.length} characters, ${labelMax} are allowed.`)
    if (label === '*' && i === 0 && rules.wildcard) continue
    if (label.includes('*')) return bad(rules.wildcard ? '“*” may only stand alone, as its first part.' : '“*” cannot stand here.')
    if (label.includes('_') && !rules.underscore) return bad(`“_” cannot stand here (in “${brief(label)}”).`)
    if (!/^[a-z0-9_-]+$/.test(label)) return bad(`the part “${brief(label)}” has other characters than letters, digits and hyphens.`)
    if (/^-|-$/.test(label)) return bad(`the part “${brief(label)}” begins or ends with a hyphen.`)
  }
  return { ok: true, name }
}

/** `@`, `www`, `www.example.com` and `www.example.com.` as people write them in the zone `example.com.`: always absolute. */
export function ownerAsWritten(text: string, origin: string): string {
  const name = text.trim().toLowerCase()
  if (name === '' || name === '@') return origin
  if (name.endsWith('.')) return name
  return within(`${name}.`, origin) ? `${name}.` : `${name}.${origin}`
}

/** A host that a record leads to, as people write it: with a dot in it it is complete, a single word lies in the zone. */
export function targetAsWritten(text: string, origin: string): string {
  const name = text.trim().toLowerCase()
  if (name === '@') return origin
  if (name === '' || name.endsWith('.')) return name
  return name.includes('.') ? `${name}.` : `${name}.${origin}`
}

/** True when the absolute name is the zone's own or lies below it. */
export const within = (name: string, origin: string): boolean => name === origin || name.endsWith(`.${origin}`)

/** `@` for the zone's own name, `www` for one below it, else the absolute name. */
export function relative(name: string, origin: string): string {
  if (name === origin) return '@'
  return within(name, origin) ? name.slice(0, -origin.length - 1) : name
}

/** For people: without the trailing dot. */
export const shown = (name: string): string => (name.length > 1 ? name.replace(/\.$/, '') : name)

const brief = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}…` : text)
