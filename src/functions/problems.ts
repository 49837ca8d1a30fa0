// Error -> status and body; the only place where a status code is chosen. Messages are written for the reader, a customer
// perhaps, because billing shows them as they are; nothing internal is ever repeated.
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'

/** Code -> status. The seed's extensions know 200, 400, 401, 404, 409 and 500. */
const statuses = {
  'bad-request': 400,
  unauthorized: 401,
  'not-found': 404,
  'unknown-service': 404,
  conflict: 409,
  exhausted: 409,
  'too-large': 413,
  'wrong-type': 415,
  'too-many': 429,
  unavailable: 503,
} as const
export type ProblemCode = keyof typeof statuses

/** Seconds after which a caller may ask again, where asking again helps. */
const retryAfterS: Partial<Record<ProblemCode, number>> = { unavailable: 5, 'too-many': 20 }

export class Problem extends Error {
  readonly code: ProblemCode
  /** The field that is wrong, where one is. */
  readonly field: string | undefined

  constructor(code: ProblemCode, message: string, field?: string) {
    super(message)
    this.code = code
    this.field = field
  }
}

/** `{success: false, error, code, field?}`, the envelope that the extensions read. */
export function problemResponse(problem: Problem, requestId: string): Response {
  const more: Record<string, string> = retryAfterS[problem.code] !== undefined ? { 'retry-after': String(retryAfterS[problem.code]) } : problem.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {}
  const headers = { 'x-request-id': requestId, ...more }
  const field = problem.field === undefined ? {} : { field: problem.field }
  return Response.json({ success: false, error: problem.message, code: problem.code, ...field, request_id: requestId }, { status: statuses[problem.code], headers })
}

/** The last resort of the app: what is not a Problem is our own fault and says nothing but the request's id. */
export function onError(error: Error, c: Context): Response {
  const requestId = String(c.get('requestId') ?? '')
  if (error instanceof Problem) return problemResponse(error, requestId)
  if (error instanceof HTTPException) {
    const code = error.status === 413 ? 'too-large' : error.status === 404 ? 'not-found' : 'bad-request'
    return problemResponse(new Problem(code, error.message || 'The request could not be read.'), requestId)
  }
  console.error(JSON.stringify({ level: 'error', requestId, path: c.req.path, error: error.name, message: error.message.slice(0, 300) }))
  if (passes(error)) return problemResponse(new Problem('unavailable', 'The platform is busy at the moment. Nothing is lost; please try again.'), requestId)
  return Response.json({ success: false, error: 'Something went wrong on our side. Nothing was lost; please try again.', code: 'internal', request_id: requestId }, { status: 500, headers: { 'x-request-id': requestId } })
}

/** An object that is overloaded or was being moved. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
const passes = (error: Error): boolean => ('retryable' in error && error.retryable === true) || ('overloaded' in error && error.overloaded === true)
