// Signs requests to our gateway and verifies them there: RFC 9421 with HMAC-SHA256, the same file in workerd and in Node.
// A signature covers what the request does and on whose behalf; whoever holds none of the keys can neither alter nor
// repeat it. Only node:crypto's synchronous functions: no thread pool, so virtual time holds. Never answers a key.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
// The package's main file also loads its older drafts and every algorithm; this is the part for RFC 9421.
import { signMessage, verifyMessage } from 'http-message-signatures/lib/httpbis/index.js'

export interface Signable { method: string; url: string; headers: Headers; body?: string }

/** `created` is epoch ms (whole seconds, as the wire has it). */
export type Verdict = { ok: true; nonce: string; created: number } | { ok: false; reason: string }

/** How old a signature may be; nonces must be remembered for at least this long plus `signatureSkewMs`. */
export const signatureAgeMaxMs = 60_000
/** How far a signer's clock may be ahead. */
export const signatureSkewMs = 5_000

const fence = ['berth-operation', 'berth-attempt', 'berth-deadline']
const params = ['created', 'nonce', 'keyid', 'alg']
const alg = 'hmac-sha256'

/** What must be covered; a body is covered by its digest, and with it the type that says how to read it. */
const covered = (body: string | undefined): string[] =>
  ['@method', '@path', '@query', ...fence, ...(body ? ['content-digest', 'content-type'] : [])]

const digest = (body: string): string => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

const hmac = (secret: string, data: Buffer): Buffer => createHmac('sha256', secret).update(data).digest()

/**
 * Adds Content-Digest (when there is a body), Signature-Input and Signature to `headers`, which must already hold the three
 * `Berth-` headers and, with a body, its Content-Type. `now` is epoch ms; `nonce` must be new for every request.
 */
export async function signed(request: Signable, key: { id: string; secret: string }, now: number, nonce: string): Promise<void> {
  const { headers, body } = request
  if (body) headers.set('content-digest', digest(body))
  const fields = covered(body)
  const message = await signMessage(
    {
      name: 'berth',
      key: { id: key.id, alg, sign: (data) => Promise.resolve(hmac(key.secret, data)) },
      fields,
      params,
      paramValues: { created: new Date(now), nonce },
    },
    { method: request.method, url: request.url, headers: picked(headers, fields) },
  )
  headers.set('signature-input', String(message.headers['Signature-Input']))
  headers.set('signature', String(message.headers['Signature']))
}

/**
 * Says whether `request` was signed with one of `keys` (id → secret) within the last minute of `now` (epoch ms).
 * Never throws; `reason` is fit for a log. The caller must refuse a nonce that it has seen before.
 */
export async function verified(request: Signable, keys: Record<string, string>, now: number): Promise<Verdict> {
  const { headers, body } = request
  const refused = (reason: string): Verdict => ({ ok: false, reason })
  if (!headers.has('signature') || !headers.has('signature-input')) return refused('the request is not signed')
  if (body && headers.get('content-digest') !== digest(body)) return refused('the body is not the one that was signed')
  const fields = covered(body)
  const missing = fields.find((field) => !field.startsWith('@') && !headers.has(field))
  if (missing !== undefined) return refused(`the header ${missing} is missing`)
  let seen: { created: number; nonce: string } | undefined
  try {
    const valid = await verifyMessage(
      {
        keyLookup: ({ keyid }) => {
          const secret = typeof keyid === 'string' && Object.hasOwn(keys, keyid) ? keys[keyid] : undefined
          if (secret === undefined) return Promise.resolve(null)
          return Promise.resolve({
            algs: [alg],
            verify: (data, signature, { created, nonce } = {}) => {
              const expected = hmac(secret, data)
              if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return Promise.resolve(false)
              if (created instanceof Date && typeof nonce === 'string') seen = { created: created.getTime(), nonce }
              return Promise.resolve(true)
            },
          })
        },
        requiredFields: fields,
        requiredParams: params,
        // The package would ask the machine's clock; age is judged below by the clock that we were handed.
        notAfter: Infinity,
      },
      { method: request.method, url: request.url, headers: picked(headers, [...fields, 'signature', 'signature-input']) },
    )
    if (valid === null) return refused('the key is not known here')
    if (!valid || seen === undefined) return refused('the signature does not match')
  } catch (error) {
    return refused(`the signature cannot be read: ${error instanceof Error ? error.message : 'malformed'}`)
  }
  if (!(now - seen.created <= signatureAgeMaxMs)) return refused('the signature is too old')
  if (!(seen.created - now <= signatureSkewMs)) return refused('the signature is from the future')
  return { ok: true, ...seen }
}

function picked(headers: Headers, names: string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = name.startsWith('@') ? null : headers.get(name)
    if (value !== null) picked[name] = value
  }
  return picked
}
