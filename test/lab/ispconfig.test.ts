// The simulated ISPConfig is as unkind as the real one: each law here is a trap that somebody fell into.
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../lab/clock.ts'
import { ispconfig, trouble } from '../../lab/ispconfig/ispconfig.ts'
import { servedMail, servedZones } from '../../lab/ispconfig/served.ts'
import { World } from '../../lab/world.ts'
import { pass, timed } from './timed.ts'

const account = { username: 'berth', password: 'lab secret' }
interface Said { code: string; message: string; response: unknown }

async function rig() {
  const clock = new VirtualClock()
  const world = new World(clock, { seed: 3 })
  const app = ispconfig(world, { ...account, seeds: [{ customerNo: '10017', origin: 'example.com.' }] })
  const raw = async (name: string, body: string, address = 'gateway'): Promise<Said> => {
    const answer = await timed(clock, Promise.resolve(app.fetch(new Request(`http://panel/remote/json.php?${name}`, { method: 'POST', body, headers: { 'x-lab-address': address } }))))
    expect(answer.status).toBe(200)
    return (await answer.json()) as Said
  }
  const logIn = async (): Promise<string> => String((await raw('login', JSON.stringify(account))).response)
  let session = await logIn()
  const say = (name: string, given: object = {}): Promise<Said> => raw(name, JSON.stringify({ session_id: session, ...given }))
  const ask = async <T = unknown>(name: string, given: object = {}): Promise<T> => {
    const said = await say(name, given)
    expect(said).toMatchObject({ code: 'ok', message: '' })
    return said.response as T
  }
  return { clock, world, app, raw, say, ask, logIn, session: () => session, use: (id: string) => void (session = id) }
}

const soa = { server_id: 4, origin: 'example.org.', ns: 'ns1.example.net.', mbox: 'hostmaster.example.org.', serial: 1, refresh: 7200, retry: 540, expire: 604800, minimum: 3600, ttl: 3600, active: 'Y' }
const a = { server_id: 4, name: 'www', type: 'A', data: '203.0.113.10', ttl: 3600, active: 'Y', stamp: '2026-11-23 00:00:00', serial: 1 }
const serialOf = (rows: unknown): string => (rows as { serial: string }).serial

describe('sessions', () => {
  it('end half an hour after the log-in, however much they are used', async () => {
    const { ask, say, clock } = await rig()
    await pass(clock, 20 * 60_000)
    await ask('monitor_jobqueue_count')
    await pass(clock, 11 * 60_000)
    expect(await say('monitor_jobqueue_count')).toEqual({ code: 'remote_fault', message: 'The Session is expired or does not exist.', response: false })
  })

  it('belong to the address that logged in', async () => {
    const { raw, session } = await rig()
    expect(await raw('client_get', JSON.stringify({ session_id: session(), client_id: 1 }), 'elsewhere')).toMatchObject({ code: 'remote_fault' })
  })

  it('lock an address out after ten failures of any kind in five minutes, good sessions included', async () => {
    const { raw, say, clock, logIn, use } = await rig()
    for (let n = 0; n < 5; n++) await raw('login', JSON.stringify({ ...account, password: 'wrong' }))
    for (let n = 0; n < 5; n++) await raw('client_get', JSON.stringify({ session_id: `a${'0'.repeat(40)}`, client_id: 1 }))
    expect((await raw('login', JSON.stringify(account))).message).toBe('The login failure limit is reached.')
    expect((await say('monitor_jobqueue_count')).code).toBe('remote_fault')
    await pass(clock, 5 * 60_000)
    use(await logIn())
    expect((await say('monitor_jobqueue_count')).code).toBe('ok')
  })
})

describe('the envelope', () => {
  it('comes with 200 whatever is wrong', async () => {
    const { raw, say, world } = await rig()
    expect(await raw('dns_zone_add', 'not json')).toMatchObject({ code: 'invalid_data', response: false })
    expect(await say('dns_zone_fly')).toMatchObject({ code: 'invalid_method' })
    trouble(world, { denied: ['client_get'] })
    expect(await say('client_get', { client_id: 1 })).toMatchObject({ code: 'remote_fault', message: 'You do not have the permissions to access this function.' })
    expect(world.slice('strays', () => ({ list: [] as string[] })).list).toEqual(['POST /remote/json.php?dns_zone_fly'])
  })
})

