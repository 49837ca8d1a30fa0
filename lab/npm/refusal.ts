// How Nginx Proxy Manager 2.15.1 says no: always {"error":{"code","message"}}, never 401, practically never 403.
// Paths under /nginx/certificates always add `debug`, as the real server does; nothing else may leak internals.

export class Refusal extends Error {
  readonly status: number
  readonly i18n: unknown
  readonly previous: string | undefined

  constructor(status: number, message: string, more: { i18n?: unknown; previous?: string } = {}) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.i18n = more.i18n
    this.previous = more.previous
  }

  /** The body for a request to `path` (without the /api prefix). */
  body(path: string): object {
    const error: Record<string, unknown> = { code: this.status, message: this.message }
    if (this.i18n !== undefined) error.message_i18n = this.i18n
    if (!path.startsWith('/nginx/certificates')) return { error }
    return { error, debug: { stack: [`Error: ${this.previous ?? this.message}`], previous: this.previous ? { code: 1, killed: false, signal: null } : null } }
  }
}

/** Everything the server does not want to explain. */
export const internal = (status: 400 | 413 | 500 = 500, previous?: string): Refusal =>
  new Refusal(status, 'Internal Error', previous === undefined ? {} : { previous })

/** A missing object names a number; a missing right or an unknown route names the path. */
export const notFound = (what: number | string): Refusal => new Refusal(404, `Not Found - ${what}`)
