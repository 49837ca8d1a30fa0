// GET /reports and GET /reports/:view: the views of the reporting copy, page by page, as JSON or CSV. For operators; reads only.
import type { Context, Hono } from 'hono'
import { accepts } from 'hono/accepts'
import * as z from 'zod'
import { columnsOf, placeOf, readReport, reports as listed, type Cell, type ReportName } from '../db/report-list.ts'
import { mount, type App } from './access.ts'
import { queryOf } from './body.ts'
import { csvOf } from './csv.ts'
import { Problem } from './problems.ts'

const names = Object.keys(listed) as ReportName[]

const Page = z.looseObject({
  limit: z.string().regex(/^(?:[1-9]\d{0,2}|1000)$/, 'must be a whole number from 1 to 1000').transform(Number).default(100),
  after: z.string().optional(),
  format: z.enum(['json', 'csv'], 'must be json or csv').optional(),
})

export function reports(app: Hono<App>): void {
  /** What there is to ask for, a sentence each, with the columns. */
  mount(app, 'GET /reports', (c) =>
    c.json({ success: true, reports: names.map((name) => ({ name, about: listed[name].about, url: `/reports/${name}`, columns: columnsOf(name) })) }))

  mount(app, 'GET /reports/:view', show)
}

/** Any column may be given a value that it must have: `?status=stuck`. */
async function show(c: Context<App>): Promise<Response> {
  const name = names.find((one) => one === c.req.param('view'))
  if (!name) throw new Problem('not-found', `There is no such report. There are: ${names.join(', ')}.`, 'view')
  const { limit, after, format = accepts(c, { header: 'Accept', supports: ['application/json', 'text/csv'], default: 'application/json' }) === 'text/csv' ? 'csv' : 'json', ...filters } = queryOf(c, Page)
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
  if (format === 'json') return c.json({ success: true, report: name, as_of: asOf, rows, next })
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
