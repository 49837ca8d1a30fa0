// The part of JSON Schema (ajv 8 with coercion and all errors) that Nginx Proxy Manager validates requests with.
// Values are coerced as ajv does (1, "true", "8080", null for 0); messages are ajv's, joined by a comma.
import { Refusal } from './refusal.ts'

export type Field =
  | { kind: 'string'; min?: number; max?: number; pattern?: string; among?: readonly string[] }
  | { kind: 'integer'; min: number; max?: number; orNull?: true }
  | { kind: 'boolean' }
  | { kind: 'object' }
  | { kind: 'names'; min: number }
  | { kind: 'certificate' }
  | { kind: 'list'; of: Shape }
  | { kind: 'shape'; of: Shape }

export interface Shape { required: readonly string[]; fields: Record<string, Field>; some?: true }

/** What the server accepts as a domain name; unicode passes, nothing is lower-cased. */
const NAME = /^[^&| @!#%^();:/\\}{=+?<>,~`'"]+$/

/** The coerced body, or a 400 that lists everything wrong with it. */
export function validated(shape: Shape, body: unknown): Record<string, unknown> {
  if (body === undefined) throw new Refusal(400, 'Payload is undefined')
  const wrong: string[] = []
  const value = object(shape, body, 'data', wrong)
  if (wrong.length > 0) throw new Refusal(400, wrong.join(', '))
  return value
}

function object(shape: Shape, body: unknown, at: string, wrong: string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    wrong.push(`${at} must be object`)
    return out
  }
  const given = Object.entries(body)
  if (shape.some && given.length === 0) wrong.push(`${at} must NOT have fewer than 1 properties`)
  for (const name of shape.required) if (!(name in body)) wrong.push(`${at} must have required property '${name}'`)
  for (const [name, value] of given) {
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    if (field) out[name] = checked(field, value, `${at}/${name}`, wrong)
    else wrong.push(`${at} must NOT have additional properties`)
  }
  return out
}

function checked(field: Field, value: unknown, at: string, wrong: string[]): unknown {
  switch (field.kind) {
    case 'boolean': {
      if (typeof value === 'boolean') return value
      if (value === 'true' || value === 1) return true
      if (value === 'false' || value === 0 || value === null) return false
      wrong.push(`${at} must be boolean`)
      return value
    }
    case 'integer': {
      if (field.orNull && value === null) return null
      const number = integer(value)
      if (number === undefined) wrong.push(`${at} must be integer`)
      else if (number < field.min) wrong.push(`${at} must be >= ${field.min}`)
      else if (field.max !== undefined && number > field.max) wrong.push(`${at} must be <= ${field.max}`)
      return number
    }
    case 'string': {
      const text = string(value)
      if (text === undefined) wrong.push(`${at} must be string`)
      else if (field.min !== undefined && text.length < field.min) wrong.push(`${at} must NOT have fewer than ${field.min} characters`)
      else if (field.max !== undefined && text.length > field.max) wrong.push(`${at} must NOT have more than ${field.max} characters`)
      else if (field.pattern !== undefined && !new RegExp(field.pattern).test(text)) wrong.push(`${at} must match pattern "${field.pattern}"`)
      else if (field.among && !field.among.includes(text)) wrong.push(`${at} must be equal to one of the allowed values`)
      return text
    }
    case 'object':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong.push(`${at} must be object`)
      return value
    case 'shape':
      return object(field.of, value, at, wrong)
    case 'certificate': {
      const number = integer(value)
      if (value === 'new' || (number !== undefined && number >= 0)) return number ?? value
      wrong.push(`${at} must be integer`, `${at} must match pattern "^new$"`, `${at} must match a schema in anyOf`)
      return value
    }
    case 'list':
      if (Array.isArray(value)) return value.map((item, i) => object(field.of, item, `${at}/${i}`, wrong))
      wrong.push(`${at} must be array`)
      return value
    case 'names':
      return names(field.min, value, at, wrong)
  }
}

function names(min: number, value: unknown, at: string, wrong: string[]): unknown {
  if (!Array.isArray(value)) {
    wrong.push(`${at} must be array`)
    return value
  }
  if (value.length < min) wrong.push(`${at} must NOT have fewer than ${min} items`)
  if (value.length > 100) wrong.push(`${at} must NOT have more than 100 items`)
  const list = value.map((item, i) => {
    const name = string(item)
    if (name === undefined) wrong.push(`${at}/${i} must be string`)
    else if (!NAME.test(name)) wrong.push(`${at}/${i} must match pattern "${NAME.source}"`)
    return name
  })
  const twice = list.findIndex((name, i) => list.indexOf(name) < i)
  if (twice >= 0) wrong.push(`${at} must NOT have duplicate items (items ## ${list.indexOf(list[twice])} and ${twice} are identical)`)
  return list
}

function integer(value: unknown): number | undefined {
  if (value === null) return 0
  const number = typeof value === 'boolean' || (typeof value === 'string' && value !== '') ? Number(value) : value
  return Number.isInteger(number) ? (number as number) : undefined
}

function string(value: unknown): string | undefined {
  if (value === null) return ''
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
