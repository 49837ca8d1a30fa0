// The clients and the lab's simulators understand each other: the same absences, repetitions and refusals, no stray request.

import { afterEach, describe, expect, it } from 'vitest'
import { cloudflare } from '../../lab/cloudflare/cloudflare.ts'
import { linstor } from '../../lab/linstor/app.ts'
import { linstorState } from '../../lab/linstor/state.ts'
import { allocate, satelliteLost, setVmid } from '../../lab/linstor/volumes.ts'
import { breakNginx, npm } from '../../lab/npm/npm.ts'
import { refusal } from './far-end.ts'
import { cloudflareZone, labEnd } from './lab-end.ts'

let strays = (): string[] => []
afterEach(() => expect(strays()).toEqual([]))

describe('the Cloudflare client and its simulator', () => {
  const start = () => {
    const end = labEnd((world) => ({ cloudflare: cloudflare(world, { token: 'token', zoneId: cloudflareZone, zoneName: 'example.com' }) }))
    strays = end.strays
    return end
  }
  const wanted = { type: 'A', name: 'a.example.com', content: '203.0.113.10', ttl: 1, proxied: true, comment: 'berth:t1a2b' } as const

  it('make, find, replace and delete a record, twice each', async () => {
    const { up, run } = start()
    const made = await run(up().cloudflare.createDnsRecord(wanted))
    expect(made).toMatchObject(wanted)
    expect(await refusal(run(up().cloudflare.createDnsRecord(wanted)))).toMatchObject({ fate: 'unknown', landed: true, status: 400 })
    expect(await run(up().cloudflare.dnsRecords({ name: 'a.example.com', type: 'A' }))).toEqual([made])
    expect(await run(up().cloudflare.dnsRecords({ name: 'b.example.com' }))).toEqual([])
    expect(await run(up().cloudflare.updateDnsRecord(made.id, { ...wanted, content: '203.0.113.11' }))).toMatchObject({ content: '203.0.113.11' })
    await run(up().cloudflare.deleteDnsRecord(made.id))
    await run(up().cloudflare.deleteDnsRecord(made.id))
    expect(await refusal(run(up().cloudflare.updateDnsRecord(made.id, wanted)))).toMatchObject({ fate: 'unknown' })
    expect(await run(up().cloudflare.dnsRecords({ name: 'a.example.com' }))).toEqual([])
  })

  it('agree on what is refused', async () => {
    const { up, run } = start()
    expect(await refusal(run(up().cloudflare.createDnsRecord({ ...wanted, content: 'not an address' })))).toMatchObject({ fate: 'refused', status: 400 })
  })
})

describe('the LINSTOR client and its simulator', () => {
  const start = () => {
    const end = labEnd((world) => ({ linstor: linstor(world) }))
    strays = end.strays
    const name = allocate(end.world, 'node1', 8 * 1024 * 1024)
    setVmid(end.world, name, 101)
    return { ...end, name }
  }

  it('agree on definitions, there or not', async () => {
    const { up, run, name } = start()
    expect(await run(up().linstor.version())).toMatchObject({ rest_api_version: expect.stringMatching(/^1\./) as string })
    expect(await run(up().linstor.resourceDefinition(name))).toMatchObject({ name, props: { 'Aux/pm/vmid': '101' } })
    expect(await run(up().linstor.resourceDefinition('pm-00000000'))).toBeUndefined()
  })

  it('agree on replicas, their disks and the tie-breaker', async () => {
    const { up, run, clock, name } = start()
    await clock.advance(clock.now() + 10_000)
    const replicas = await run(up().linstor.resources(name))
    expect(Object.fromEntries(replicas.map((one) => [one.node_name, one.disk_state]))).toEqual({ node1: 'UpToDate', node2: 'UpToDate', node3: 'Diskless' })
    expect(replicas.find((one) => one.node_name === 'node3')!.flags).toContain('TIE_BREAKER')
    expect(Object.values(replicas[0]!.connections).every((peer) => peer.connected)).toBe(true)
    expect(await run(up().linstor.resources('pm-00000000'))).toEqual([])
  })

  it('agree on the room that is left where a replica lies, and on a satellite that says nothing', async () => {
    const { up, run, world, name } = start()
    const [node1] = (await run(up().linstor.resources(name))).filter((one) => one.node_name === 'node1')
    const pools = async () => (await run(up().linstor.storagePools())).filter((one) => one.storage_pool_name === node1!.pool).map((one) => one.free_capacity ?? 0).sort((a, b) => b - a)
    const full = linstorState(world).capacityKib
    expect(await pools()).toEqual([full - 8 * 1024 * 1024, full - 8 * 1024 * 1024])
    satelliteLost(world, 'node2')
    expect(await pools()).toEqual([full - 8 * 1024 * 1024, 0])
  })

  it('agree on marks, and on what cannot be changed because it is not there', async () => {
    const { up, run, name } = start()
    await run(up().linstor.modifyResourceDefinition(name, { override_props: { 'Aux/berth/tenant': 't1a2b' }, delete_props: ['Aux/none'] }))
    expect((await run(up().linstor.resourceDefinition(name)))!.props['Aux/berth/tenant']).toBe('t1a2b')
    expect(await refusal(run(up().linstor.modifyResourceDefinition('pm-00000000', { override_props: {} })))).toMatchObject({ fate: 'unknown', status: 404, landed: true })
  })

})

