// The Worker's configuration: everything that is wrong is named at once, no value is ever shown, nothing runs on half of it.
import { expect, it } from 'vitest'
import { configOf } from '../../src/config.ts'
import { cluster } from '../simulation/cluster.ts'
import { secrets } from '../workers/secrets.ts'

const right = {
  ...secrets, CLUSTER: cluster, GATEWAY_URL: 'http://127.0.0.1:8790', CLOUDFLARE_URL: 'http://127.0.0.1:8794/client/v4', CLOUDFLARE_ZONE_ID: 'a'.repeat(32),
  DNS_RESOLVERS: ['http://127.0.0.1:8795/dns-query'],
}

function said(env: object): string {
  try {
    configOf(env)
    return 'accepted'
  } catch (error) {
    return (error as Error).message
  }
}

it('is read once per environment', () => {
  const config = configOf(right)
  expect(configOf(right)).toBe(config)
  expect(config.upstreams).toMatchObject({ gatewayKeyId: 'test', gatewayKey: 'test-gateway-signing-secret', cloudflareToken: 'test-cloudflare-token' })
  expect(config.apiKeys.map((key) => key.connection)).toEqual(['test', 'other'])
})

it('keeps a colon in the gateway\'s secret', () => {
  expect(configOf({ ...right, GATEWAY_KEY: 'a:0123456789:abcdef' }).upstreams.gatewayKey).toBe('0123456789:abcdef')
})

it('may have a token for Access before the gateway, and a way past the public internet', () => {
  expect(configOf(right)).toMatchObject({ upstreams: { accessToken: undefined }, gateway: undefined })
  const gateway = { fetch: () => Promise.resolve(new Response()) }
  expect(configOf({ ...right, ACCESS_SERVICE_TOKEN: 'abc.access:0123456789abcdef', GATEWAY: gateway })).toMatchObject({ upstreams: { accessToken: { id: 'abc.access', secret: '0123456789abcdef' } }, gateway })
})

it.each(Object.keys(right))('does not start without %s, and says its name', (name) => {
  const { [name as keyof typeof right]: _, ...rest } = right
  expect(said(rest)).toMatch(new RegExp(`^the configuration is not valid: ${name}\\b`))
})

it('names every bad key at once', () => {
  const message = said({})
  for (const name of Object.keys(right)) expect(message).toContain(`${name}: `)
})

const secret = 'S3CRET-VALUE-THAT-NOBODY-MAY-SEE'
it.each([
  ['API_KEYS', secret], ['API_KEYS', JSON.stringify({ secret })], ['API_KEYS', '[]'], ['API_KEYS', JSON.stringify([{ connection: secret, sha256: 'a'.repeat(64) }])],
  ['API_KEYS', JSON.stringify([{ connection: 'a', sha256: secret }])], ['GATEWAY_KEY', secret], ['GATEWAY_KEY', 'id:short'], ['ACCESS_SERVICE_TOKEN', secret], ['ACCESS_SERVICE_TOKEN', 'id:short'], ['GATEWAY', secret], ['GATEWAY', {}], ['ORDER_LINK_SECRET', 'S3CRET-VALUE'], ['OPERATOR_KEY_SHA256', secret],
  ['HELP_DESK_KEYS', secret], ['HELP_DESK_KEYS', JSON.stringify([{ connection: 'a', sha256: secret }])], ['SUPPORT_KEY_SECRET', 'S3CRET-VALUE'],
  ['GATEWAY_URL', secret], ['CLOUDFLARE_URL', secret], ['CLOUDFLARE_ZONE_ID', secret], ['CLOUDFLARE_TOKEN', ''], ['CLUSTER', secret], ['CLUSTER', { ...cluster, hostNames: secret }],
  ['CLUSTER', { ...cluster, lan: { ...cluster.lan, first: secret } }], ['CLUSTER', { ...cluster, nodes: [] }],
])('refuses a bad %s without showing it', (name, value) => {
  const message = said({ ...right, [name]: value })
  expect(message).toMatch(new RegExp(`^the configuration is not valid: ${name}`))
  expect(message).not.toMatch(/S3CRET|short/)
})
