// The OpenAPI document, made of what is mounted: each route's description, its credential, and what it may refuse.
import type { Hono } from 'hono'
import { generateSpecs, resolver, type DescribeRouteOptions } from 'hono-openapi'
import * as z from 'zod'
import { access, type App, type Credential, type Route } from './access.ts'
import type { Description } from './mount.ts'
import { problems, Refusal, type ProblemCode } from './problems.ts'

const about = `Berth's HTTP interface: what a billing system calls, what a customer's browser watches, what an operator may ask.

Every refusal has the same envelope, and its \`error\` is written for a customer to read. A wish is durable when it is answered; the same call again is the same wish.`

/** How each credential is shown; the ones that stand in the path need no header. */
const schemes: Record<Credential, { type: 'http'; scheme: 'bearer'; description: string } | undefined> = {
  connection: { type: 'http', scheme: 'bearer', description: 'The key of a billing connection: sees and changes the services of that connection only.' },
  operator: { type: 'http', scheme: 'bearer', description: 'The key of the operator.' },
  'help-desk': { type: 'http', scheme: 'bearer', description: "The key of a help desk: asks about the support keys of one connection's customers." },
  'order-link': undefined,
  public: undefined,
}

/** What every call with this credential, or of this kind, may be refused with. */
const implied = (credential: Credential, { body, query, params }: Description): ProblemCode[] => [
  ...(schemes[credential] ? ['unauthorized' as const] : []),
  ...(credential === 'order-link' ? ['not-found' as const] : []),
  ...(body || query || params ? ['bad-request' as const] : []),
  ...(body ? ['too-large' as const, 'wrong-type' as const] : []),
  'internal', 'unavailable',
]

const json = (schema: z.ZodType, io: 'input' | 'output') => ({ schema: resolver(schema, { options: { io, unrepresentable: 'any', override: plainer } }) })

/** Answers may gain fields, so none is excluded; the bounds of a double say nothing about ours. */
function plainer({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}

/** The operation of one route. */
export function operation(route: Route, description: Description): DescribeRouteOptions {
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
        content: { ...(answer ? { 'application/json': json(answer, 'output') } : {}), ...Object.fromEntries(Object.entries(forms).map(([type, what]) => [type, { schema: { type: 'string' as const, description: what } }])) },
      },
      ...Object.fromEntries([...refusals].map(([status, of]) => [status, { description: of.map((code) => `\`${code}\` – ${problems[code].means}`).join('\n\n'), content: { 'application/json': json(Refusal, 'output') } }])),
    },
  }
}

/** `POST /wp/upgrade/` -> postWpUpgradeSlash: two spellings of an address are two operations. */
const operationId = (route: Route): string =>
  route.replace(/\/$/, ' slash').toLowerCase().replace(/[^a-z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase())

type Parameter = Extract<NonNullable<DescribeRouteOptions['parameters']>[number], { in: string }>

function parameters(where: 'path' | 'query', schema: z.ZodType | undefined): Parameter[] {
  if (!schema) return []
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: plainer })
  return Object.entries(properties).map(([name, property]) => {
    const { description = '', ...rest } = typeof property === 'object' ? property : {}
    return { name, in: where, required: required.includes(name), description, schema: rest as Parameter['schema'] & object }
  })
}

/** The whole document, OpenAPI 3.1. */
export const documentOf = (app: Hono<App>) => generateSpecs(app, {
  // An address with a dot is a route like any other here.
  excludeStaticFile: false,
  defaultValidationErrorResponse: false,
  documentation: {
    openapi: '3.1.0',
    info: { title: 'Berth', version: '1', description: about, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    components: { securitySchemes: Object.fromEntries(Object.entries(schemes).flatMap(([name, scheme]) => (scheme ? [[name, scheme]] : []))) },
  },
})
