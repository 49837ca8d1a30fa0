// The laws of the Nginx Proxy Manager client, one per trap of the real server.

import { describe, expect, it } from 'vitest'
import type { Answer } from './far-end.ts'
import { Npm, words } from '../../src/upstreams/npm/client.ts'
import { Http } from '../../src/upstreams/http.ts'
import { call, farEnd, landed, refusal } from './far-end.ts'

const client = (...answers: Answer[]) => {
  const end = farEnd(...answers)
  const endpoint = { system: 'npm' as const, baseUrl: 'https://gate.test/npm/api', key: { id: 'worker', secret: 'for tests' }, words }
  return { ...end, npm: new Npm(new Http(endpoint, end.rim, call)) }
}
const failure = (status: number, message: string): Answer => landed(status, { error: { code: status, message } })
const row = {
  id: 7, created_on: '2026-11-22 20:10:38', modified_on: '2026-11-22 20:10:38', owner_user_id: 1, domain_names: ['a.example.com'],
  forward_scheme: 'http', forward_host: '192.168.1.101', forward_port: 80, access_list_id: 0, certificate_id: 3, ssl_forced: true, caching_enabled: false,
  block_exploits: 1, advanced_config: '', meta: { berth: 't1a2b' }, allow_websocket_upgrade: true, http2_support: true, enabled: true, locations: null,
  hsts_enabled: false, hsts_subdomains: false, trust_forwarded_proto: false, certificate: { meta: { certificate_key: 'PRIVATE' } },
}
const wanted = { domain_names: ['a.example.com'], forward_scheme: 'http', forward_host: '192.168.1.101', forward_port: 80 } as const

