// The Worker as the operator's commands ask it: JSON over the operator's routes, with the operator's key as bearer. Every
// failure is one sentence that says what to do; the key is never in it.
import * as z from 'zod'

/** What could not be asked, or was answered with an error. The message is for people. */
export class Unanswered extends Error {
  override name = 'Unanswered'
  readonly status: number | undefined

  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

const answerMs = 60_000
const Failure = z.object({ error: z.string() })
const Rows = z.object({ as_of: z.number(), rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))), next: z.string().nullable() })

export type Row = z.infer<typeof Rows>['rows'][number]

export class Worker {
  readonly #url: string
  readonly #key: string
  readonly #fetch: (request: Request) => Promise<Response>

  /** `url` may have a path before the routes. */
  constructor(url: string, key: string, ask: (request: Request) => Promise<Response> = (request) => fetch(request)) {
    this.#url = url.endsWith('/') ? url : `${url}/`
    this.#key = key
    this.#fetch = ask
  }

  /** Throws Unanswered. */
  async get<T>(route: string, query: Readonly<Record<string, string>>, shape: z.ZodType<T>): Promise<T> {
    const search = new URLSearchParams(query)
    return this.#ask(new URL(search.size > 0 ? `${route}?${search}` : route, this.#url), {}, shape)
  }

  /** Throws Unanswered. */
  async post<T>(route: string, body: object, shape: z.ZodType<T>): Promise<T> {
    return this.#ask(new URL(route, this.#url), { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }, shape)
  }

  /** All rows of a report (docs/reports.md) whose columns equal `where`. */
  async rows(report: string, where: Readonly<Record<string, string>> = {}): Promise<Row[]> {
    const all: Row[] = []
    for (let next: string | null = ''; next !== null;) {
      const page: z.infer<typeof Rows> = await this.get(`reports/${report}`, { ...where, limit: '1000', ...(next === '' ? {} : { after: next }) }, Rows)
      all.push(...page.rows)
      next = page.next
    }
    return all
  }

  async #ask<T>(url: URL, init: { method?: string; body?: string; headers?: Record<string, string> }, shape: z.ZodType<T>): Promise<T> {
    const headers = { ...init.headers, authorization: `Bearer ${this.#key}`, accept: 'application/json' }
    // A redirect is not followed, so that the key goes nowhere else.
    const answer = await this.#fetch(new Request(url, { ...init, headers, redirect: 'manual', signal: AbortSignal.timeout(answerMs) }))
      .catch((error: unknown) => Promise.reject(new Unanswered(`The Worker does not answer: ${reason(error)}`)))
    const said: unknown = await answer.json().catch(() => undefined)
    if (!answer.ok) {
      const failure = Failure.safeParse(said)
      throw new Unanswered(`The Worker answers ${answer.status}: ${failure.success ? failure.data.error : 'nothing that can be read'}`, answer.status)
    }
    const read = shape.safeParse(said)
    if (!read.success) throw new Unanswered('What answers there is no Worker of Berth, or one of another release.')
    return read.data
  }
}

/** Node hides why a connection failed in the cause. */
const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}
