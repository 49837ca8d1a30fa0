// The OpenAPI document, made of what is mounted: each route's description, its credential, and what it may refuse.
import * as z from 'zod'
import { access, type Credential, type Route } from './access.ts'
import type { Description } from './mount.ts'
import { problems, Refusal, type ProblemCode } from './problems.ts'

const about = `Berth's HTTP interface: what a billing system calls, what a customer's browser watches, what an operator may ask.

Every refusal has the same envelope, and its \`error\` is written for a customer to read. A wish is durable when it is answered; the same call again is the same wish.`

/** How each credential is shown; the ones that stand in the path need no header. */
const schemes: Record<Credential, { type: 'http'; scheme: 'bearer'; description: string } | undefined> = {
  connection: { type: 'http', scheme: 'bearer', description: 'The key of a billing connection: sees and changes the services of that connection only.' },
  operator: { type: 'http', scheme: 'bearer', description: 'The key of the operator.' },
  'help-desk': { type: 'http', scheme: 'bearer', description: "The key of a help desk: asks about the support keys of one connection's customers." },
  // The key stands in the path, as a parameter of its own.
  'connection-path': undefined,
  'order-link': undefined,
  public: undefined,
}

/** What every call with this credential, or of this kind, may be refused with. */
const implied = (credential: Credential, { body, query, params }: Description): ProblemCode[] => [
  ...(schemes[credential] || credential === 'connection-path' ? ['unauthorized' as const] : []),
  ...(credential === 'order-link' ? ['not-found' as const] : []),
  ...(body || query || params ? ['bad-request' as const] : []),
  ...(body ? ['too-large' as const, 'wrong-type' as const] : []),
  'internal', 'unavailable',
]

type JsonSchema = z.core.JSONSchema.BaseSchema

function converted(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: plainer })
  return rest
}

const json = (schema: z.ZodType, io: 'input' | 'output') => ({ schema: converted(schema, io) })

/** Answers may gain fields, so none is excluded; the bounds of a double say nothing about ours. */
function plainer({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}

/** The operation of one route. */
export function operation(route: Route, description: Description) {
  const credential = access[route]
  const { group, summary, body, query, params, answer, forms = {}, refuses = [] } = description
  const codes = [...new Set([...implied(credential, description), ...refuses])]
  const refusals = Map.groupBy(codes, (code) => problems[code].status)
  return {
    operationId: operationId(route),
    tags: [group],
    summary,
    ...(description.about === undefined ? {} : { description: description.about }),
    security: schemes[credential] ? [{ [credential]: [] }] : [],
    parameters: [...parameters('path', params), ...parameters('query', query)],
    ...(body ? { requestBody: { required: true, content: { 'application/json': json(body, 'input') } } } : {}),
    responses: {
      200: {
        description: 'Done, or accepted for good.',
        content: { ...(answer ? { 'application/json': json(answer, 'output') } : {}), ...Object.fromEntries(Object.entries(forms).map(([type, what]) => [type, { schema: { type: 'string', description: what } }])) },
      },
      ...Object.fromEntries([...refusals].map(([status, of]) => [status, { description: of.map((code) => `\`${code}\` – ${problems[code].means}`).join('\n\n'), content: { 'application/json': json(Refusal, 'output') } }])),
    },
  }
}

/** `POST /wp/upgrade/` -> postWpUpgradeSlash: two spellings of an address are two operations. */
const operationId = (route: Route): string =>
  route.replace(/\/$/, ' slash').toLowerCase().replace(/[^a-z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase())

function parameters(where: 'path' | 'query', schema: z.ZodType | undefined) {
  if (!schema) return []
  const { properties = {}, required = [] } = converted(schema, 'input')
  return Object.entries(properties).map(([name, property]) => {
    const { description = '', ...rest } = typeof property === 'object' ? property : {}
    return { name, in: where, required: required.includes(name), description, schema: rest }
  })
}

/** The whole document, OpenAPI 3.1, as plain JSON, of all that is mounted. Schemas that have an id stand in it once. */
export function documentOf(mounted: ReadonlyMap<Route, Description>): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [route, description] of mounted) {
    const [method = '', path = ''] = route.split(' ')
    const methods = (paths[path.replace(/:(\w+)/g, '{$1}')] ??= {})
    methods[method.toLowerCase()] = operation(route, description)
  }
  const schemas: Record<string, unknown> = {}
  const shared = JSON.parse(JSON.stringify(paths), (key, value: unknown) => {
    if (key === '$ref') return String(value).replace('#/$defs/', '#/components/schemas/')
    if (key !== '$defs') return value
    Object.assign(schemas, value)
    return undefined
  }) as Record<string, unknown>
  const securitySchemes = Object.fromEntries(Object.entries(schemes).flatMap(([name, scheme]) => (scheme ? [[name, scheme]] : [])))
  return {
    openapi: '3.1.0',
    info: { title: 'Berth', version: '1', description: about, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    paths: shared,
    components: { securitySchemes, schemas },
  }
}
