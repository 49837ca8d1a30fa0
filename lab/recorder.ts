// Writes every exchange with a simulator as one JSON line, as a contract checker reads it.
// It never consumes a body, never changes what passes, and never writes a secret: those keep their shape and lose their value.
import { createWriteStream } from 'node:fs'
import type { Fetch } from './faults.ts'

export type Service = 'pve' | 'linstor' | 'npm' | 'cloudflare' | 'ispconfig'

interface Exchange {
  service: Service
  version?: 8 | 9
  method: string
  path: string
  requestHeaders: Record<string, string>
  requestBody: string
  status: number
  responseBody: string
}

/** `fetch` with each finished exchange handed to `write` as a line of JSON; exchanges without an answer are not recorded. */
export function recorded(service: Service, fetch: Fetch, write: (line: string) => void, version?: 8 | 9): Fetch {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const asked = request.body ? await request.clone().text() : ''
    const answer = await fetch(request)
    const exchange: Exchange = {
      service,
      ...(version ? { version } : {}),
      method: request.method,
      path: pathname + maskedForm(search),
      requestHeaders: maskedHeaders(request.headers),
      requestBody: masked(asked),
      status: answer.status,
      responseBody: masked(await answer.clone().text()),
    }
    write(JSON.stringify(exchange))
    return answer
  }
}

/** Appends lines to a file; the stream buffers. `close` resolves when everything is on disk. */
export function recorderTo(file: string): { write(line: string): void; close(): Promise<void> } {
  const stream = createWriteStream(file, { flags: 'a' })
  return {
    write: (line) => void stream.write(`${line}\n`),
    close: () => new Promise((resolve, reject) => void stream.on('error', reject).end(resolve)),
  }
}

const GONE = 'redacted'
const SECRET = 'secret|password|passwd|token|ticket|csrfpreventiontoken|challenge_token|certificate_key|client_secret|api_key|dns_provider_credentials|passphrase|dkim_private|relay_pass|id_rsa'
const IN_JSON = new RegExp(`("(?:${SECRET})"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, 'gi')
/** A session of ISPConfig keeps its form, in arguments and as the answer to a log-in. */
const SESSION = /("(?:session_id|response)"\s*:\s*")([a-z])[0-9a-f]{40}"/g
const IN_FORM = new RegExp(`(^|[?&])((?:${SECRET})=)[^&]*`, 'gi')

/** Text as sent, so that numbers too big for a double survive; only the values of secrets are replaced. */
const masked = (text: string): string => (/^\s*[[{]/.test(text) ? text.replace(IN_JSON, `$1"${GONE}"`).replace(SESSION, `$1$2${'0'.repeat(40)}"`) : maskedForm(text))

const maskedForm = (text: string): string => text.replace(IN_FORM, `$1$2${GONE}`)

function maskedHeaders(headers: Headers): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [name, value] of headers)
    if (name === 'authorization') out[name] = maskedAuthorization(value)
    else if (name === 'cookie' || name === 'set-cookie') out[name] = value.replace(/=[^;]*/g, `=${GONE}`)
    else out[name] = /token|secret|-key$|signature/.test(name) ? GONE : value
  return out
}

/** `Bearer redacted`; a Proxmox token keeps its user, its name and the form of its UUID. */
function maskedAuthorization(value: string): string {
  const pve = /^(PVEAPIToken=[^=]+=)(.+)$/.exec(value)
  if (pve) return `${pve[1]}${pve[2]!.replace(/[0-9a-z]/gi, '0')}`
  const space = value.indexOf(' ')
  return space < 0 ? GONE : `${value.slice(0, space)} ${GONE}`
}