describe('the Nginx Proxy Manager client', () => {
  it('creates with exactly the keys given, as JSON', async () => {
    const { npm, sent } = client(landed(201, row))
    const made = await npm.createProxyHost({ ...wanted, domain_names: ['a.example.com'], certificate_id: 3, ssl_forced: true, meta: { berth: 't1a2b' } })
    expect(made).toMatchObject({ id: 7, enabled: true, block_exploits: true, meta: { berth: 't1a2b' } })
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/npm/api/nginx/proxy-hosts' })
    expect(JSON.parse(sent[0]!.body)).toEqual({ ...wanted, certificate_id: 3, ssl_forced: true, meta: { berth: 't1a2b' } })
    expect(sent[0]!.headers.get('content-type')).toBe('application/json')
  })

  it('keeps of an answer only what it reads, never the expanded certificate', async () => {
    expect(JSON.stringify(await client(landed(200, [row])).npm.proxyHosts('a.example.com'))).not.toContain('PRIVATE')
  })

  it('never keeps the private keys that a list of certificates holds', async () => {
    const certificate = { id: 3, provider: 'letsencrypt', nice_name: '*.example.com', domain_names: ['*.example.com'], expires_on: '2027-01-01 00:00:00', meta: { certificate_key: 'PRIVATE', propagation_seconds: 7 }, created_on: '2026-10-03 00:00:00', modified_on: 'x', owner_user_id: 1 }
    expect(await client(landed(200, [certificate])).npm.certificates()).toEqual([
      { id: 3, provider: 'letsencrypt', nice_name: '*.example.com', domain_names: ['*.example.com'], created_on: '2026-10-03 00:00:00', expires_on: '2027-01-01 00:00:00', meta: { propagation_seconds: 7 } },
    ])
    const odd = await refusal(client(landed(200, [{ ...certificate, provider: 5 }])).npm.certificates())
    expect(odd).toMatchObject({ fate: 'unknown' })
    expect(odd.message).not.toContain('PRIVATE')
  })

  it('tells what certbot said when there is no certificate, as a call that did nothing', async () => {
    const body = { error: { code: 500, message: 'Internal Error' }, debug: { stack: ['Error: Saving debug log', 'Some challenges have failed.'], previous: { code: 1, cmd: 'certbot certonly' } } }
    expect(await refusal(client(landed(500, body)).npm.requestCertificate('a.example.com', 7))).toMatchObject({ fate: 'not-sent', landed: true, message: expect.stringContaining('Some challenges have failed.') })
    expect(await refusal(client(landed(500, { ...body, debug: { stack: [], previous: null } })).npm.requestCertificate('a.example.com', 7))).toMatchObject({ fate: 'unknown' })
  })

  it('searches by a part of a domain', async () => {
    const { npm, sent } = client(landed(200, []))
    expect(await npm.proxyHosts('a.example.com')).toEqual([])
    await npm.proxyHosts()
    expect(sent.map((one) => one.query)).toEqual([{ query: 'a.example.com' }, {}])
  })

  it.each(['Not Found - 7', 'Item Not Found - 7'])('says undefined for a missing host (%s) and succeeds in deleting it', async (text) => {
    expect(await client(failure(404, text)).npm.proxyHost(7)).toBeUndefined()
    await client(failure(404, text)).npm.deleteProxyHost(7)
  })

  it('takes a 404 that names a path for a lost right, not for absence', async () => {
    expect(await refusal(client(failure(404, 'Not Found - /nginx/proxy-hosts/7')).npm.proxyHost(7))).toMatchObject({ fate: 'credentials' })
    expect(await refusal(client(failure(404, 'Not Found - /nginx/proxy-hosts/7')).npm.deleteProxyHost(7))).toMatchObject({ fate: 'credentials' })
    expect(await refusal(client(failure(404, 'Not Found - /nginx/proxy-hosts?query=7')).npm.proxyHosts('7'))).toMatchObject({ fate: 'credentials' })
  })

  it('does not believe an absence that did not come from the server itself', async () => {
    expect(await refusal(client({ status: 404, body: { error: { message: 'Not Found - 7' } } }).npm.proxyHost(7))).toMatchObject({ fate: 'unknown' })
  })

  it.each(['Token has expired', 'Invalid email or password'])('takes 400 "%s" for a matter of credentials', async (text) => {
    const body = { error: { code: 400, message: text, message_i18n: { name: 'TokenExpiredError' } } }
    expect(await refusal(client(landed(400, body)).npm.createProxyHost({ ...wanted, domain_names: [] }))).toMatchObject({ fate: 'credentials' })
  })

  it('takes a 500 to a read for a token that cannot be verified, and a 500 to a write for unknown', async () => {
    expect(await refusal(client(failure(500, 'Internal Error')).npm.proxyHosts())).toMatchObject({ fate: 'credentials' })
    expect(await refusal(client(failure(500, 'Internal Error')).npm.createProxyHost({ ...wanted, domain_names: ['a'] }))).toMatchObject({ fate: 'unknown', landed: true })
    expect(await refusal(client(failure(500, 'Internal Error')).npm.updateProxyHost(7, { forward_port: 81 }))).toMatchObject({ fate: 'unknown' })
    expect(await refusal(client(failure(500, 'Internal Error')).npm.deleteProxyHost(7))).toMatchObject({ fate: 'unknown' })
    expect(await refusal(client({ status: 500, body: { error: { message: 'Internal Error' } } }).npm.proxyHosts())).toMatchObject({ fate: 'unknown' })
  })

  it('refuses a domain in use, and what is malformed', async () => {
    const error = await refusal(client(failure(400, 'a.example.com is already in use')).npm.createProxyHost({ ...wanted, domain_names: ['a'] }))
    expect(error).toMatchObject({ fate: 'refused', landed: true })
    const other = await refusal(client(failure(400, 'data must NOT have additional properties')).npm.createProxyHost({ ...wanted, domain_names: ['a'] }))
    expect(other).toMatchObject({ fate: 'refused' })
  })

  it('takes the second switch for success, but not the wrong one', async () => {
    const { npm, sent } = client(landed(200, 'true'))
    await npm.enableProxyHost(7)
    await npm.disableProxyHost(7)
    expect(sent.map((one) => `${one.method} ${one.path} ${one.body}`)).toEqual(['POST /npm/api/nginx/proxy-hosts/7/enable ', 'POST /npm/api/nginx/proxy-hosts/7/disable '])
    await client(failure(400, 'Host is already enabled')).npm.enableProxyHost(7)
    await client(failure(400, 'Host is already disabled')).npm.disableProxyHost(7)
    expect(await refusal(client(failure(400, 'Host is already disabled')).npm.enableProxyHost(7))).toMatchObject({ fate: 'refused' })
  })

  it('takes a write to a host that went away for unknown', async () => {
    expect(await refusal(client(failure(404, 'Not Found - 7')).npm.updateProxyHost(7, { forward_port: 81 }))).toMatchObject({ fate: 'unknown' })
  })

  it('reads an error that is a plain text', async () => {
    expect((await refusal(client(landed(400, { error: 'No files were uploaded' })).npm.certificates())).message).toContain('No files were uploaded')
  })
})
