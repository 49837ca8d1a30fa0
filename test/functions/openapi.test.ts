// The OpenAPI document: valid, whole, and made of what is mounted.
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { access, type Route } from '../../src/functions/access.ts'
import { app } from '../../src/functions/app.ts'
import { documentOf } from '../../src/functions/document.ts'
import { descriptions } from '../../src/functions/mount.ts'

interface Operation { operationId: string; summary?: string; security: Record<string, string[]>[]; parameters: { name: string; in: string }[]; requestBody?: object; responses: Record<string, { content?: object }> }

const all = app()
const document = documentOf(descriptions(all)) as unknown as { openapi: string; paths: Record<string, Record<string, Operation>>; components: { securitySchemes: object } }
const operations = new Map(Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`, operation] as const)))

it('is valid OpenAPI 3.1', async () => {
  const validator = new Validator()
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
  const { paths: _, ...pathless } = structuredClone(document)
  expect((await validator.validate({ ...pathless, openapi: '3.0.0' })).valid).toBe(false)
})

it('has every route of the access table, and no other', () => {
  expect([...operations.keys()].sort()).toEqual(Object.keys(access).sort())
  expect([...descriptions(all).keys()].sort()).toEqual(Object.keys(access).sort())
})

it('names each operation once', () => {
  const names = [...operations.values()].map(({ operationId }) => operationId)
  expect(names.filter((name, i) => !/^[a-z][A-Za-z0-9]+$/.test(name) || names.indexOf(name) < i)).toEqual([])
})

it('says of each route what it wants, what it answers and what it refuses', () => {
  for (const [route, { summary, security, parameters, requestBody, responses }] of operations) {
    const credential = access[route as Route]
    expect([route, summary]).toEqual([route, expect.stringMatching(/^[A-Z][^.]+$/)])
    expect([route, Object.keys(responses['200']?.content ?? {}).length > 0]).toEqual([route, true])
    // A key in the path is a parameter, not a scheme.
    const guarded = security.length > 0 || credential === 'connection-path'
    expect([route, '401' in responses, security]).toEqual([route, guarded, security.length > 0 ? [{ [credential]: [] }] : []])
    expect([route, parameters.filter((one) => one.in === 'path').map((one) => one.name)]).toEqual([route, [...route.matchAll(/:(\w+)/g)].map((match) => match[1])])
    expect([route, '413' in responses]).toEqual([route, requestBody !== undefined])
    for (const [scheme] of security.flatMap((one) => Object.entries(one))) expect(Object.keys(document.components.securitySchemes)).toContain(scheme)
  }
})
