// The schema dialect of libpve-common: types, bounds, enumerations, named formats, property strings, indexed names, with its texts.
// Checks what a caller sends and gives the values their types; knows no endpoint.
import { isIPv4, isIPv6 } from 'node:net'
import { PveError } from './protocol.ts'

export interface Spec {
  type: 'string' | 'integer' | 'number' | 'boolean'
  required?: true
  min?: number
  max?: number
  minLength?: number
  maxLength?: number
  pattern?: RegExp
  enum?: readonly string[]
  /** A named format or the keys of a property string. */
  format?: keyof typeof formats | PropertyString
  /** The parameter that must come along. */
  requires?: string
}
export interface PropertyString { main?: string; keys: Record<string, Spec> }
export type Schema = Record<string, Spec>
export type Values = Record<string, string | number | undefined>

const dnsName = /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/
const list = (test: (part: string) => boolean) => (value: string): boolean => value.split(/[,;\0\s]+/).filter(Boolean).every(test)
const cidr4 = (value: string): boolean => {
  const [ip = '', bits = ''] = value.split('/')
  return isIPv4(ip) && /^\d+$/.test(bits) && Number(bits) > 7 && Number(bits) <= 32
}
const configId = (value: string): boolean => /^[a-z][a-z0-9_-]+$/i.test(value)
const address = (value: string): boolean => isIPv4(value) || isIPv6(value)

export const formats = {
  'pve-configid': configId,
  'pve-configid-list': list(configId),
  'pve-node': (value: string) => /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/.test(value),
  'pve-storage-id': (value: string) => /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(value),
  'pve-poolid': (value: string) => /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/.test(value),
  'pve-tag-list': list((part) => /^[a-z0-9_][a-z0-9_\-+.]*$/i.test(part)),
  'pve-startup-order': (value: string) => value.split(',').every((part) => /^(\s*|(order=)?\d+|up=\d+|down=\d+)$/.test(part)),
  'pve-ha-node-list': list((part) => /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(:\d+)?$/.test(part)),
  'pve-ha-resource-id-list': list((part) => /^(vm|ct):\d+$/.test(part)),
  'pve-ha-resource-or-vm-id': (value: string) => /^((vm|ct):)?\d+$/.test(value),
  'pve-iface': (value: string) => /^[a-z][a-z0-9_]{1,20}([:.]\d+)?$/i.test(value),
  'pve-fw-addr-spec': (value: string) => /^[+a-zA-Z0-9][\w.:/,+-]*$/.test(value),
  'pve-fw-port-spec': (value: string) => value.split(',').every((part) => /^(\d+([:-]\d+)?|[a-z][a-z0-9-]*)$/i.test(part)),
  'dns-name': (value: string) => dnsName.test(value),
  'dns-name-list': list((part) => dnsName.test(part)),
  'ip-list': list((part) => address(part.split('%')[0]!)),
  'pve-ipv4-config': (value: string) => value === 'dhcp' || value === 'manual' || cidr4(value),
  'pve-ipv6-config': (value: string) => ['auto', 'dhcp', 'manual'].includes(value) || isIPv6(value.split('/')[0]!),
  'ipv4': (value: string) => isIPv4(value),
  'ipv6': (value: string) => isIPv6(value),
  'mac-addr': (value: string) => /^[a-f0-9][02468ace](:[a-f0-9]{2}){5}$/i.test(value),
  'IPorCIDRorAlias': (value: string) => address(value.split('/')[0]!) || /^[a-z][\w-]+$/i.test(value),
} as const

const truths = /^(1|on|yes|true)$/i
const falsehoods = /^(0|off|no|false)$/i

function problem(spec: Spec, value: unknown, loose: boolean): string | undefined {
  const text = value === true ? '1' : value === false ? '0' : String(value)
  const wrong = (): string => `type check ('${spec.type}') failed - got '${text}'`
  if (value !== null && typeof value === 'object') return wrong()
  if (spec.type === 'integer' && !/^[+-]?\d+$/.test(text)) return wrong()
  if (spec.type === 'number' && !/^[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?$/.test(text)) return wrong()
  if (spec.type === 'boolean') return text === '1' || text === '0' || (loose && (truths.test(text) || falsehoods.test(text))) ? undefined : wrong()
  if (spec.min !== undefined && Number(text) < spec.min) return `value must have a minimum value of ${spec.min}`
  if (spec.max !== undefined && Number(text) > spec.max) return `value must have a maximum value of ${spec.max}`
  if (spec.type !== 'string') return undefined
  if (spec.maxLength !== undefined && text.length > spec.maxLength) return `value may only be ${spec.maxLength} characters long`
  if (spec.minLength !== undefined && text.length < spec.minLength) return `value must be at least ${spec.minLength} characters long`
  if (spec.enum && !spec.enum.includes(text)) return `value '${text}' does not have a value in the enumeration '${spec.enum.join(', ')}'`
  if (spec.pattern && !spec.pattern.test(text)) return 'value does not match the regex pattern'
  if (typeof spec.format === 'object') return propertyProblem(spec.format, text)
  if (spec.format && !formats[spec.format](text)) return `invalid format - value does not look like a valid ${spec.format}\n`
  return undefined
}

function propertyProblem(format: PropertyString, text: string): string | undefined {
  const seen = new Set<string>()
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const at = part.indexOf('=')
    const key = at > 0 ? part.slice(0, at) : format.main
    if (key === undefined) return 'invalid format - value without key, but schema does not define a default key\n'
    const spec = format.keys[key]
    if (!spec) return `invalid format - format error\n${key}: property is not defined in schema and the schema does not allow additional properties\n`
    if (seen.has(key)) return `invalid format - duplicate key in comma-separated list property: ${key}\n`
    seen.add(key)
    const found = problem(spec, at > 0 ? part.slice(at + 1) : part, true)
    if (found) return `invalid format - format error\n${key}: ${found}\n`
  }
  for (const [key, spec] of Object.entries(format.keys))
    if (spec.required && !seen.has(key)) return `invalid format - format error\n${key}: property is missing and it is not optional\n`
  return undefined
}

function typed(spec: Spec, value: string | number | boolean): string | number {
  if (spec.type === 'string') return String(value)
  return spec.type === 'boolean' ? (truths.test(String(value)) ? 1 : 0) : Number(value)
}

/** Typed values, or the 400 with one text per parameter that pvedaemon answers. */
export function check(schema: Schema, given: Record<string, unknown>): Values {
  const errors: Record<string, string> = {}
  const values: Values = {}
  let failed = false
  const fail = (name: string, text: string): void => {
    errors[name] = text
    failed = true
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue
    const spec = schema[name] ?? schema[name.replace(/\d+$/, '[n]')]
    if (!spec) {
      fail(name, 'property is not defined in schema and the schema does not allow additional properties')
      continue
    }
    const found = problem(spec, value, false)
    if (found !== undefined) fail(name, found)
    else values[name] = typed(spec, value as string | number | boolean)
    if (spec.requires && given[spec.requires] === undefined) fail(spec.requires, `missing property - '${name}' requires this property`)
  }
  for (const name in schema) if (schema[name]!.required && given[name] === undefined) fail(name, 'property is missing and it is not optional')
  if (failed) throw new PveError(400, 'Parameter verification failed.\n', errors)
  return values
}
