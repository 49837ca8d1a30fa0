// Reads a request's fields: bounded, JSON only, checked by a schema whose messages name the field and the cure. Only
// mount.ts calls it, with the schemas of the route's description.
import type { Context } from 'hono'
import type * as z from 'zod'
import type { App } from './access.ts'
import { Problem } from './problems.ts'

const bodyMaxBytes = 16 * 1024

/** The JSON body as the schema wants it. */
export async function bodyOf<T>(c: Context<App>, schema: z.ZodType<T>, mostBytes = bodyMaxBytes): Promise<T> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new Problem('wrong-type', 'Send the fields as JSON with "Content-Type: application/json".', 'content-type')
  if (Number(c.req.header('content-length') ?? 0) > mostBytes) throw tooLarge(mostBytes)
  const text = await readUpTo(c.req.raw.body, mostBytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Problem('bad-request', 'The body is not valid JSON.', 'body')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Problem('bad-request', 'The body must be a JSON object.', 'body')
  return checked(schema, value)
}

/** The query as the schema wants it; a key stands in it once. */
export function queryOf<T>(c: Context<App>, schema: z.ZodType<T>): T {
  const { searchParams } = new URL(c.req.url)
  const names = [...searchParams.keys()]
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw new Problem('bad-request', 'A field stands twice in the query.', twice.slice(0, 64))
  return checked(schema, Object.fromEntries(searchParams))
}

/** Fields as the schema wants them, or a Problem that names the first wrong one. */
export function checked<T>(schema: z.ZodType<T>, value: unknown): T {
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
    if (bytes > most) throw tooLarge(most)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

const tooLarge = (mostBytes: number): Problem => new Problem('too-large', `The body is too large (${mostBytes / 1_024} KiB at most).`, 'body')
