// The SPF record of a domain: what is wrong in it, and how many look-ups it costs a receiver (ten at most, nested ones included).
// https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4 The world is asked only through the function that is handed in.
import type { Finding } from './finding.ts'
import type { DnsRecord } from './record.ts'
import { shown } from './host-name.ts'

const lookupsMax = 10
const costly = /^[+?~-]?(include|a|mx|ptr|exists)(?=$|[:/])[:]?([^/]*)/i

export const isSpf = (record: DnsRecord): boolean => record.type === 'TXT' && /^v=spf1(?: |$)/i.test(record.data)

/** The texts of a name's TXT records; undefined when nobody answered. */
export type TextsOf = (name: string) => Promise<readonly string[] | undefined>

/** What can be said of the text alone. */
export function spfWords(record: DnsRecord): Finding[] {
  const terms = record.data.trim().split(/\s+/).slice(1)
  const of = (level: Finding['level'], message: string): Finding => ({ level, name: record.name, type: 'TXT', message: `The SPF record of ${shown(record.name)} ${message}` })
  const unknown = terms.filter((term) => !/^(?:[+?~-]?(?:all|(?:include|exists):\S+|(?:a|mx)(?:[:/]\S+)?|ptr(?::\S+)?|ip4:[\d./]+|ip6:[\da-f:./]+)|[a-z][\w.-]*=\S*)$/i.test(term))
  const at = terms.findIndex((term) => /^[+?~-]?all$/i.test(term))
  const redirects = terms.some((term) => /^redirect=/i.test(term))
  return [
    ...unknown.map((term) => of('error', `has a part that nobody understands: “${term.slice(0, 60)}”.`)),
    ...(/^\+?all$/i.test(terms[at] ?? '') ? [of('warning', 'lets everybody send mail in this name (“+all”); end it with “~all” or “-all”.')] : []),
    ...(at < 0 && !redirects ? [of('warning', 'does not say what becomes of other senders; end it with “~all” or “-all”.')] : []),
    ...(at >= 0 && at < terms.length - 1 && terms.slice(at + 1).some((term) => !/^[a-z]+=/i.test(term)) ? [of('warning', 'has parts after “all” that are never read.')] : []),
    ...(terms.some((term) => /^[+?~-]?ptr\b/i.test(term)) ? [of('warning', 'uses “ptr”, which receivers no longer follow; remove it.')] : []),
  ]
}

/** Counts look-ups, nested ones through `textsOf`. What nobody answers is counted as the one look-up that it surely is. */
export async function spfLookups(record: DnsRecord, textsOf: TextsOf): Promise<Finding[]> {
  const walked = await walk(record.data, textsOf, [shown(record.name).toLowerCase()])
  const of = (message: string, level: Finding['level'] = 'error'): Finding => ({ level, name: record.name, type: 'TXT', message: `The SPF record of ${shown(record.name)} ${message}` })
  return [
    ...(walked.count > lookupsMax ? [of(`makes receivers look up ${walked.count > cut ? `more than ${cut}` : walked.count} names, ${lookupsMax} are allowed: they would refuse it. Remove an include that is no longer needed.`)] : []),
    ...walked.missing.map((name) => of(`includes ${name}, which has no SPF record.`, 'warning')),
    ...walked.loops.map((name) => of(`includes itself through ${name}.`)),
  ]
}

interface Walked { count: number; missing: string[]; loops: string[] }

/** Nothing is counted further than this. */
const cut = 30

async function walk(text: string, textsOf: TextsOf, path: readonly string[]): Promise<Walked> {
  const sum: Walked = { count: 0, missing: [], loops: [] }
  const terms = text.trim().split(/\s+/).slice(1)
  const followsRedirect = !terms.some((term) => /^[+?~-]?all$/i.test(term))
  for (const term of terms) {
    const redirect = /^redirect=(\S+)$/i.exec(term)
    const [, mechanism = '', argument = ''] = costly.exec(term) ?? []
    if (!mechanism && !(redirect && followsRedirect)) continue
    sum.count++
    const next = (redirect?.[1] ?? (mechanism.toLowerCase() === 'include' ? argument : '')).toLowerCase().replace(/\.$/, '')
    // Macros depend on the sender; they cannot be followed.
    if (next === '' || next.includes('%{')) continue
    if (path.includes(next)) {
      sum.loops.push(next)
      continue
    }
    if (sum.count > cut || path.length > lookupsMax) break
    const texts = await textsOf(next)
    if (texts === undefined) continue
    const found = texts.find((one) => /^v=spf1(?: |$)/i.test(one))
    if (found === undefined) {
      sum.missing.push(next)
      continue
    }
    const below = await walk(found, textsOf, [...path, next])
    sum.count += below.count
    sum.missing.push(...below.missing)
    sum.loops.push(...below.loops)
  }
  return sum
}
