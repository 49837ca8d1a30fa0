// Cloudflare Access before the gateway: every request must bear the assertion that Access signed when it let the request through, for
// this application and no other. Without it, whoever finds another way to this address would only have to know a key of ours.
// https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
import { errors, createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import * as z from 'zod'
import { Refusal } from './refusal.ts'
import { send, type Rim } from './upstream.ts'

/** `team` of `<team>.cloudflareaccess.com`; `audience` is the tag of the application, from its page. */
export interface AccessSettings { team: string; audience: string }

/** The keys change every six weeks, and the old ones are good for another seven days. */
const keptMs = 3_600_000
/** A name of a key that we do not know makes us ask, but not oftener than this. */
const askedAgainMs = 60_000
const askMs = 10_000
const skewS = 5

const certs = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1) })

type Keys = ReturnType<typeof createLocalJWKSet>

export class Access {
  readonly #rim: Rim
  readonly #settings: AccessSettings
  #keys: { find: Keys; since: number } | undefined
  #askedAt = -Infinity
  #asking: Promise<Keys> | undefined

  constructor(rim: Rim, settings: AccessSettings) {
    this.#rim = rim
    this.#settings = settings
  }

  /** A Refusal unless `assertion` (the header Cf-Access-Jwt-Assertion) is Access's own, for this application, now. */
  async check(assertion: string | null): Promise<void> {
    if (assertion === null || assertion === '') throw refused('no assertion of Cloudflare Access came along')
    try {
      await this.#verify(assertion, await this.#known())
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#rim.now() - this.#askedAt < askedAgainMs) throw worded(error)
      await this.#verify(assertion, await this.#ask()).catch((second: unknown) => {
        throw worded(second)
      })
    }
  }

  /** Asks for the team's keys; a Refusal when they cannot be had. */
  async prove(): Promise<void> {
    await this.#ask()
  }

  async #verify(assertion: string, find: Keys): Promise<void> {
    const { team, audience } = this.#settings
    await jwtVerify(assertion, find, {
      issuer: `https://${team}.cloudflareaccess.com`, audience, algorithms: ['RS256'], requiredClaims: ['exp'], clockTolerance: skewS, currentDate: new Date(this.#rim.now()),
    })
  }

  /** What is known is believed for an hour, and for as long as nothing newer can be had. */
  async #known(): Promise<Keys> {
    const now = this.#rim.now()
    if (this.#keys && (now - this.#keys.since < keptMs || now - this.#askedAt < askedAgainMs)) return this.#keys.find
    return this.#ask().catch((error: unknown) => {
      if (this.#keys) return this.#keys.find
      throw error
    })
  }

  async #ask(): Promise<Keys> {
    this.#asking ??= this.#fetched().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #fetched(): Promise<Keys> {
    const now = this.#rim.now()
    this.#askedAt = now
    const order = { method: 'GET', path: '/cdn-cgi/access/certs', headers: { accept: 'application/json' } }
    const answer = await send(this.#rim, 'access', `https://${this.#settings.team}.cloudflareaccess.com`, order, now + askMs).answer.catch(() => undefined)
    const body = answer?.status === 200 ? certs.safeParse(decoded(answer.body)).data : undefined
    if (body === undefined) throw new Refusal(503, 'not-sent', 'access-keys', 'the keys of Cloudflare Access cannot be had')
    const find = createLocalJWKSet(body as JSONWebKeySet)
    this.#keys = { find, since: now }
    return find
  }
}

const refused = (why: string): Refusal => new Refusal(401, 'credentials', 'access', why)

/** jose's own sentences name the claim and no value. */
const worded = (error: unknown): Refusal => (error instanceof Refusal ? error : refused(`the assertion of Cloudflare Access does not hold: ${error instanceof errors.JOSEError ? error.code : 'malformed'}`))

function decoded(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
