// The Worker's secrets for the lab, from .dev.vars: made from the example when missing, never printed.
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { UsageError } from './options.ts'

export interface Secrets {
  /** As bindings of the Worker. */
  bindings: Record<string, string>
  gatewayKey: { id: string; secret: string }
  cloudflareToken: string
  /** True when the file has just been made. */
  made: boolean
}

const names = ['API_KEYS', 'GATEWAY_KEY', 'CLOUDFLARE_TOKEN', 'ORDER_LINK_SECRET', 'OPERATOR_KEY_SHA256', 'HELP_DESK_KEYS', 'SUPPORT_KEY_SECRET'] as const

/** Reads `<folder>/.dev.vars`. Throws UsageError naming what is missing. */
export function readSecrets(folder: string): Secrets {
  const file = join(folder, '.dev.vars')
  const made = !existsSync(file)
  if (made) copyFileSync(join(folder, '.dev.vars.example'), file)
  const found = parseEnv(readFileSync(file, 'utf8'))
  const missing = names.filter((name) => !found[name])
  if (missing.length > 0) throw new UsageError(`.dev.vars lacks ${missing.join(', ')}; .dev.vars.example has them all`)
  const bindings = Object.fromEntries(names.map((name) => [name, found[name] ?? '']))
  const [id = '', ...rest] = (bindings['GATEWAY_KEY'] ?? '').split(':')
  return { bindings, gatewayKey: { id, secret: rest.join(':') }, cloudflareToken: bindings['CLOUDFLARE_TOKEN'] ?? '', made }
}
