// The signature itself: what RFC 9421 asks of it, and what a correctly signed request may still lack.
import { createHash, createHmac } from 'node:crypto'
import { signMessage } from 'http-message-signatures/lib/httpbis/index.js'
import { describe, expect, test } from 'vitest'
import { signed, verified } from '../../src/upstreams/signature.ts'

const key = { id: 'worker-1', secret: 'a-key-of-the-worker-0001' }
const keys = { [key.id]: key.secret }
const now = Date.UTC(2026, 10, 23)
const url = 'https://gateway.test/proxmox/api2/json/nodes/node1/lxc?a=1'
const body = '{"vmid":100}'
const fence = { 'berth-operation': 't1/container', 'berth-attempt': '2', 'berth-deadline': '1795400000000' }
const headersOf = (more: Record<string, string> = {}): Headers => new Headers({ ...fence, 'content-type': 'application/json', ...more })

describe('a signature', () => {
  test('is the one that RFC 9421 describes', async () => {
    const headers = headersOf()
    await signed({ method: 'post', url, headers, body }, key, now, 'nonce-1')
    const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
    const parameters = '("@method" "@path" "@query" "berth-operation" "berth-attempt" "berth-deadline" "content-digest" "content-type")' +
      `;created=${now / 1000};nonce="nonce-1";keyid="worker-1";alg="hmac-sha256"`
    const base = ['"@method": POST', '"@path": /proxmox/api2/json/nodes/node1/lxc', '"@query": ?a=1', '"berth-operation": t1/container', '"berth-attempt": 2',
      '"berth-deadline": 1795400000000', `"content-digest": ${digest}`, '"content-type": application/json', `"@signature-params": ${parameters}`].join('\n')
    expect(headers.get('content-digest')).toBe(digest)
    expect(headers.get('signature-input')).toBe(`berth=${parameters}`)
    expect(headers.get('signature')).toBe(`berth=:${createHmac('sha256', key.secret).update(base).digest('base64')}:`)
  })

  test('is found good by the other side, whatever host name that has', async () => {
    for (const text of [body, 'ä€𝄞', '', undefined]) {
      const headers = headersOf()
      const content = text === undefined ? {} : { body: text }
      await signed({ method: 'POST', url, headers, ...content }, key, now + 999, 'nonce-1')
      expect(await verified({ method: 'POST', url: url.replace('https://gateway.test', 'http://10.0.0.2:8790'), headers, ...content }, keys, now)).toEqual({ ok: true, nonce: 'nonce-1', created: now })
    }
  })

  /** Signed with the true key, but not as we sign. */
  async function otherwise(fields: string[], params: string[], alg = 'hmac-sha256', name = 'other'): Promise<Headers> {
    const headers = headersOf({ 'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:` })
    const message = await signMessage(
      { name, key: { id: key.id, alg, sign: (data) => Promise.resolve(createHmac('sha256', key.secret).update(data).digest()) }, fields, params, paramValues: { created: new Date(now), nonce: 'nonce-1' } },
      { method: 'POST', url, headers: Object.fromEntries(headers) },
    )
    return new Headers(message.headers as Record<string, string>)
  }
  const fields = ['@method', '@path', '@query', ...Object.keys(fence), 'content-digest', 'content-type']
  const params = ['created', 'nonce', 'keyid', 'alg']
  const judge = async (headers: Headers): Promise<boolean> => (await verified({ method: 'POST', url, headers, body }, keys, now)).ok

  test('must cover everything that matters', async () => {
    expect(await judge(await otherwise(fields, params))).toBe(true)
    for (const left of fields) expect(await judge(await otherwise(fields.filter((field) => field !== left), params))).toBe(false)
  })

  test('must say when, which nonce, which key and how', async () => {
    for (const left of params) expect(await judge(await otherwise(fields, params.filter((param) => param !== left)))).toBe(false)
    expect(await judge(await otherwise(fields, params, 'hmac-sha1'))).toBe(false)
  })

  test('of another key beside a good one does not spoil it, nor does a good one excuse a bad one of the same key', async () => {
    const headers = await otherwise(fields, params)
    headers.append('signature-input', `x=${headers.get('signature-input')!.slice('other='.length).replace('worker-1', 'stranger')}`)
    headers.append('signature', 'x=:AAAA:')
    expect(await judge(headers)).toBe(true)
    headers.append('signature-input', `y=${(await otherwise(fields, params)).get('signature-input')!.slice('other='.length)}`)
    headers.append('signature', 'y=:AAAA:')
    expect(await judge(headers)).toBe(false)
  })

  test('needs no more than text to be refused', async () => {
    for (const spoil of ['', '=', 'a=b', 'berth=1', 'berth=();created=x', 'berth=("@method"', '\u00e4'.repeat(3)]) {
      const headers = headersOf({ 'content-digest': 'x', signature: spoil || 'x', 'signature-input': spoil || 'x' })
      expect((await verified({ method: 'POST', url, headers }, keys, now)).ok).toBe(false)
    }
  })
})
