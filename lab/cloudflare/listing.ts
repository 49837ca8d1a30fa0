// Lists of the Cloudflare API: filters, order and pages, with the result_info that goes with them.
// Without `order` the order is arbitrary but steady, so that pages never overlap.
import type { DnsRecord } from './records.ts'

type Query = Record<string, string>

const PER_PAGE = 100

/** The records that match the query, before paging. */
export function matching(records: readonly DnsRecord[], query: Query): DnsRecord[] {
  const tests = filters(query)
  const list = records.filter((record) => (query.match === 'any' && tests.length > 0 ? tests.some((test) => test(record)) : tests.every((test) => test(record))))
  const order = query.order as 'type' | 'name' | 'content' | 'ttl' | 'proxied' | undefined
  const sign = query.direction === 'desc' ? -1 : 1
  return list.sort((a, b) => {
    const [left, right] = order ? [String(a[order]), String(b[order])] : [a.id, b.id]
    return left < right ? -sign : left > right ? sign : a.id < b.id ? -1 : 1
  })
}

function filters(query: Query): ((record: DnsRecord) => boolean)[] {
  const tests: ((record: DnsRecord) => boolean)[] = []
  for (const [key, raw] of Object.entries(query)) {
    const [field = '', how = 'exact'] = key.split('.')
    if (key === 'type') tests.push((record) => record.type === raw)
    else if (key === 'proxied') tests.push((record) => String(record.proxied) === raw)
    else if (key === 'search') tests.push((record) => [record.name, record.content, record.comment ?? ''].some((part) => part.includes(raw)))
    else if (field === 'name' || field === 'content' || field === 'comment') {
      const wanted = raw.toLowerCase()
      tests.push((record) => compares(record[field], how, wanted))
    }
  }
  return tests
}

function compares(value: string | null, how: string, wanted: string): boolean {
  if (how === 'present') return value !== null
  if (how === 'absent') return value === null
  if (value === null) return false
  const own = value.toLowerCase()
  if (how === 'contains') return own.includes(wanted)
  if (how === 'startswith') return own.startsWith(wanted)
  if (how === 'endswith') return own.endsWith(wanted)
  return own === wanted
}

/** One page and its result_info. */
export function paged<T>(list: readonly T[], query: Query): { result: T[]; result_info: object } {
  const perPage = Math.max(1, Math.trunc(Number(query.per_page)) || PER_PAGE)
  const page = Math.max(1, Math.trunc(Number(query.page)) || 1)
  const result = list.slice((page - 1) * perPage, page * perPage)
  return { result, result_info: { page, per_page: perPage, count: result.length, total_count: list.length, total_pages: Math.ceil(list.length / perPage) } }
}
