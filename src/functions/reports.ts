// GET /reports and GET /reports/:view: the views of the reporting copy, page by page, as JSON or CSV. For operators; reads only.
import type { Context, Hono } from 'hono'
import { accepts } from 'hono/accepts'
import * as z from 'zod'
import { columnsOf, placeOf, readReport, reports as listed, type Cell, type ReportName } from '../db/report-list.ts'
import type { App } from './access.ts'
import { csvOf } from './csv.ts'
import { mount } from './mount.ts'
import { Problem } from './problems.ts'

const names = Object.keys(listed) as ReportName[]

const Page = z.looseObject({
  limit: z.string().regex(/^(?:[1-9]\d{0,2}|1000)$/, 'must be a whole number from 1 to 1000').transform(Number).default(100).describe('Rows of a page: 1 to 1000.'),
  after: z.string().optional().describe('The `next` of the page before.'),
  format: z.enum(['json', 'csv'], 'must be json or csv').optional().describe('Goes before the `Accept` header.'),
})

const View = z.object({ view: z.string().describe(`One of ${names.join(', ')}.`) })

const List = z.object({
  success: z.literal(true),
  reports: z.array(z.object({ name: z.enum(names), about: z.string(), url: z.string(), columns: z.array(z.string()) })),
})

const Rows = z.object({
  success: z.literal(true),
  report: z.enum(names),
  as_of: z.number().describe('When it was true, epoch milliseconds.'),
  rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
  next: z.string().nullable().describe('What to ask for `after` next; null at the end.'),
})

export function reports(app: Hono<App>): void {
  mount(app, 'GET /reports', { group: 'Reports', summary: 'What reports there are', answer: List })(
    () => ({ success: true, reports: names.map((name) => ({ name, about: listed[name].about, url: `/reports/${name}`, columns: columnsOf(name) })) }))

  mount(app, 'GET /reports/:view', {
    group: 'Reports', summary: 'A report, page by page', about: 'Any column may be given a value that it must have: `?status=stuck`. CSV with `Accept: text/csv`; the header `Link` names the next page.',
    params: View, query: Page, answer: Rows, forms: { 'text/csv': 'The same rows, with a line of names first.' }, refuses: ['not-found'],
  })((c, { params, query }) => show(c, params.view, query))
}

async function show(c: Context<App>, view: string, query: z.infer<typeof Page>): Promise<Response | z.infer<typeof Rows>> {
  const name = names.find((one) => one === view)
  if (!name) throw new Problem('not-found', `There is no such report. There are: ${names.join(', ')}.`, 'view')
  const { limit, after, format = accepts(c, { header: 'Accept', supports: ['application/json', 'text/csv'], default: 'application/json' }) === 'text/csv' ? 'csv' : 'json', ...filters } = query
  const columns = columnsOf(name)
  const where: Record<string, string> = {}
  for (const [column, value] of Object.entries(filters)) {
    if (!columns.includes(column)) throw new Problem('bad-request', `${column.slice(0, 40)}: is neither limit, after, format nor a column of this report (${columns.join(', ')})`, column.slice(0, 40))
    where[column] = String(value)
  }
  const { rows, more, asOf } = await readReport(c.env.DB, name, { limit, after: after === undefined ? [] : placeIn(name, after), where })
  const last = rows.at(-1)
  const next = more && last ? cursor(name, placeOf(name, last)) : null
  c.header('cache-control', 'no-store')
  c.header('vary', 'Accept')
  if (next !== null) {
    const url = new URL(c.req.url)
    url.searchParams.set('after', next)
    c.header('link', `<${url.pathname}${url.search}>; rel="next"`)
  }
  if (format === 'json') return { success: true, report: name, as_of: asOf, rows, next }
  c.header('content-type', 'text/csv; charset=utf-8; header=present')
  c.header('content-disposition', `attachment; filename="${name}.csv"`)
  return c.body(csvOf(columns, rows))
}

const cursor = (name: ReportName, place: readonly Cell[]): string => Buffer.from(JSON.stringify([name, ...place])).toString('base64url')

const Place = z.tuple([z.string()], z.union([z.string(), z.number()]))

/** The place that a cursor of this report names. */
function placeIn(name: ReportName, text: string): Cell[] {
  try {
    const [of, ...place] = Place.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    if (of === name && place.length === listed[name].by.length) return place
  } catch {
    // Whatever it is, it is none of ours.
  }
  throw new Problem('bad-request', 'after: is not the "next" of an earlier page of this report', 'after')
}
