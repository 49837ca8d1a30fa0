// How the Worker reaches the gateway: by its public name, with a token for Access where one is given, or through a binding of Workers VPC.
import { expect, it } from 'vitest'
import { configOf } from '../../src/config.ts'
import { byWay, upstreams } from '../../src/upstreams/upstreams.ts'
import { cluster } from '../simulation/cluster.ts'
import { secrets } from '../workers/secrets.ts'

const now = Date.UTC(2026, 10, 23)
const zone = 'a'.repeat(32)
const right = {
  ...secrets, CLUSTER: cluster, GATEWAY_URL: 'https://gate.test', CLOUDFLARE_URL: 'https://cloudflare.test/client/v4', CLOUDFLARE_ZONE_ID: zone, DNS_RESOLVERS: ['https://doh.test/dns-query'],
}

/** Who was asked what when each of our clients asks once. */
async function asked(more: object): Promise<{ way: string; request: Request }[]> {
  const heard: { way: string; request: Request }[] = []
  const hears = (way: string) => async (request: Request): Promise<Response> => {
    heard.push({ way, request })
    return Response.json({}, { headers: { 'Berth-Landed': '1' } })
  }
  const config = configOf({ ...right, ...more, ...('GATEWAY' in more ? { GATEWAY: { fetch: hears('binding') } } : {}) })
  const rim = { fetch: byWay(config.upstreams.gatewayUrl, config.gateway, { fetch: hears('internet') }), now: () => now, sleep: () => new Promise<void>(() => undefined) }
  const up = upstreams(config.upstreams, rim)({ operation: 'probe', attempt: 1, deadline: now + 60_000 })
  await Promise.allSettled([up.proxmox.version(), up.linstor.version(), up.npm.certificates(), up.ispconfig.jobqueueCount(), up.gateway.waitTask('run:1', 0), up.cloudflare.dnsRecords({ name: 'a.test' })])
  return heard
}

const host = ({ request }: { request: Request }): string => new URL(request.url).host

it('asks the public name, and shows no token that it does not have', async () => {
  const heard = await asked({})
  expect(heard.map(host).sort()).toEqual(['cloudflare.test', 'gate.test', 'gate.test', 'gate.test', 'gate.test', 'gate.test'])
  expect(heard.every(({ way, request }) => way === 'internet' && !request.headers.has('cf-access-client-id'))).toBe(true)
})

it('shows the token for Access to the gateway and to nobody else', async () => {
  const heard = await asked({ ACCESS_SERVICE_TOKEN: 'abc.access:0123456789abcdef' })
  for (const one of heard) {
    const shown = [one.request.headers.get('cf-access-client-id'), one.request.headers.get('cf-access-client-secret')]
    expect([host(one), shown]).toEqual([host(one), host(one) === 'gate.test' ? ['abc.access', '0123456789abcdef'] : [null, null]])
  }
  expect(heard).toHaveLength(6)
})

it('goes through the binding to the gateway, and nowhere else', async () => {
  const heard = await asked({ GATEWAY: true })
  expect(heard.map((one) => `${host(one)} by ${one.way}`).sort()).toEqual(['cloudflare.test by internet', ...Array<string>(5).fill('gate.test by binding')])
  expect(heard.filter(({ way }) => way === 'binding').every(({ request }) => request.headers.has('signature'))).toBe(true)
})
