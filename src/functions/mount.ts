// The only way to mount a route: behind the credential that the access table gives it, with a description whose schemas are
// the ones that the request is read with. So the document cannot say something else than the code does.
import type { Context, Handler, Hono, MiddlewareHandler } from 'hono'
import type * as z from 'zod'
import { access, guards, type App, type Route } from './access.ts'
import { bodyOf, checked, queryOf } from './body.ts'
import type { ProblemCode } from './problems.ts'

/** What a route promises. `body`, `query` and `params` are handed to the handler as their schemas read them. */
export interface Description<Body extends z.ZodType = z.ZodType, Query extends z.ZodType = z.ZodType, Params extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  /** The heading under which the reference lists it. */
  group: 'Sites' | 'Site tools' | 'Backups' | 'Domains' | 'DNS zones' | 'Mail' | 'Support' | 'Reports' | 'Orders' | 'Operator' | 'Platform'
  /** What it does, in a few words without a full stop. */
  summary: string
  /** What else a caller has to know: repeats, effects that come later. */
  about?: string
  /** The JSON object that it reads. */
  body?: Body
  /** Of a body that is longer than a form. */
  bodyMaxBytes?: number
  query?: Query
  params?: Params
  /** The JSON of a 200. */
  answer?: Answer
  /** Other forms of a 200: media type -> what it is. */
  forms?: Readonly<Record<string, string>>
  /** What it refuses besides what follows from its credential and its schemas. */
  refuses?: readonly ProblemCode[]
  /** Middleware of this route alone. */
  before?: readonly MiddlewareHandler<App>[]
}

/** What the request said, as the schemas read it. */
export interface Sent<Body extends z.ZodType, Query extends z.ZodType, Params extends z.ZodType> { body: z.output<Body>; query: z.output<Query>; params: z.output<Params> }

/** Answers the JSON of a 200 as an object, anything else as a Response. */
type Answers<Body extends z.ZodType, Query extends z.ZodType, Params extends z.ZodType, Answer extends z.ZodType> =
  (c: Context<App>, sent: Sent<Body, Query, Params>) => Response | z.output<Answer> | Promise<Response | z.output<Answer>>

const described = new WeakMap<Handler, Description>()

/**
 * `mount(app, 'POST /x', { … })(handler)`: in two calls, so that the handler's types follow from the schemas alone.
 * The guard comes first, then `before`, then the schemas, in the order path, query, body.
 */
export function mount<Body extends z.ZodType = z.ZodNever, Query extends z.ZodType = z.ZodNever, Params extends z.ZodType = z.ZodNever, Answer extends z.ZodType = z.ZodNever>(
  app: Hono<App>, route: Route, description: Description<Body, Query, Params, Answer>,
): (answers: Answers<Body, Query, Params, Answer>) => void {
  const [method = '', path = ''] = route.split(' ')
  const { before = [], body, bodyMaxBytes, query, params } = description
  return (answers) => {
    const handler = async (c: Context<App>): Promise<Response> => {
      const sent = {
        params: params && checked(params, c.req.param()),
        query: query && queryOf(c, query),
        body: body && (await bodyOf(c, body, bodyMaxBytes)),
      } as Sent<Body, Query, Params>
      const answer = await answers(c, sent)
      return answer instanceof Response ? answer : c.json(answer as object)
    }
    described.set(handler, description)
    app.on(method, path, guards[access[route]], ...before, handler)
  }
}

/** The descriptions of all routes that are mounted. */
export const descriptions = (app: Hono<App>): Map<Route, Description> => new Map(app.routes.flatMap(({ method, path, handler }) => {
  const description = described.get(handler)
  return description ? [[`${method} ${path}` as Route, description] as const] : []
}))
