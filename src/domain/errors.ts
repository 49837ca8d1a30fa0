// What can go wrong with a system that we do not own, in the only words the engine understands.
// The fate of a call is decided once, in upstreams/http.ts and the clients; nobody guesses again later.

/**
 * - `not-sent`    proven not applied (connect refused, 429, our own gateway said so): try again, costs no attempt
 * - `unknown`     anything may have happened (time-out, reset, 5xx, HTML, bad JSON, every Proxmox 500): look first
 * - `refused`     proven never to succeed as asked (schema, quota, name taken by another)
 * - `credentials` 401, 403, a log-in page: a person must act, nothing is torn down
 */
export type Fate = 'not-sent' | 'unknown' | 'refused' | 'credentials'

export type System = 'allocator' | 'proxmox' | 'linstor' | 'npm' | 'cloudflare' | 'ispconfig' | 'gateway' | 'dns'

export class UpstreamError extends Error {
  readonly system: System
  readonly fate: Fate
  /** True when the system itself answered: the request is over and cannot land later, whatever it did. */
  readonly landed: boolean
  readonly status: number | undefined
  readonly retryAfterMs: number | undefined

  constructor(
    system: System,
    fate: Fate,
    message: string,
    more: { landed?: boolean; status?: number; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause })
    this.name = 'UpstreamError'
    this.system = system
    this.fate = fate
    this.landed = more.landed ?? false
    this.status = more.status
    this.retryAfterMs = more.retryAfterMs
  }
}
