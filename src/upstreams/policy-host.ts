// Fetches the MTA-STS policy of a customer's domain as a sender does (https://www.rfc-editor.org/rfc/rfc8461#section-3.3). The name is
// the customer's: no redirect is followed, little is read, not for long, and nothing is asked that leads to a private address.
import { isPublicAddress } from '../domain/public-address.ts'
import { led } from '../domain/dns/answer.ts'
import type { Dns } from './dns/client.ts'
import type { Call, Rim } from './http.ts'

/** The file, or what is wrong with fetching it, as the rest of a sentence: “… answers with status 404”. */
export type FetchedPolicy = { text: string } | { problem: string }

const timeoutMs = 8_000
const bytesMax = 65_536

export class PolicyHost {
  readonly #rim: Rim
  readonly #call: Call
  readonly #dns: Dns

  constructor(rim: Rim, call: Call, dns: Dns) {
    this.#rim = rim
    this.#call = call
    this.#dns = dns
  }

  /** GET https://mta-sts.{domain}/.well-known/mta-sts.txt. Throws UpstreamError (`dns`) when no resolver answers, nothing else. */
  async policy(domain: string): Promise<FetchedPolicy> {
    const host = `mta-sts.${domain}`
    const addresses = (await Promise.all((['A', 'AAAA'] as const).map(async (type) => led(await this.#dns.first(host, type), host, type).values))).flat()
    if (addresses.length === 0) return { problem: 'has no address' }
    const hidden = addresses.find((one) => !isPublicAddress(one))
    if (hidden !== undefined) return { problem: `leads to ${hidden}, which is not an address of the public Internet` }
    const over = new AbortController()
    const late = this.#rim.sleep(Math.min(timeoutMs, this.#call.deadline - this.#rim.now()), over.signal).then((): FetchedPolicy => ({ problem: `does not answer within ${timeoutMs / 1000} seconds` }))
    try {
      return await Promise.race([this.#fetch(host, over.signal), late])
    } finally {
      over.abort()
    }
  }

  async #fetch(host: string, signal: AbortSignal): Promise<FetchedPolicy> {
    const request = new Request(`https://${host}/.well-known/mta-sts.txt`, { redirect: 'manual', signal, headers: { accept: 'text/plain' } })
    try {
      const answer = await this.#rim.fetch(request)
      if (answer.status >= 300 && answer.status < 400) return { problem: 'redirects to another address, which senders do not follow' }
      if (answer.status !== 200) return { problem: `answers with status ${answer.status}` }
      const kind = (answer.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
      if (kind !== 'text/plain') return { problem: `answers with ${kind === '' ? 'no type' : kind.slice(0, 60)} instead of text/plain` }
      return await read(answer)
    } catch {
      return { problem: 'cannot be reached over HTTPS with a certificate that is valid for it' }
    }
  }
}

async function read(answer: Response): Promise<FetchedPolicy> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let size = 0; reader;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > bytesMax) {
      await reader.cancel()
      return { problem: `answers with more than ${bytesMax / 1024} kB` }
    }
    text += decoder.decode(value, { stream: true })
  }
  return { text: text + decoder.decode() }
}
