// The laws of the Cloudflare client: the envelope, its codes, and what must be read back.

import { describe, expect, it } from 'vitest'
import type { Answer } from './far-end.ts'
import { Cloudflare, words } from '../../src/upstreams/cloudflare/client.ts'
import { Http } from '../../src/upstreams/http.ts'
import { call, farEnd, refusal } from './far-end.ts'

const client = (...answers: Answer[]) => {
  const end = farEnd(...answers)
  const endpoint = { system: 'cloudflare' as const, baseUrl: 'https://api.test/client/v4', headers: { authorization: 'Bearer t' }, words }
  return { ...end, cloudflare: new Cloudflare(new Http(endpoint, end.rim, call), 'z1') }
}
const good = (result: unknown): Answer => ({ status: 200, body: { success: true, errors: [], messages: [], result } })
const failure = (status: number, code: number, message = 'no'): Answer =>
  ({ status, body: { success: false, errors: [{ code, message }], messages: [], result: null } })
const record = { id: 'r1', type: 'A', name: 'a.example.com', content: '203.0.113.10', ttl: 1, proxied: true, comment: 'berth:t1a2b', meta: {}, tags: [], proxiable: true }
const wanted = { type: 'A', name: 'a.example.com', content: '203.0.113.10', ttl: 1, proxied: true, comment: 'berth:t1a2b' } as const

describe('the Cloudflare client', () => {
  it('looks for a name exactly, and for a type', async () => {
    const { cloudflare, sent } = client(good([record]))
    expect(await cloudflare.dnsRecords({ name: 'a.example.com', type: 'A' })).toEqual([{ id: 'r1', ...wanted }])
    expect(sent[0]).toMatchObject({ method: 'GET', path: '/client/v4/zones/z1/dns_records', query: { 'name.exact': 'a.example.com', type: 'A', per_page: '100' } })
    expect(sent[0]!.headers.get('authorization')).toBe('Bearer t')
  })

  it('creates and replaces whole records', async () => {
    const { cloudflare, sent } = client(good(record))
    expect(await cloudflare.createDnsRecord(wanted)).toMatchObject({ id: 'r1' })
    expect(await cloudflare.updateDnsRecord('r1', wanted)).toMatchObject({ id: 'r1' })
    expect(sent.map((one) => `${one.method} ${one.path}`)).toEqual(['POST /client/v4/zones/z1/dns_records', 'PUT /client/v4/zones/z1/dns_records/r1'])
    for (const one of sent) expect(JSON.parse(one.body)).toEqual(wanted)
  })

  it('reads records that lack what is optional', async () => {
    expect(await client(good([{ ...record, comment: null, proxied: undefined }])).cloudflare.dnsRecords({ name: 'a' })).toMatchObject([{ comment: null }])
  })

  it('succeeds in deleting what is absent, but not in a zone that does not exist', async () => {
    await client(good({ id: 'r1' })).cloudflare.deleteDnsRecord('r1')
    await client(failure(404, 81_044)).cloudflare.deleteDnsRecord('r1')
    await client(failure(400, 81_044)).cloudflare.deleteDnsRecord('r1')
    await client(failure(404, 1001)).cloudflare.deleteDnsRecord('r1')
    expect(await refusal(client(failure(404, 7003, 'Could not route')).cloudflare.deleteDnsRecord('r1'))).toMatchObject({ fate: 'refused' })
    expect(await refusal(client({ status: 404 }).cloudflare.deleteDnsRecord('r1'))).toMatchObject({ fate: 'unknown' })
  })

  it.each([[400, 9109], [400, 10_000], [403, 10_000], [401, 1000]])('takes %i with the code %i for a matter of credentials', async (status, code) => {
    expect(await refusal(client(failure(status, code)).cloudflare.createDnsRecord(wanted))).toMatchObject({ fate: 'credentials' })
  })

  it.each([81_053, 81_057, 81_058])('leaves it unknown whose record it is when the code is %i', async (code) => {
    expect(await refusal(client(failure(400, code, 'already exists')).cloudflare.createDnsRecord(wanted))).toMatchObject({ fate: 'unknown', landed: true })
  })

  it('takes replacing a record that went away for unknown', async () => {
    expect(await refusal(client(failure(404, 81_044)).cloudflare.updateDnsRecord('r1', wanted))).toMatchObject({ fate: 'unknown' })
  })

  it('refuses on any other 4xx, with its code', async () => {
    const error = await refusal(client(failure(400, 9005, 'Content for A record must be a valid IPv4 address.')).cloudflare.createDnsRecord(wanted))
    expect(error).toMatchObject({ fate: 'refused', landed: true, status: 400, system: 'cloudflare' })
    expect(error.message).toContain('Content for A record must be a valid IPv4 address. (9005)')
  })

  it('takes 429 for not sent and says when to come back', async () => {
    const limited: Answer = { status: 429, body: { success: false, errors: [{ code: 10_100, message: 'slow down' }] }, headers: { 'retry-after': '120' } }
    expect(await refusal(client(limited).cloudflare.createDnsRecord(wanted))).toMatchObject({ fate: 'not-sent', retryAfterMs: 120_000 })
  })

  it('takes any 5xx for unknown that may still land, an envelope or not', async () => {
    expect(await refusal(client(failure(500, 1000)).cloudflare.createDnsRecord(wanted))).toMatchObject({ fate: 'unknown', landed: false })
    expect(await refusal(client({ status: 520, body: 'error code: 520' }).cloudflare.createDnsRecord(wanted))).toMatchObject({ fate: 'unknown', landed: false })
  })

  it('takes a 200 without success for unknown', async () => {
    const error = await refusal(client(failure(200, 1234, 'hm')).cloudflare.dnsRecords({ name: 'a' }))
    expect(error).toMatchObject({ fate: 'unknown' })
    expect(error.message).toContain('hm (1234)')
  })
})
