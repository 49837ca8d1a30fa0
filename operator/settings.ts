// What an environment of wrangler.toml asks for: its resources by name, its variables, its secrets with their words of help.
// Says what is still an example or not valid; knows no value of a secret but the lab's, which it refuses.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'
import { unstable_readConfig } from 'wrangler'
import * as z from 'zod'
import { configOf } from '../src/config.ts'

export interface Secret { name: string; help: string; /** Of the lab: refused anywhere else. */ example: string; /** May be made by chance. */ random: boolean }

export interface Settings { env: string; worker: string; database: string; queues: string[]; /** Under which the Worker is reached. */ hosts: string[]; vars: Record<string, unknown>; secrets: Secret[] }

const Environment = z.object({
  name: z.string(),
  routes: z.array(z.looseObject({ pattern: z.string() })).default([]),
  vars: z.record(z.string(), z.unknown()),
  d1_databases: z.array(z.looseObject({ binding: z.string(), database_name: z.string() })).length(1),
  queues: z.object({ producers: z.array(z.looseObject({ queue: z.string() })), consumers: z.array(z.looseObject({ queue: z.string() })) }),
  secrets: z.object({ required: z.array(z.string()) }),
})

/** Reads the project in `root`. Throws when there is no such environment. */
export function readSettings(root: string, env: string): Settings {
  const file = path.join(root, 'wrangler.toml')
  if (!new RegExp(`^\\[env\\.${env.replace(/[^\w-]/g, '')}\\.vars\\]$`, 'm').test(readFileSync(file, 'utf8'))) throw new Error(`wrangler.toml has no environment ${JSON.stringify(env)}: there are staging and production.`)
  const { name: worker, routes, vars, d1_databases: [database], queues: { producers, consumers }, secrets } = Environment.parse(unstable_readConfig({ config: file, env }, { hideWarnings: true }))
  const helps = secretHelps(readFileSync(path.join(root, '.dev.vars.example'), 'utf8'))
  return {
    env, worker, database: database!.database_name, vars, hosts: routes.map(({ pattern }) => pattern),
    queues: [...new Set([...producers, ...consumers].map(({ queue }) => queue))],
    secrets: secrets.required.map((name) => helps.get(name) ?? { name, help: '', example: '', random: false }),
  }
}

/** Name -> what stands above and behind it in .dev.vars.example, without what is said of the lab. */
export function secretHelps(text: string): Map<string, Secret> {
  const values = parseEnv(text)
  return new Map([...text.matchAll(/((?:^# .*\n)+)^(\w+)=/gm)].map(([, comment = '', name = '']) => {
    const help = comment.split('\n').filter(Boolean).map((line) => line.slice(2).replace(/\s*The lab's key is .*$/, '')).filter(Boolean).join('\n')
    return [name, { name, help, example: values[name] ?? '', random: help.includes('any long random text') }]
  }))
}

/** Paths of variables that still are examples, as `CLUSTER.zone`. */
export function examplesIn(value: unknown, at = ''): string[] {
  if (typeof value === 'string') return /example|^0{32}$|\b203\.0\.113\.|\b198\.51\.100\.|\b192\.0\.2\./.test(value) ? [at] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => examplesIn(inner, at === '' ? key : `${at}.${key}`))
}

/** What the Worker itself would refuse: undefined when nothing, else its sentence, which holds no values. Secrets that are not given are taken to be right. */
export function refusal({ vars, secrets }: Settings, given: Readonly<Record<string, string>>): string | undefined {
  const lab = secrets.filter(({ name, example }) => given[name] !== undefined && given[name] === example).map(({ name }) => name)
  if (lab.length > 0) return `${lab.join(', ')}: that is the lab's, which everybody knows`
  try {
    configOf({ ...vars, ...Object.fromEntries(secrets.map(({ name, example }) => [name, example])), ...given })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
