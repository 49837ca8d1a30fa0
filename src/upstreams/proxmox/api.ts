// How Proxmox VE answers, once for all its verbs: the envelope, the error bodies, and what each status proves.
// Almost every failure is a 500 and says little: it stays `unknown`, only the words of an absence are recognised.

import type * as z from 'zod'
import type { UpstreamError } from '../../domain/errors.ts'
import type { Ask, Http, Reply } from '../http.ts'

/** One Proxmox VE API as one call sees it. */
export class Api {
  readonly #http: Http

  constructor(http: Http) {
    this.#http = http
  }

  /** The answer's data; throws UpstreamError for everything else. */
  async ask<T>(method: string, path: string, schema: z.ZodType<T>, ask: Ask = {}): Promise<T> {
    const reply = await this.#http.send(method, path, ask)
    if (reply.status >= 300) throw this.#failure(reply)
    return this.#http.parse(schema, reply, data(reply))
  }

  /** As `ask`, but a 500 (for a firewall rule's position a 400) in which Proxmox itself says `absent` gives undefined. */
  async find<T>(method: string, path: string, schema: z.ZodType<T>, absent: RegExp, ask: Ask = {}): Promise<T | undefined> {
    const reply = await this.#http.send(method, path, ask)
    if (reply.status >= 300) {
      // A proxy's or a garbled "does not exist" proves nothing: only an answer of Proxmox itself does.
      if (reply.landed && (reply.status === 500 || reply.status === 400) && absent.test(words(reply.json) ?? '')) return undefined
      throw this.#failure(reply)
    }
    return this.#http.parse(schema, reply, data(reply))
  }

  #failure(reply: Reply): UpstreamError {
    // pveproxy could not connect to the guest's node: nothing was asked of it. From 596 on the question may have
    // arrived there and still run, though pveproxy has answered (pve-http-server, AnyEvent.pm).
    if (reply.status === 595) return this.#http.failure(reply, 'not-sent')
    if (reply.status > 595) return this.#http.failure({ ...reply, landed: false }, 'unknown')
    // Not implemented in this version, or a body where none may be: refused before any code ran.
    if (reply.status === 501 && reply.landed) return this.#http.failure(reply, 'refused')
    return this.#http.failure(reply)
  }
}

/** The text of an error body; a 400 names the parameters it refuses. The message is there since pve-http-server of 2025-01. */
export function words(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { message, errors } = json as { message?: unknown; errors?: unknown }
  const faults = typeof errors === 'object' && errors !== null ? Object.entries(errors).map(([name, text]) => `${name}: ${String(text).trim()}`) : []
  const all = [...(typeof message === 'string' ? [message.trim()] : []), ...faults]
  return all.length === 0 ? undefined : all.join('; ')
}

const data = (reply: Reply): unknown =>
  typeof reply.json === 'object' && reply.json !== null && 'data' in reply.json ? reply.json.data : undefined
