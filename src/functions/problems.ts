// Error -> status and body; the only place where a status code is chosen. Messages are written for the reader, a customer
// perhaps, because billing shows them as they are; nothing internal is ever repeated.
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import * as z from 'zod'

/** Code -> status and what it means. The seed's extensions know 200, 400, 401, 404, 409 and 500. */
export const problems = {
  'bad-request': { status: 400, means: 'A field is missing or wrong; `field` names it.' },
  unauthorized: { status: 401, means: 'The key is missing or wrong.' },
  'not-found': { status: 404, means: 'There is no such address or order.' },
  'unknown-service': { status: 404, means: 'There is no such service under this key, or it was terminated.' },
  conflict: { status: 409, means: 'What is there already does not allow it.' },
  suspended: { status: 401, means: 'The service is suspended; the key is right.' },
  'not-ready': { status: 409, means: 'The site is still being built, or something else is under way with it; the same call may be repeated later.' },
  quota: { status: 409, means: 'The limit of the plan is reached; `error` says what to delete.' },
  costs: { status: 409, means: 'It would cost newer backups, named in `costs`. Repeat it with `lose_newer` if they may go.' },
  'disk-use': { status: 409, means: 'The content does not fit into the smaller disk; `error` says how much has to go.' },
  exhausted: { status: 409, means: 'Nothing is left to give at the moment; the same call may be repeated later.' },
  'too-large': { status: 413, means: 'The body is larger than 16 KiB (256 KiB where a zone file may be sent).' },
  'wrong-type': { status: 415, means: 'The body is not `application/json`.' },
  'too-many': { status: 429, means: 'Asked too often; `Retry-After` says when to ask again.' },
  internal: { status: 500, means: 'Our own fault; the log has the `request_id`. Nothing was lost; try again.' },
  unavailable: { status: 503, means: 'The platform is busy for a moment; comes with `Retry-After`. Try again.' },
} as const
export type ProblemCode = keyof typeof problems

/** The envelope that the extensions read. */
export const Refusal = z.object({
  success: z.literal(false),
  error: z.string().describe('One sentence, fit for a customer to read.'),
  code: z.enum(Object.keys(problems) as [ProblemCode, ...ProblemCode[]]),
  field: z.string().optional().describe('The field that is wrong, where one is.'),
  costs: z.array(z.string()).optional().describe('The backups that the call would cost, where it would.'),
  request_id: z.string().describe('The same as in the header `x-request-id`.'),
}).meta({ id: 'Refusal' })

/** Seconds after which a caller may ask again, where asking again helps. */
const retryAfterS: Partial<Record<ProblemCode, number>> = { unavailable: 5, 'too-many': 20 }

export class Problem extends Error {
  readonly code: ProblemCode
  /** The field that is wrong, where one is. */
  readonly field: string | undefined
  /** What the call would cost. */
  readonly costs: readonly string[] | undefined

  constructor(code: ProblemCode, message: string, field?: string, costs?: readonly string[]) {
    super(message)
    this.code = code
    this.field = field
    this.costs = costs
  }
}

/** `{success: false, error, code, field?, costs?, request_id}`, with the headers that belong to the code. */
export function problemResponse(problem: Problem, requestId: string): Response {
  const more: Record<string, string> = retryAfterS[problem.code] !== undefined ? { 'retry-after': String(retryAfterS[problem.code]) } : problem.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}
  const headers = { 'x-request-id': requestId, ...more }
  const field = problem.field === undefined ? {} : { field: problem.field }
  return Response.json({ success: false, error: problem.message, code: problem.code, ...field, ...(problem.costs ? { costs: problem.costs } : {}), request_id: requestId }, { status: problems[problem.code].status, headers })
}

/** The last resort of the app: what is not a Problem is our own fault and says nothing but the request's id. */
export function onError(error: Error, c: Context): Response {
  const requestId = String(c.get('requestId') ?? '')
  if (error instanceof Problem) return problemResponse(error, requestId)
  if (error instanceof HTTPException) {
    const code = error.status === 413 ? 'too-large' : error.status === 404 ? 'not-found' : 'bad-request'
    return problemResponse(new Problem(code, error.message || 'The request could not be read.'), requestId)
  }
  console.error(JSON.stringify({ level: 'error', requestId, path: pathForLogs(c.req.path), error: error.name, message: error.message.slice(0, 300) }))
  const [code, message] = passes(error) ? ['unavailable', 'The platform is busy at the moment. Nothing is lost; please try again.'] as const : ['internal', 'Something went wrong on our side. Nothing was lost; please try again.'] as const
  return problemResponse(new Problem(code, message), requestId)
}

/** An object that is overloaded or was being moved. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
const passes = (error: Error): boolean => ('retryable' in error && error.retryable === true) || ('overloaded' in error && error.overloaded === true)

/** A path as it may be logged: without the key that stands in it. */
const pathForLogs = (path: string): string => path.replace(/^\/k\/[^/]*/, '/k/***')