describe('rows', () => {
  it('take no defaults, name every complaint by its key and ignore what they do not know', async () => {
    const { say } = await rig()
    const { message } = await say('dns_zone_add', { client_id: 0, params: { origin: 'example.org.', colour: 'red' } })
    expect(message).toMatch(/^server_id_error_empty<br \/>\r\nns_error_regex<br \/>/)
    expect(message).toContain('ttl_range_error<br />')
    expect((await say('dns_zone_add', { client_id: 4711, params: soa })).message).toBe('Invalid client_id')
  })

  it('are text through and through, and take true for no', async () => {
    const { ask } = await rig()
    const id = await ask<string | number>('dns_zone_add', { client_id: 0, params: { ...soa, active: true } })
    expect(await ask('dns_zone_get', { primary_id: id })).toMatchObject({ id: String(id), ttl: '3600', active: '1', serial: '1' })
  })

  it('are merged by an update, which counts what it changed', async () => {
    const { ask } = await rig()
    const id = await ask('dns_zone_add', { client_id: 0, params: soa })
    expect(await ask('dns_zone_update', { client_id: 0, primary_id: id, params: { ttl: 600 } })).toBe(1)
    expect(await ask('dns_zone_update', { client_id: 0, primary_id: id, params: { ttl: '600' } })).toBe(0)
    expect(await ask('dns_zone_get', { primary_id: id })).toMatchObject({ ttl: '600', origin: 'example.org.' })
  })
})

describe('zones', () => {
  it('are found by the beginning of their name, and not at all under long top-level domains', async () => {
    const { ask, say } = await rig()
    await ask('dns_zone_add', { client_id: 0, params: { ...soa, origin: 'example.co.' } })
    const found = await ask('dns_zone_get_id', { origin: 'example.co' })
    expect(await ask('dns_zone_get', { primary_id: found })).toMatchObject({ origin: 'example.com.' })
    expect((await say('dns_zone_get_id', { origin: 'example.photography' })).message).toBe('Invalid domain name.')
  })

  it('exist once, whoever has them', async () => {
    const { say } = await rig()
    expect((await say('dns_zone_add', { client_id: 0, params: { ...soa, origin: 'EXAMPLE.com.' } })).message).toBe('origin_error_unique<br />')
  })

  it('leave their records behind, and answer false to an empty question', async () => {
    const { ask } = await rig()
    const zone = await ask('dns_zone_add', { client_id: 0, params: soa })
    await ask('dns_a_add', { client_id: 0, params: { ...a, zone } })
    expect(await ask('dns_zone_delete', { primary_id: zone })).toBe(1)
    expect(await ask('dns_zone_delete', { primary_id: zone })).toBe(0)
    expect(await ask('dns_rr_get_all_by_zone', { zone_id: zone })).toHaveLength(1)
    expect(await ask('dns_zone_get_by_user', { client_id: 0, server_id: 4 })).toBe(false)
  })

  it('raise their serial only when told to, and before a record is judged', async () => {
    const { ask, say } = await rig()
    const zone = await ask('dns_zone_add', { client_id: 0, params: soa })
    const serial = async (): Promise<string> => serialOf(await ask('dns_zone_get', { primary_id: zone }))
    await ask('dns_a_add', { client_id: 0, params: { ...a, zone } })
    expect(await serial()).toBe('1')
    await say('dns_a_add', { client_id: 0, params: { ...a, zone, data: 'nowhere' }, update_serial: true })
    const raised = await serial()
    expect(raised).toMatch(/^\d{8}01$/)
    await ask('dns_a_add', { client_id: 0, params: { ...a, zone, name: 'b' }, update_serial: true })
    expect(Number(await serial())).toBe(Number(raised) + 1)
  })

  it('complain of a zone without a name when a record is deleted twice', async () => {
    const { ask, say } = await rig()
    const zone = await ask('dns_zone_add', { client_id: 0, params: soa })
    const id = await ask('dns_a_add', { client_id: 0, params: { ...a, zone } })
    expect(await ask('dns_a_delete', { primary_id: id, update_serial: true })).toBe(1)
    expect((await say('dns_a_delete', { primary_id: id, update_serial: true })).message).toContain('origin_error_empty')
  })
})

