// Cloudflare Access before the gateway: what it did not let through is refused, whoever signed it.
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { refusedConnect, said, site, type Upstream } from './worker.ts'

const team = 'berth-test'
const audience = 'a1'.repeat(32)
const issuer = `https://${team}.cloudflareaccess.com`
const version = '/proxmox/api2/json/version'
const minute = 60_000

interface Pair { kid: string; privateKey: CryptoKey; jwk: JWK }
let first: Pair
let second: Pair
beforeAll(async () => {
  const pair = async (kid: string): Promise<Pair> => {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    return { kid, privateKey, jwk: { ...await exportJWK(publicKey), kid, alg: 'RS256', use: 'sig' } }
  }
  ;[first, second] = [await pair('one'), await pair('two')]
})

/** A gateway behind Access; `certs` answers for the team's keys. */
function behindAccess(certs: () => Response | Promise<Response> = () => Response.json({ keys: [first.jwk], public_cert: {}, public_certs: [] }), other: Upstream = () => Response.json({ data: {} })) {
  const asked: string[] = []
  const one = site((heard, nth) => {
    if (heard.url.hostname !== `${team}.cloudflareaccess.com`) return other(heard, nth)
    asked.push(heard.url.pathname)
    return certs()
  }, { access: { team, audience } })
  const reached = (): number => one.heard.filter(({ url }) => url.hostname === 'node1').length
  const token = (claims: Record<string, unknown> = {}, by: Pair = first, more: { alg?: string; kid?: string } = {}): Promise<string> => {
    const seconds = Math.floor(one.clock.now() / 1000)
    return new SignJWT({ type: 'app', common_name: 'abc.access', sub: '', iss: issuer, aud: [audience], iat: seconds, nbf: seconds, exp: seconds + 60, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: by.kid, ...more }).sign(by.privateKey)
  }
  /** Without the virtual clock: signatures are checked outside of it. */
  const ask = async (assertion: string | undefined, operation = 't1/x'): Promise<Response> => one.app.fetch(await one.request('GET', version, { operation, headers: assertion === undefined ? {} : { 'cf-access-jwt-assertion': assertion } }))
  return { ...one, asked, reached, token, ask }
}

describe('a gateway behind Cloudflare Access', () => {
  test('carries out what Access let through, and asks for the keys once', async () => {
    const { ask, token, asked, reached } = behindAccess()
    expect((await ask(await token())).status).toBe(200)
    expect((await ask(await token())).status).toBe(200)
    expect([asked, reached()]).toEqual([['/cdn-cgi/access/certs'], 2])
  })

  const wrong: Record<string, (at: ReturnType<typeof behindAccess>) => Promise<string | undefined>> = {
    'nothing came along': async () => undefined,
    'it is no token': async () => 'abc',
    'it is for another application': ({ token }) => token({ aud: ['b2'.repeat(32)] }),
    'it is of another team': ({ token }) => token({ iss: 'https://somebody-else.cloudflareaccess.com' }),
    'it has expired': ({ token, clock }) => token({ exp: Math.floor(clock.now() / 1000) - 6 }),
    'it never expires': ({ token }) => token({ exp: undefined }),
    'it is not good yet': ({ token, clock }) => token({ nbf: Math.floor(clock.now() / 1000) + 30 }),
    'somebody else signed it under a known name': ({ token }) => token({}, second, { kid: 'one' }),
    'nobody signed it': async ({ token }) => `${Buffer.from('{"alg":"none","kid":"one"}').toString('base64url')}.${(await token()).split('.')[1]!}.`,
    'it was altered': async ({ token }) => (await token()).replace(/\.[^.]+\./, (claims) => `.${Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims.slice(1, -1), 'base64url').toString()) as object, common_name: 'me' })).toString('base64url')}.`),
    'it is signed with the public key as a secret': async ({ token }) => {
      const claims = (await token()).split('.')[1]!
      const head = Buffer.from('{"alg":"HS256","kid":"one"}').toString('base64url')
      const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(JSON.stringify(first.jwk)), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      return `${head}.${claims}.${Buffer.from(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(`${head}.${claims}`))).toString('base64url')}`
    },
  }
  test.each(Object.entries(wrong))('refuses what is signed for us when %s', async (_, made) => {
    const one = behindAccess()
    expect(await said(await one.ask(await made(one)))).toMatchObject({ status: 401, fate: 'credentials', code: 'access' })
    expect(one.reached()).toBe(0)
  })

  test('still wants our own signature', async () => {
    const { app, token, reached } = behindAccess()
    expect(await said(await app.request(version, { headers: { 'cf-access-jwt-assertion': await token() } }))).toMatchObject({ status: 401, code: 'signature' })
    expect(reached()).toBe(0)
  })

  test('believes a new key when it first sees its name, and asks no oftener than once a minute for names that nobody has', async () => {
    let keys: JWK[] = [first.jwk]
    const { ask, token, asked, clock } = behindAccess(() => Response.json({ keys }))
    expect((await ask(await token())).status).toBe(200)
    clock.jump(2 * minute)
    keys = [second.jwk, first.jwk]
    expect((await ask(await token({}, second))).status).toBe(200)
    expect(asked).toHaveLength(2)
    for (let i = 0; i < 5; i++) expect((await ask(await token({}, second, { kid: `nobody-${i}` }))).status).toBe(401)
    expect(asked).toHaveLength(2)
    clock.jump(61 * minute)
    expect((await ask(await token())).status).toBe(200)
    expect(asked).toHaveLength(3)
  })

  test('goes on with the keys that it has when Cloudflare shows none, and sends nothing as long as it never had any', async () => {
    let away = false
    const { ask, token, clock } = behindAccess(() => {
      if (away) throw refusedConnect()
      return Response.json({ keys: [first.jwk] })
    })
    expect((await ask(await token())).status).toBe(200)
    away = true
    clock.jump(90 * minute)
    expect((await ask(await token())).status).toBe(200)
    for (const answer of [() => Promise.reject(refusedConnect()), () => new Response('<html>', { status: 200 }), () => Response.json({ keys: [] }), () => Response.json({}, { status: 500 })]) {
      const never = behindAccess(answer)
      expect(await said(await never.ask(await never.token()))).toMatchObject({ status: 503, fate: 'not-sent', code: 'access-keys' })
      expect(never.reached()).toBe(0)
    }
  })
})
