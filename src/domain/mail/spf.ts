// One SPF record that lets the domain's mail server send: merged into whatever is there, because two of them count as none.
import { isSpf } from '../dns/spf.ts'
import type { DnsRecord } from '../dns/record.ts'

/** The mail server of a domain with mail here is its MX. */
const us = 'mx'
const fresh = `v=spf1 ${us} ~all`

/** True when the text lets the hosts of the MX records send. */
export const allowsMx = (text: string): boolean => termsOf(text).some((term) => /^\+?mx$/i.test(term))

/** The texts of a name's SPF records, made one that lets us send and keeps what they said; the first one's ending counts. */
export function spfWith(texts: readonly string[]): string {
  const [first, ...more] = texts
  if (first === undefined) return fresh
  if (more.length === 0 && allowsMx(first)) return first
  const terms = texts.map(termsOf)
  const all = terms.map((list) => list.at(-1) ?? '').find(isAll)
  const redirect = texts.length === 1 && all === undefined ? terms[0]!.find((term) => /^redirect=/i.test(term)) : undefined
  const kept = terms.flat().filter((term) => !isAll(term) && term !== redirect && !/^[?~-]?mx$/i.test(term) && !/^\+mx$/i.test(term))
    // What a redirect said can stand beside other parts only as an include.
    .map((term) => term.replace(/^redirect=/i, 'include:'))
  return ['v=spf1', us, ...new Set(kept), redirect ?? all ?? '~all'].join(' ')
}

/** The same without the part that lets us send; undefined when nothing else was said. */
export function spfWithout(text: string): string | undefined {
  const kept = termsOf(text).filter((term) => !/^\+?mx$/i.test(term))
  return kept.every(isAll) ? undefined : ['v=spf1', ...kept].join(' ')
}

export const spfTexts = (records: readonly DnsRecord[], name: string): string[] => records.filter((one) => one.name === name && isSpf(one)).map(({ data }) => data)

const isAll = (term: string): boolean => /^[+?~-]?all$/i.test(term)

/** The parts that receivers read: nothing after “all”. */
function termsOf(text: string): string[] {
  const terms = text.trim().split(/\s+/).slice(1)
  const end = terms.findIndex(isAll)
  return end < 0 ? terms : [...terms.slice(0, end), terms[end]!]
}