describe('the Nginx Proxy Manager client and its simulator', () => {
  const start = async () => {
    const account = { identity: 'api@example.com', secret: 'for tests' }
    let token = ''
    const end = labEnd((world) => ({ npm: npm(world, { ...account, zone: 'example.com' }) }), { npm: () => token })
    strays = end.strays
    const app = npm(end.world, { ...account, zone: 'example.com' })
    const logIn = Promise.resolve(app.request('/api/tokens', { method: 'POST', body: JSON.stringify({ ...account, scope: 'user' }), headers: { 'content-type': 'application/json' } }))
    token = ((await (await end.run(logIn)).json()) as { token: string }).token
    return { ...end, forget: () => { token = '' }, garble: () => { token = 'garbage' } }
  }
  const wanted = { domain_names: ['a.example.com'], forward_scheme: 'http' as const, forward_host: '192.168.1.101', forward_port: 80, meta: { berth: 't1a2b' } }

  it('make, read, change, switch and delete a host, twice each', async () => {
    const { up, run } = await start()
    const [certificate] = await run(up().npm.certificates())
    const made = await run(up().npm.createProxyHost({ ...wanted, certificate_id: certificate!.id, ssl_forced: true, http2_support: true }))
    expect(made).toMatchObject({ domain_names: ['a.example.com'], ssl_forced: true, enabled: true })
    const taken = await refusal(run(up().npm.createProxyHost({ ...wanted, domain_names: ['A.example.com'] })))
    expect(taken).toMatchObject({ fate: 'refused', landed: true, message: expect.stringContaining('already in use') })
    expect(await run(up().npm.proxyHost(made.id))).toMatchObject({ meta: { berth: 't1a2b', nginx_online: true } })
    expect((await run(up().npm.proxyHosts('a.example.com'))).map((one) => one.id)).toEqual([made.id])
    expect(await run(up().npm.updateProxyHost(made.id, { forward_port: 8080 }))).toMatchObject({ forward_port: 8080 })
    for (const _ of [1, 2]) await run(up().npm.disableProxyHost(made.id))
    expect(await run(up().npm.proxyHost(made.id))).toMatchObject({ enabled: false })
    for (const _ of [1, 2]) await run(up().npm.enableProxyHost(made.id))
    for (const _ of [1, 2]) await run(up().npm.deleteProxyHost(made.id))
    expect(await run(up().npm.proxyHost(made.id))).toBeUndefined()
    expect(await refusal(run(up().npm.updateProxyHost(made.id, { forward_port: 81 })))).toMatchObject({ fate: 'unknown', status: 404 })
  })

  it('agree that a failing nginx leaves a write unknown, and that the row may be there', async () => {
    const { up, run, world } = await start()
    breakNginx(world, 'nginx: [emerg] broken')
    expect(await refusal(run(up().npm.createProxyHost(wanted)))).toMatchObject({ fate: 'unknown', landed: true, status: 500 })
    expect(await run(up().npm.proxyHosts('a.example.com'))).toHaveLength(1)
  })

  it('agree on what a lost right looks like', async () => {
    const { up, run, forget, garble } = await start()
    forget()
    expect(await refusal(run(up().npm.proxyHosts('a')))).toMatchObject({ fate: 'credentials' })
    expect(await refusal(run(up().npm.deleteProxyHost(7)))).toMatchObject({ fate: 'credentials' })
    garble()
    expect(await refusal(run(up().npm.proxyHosts('a')))).toMatchObject({ fate: 'credentials' })
    expect(await refusal(run(up().npm.createProxyHost(wanted)))).toMatchObject({ fate: 'unknown' })
  })
})
