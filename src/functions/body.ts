// Reads a request's fields: bounded, JSON only, checked by a schema whose messages name the field and the cure.
import type { Context } from 'hono'
import type * as z from 'zod'
import type { App } from './access.ts'
import { Problem } from './problems.ts'

const bodyMaxBytes = 16 * 1024

/** The body of a POST as the schema wants it. */
export async function fieldsOf<T>(c: Context<App>, schema: z.ZodType<T>): Promise<T> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new Problem('wrong-type', 'Send the fields as JSON with "Content-Type: application/json".', 'content-type')
  if (Number(c.req.header('content-length') ?? 0) > bodyMaxBytes) throw tooLarge()
  const text = await readUpTo(c.req.raw.body, bodyMaxBytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('bad-request', 'The body is not valid JSON.', 'body')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Problem('bad-request', 'The body must be a JSON object.', 'body')
  return checked(schema, value)
}

/** The query of a GET as the schema wants it. */
export const queryOf = <T>(c: Context<App>, schema: z.ZodType<T>): T => checked(schema, c.req.query())

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  const field = first?.path.join('.') || 'body'
  throw new Problem('bad-request', `${field}: ${first?.message ?? 'is not valid'}`, field)
}

async function readUpTo(body: ReadableStream<Uint8Array> | null, most: number): Promise<string> {
  if (!body) return ''
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > most) throw tooLarge()
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

const tooLarge = (): Problem => new Problem('too-large', 'The body is too large (16 KiB at most).', 'body')