describe('what is served', () => {
  it('follows about a minute after the ok, and on the second server only with a new serial', async () => {
    const { ask, world, clock } = await rig()
    const ours = (server?: 'ns1' | 'ns2') => servedZones(world, server).find((zone) => zone.origin === 'example.org.')
    const zone = await ask('dns_zone_add', { client_id: 0, params: soa })
    await ask('dns_a_add', { client_id: 0, params: { ...a, zone } })
    expect(ours()).toBeUndefined()
    expect(Number(await ask('monitor_jobqueue_count', { server_id: 4 }))).toBe(2)
    await pass(clock, 70_000)
    expect(await ask('monitor_jobqueue_count')).toBe('0')
    expect(ours()?.records).toEqual([{ name: 'www.example.org.', type: 'A', data: '203.0.113.10', aux: 0, ttl: 3600 }])
    expect(ours('ns2')?.records).toHaveLength(1)
    await ask('dns_a_add', { client_id: 0, params: { ...a, zone, name: 'example.org.' } })
    await pass(clock, 70_000)
    expect([ours()?.records.length, ours('ns2')?.records.length]).toEqual([2, 1])
    await ask('dns_a_add', { client_id: 0, params: { ...a, zone, name: '' }, update_serial: true })
    await pass(clock, 70_000)
    expect(ours('ns2')).toEqual(ours())
  })

  it('never hears of a status that was set', async () => {
    const { ask, world, clock } = await rig()
    const zone = await ask('dns_zone_add', { client_id: 0, params: soa })
    await pass(clock, 70_000)
    expect(await ask('dns_zone_set_status', { primary_id: zone, status: 'inactive' })).toBe(1)
    await pass(clock, 70_000)
    expect(servedZones(world).every((one) => one.active)).toBe(true)
  })

  it('holds the mail of domains that exist', async () => {
    const { ask, say, world, clock } = await rig()
    const user = { server_id: 3, email: 'me@example.org', login: 'me@example.org', password: 'long enough', quota: '0', maildir: '/var/vmail/example.org/me', homedir: '/var/vmail', postfix: 'y' }
    expect((await say('mail_user_add', { client_id: 0, params: user })).message).toBe('Mail domain - example.org - does not exist.')
    await ask('mail_domain_add', { client_id: 0, params: { server_id: 3, domain: 'example.org', dkim_selector: 'default', active: 'y' } })
    expect((await say('mail_user_add', { client_id: 0, params: { ...user, password: 'short' } })).message).toBe('weak_password_txt<br />')
    const id = await ask('mail_user_add', { client_id: 0, params: user })
    const hash = (await ask<{ password: string }>('mail_user_get', { primary_id: id })).password
    await ask('mail_user_update', { client_id: 0, primary_id: id, params: { name: 'Me', password: '' } })
    expect(await ask('mail_user_get', { primary_id: id })).toMatchObject({ name: 'Me', password: hash })
    expect((await say('mail_alias_add', { client_id: 0, params: { server_id: 3, source: 'me@example.org', destination: 'you@example.org', type: 'alias', active: 'y' } })).message).toContain('already a mailbox')
    await ask('mail_forward_add', { client_id: 0, params: { server_id: 3, source: 'us@example.org', destination: 'a typo', type: 'forward', active: 'y' } })
    await pass(clock, 70_000)
    expect(servedMail(world)).toMatchObject({ domains: [{ domain: 'example.org' }], users: [{ email: 'me@example.org' }], forwardings: [{ destination: 'a typo' }] })
  })
})
